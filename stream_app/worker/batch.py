"""What is handed from the log to the fold: the records of one offset range of one partition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Batch", "Record", "RecordLike", "split"]


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


def split(batch: Batch, limit: int) -> Iterator[Batch]:
    """Cut a batch into batches of at most `limit` records that join up.

    Yields at least one; all but the last end directly behind their last record.
    """
    records, begin = batch.records, batch.begin
    last = max(len(records) - 1, 0) // limit * limit
    for start in range(0, last, limit):
        part = records[start : start + limit]
        end = part[-1].offset + 1
        yield Batch(batch.topic, batch.partition, begin, end, part)
        begin = end
    yield Batch(batch.topic, batch.partition, begin, batch.end, records[last:]) if last else batch
