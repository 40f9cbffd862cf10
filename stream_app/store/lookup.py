"""Looking up single entities and the members of a step. The only place besides the store where identifiers appear."""

from dataclasses import dataclass
from typing import Any

import msgspec
from redis import Redis

from stream_app.core.entity import EntityKind
from stream_app.store.generations import serving_keys
from stream_app.store.keys import enrollment_of, entity_name
from stream_app.store.ledger import split_value


@dataclass(frozen=True, slots=True)
class Member:
    """An enrollment that is in a step; `due` in epoch milliseconds."""

    lead: str
    enrollment: str
    due: int


def find(redis: Redis, namespace: str, kind: EntityKind, key: str) -> Any:  # noqa: ANN401 - any kind of entity
    """An entity as it is stored, None if there is none. Raises redis.RedisError."""
    value: Any = redis.get(serving_keys(redis, namespace).entity(entity_name(kind.name, key)))
    if value is None:
        return None
    _, state = split_value(value)
    return msgspec.msgpack.decode(state, type=kind.state)


def members(redis: Redis, namespace: str, program: str, step: str) -> list[Member]:
    """The enrollments in a step, the one that fell due first first. Raises redis.RedisError."""
    found: Any = redis.zrange(serving_keys(redis, namespace).due("step_due_at", program, step), 0, -1, withscores=True)
    return [Member(*enrollment_of(member.decode()), int(due)) for member, due in found]
