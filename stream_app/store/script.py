"""A Lua script of this folder. A store that does not know it, such as a new primary, is given its text."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

Argument = str | bytes | int


class Script:
    """A script by its file name. Raises redis.RedisError where it is run."""

    def __init__(self, name: str) -> None:
        self._text = (files(__package__) / name).read_text()
        self._digest = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def run(self, store: redis.Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:  # noqa: ANN401
        """What the script returns."""
        words: Any = (len(keys), *keys, *arguments)
        try:
            return store.evalsha(self._digest, *words)
        except NoScriptError:
            return store.eval(self._text, *words)

    async def async_run(self, store: "redis.asyncio.Redis", keys: Sequence[str], arguments: Sequence[Argument]) -> Any:  # noqa: ANN401
        """What the script returns."""
        words: Any = (len(keys), *keys, *arguments)
        try:
            return await store.evalsha(self._digest, *words)
        except NoScriptError:
            return await store.eval(self._text, *words)
