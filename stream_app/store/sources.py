"""When each source posted something last, as gateways say it: the wall reads nothing but the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from stream_app.store.keys import sources_key

_RECEIVED, _SEEN = "received", "seen"

SEEN_S = 60
"""For how long a source counts as one that a gateway takes, after a gateway has said so."""


@dataclass(frozen=True, slots=True)
class SourceAges:
    """How many seconds ago each source posted something, None for one that never has.

    `are_known`: a gateway has said so within `SEEN_S`. Where none has, an age would only be a guess.
    """

    ages: Mapping[str, float | None]
    are_known: bool


def report_sources(redis: Redis, namespace: str, sources: Iterable[str], ages: Mapping[str, float]) -> None:
    """Say that a gateway takes these sources, and how many seconds ago one posted last. Raises redis.RedisError.

    All times are the store's: the clock of a gateway may be ahead. What another gateway has received later, or this one
    before a restart, stays.
    """
    key = sources_key(namespace)
    names = list(sources)
    now = _now(redis)
    stored = redis.hmget(key, [f"{_RECEIVED}:{name}" for name in names]) if names else []
    fields: dict[Any, Any] = {f"{_SEEN}:{name}": str(int(now)) for name in names}
    for name, before in zip(names, stored, strict=True):
        at = now - ages[name] if name in ages else 0.0
        if at > float(before or 0):
            fields[f"{_RECEIVED}:{name}"] = f"{at:.3f}"
    if fields:
        redis.hset(key, mapping=fields)


def source_ages(redis: Redis, namespace: str) -> SourceAges:
    """What gateways have said; no ages at all where none ever has. Raises redis.RedisError."""
    now = _now(redis)
    fields: Any = redis.hgetall(sources_key(namespace))
    stored = {key.decode(): float(value) for key, value in fields.items()}
    seen = {name.removeprefix(f"{_SEEN}:"): at for name, at in stored.items() if name.startswith(f"{_SEEN}:")}
    taken = [name for name, at in seen.items() if at >= int(now) - SEEN_S]
    received = {name: stored.get(f"{_RECEIVED}:{name}") for name in taken or seen}
    ages = {name: None if at is None else max(0.0, now - at) for name, at in sorted(received.items())}
    return SourceAges(ages, bool(taken))


def _now(redis: Redis) -> float:
    seconds, microseconds = redis.time()
    return float(seconds + microseconds / 1_000_000)
