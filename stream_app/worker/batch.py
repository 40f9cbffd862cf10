"""What is handed from the log to the fold: the records of one offset range of one partition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["MOST_KEYS", "Batch", "Record", "RecordLike", "split"]

MOST_KEYS = 4000
"""How many keys the records of a batch that is read have at most: each is an entity, and the number of these, more than
that of the events, decides for how long the script of the commit holds up the store."""

_STEPS = 4
"""Keys are counted in steps of so large a part of the most: to look at each record by itself would take longer."""


class RecordLike(Protocol):
    """One record as it is read.

    The consumer's own records have this shape and are handed on as they are: a copy costs more than parsing them did.
    """

    @property
    def offset(self) -> int:
        """Place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch, by the producer's or the broker's clock."""

    @property
    def key(self) -> bytes | None:
        """Key as produced."""

    @property
    def value(self) -> bytes | None:
        """Value as produced; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers in the order of the producer; a name may occur more than once."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that does not come from a consumer."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """The offset range `begin <= offset < end` of a partition: every record that can be read there, in order of offset.

    Batches of one partition join up: each begins where the one before it ended, or where the reader was put. Offsets
    without a record (transaction markers, aborted transactions, compaction, retention) lie inside a batch, at its head
    as well as at its tail; a range of nothing else is a batch without records.
    """

    topic: str
    partition: int
    begin: int
    end: int
    records: Sequence[RecordLike]

    @property
    def source(self) -> tuple[str, int]:
        """Topic and partition."""
        return self.topic, self.partition


def split(batch: Batch, limit: int, most_keys: int | None = None) -> Iterator[Batch]:
    """Cut a batch into batches that join up, each of at most `limit` records and, if given, `most_keys` keys.

    A record without a key counts as one more key. Yields at least one; all but the last end directly behind their last
    record.
    """
    records, begin, start = batch.records, batch.begin, 0
    while True:
        part = records[start : start + limit]
        if most_keys is not None:
            part = part[: _fitting(part, most_keys)]
        start += len(part)
        if start == len(records):
            yield Batch(batch.topic, batch.partition, begin, batch.end, part)
            return
        end = part[-1].offset + 1
        yield Batch(batch.topic, batch.partition, begin, end, part)
        begin = end


def _fitting(records: Sequence[RecordLike], most_keys: int) -> int:
    """How many records from the first one on have at most so many keys, counted in steps."""
    if len(records) <= most_keys:
        return len(records)
    step = max(1, most_keys // _STEPS)
    keys: set[bytes | None] = set()
    without = 0
    for start in range(0, len(records), step):
        of_step = [record.key for record in records[start : start + step]]
        without += of_step.count(None)
        keys.update(of_step)
        keys.discard(None)
        if len(keys) + without > most_keys:
            return start
    return len(records)
