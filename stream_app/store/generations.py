"""Generations: a second set of numbers is computed beside the one that serves, then takes its place at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from redis import Redis

from stream_app.store.keys import (
    BUILDING,
    DEFINITIONS,
    FIRST_GENERATION,
    SERVING,
    GenerationKeys,
    generations_key,
    stored_definitions,
)
from stream_app.store.script import Script

_KEYS_PER_CALL = 1000


@dataclass(frozen=True, slots=True)
class Generations:
    """Which one serves and which one is being built."""

    serving: str
    building: str


def begin(redis: Redis, namespace: str, definitions: str) -> Generations:
    """Point `building` at a generation of these definitions: one that was left unfinished, or a new and empty one.

    Raises redis.RedisError.
    """
    generations = generations_key(namespace)
    serving = _serving(redis, namespace)
    unfinished = _text(redis.hget(generations, BUILDING))
    if unfinished:
        ledger = GenerationKeys.of(namespace, unfinished).ledger
        if _text(redis.hget(ledger, DEFINITIONS)) == stored_definitions(definitions):
            return Generations(serving, unfinished)
    building = str(max(int(serving), int(unfinished or 0)) + 1)
    drop(redis, namespace, building)
    redis.hset(generations, BUILDING, building)
    if unfinished:
        drop(redis, namespace, unfinished)
    return Generations(serving, building)


def serving_keys(redis: Redis, namespace: str) -> GenerationKeys:
    """The keys of the generation that serves. Raises redis.RedisError."""
    return GenerationKeys.of(namespace, _serving(redis, namespace))


def switch(redis: Redis, namespace: str, generations: Generations) -> None:
    """Let the generation that was built serve. Readers see it at once, workers with their next batch."""
    Script("switch.lua").run(redis, [generations_key(namespace)], [SERVING, BUILDING, generations.building])


def abandon(redis: Redis, namespace: str, generations: Generations) -> None:
    """Delete the generation that is being built, so that the next rebuild begins anew. Raises redis.RedisError."""
    redis.hdel(generations_key(namespace), BUILDING)
    drop(redis, namespace, generations.building)


def drop(redis: Redis, namespace: str, generation: str) -> int:
    """Delete everything of a generation, some keys at a time; how many there were."""
    dropped = 0
    for keys in _scan(redis, GenerationKeys.of(namespace, generation).glob):
        dropped += int(redis.unlink(*keys))
    return dropped


def _serving(redis: Redis, namespace: str) -> str:
    return _text(redis.hget(generations_key(namespace), SERVING)) or FIRST_GENERATION


def _scan(redis: Redis, glob: str) -> Iterator[list[Any]]:
    found = redis.scan_iter(match=glob, count=_KEYS_PER_CALL)
    while keys := list(islice(found, _KEYS_PER_CALL)):
        yield keys


def _text(value: Any) -> str | None:  # noqa: ANN401 - the client's replies have no one type
    return value.decode() if value else None
