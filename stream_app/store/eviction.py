"""Whether the store drops keys by itself when its memory is full: a number would change and nobody would notice."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoPermissionError, ResponseError

POLICY = "maxmemory-policy"
NO_EVICTION = "noeviction"

# What INFO calls the same.
_POLICY_OF_INFO = "maxmemory_policy"


@dataclass(frozen=True, slots=True)
class Eviction:
    """What the store says of it. `policy` is None where it does not say.

    `evicted` counts the keys, of whomever, that it dropped since it started; 0 where it does not say.
    """

    policy: str | None
    evicted: int = 0

    @property
    def cause(self) -> str | None:
        """What is wrong with the store; None while nothing is known to be."""
        if self.policy in {None, NO_EVICTION}:
            return None
        return f"{POLICY} is {self.policy} and has to be {NO_EVICTION}: a store that evicts loses numbers"


def eviction(store: redis.Redis) -> Eviction:
    """Ask a store. Raises redis.RedisError if it does not answer."""
    info: Any = {}
    config: Any = {}
    with _refused():
        info = store.info()
    if _POLICY_OF_INFO not in info:
        with _refused():
            config = store.config_get(POLICY)
    return _eviction(info, config)


async def async_eviction(store: "redis.asyncio.Redis") -> Eviction:
    """Ask a store. Raises redis.RedisError if it does not answer."""
    info: Any = {}
    config: Any = {}
    with _refused():
        info = await store.info()
    if _POLICY_OF_INFO not in info:
        with _refused():
            config = await store.config_get(POLICY)
    return _eviction(info, config)


@contextmanager
def _refused() -> Iterator[None]:
    """A managed store may forbid or rename a command; what says that it is away is raised all the same."""
    try:
        yield
    except NoPermissionError:
        pass
    except ResponseError as error:
        if type(error) is not ResponseError:
            raise


def _eviction(info: Mapping[str, Any], config: Mapping[str, Any]) -> Eviction:
    policy = info.get(_POLICY_OF_INFO) or config.get(POLICY)
    evicted = info.get("evicted_keys")
    return Eviction(str(policy) if policy else None, evicted if isinstance(evicted, int) else 0)
