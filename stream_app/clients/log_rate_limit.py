"""Limits how often the Kafka libraries log the same line: without a broker they repeat it all the time."""

import logging
import time
from collections.abc import Callable

_LIMITED_LOGGERS = ("aiokafka", "faust", "mode", "kafka")


class LogRateLimit(logging.Filter):
    """Lets each line of code of the Kafka libraries log `burst` times in `period` seconds; other loggers pass."""

    def __init__(self, burst: int = 5, period: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds."""
        super().__init__()
        self._burst, self._period, self._clock = burst, period, clock
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass; the first one of a new period says how many did not."""
        if record.name.partition(".")[0] not in _LIMITED_LOGGERS:
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
