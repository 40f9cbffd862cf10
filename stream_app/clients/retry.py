"""Waiting for a server that does not answer: visibly, without end, and without hammering it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_SAY_EVERY_S = 10.0


class Patience:
    """Retries calls to one server until they succeed; `up` says whether the last try did."""

    def __init__(self, server: str, *trouble: type[Exception]) -> None:
        self._server = server
        self._trouble: tuple[type[Exception], ...] = (*trouble, OSError)
        self.up = True

    async def until_done(self, call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever the call returns
        """The result of the first try that succeeds. Errors other than the server's trouble are raised."""
        pause, said = _FIRST_PAUSE_S, -_SAY_EVERY_S
        while True:
            try:
                result = await call()
            except self._trouble as error:
                self.up = False
                if time.monotonic() - said >= _SAY_EVERY_S:
                    said = time.monotonic()
                    log.warning("%s does not answer (%s); waiting, nothing is lost", self._server, type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                if not self.up:
                    log.info("%s answers again", self._server)
                self.up = True
                return result
