"""Where each assigned partition is read from and applied up to: pure state, without Kafka.

A partition is (topic, partition number). Each time that reading of a partition starts anew it gets a new epoch, a
number that is never used again. A batch that was read in an earlier epoch is stale, wherever it waits.
"""

import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stream_app.worker.batch import MOST_KEYS, Batch, RecordLike, split

__all__ = [
    "AppliedPosition",
    "AppliedPositions",
    "Fetched",
    "Partition",
    "ReadPosition",
    "ReadPositions",
    "StartPosition",
    "StoredPositions",
    "TopicRecreatedError",
    "start_position",
]

Partition = tuple[str, int]

StoredPositions = Callable[[Collection[Partition]], Awaitable[Mapping[Partition, int]]]
"""Reads the stored next offset of each partition; one of which nothing was applied, or which was lost, is left out."""


class TopicRecreatedError(Exception):
    """The ledger is ahead of the log: the topic was deleted and created again, or lost its end."""

    def __init__(self, topic: str, partition: int, stored: int, end: int) -> None:
        """Name the partition, the ledger's next offset and the end of the log."""
        super().__init__(
            f"{topic}[{partition}]: the ledger has applied all before offset {stored}, but the log ends at {end}. "
            "The topic was recreated or truncated, so the numbers may count events that the log no longer has. "
            "Run `stream-app rebuild` to count the log as it is now, or restore the topic."
        )
        self.topic, self.partition, self.stored, self.end = topic, partition, stored, end


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch, and the epoch of its partition in which it was read."""

    batch: Batch
    epoch: int


@dataclass(frozen=True, slots=True)
class StartPosition:
    """Where to seek to (`position`), and where the first batch begins (`begin`).

    They differ when the log no longer has the offsets between them: the first batch then begins with a gap.
    """

    begin: int
    position: int

    @property
    def has_gap(self) -> bool:
        """Whether the log no longer has offsets that were never applied."""
        return self.position > self.begin


def start_position(topic: str, partition: int, stored: int | None, begin: int, end: int) -> StartPosition:
    """Where to start on a log that spans `[begin, end)` when the ledger says `stored` (None: nothing was applied).

    Raises TopicRecreatedError if the ledger is ahead of the log.
    """
    wanted = stored or 0
    if wanted > end:
        raise TopicRecreatedError(topic, partition, wanted, end)
    return StartPosition(begin=wanted, position=max(wanted, begin))


@dataclass(slots=True)
class AppliedPosition:
    """One assigned partition as the event loop sees it.

    `expected` is where the next batch to apply begins, None until the ledger has answered. `committed` is the offset
    that the consumer group has.
    """

    epoch: int
    expected: int | None = None
    committed: int | None = None


class AppliedPositions:
    """Up to where the assigned partitions are applied. Belongs to the event loop."""

    def __init__(self) -> None:
        self._positions: dict[Partition, AppliedPosition] = {}
        self._epochs = itertools.count(1)

    def assign(self, partitions: Iterable[Partition]) -> None:
        """Exactly these partitions are assigned now, each in a new epoch."""
        self._positions = {partition: AppliedPosition(next(self._epochs)) for partition in partitions}

    def clear(self) -> None:
        """No partition is assigned any more."""
        self._positions.clear()

    def assigned(self, topic: str | None = None) -> set[Partition]:
        """The assigned partitions, of one topic or of all."""
        return {partition for partition in self._positions if topic is None or partition[0] == topic}

    @property
    def expected(self) -> dict[Partition, int]:
        """Where the next batch to apply begins, of each partition that the ledger has answered for."""
        return {each: at.expected for each, at in self._positions.items() if at.expected is not None}

    def expects(self, fetched: Fetched) -> int | None:
        """Where the next batch of that partition must begin, None if this one is stale."""
        at = self._positions.get(fetched.batch.source)
        return at.expected if at is not None and at.epoch == fetched.epoch else None

    def advance(self, fetched: Fetched) -> None:
        """Expect the next batch where this one, which was applied, ends. A stale one changes nothing."""
        if self.expects(fetched) is not None:
            self._positions[fetched.batch.source].expected = fetched.batch.end

    def new_epochs(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Make stale what was read of these partitions; the new epoch of each that is assigned."""
        epochs = {partition: next(self._epochs) for partition in partitions if partition in self._positions}
        for partition, epoch in epochs.items():
            self._positions[partition].epoch = epoch
        return epochs

    def current(self, epochs: Mapping[Partition, int]) -> list[Partition]:
        """The partitions that are still assigned and in these epochs."""
        return [
            partition
            for partition, epoch in epochs.items()
            if (at := self._positions.get(partition)) is not None and at.epoch == epoch
        ]

    def start(
        self,
        epochs: Mapping[Partition, int],
        stored: Mapping[Partition, int],
        bounds: Mapping[Partition, tuple[int, int]],
        *,
        trust_end: bool = False,
    ) -> dict[Partition, StartPosition]:
        """Where to start each partition that is still in its epoch, now that its log's begin and end are known.

        Some brokers list an end before their last batch, but none refuses to read at its true end: only with
        `trust_end`, after a read was refused, a stored offset behind the end means that the topic was recreated.
        Raises TopicRecreatedError.
        """
        starts: dict[Partition, StartPosition] = {}
        for partition in self.current(epochs):
            if partition not in bounds:
                continue
            begin, end = bounds[partition]
            offset = stored.get(partition)
            start = start_position(*partition, offset, begin, end if trust_end else max(end, offset or 0))
            starts[partition] = start
            self._positions[partition].expected = start.begin
        return starts

    def uncommitted(self) -> dict[Partition, int]:
        """Offsets that the consumer group does not have yet."""
        return {
            partition: at.expected
            for partition, at in self._positions.items()
            if at.expected is not None and at.expected != at.committed
        }

    def mark_committed(self, offsets: Mapping[Partition, int]) -> None:
        """Note the offsets that the consumer group has now."""
        for partition, offset in offsets.items():
            if partition in self._positions:
                self._positions[partition].committed = offset


@dataclass(slots=True)
class ReadPosition:
    """One assigned partition as the consumer thread sees it: the next batch begins at `next`."""

    assignment: object
    epoch: int
    next: int


class ReadPositions:
    """Up to where the assigned partitions are read. Belongs to the consumer thread.

    An assignment is an object of the consumer that is replaced by every rebalance; a position from another one is void.
    """

    def __init__(self) -> None:
        self._positions: dict[Partition, ReadPosition] = {}

    def start(self, partition: Partition, assignment: object, epoch: int, begin: int) -> None:
        """Begin the next batch of a partition at `begin`, in this epoch."""
        self._positions[partition] = ReadPosition(assignment, epoch, begin)

    def drop(self, partitions: Iterable[Partition]) -> None:
        """Read nothing of these partitions until `start`."""
        for partition in partitions:
            self._positions.pop(partition, None)

    def readable(self, assignment: object, paused: Collection[str]) -> list[Partition]:
        """Partitions with a position in this assignment, without those of paused topics."""
        return [
            partition
            for partition, at in self._positions.items()
            if at.assignment is assignment and partition[0] not in paused
        ]

    def advance(
        self, partition: Partition, position: int, records: Sequence[RecordLike], limit: int, *, allow_empty: bool
    ) -> list[Fetched]:
        """Batches of at most `limit` records from the last one's end up to the consumer's `position`.

        They have at most `MOST_KEYS` keys. Offsets without a record make a batch of their own only with `allow_empty`;
        otherwise they wait for a record.
        """
        at = self._positions[partition]
        if not records and not (allow_empty and position > at.next):
            return []
        whole = Batch(*partition, at.next, position, records)
        at.next = position
        return [Fetched(batch, at.epoch) for batch in split(whole, limit, MOST_KEYS)]
