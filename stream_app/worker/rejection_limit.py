"""Stops the intake of a topic most of whose records are rejected, as after a bad deploy of its producer."""

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

_RECENT_RECORDS = 1000


@dataclass(slots=True)
class _Recent:
    """The last batches of a topic: of each how many records it had and how many of them were rejected."""

    batches: deque[tuple[int, int]] = field(default_factory=deque)
    records: int = 0
    """How many they had together."""


class RejectionLimit:
    """Judges topics by their last 1,000 records.

    A worker that is restarted judges the same records again; with a ratio of 1 every record passes.
    """

    def __init__(self, ratio: float, on_stop: Callable[[str], None]) -> None:
        self._limit = ratio * _RECENT_RECORDS
        self._on_stop = on_stop
        self._recent: defaultdict[str, _Recent] = defaultdict(_Recent)
        self.stopped: set[str] = set()

    def admits(self, topic: str, records: int, rejected: int) -> bool:
        """Whether a batch may be applied. `on_stop` is called with the topic the first time that it may not."""
        if topic in self.stopped:
            return False
        if not rejected or self._rejected_recently(topic, records, rejected) <= self._limit:
            return True
        self.stopped.add(topic)
        log.error(
            "%s: more than %d of the last %d records were rejected. Its intake is stopped and nothing is lost. Mend "
            "the producer and look at `stream-app dlq list`, empty if all of them are still only in the topic. "
            "Then restart the workers with STREAM_APP_FLOOD_RATIO=1 once, which lets the bad records through to the "
            "dead letters; a restart without it judges the same records again",
            topic,
            self._limit,
            _RECENT_RECORDS,
        )
        self._on_stop(topic)
        return False

    def count(self, topic: str, records: int, rejected: int) -> None:
        """Remember a batch that was applied."""
        if not records:
            return
        recent = self._recent[topic]
        recent.batches.append((records, rejected))
        recent.records += records
        while recent.records - recent.batches[0][0] >= _RECENT_RECORDS:
            recent.records -= recent.batches.popleft()[0]

    def _rejected_recently(self, topic: str, records: int, rejected: int) -> float:
        """Rejected among the last 1,000 records; a batch that reaches further back counts by its share."""
        left, found = _RECENT_RECORDS, 0.0
        for size, bad in [(records, rejected), *reversed(self._recent[topic].batches)]:
            if size:
                found += bad * min(1.0, left / size)
            left -= size
            if left <= 0:
                break
        return found
