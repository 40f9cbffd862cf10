"""Looks at everything that has to be right before numbers can be, and says what to do about what is not."""

from __future__ import annotations

import http.client
import shlex
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from redis.exceptions import RedisError

from stream_app.runtime import topics
from stream_app.runtime.connections import kafka_options, sync_redis
from stream_app.runtime.keys import FIRST_GENERATION, generation_prefix, pointer_key
from stream_app.runtime.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from redis import Redis

    from stream_app.runtime.settings import Settings

__all__ = ["Finding", "examine"]

Status = Literal["ok", "warning", "failed"]

_CONNECT_MS: Final = 5_000
_CLOCK_S: Final = 1.0
_FULL: Final = 0.8
_OLDEST_REDIS: Final = (7, 0)
_OUR_SERVER: Final = "stream-app"
# Everything that the script that writes the numbers takes for granted.
_SCRIPT: Final = "#!lua\nreturn cmsgpack.unpack(cmsgpack.pack('ok'))"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found. What is not ok has a `fix`: a command to copy, or what to set."""

    check: str
    status: Status
    detail: str
    fix: str = ""


def examine(
    settings: Settings, names: Collection[str], *, partitions: int = 1, definitions: str | None = None
) -> Iterator[Finding]:
    """Yield a finding per check, as they are made; raises nothing.

    `names` are the event topics, `partitions` the least that each should have, and `definitions` the fingerprint that
    the stored numbers should carry (None: not looked at). What rests on a server that does not answer is left out.
    Passwords are kept out of what is said. Not for use in a running event loop.
    """
    told: list[Finding] = []
    kafka = yield from _kafka(settings)
    found: Mapping[str, topics.Topic] = {}
    if kafka:
        found = yield from _topics(settings, names, partitions)
        yield from _group(settings)
    with closing(sync_redis(settings)) as redis:
        if (yield from _redis(settings, redis)):
            yield from _script(redis)
            yield from _clock(redis)
            yield from _ledger(settings, redis, [name for name in names if name in found], definitions)
    yield from _ports(settings)
    del told
