"""Looking up single entities and the members of a step. The only place besides the store where identifiers appear."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from redis import Redis

from stream_app.core.connected import Pointer, Stored, decoder, unresolved
from stream_app.core.entity import EntityKind
from stream_app.core.facts import Series
from stream_app.store.generations import serving_keys
from stream_app.store.keys import entity_name, of_due_member
from stream_app.store.ledger import split_value


@dataclass(frozen=True, slots=True)
class Member:
    """A lead with a due time in epoch milliseconds; `enrollment` is empty unless it is in a step."""

    lead: str
    enrollment: str
    due: int


def find(redis: Redis, namespace: str, kind: EntityKind, id_: str) -> Any:  # noqa: ANN401 - any kind of entity
    """The entity that an id belongs to, under whichever of its ids it is stored; None if there is none.

    Raises redis.RedisError.
    """
    keys = serving_keys(redis, namespace)
    read = decoder(kind)

    def load(ids: Iterable[str]) -> dict[str, tuple[str, Stored]]:
        found: dict[str, tuple[str, Stored]] = dict.fromkeys(ids, ("", None))
        values: Any = redis.mget([keys.entity(entity_name(kind.name, each)) for each in found])
        for each, value in zip(list(found), values, strict=True):
            if value is not None:
                version, state = split_value(value)
                found[each] = version, read(state)
        return found

    stored = load([id_])
    to_read: set[str] = set()
    while to_read := unresolved(stored, to_read):
        stored |= load(to_read)
    _, found = stored[id_]
    while isinstance(found, Pointer):
        _, found = stored[found.to]
    return found


@dataclass(frozen=True, slots=True)
class Due:
    """Who is in a series of due times: how many, how many of these are overdue, and those that fell due first."""

    inside: int
    overdue: int
    first: list[Member]


def due(redis: Redis, namespace: str, series: Series, now: int, most: int) -> Due:
    """Who is in a series of due times at a moment in milliseconds; `first` are at most so many.

    Raises redis.RedisError.
    """
    key = serving_keys(redis, namespace).due(*series)
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.zcard(key)
        pipeline.zcount(key, "-inf", f"({now}")
        pipeline.zrange(key, 0, most - 1, withscores=True)
        found: Any = pipeline.execute()
    inside, overdue, first = found
    return Due(inside, overdue, [Member(*of_due_member(member.decode()), int(at)) for member, at in first])


def members(redis: Redis, namespace: str, program: str, step: str) -> list[Member]:
    """The enrollments in a step, the one that fell due first first. Raises redis.RedisError."""
    found: Any = redis.zrange(serving_keys(redis, namespace).due("step_due_at", program, step), 0, -1, withscores=True)
    return [Member(*of_due_member(member.decode()), int(at)) for member, at in found]
