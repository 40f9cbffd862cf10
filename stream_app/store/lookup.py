"""Looking up single entities and the members of a step. The only place besides the store where identifiers appear."""

from dataclasses import dataclass
from typing import Any

import msgspec
from redis import Redis

from stream_app.core.deltas import SEPARATOR
from stream_app.core.entity import EntityKind
from stream_app.store.keys import FIRST_GENERATION, generation_prefix, pointer_key
from stream_app.store.ledger import TAG_CHARACTERS


@dataclass(frozen=True, slots=True)
class Member:
    """An enrollment that is in a step; `due` in epoch milliseconds."""

    lead: str
    enrollment: str
    due: int


def serving_prefix(redis: Redis, namespace: str) -> str:
    """What the keys of the serving generation begin with. Raises redis.RedisError."""
    generation: Any = redis.hget(pointer_key(namespace), "serving")
    return generation_prefix(namespace, generation.decode() if generation else FIRST_GENERATION)


def find(redis: Redis, namespace: str, kind: EntityKind, key: str) -> Any:  # noqa: ANN401 - any kind of entity
    """An entity as it is stored, None if there is none. Raises redis.RedisError."""
    value: Any = redis.get(f"{serving_prefix(redis, namespace)}{kind.name}:{key}")
    return None if value is None else msgspec.msgpack.decode(value[TAG_CHARACTERS:], type=kind.state)


def members(redis: Redis, namespace: str, program: str, step: str) -> list[Member]:
    """The enrollments in a step, the one that fell due first first. Raises redis.RedisError."""
    key = f"{serving_prefix(redis, namespace)}due:{program}{SEPARATOR}{step}"
    found: Any = redis.zrange(key, 0, -1, withscores=True)
    return [
        Member(lead, enrollment, int(due))
        for member, due in found
        for lead, enrollment in [member.decode().split(SEPARATOR)]
    ]
