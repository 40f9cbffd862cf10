"""How long a script holds up the store: measured by the store itself, for every call."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files

from redis import Redis

__all__ = ["ScriptDurations", "watch_script"]

_KEPT = 10_000
# The store notes the commands inside a script as well, thousands of them, and what it notes costs time.
_SLOW_US = 200


@dataclass
class ScriptDurations:
    """Durations of a script, in milliseconds, sorted; filled when the watch ends."""

    milliseconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Return the duration that `share` of the calls did not exceed."""
        return self.milliseconds[min(int(share * len(self.milliseconds)), len(self.milliseconds) - 1)]


@contextmanager
def watch_script(redis: Redis, name: str) -> Iterator[ScriptDurations]:
    """Have the store note what takes longer than 0.2 ms while the block runs, and take the named script out of it."""
    source = (files("stream_app.store") / name).read_bytes()
    call = b"EVALSHA " + hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
    redis.config_set("slowlog-max-len", _KEPT)
    redis.slowlog_reset()
    redis.config_set("slowlog-log-slower-than", _SLOW_US)
    times = ScriptDurations()
    try:
        yield times
    finally:
        redis.config_set("slowlog-log-slower-than", -1)
        noted = [each["duration"] / 1000 for each in redis.slowlog_get(_KEPT) if each["command"].startswith(call)]
        times.milliseconds = sorted(noted)
        redis.slowlog_reset()
