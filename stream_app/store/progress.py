"""Whether somebody works on a partition, by what the store holds of it."""

import time
from collections.abc import Collection
from typing import Any

from redis import Redis

from stream_app.store.keys import GenerationKeys, Partition, partition_field

__all__ = ["go_on", "unread"]

# A worker says at least every second of its partitions that all is applied, or else applies what is not.
_RECHECK_S = 3.0


def unread(redis: Redis, keys: GenerationKeys, partitions: Collection[Partition], seconds: float) -> set[Partition]:
    """Return the partitions of which nobody has said for `seconds` that all is applied, and nobody applies.

    One whose leader does not answer is not among them, nor one without any sign yet. Reads twice, three seconds apart,
    if there may be one. Raises redis.RedisError.
    """
    before = _signs(redis, keys, partitions)
    oldest = (time.time() - seconds) * 1000
    suspects = {each for each, (_, current) in before.items() if current is not None and 0 < current < oldest}
    if not suspects:
        return set()
    time.sleep(_RECHECK_S)
    after = _signs(redis, keys, suspects)
    return {each for each in suspects if after[each] == before[each]}


def _signs(
    redis: Redis, keys: GenerationKeys, partitions: Collection[Partition]
) -> dict[Partition, tuple[bytes | None, int | None]]:
    fields = [partition_field(each) for each in partitions]
    offsets: Any = redis.hmget(keys.offsets, fields)
    current: Any = redis.hmget(keys.current, fields)
    found = zip(partitions, offsets, current, strict=True)
    return {each: (offset, None if at is None else int(at)) for each, offset, at in found}


def go_on(group: str) -> str:
    """Return the command that goes on without members that are gone."""
    return f"stream-app worker --group {group}.2 # all workers, after stopping them: positions are in the store"
