"""The events of a run: made once, loaded into the topics once, and kept in a file for those who need no broker."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stream_app.admin import topics
from stream_app.admin.batch_producer import BatchProducer
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history, live, records
from stream_app.demo.simulator import Record as Produced
from stream_app.worker.batch import Batch, Record

__all__ = ["EventHistory", "batches"]

_EVENTS_PER_LEAD = 35
_FEWEST_LEADS = 100


@dataclass(frozen=True, slots=True)
class EventHistory:
    """A history of 90 days that ends at `until` and has about `events` events; the same twice is the same bytes."""

    events: int
    until: datetime

    @classmethod
    def near_now(cls, events: int) -> "EventHistory":
        """Make the history end at this second."""
        return cls(events, datetime.now(UTC).replace(microsecond=0))

    @property
    def _plan(self) -> Plan:
        return Plan(seed=1, leads=max(_FEWEST_LEADS, self.events // _EVENTS_PER_LEAD), days=90, until=self.until)

    def history(self) -> Iterator[Produced]:
        """Yield the records, in the order of their events' times."""
        return records(self._plan, history(self._plan))

    def live_records(self, since: datetime, rate: float) -> Iterator[Produced]:
        """Yield the records of what happens after the history, without end; `rate` events a second by their times."""
        return records(self._plan, live(self._plan, since, rate))

    def write(self, spool: Path) -> None:
        """Write the history to the file `spool` alone."""
        with spool.open("wb") as lines:
            for record in self.history():
                lines.write(b"%s\t%s\n" % (record.family.encode(), record.value))

    def load(self, settings: Settings, spool: Path, partitions: int = 1) -> int:
        """Write the history to its topics and to the file `spool`; return how many records."""
        names = {record.family: settings.topic(record.family) for record in self.history()}
        topics.apply(settings, names.values(), partitions)
        count = 0
        with BatchProducer(settings, names.values()) as producer, spool.open("wb") as lines:
            for count, record in enumerate(self.history(), 1):  # noqa: B007
                producer.send(names[record.family], record.key, record.value)
                lines.write(b"%s\t%s\n" % (record.family.encode(), record.value))
        return count


def read(spool: Path) -> Iterator[tuple[str, bytes]]:
    """Yield families and values of the records of a spool."""
    with spool.open("rb") as lines:
        for line in lines:
            family, _, value = line.rstrip(b"\n").partition(b"\t")
            yield family.decode(), value


def batches(spool: Path, limit: int) -> Iterator[Batch]:
    """Yield the records of a spool as a worker gets them: of each topic in turn, at most `limit` at once."""
    by_family: dict[str, list[Record]] = {}
    now = time.time_ns() // 1_000_000
    for family, value in read(spool):
        records = by_family.setdefault(family, [])
        records.append(Record(len(records), now, None, value))
    longest = max(map(len, by_family.values()), default=0)
    for begin in range(0, longest, limit):
        for family, records in by_family.items():
            if part := records[begin : begin + limit]:
                yield Batch(family, 0, begin, begin + len(part), part)
