"""Generations: a second set of numbers is computed beside the one that serves, then takes its place at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

from stream_app.store.keys import FIRST_GENERATION, generation_prefix, pointer_key

BUILDING = "building"
SERVING = "serving"
_SCAN = 1000


@dataclass(frozen=True, slots=True)
class Generations:
    """Which one serves and which one is being built."""

    serving: str
    building: str


def begin(redis: Redis, namespace: str, definitions: str) -> Generations:
    """Point `building` at a generation of these definitions: one that was left unfinished, or a new and empty one.

    Raises redis.RedisError.
    """
    pointer = pointer_key(namespace)
    serving = _text(redis.hget(pointer, SERVING)) or FIRST_GENERATION
    unfinished = _text(redis.hget(pointer, BUILDING))
    if unfinished:
        ledger = generation_prefix(namespace, unfinished) + "ledger"
        if _text(redis.hget(ledger, "definitions")) == definitions:
            return Generations(serving, unfinished)
    building = str(max(int(serving), int(unfinished or 0)) + 1)
    drop(redis, namespace, building)
    redis.hset(pointer, BUILDING, building)
    if unfinished:
        drop(redis, namespace, unfinished)
    return Generations(serving, building)


def switch(redis: Redis, namespace: str, generations: Generations) -> None:
    """Let the generation that was built serve. Readers see it at once, workers with their next batch."""
    pointer = pointer_key(namespace)
    with redis.pipeline(transaction=True) as both:
        both.hset(pointer, SERVING, generations.building)
        both.hdel(pointer, BUILDING)
        both.execute()


def drop(redis: Redis, namespace: str, generation: str) -> int:
    """Delete everything of a generation, some keys at a time; how many there were."""
    dropped = 0
    for keys in _keys(redis, generation_prefix(namespace, generation)):
        dropped += int(redis.unlink(*keys))
    return dropped


def _keys(redis: Redis, prefix: str) -> Iterator[list[Any]]:
    cursor = 0
    escaped = prefix.replace("[", r"\[").replace("*", r"\*").replace("?", r"\?")
    while True:
        cursor, keys = redis.scan(cursor, match=f"{escaped}*", count=_SCAN)
        if keys:
            yield keys
        if cursor == 0:
            return


def _text(value: Any) -> str | None:  # noqa: ANN401 - the client's replies have no one type
    return value.decode() if value else None
