"""Keeps chatty libraries from filling the log: a broker that is away makes them say the same all the time."""

import logging
import time
from collections.abc import Callable

_NOISY = ("aiokafka", "faust", "mode", "kafka")


class Quiet(logging.Filter):
    """Lets each line of code of the chatty libraries log `burst` times in `period` seconds. Everybody else may talk."""

    def __init__(self, burst: int = 5, period: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limits."""
        super().__init__()
        self._burst, self._period, self._clock = burst, period, clock
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record may pass; the first one after silence tells how many did not."""
        if record.name.partition(".")[0] not in _NOISY:
            return True
        now, place = self._clock(), (record.pathname, record.lineno)
        since, count = self._seen.get(place, (now, 0))
        if now - since >= self._period:
            if count > self._burst:
                record.msg = f"{record.getMessage()} [{count - self._burst} more like this were not logged]"
                record.args = None
            since, count = now, 0
        self._seen[place] = since, count + 1
        return count < self._burst
