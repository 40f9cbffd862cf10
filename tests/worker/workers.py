"""What the tests of the worker share: ledgers without a store, and workers in this process and in others."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from stream_app.worker.batch import Batch
from stream_app.worker.consumer import Exit, Hooks, Worker
from stream_app.worker.result import Applied, ReadFrom, Result
from stream_app.worker.worker_settings import WorkerSettings

_P = ParamSpec("_P")
_TIMEOUT_S = 40.0


def on_a_loop(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """Make a test of a coroutine."""

    @wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


async def eventually(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail if it never does."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        await asyncio.sleep(0.005)


@dataclass
class MemoryLedger:
    """Keeps positions and what was applied.

    `refusals` are the results for the next batches instead of applying them; `moves` is where the ledger is found to be
    when the next batches are offered.
    """

    stored: dict[tuple[str, int], int] = field(default_factory=dict)
    applied: list[Batch] = field(default_factory=list)
    prepared: list[Batch] = field(default_factory=list)
    offered: list[Batch] = field(default_factory=list)
    refusals: list[Result] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let batches through until a test closes the gate."""
        self.gate.set()

    async def positions(self, partitions: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """As `StoredPositions`."""
        return {source: self.stored[source] for source in partitions if source in self.stored}

    async def prepare(self, batch: Batch) -> Batch:
        """As `Sink`."""
        self.prepared.append(batch)
        return batch

    async def apply(self, batch: Batch) -> Result:
        """As `Sink`."""
        self.offered.append(batch)
        await self.gate.wait()
        if self.refusals:
            return self.refusals.pop(0)
        if self.moves:
            self.stored[batch.source] = self.moves.pop(0)
        if batch.begin != self.stored.get(batch.source, 0):
            return ReadFrom(self.stored.get(batch.source, 0))
        self.stored[batch.source] = batch.end
        self.applied.append(batch)
        return Applied()

    @property
    def values(self) -> list[bytes | None]:
        """The values of all records applied, in order."""
        return [record.value for batch in self.applied for record in batch.records]


@dataclass
class FileLedger:
    """A ledger that several processes share; says how often each record was applied."""

    path: Path

    def create(self) -> "FileLedger":
        """Make the file."""
        with closing(self._connect()) as db:
            db.execute("pragma journal_mode = wal")
            db.execute("create table position (topic text, part integer, next integer, primary key (topic, part))")
            db.execute("create table applied (value text, times integer, primary key (value))")
        return self

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=20, isolation_level=None)

    async def positions(self, partitions: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """As `StoredPositions`."""
        stored = self.stored()
        return {source: stored[source] for source in partitions if source in stored}

    async def prepare(self, batch: Batch) -> Batch:
        """As `Sink`."""
        return batch

    async def apply(self, batch: Batch) -> Result:
        """As `Sink`."""
        with closing(self._connect()) as db:
            db.execute("begin immediate")
            row = db.execute("select next from position where topic = ? and part = ?", batch.source).fetchone()
            if (stored := row[0] if row else 0) != batch.begin:
                db.execute("rollback")
                return ReadFrom(stored)
            db.execute("insert or replace into position values (?, ?, ?)", (*batch.source, batch.end))
            db.executemany(
                "insert into applied values (?, 1) on conflict do update set times = times + 1",
                [((record.value or b"").decode(),) for record in batch.records],
            )
            db.execute("commit")
        return Applied()

    def stored(self) -> dict[tuple[str, int], int]:
        """Return all positions."""
        with closing(self._connect()) as db:
            return {(topic, part): end for topic, part, end in db.execute("select * from position")}

    def counts(self) -> dict[str, int]:
        """Return how often each value was applied."""
        with closing(self._connect()) as db:
            return dict(db.execute("select value, times from applied"))


@dataclass
class Calls(Hooks):
    """Records what a worker called."""

    assigned_now: set[tuple[str, int]] = field(default_factory=set)
    deleted: list[tuple[str, int, int | None, int]] = field(default_factory=list)

    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        """As `Hooks`."""
        self.assigned_now = set(partitions)

    def revoked(self, partitions: Collection[tuple[str, int]]) -> None:
        """As `Hooks`."""
        self.assigned_now -= set(partitions)

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:
        """As `Hooks`."""
        self.deleted.append((topic, partition, stored, begin))


def settings(address: str, group: str, *topics: str, **changes: Any) -> WorkerSettings:  # noqa: ANN401
    """Return settings whose timers suit a test."""
    quick: dict[str, Any] = {
        "commit_interval": 0.1,
        "watch_interval": 0.1,
        "session_timeout": 6.0,
        "metadata_max_age": 1.0,
    }
    return WorkerSettings(brokers=address, group=group, topics=topics, **(quick | changes))


@asynccontextmanager
async def working(chosen: WorkerSettings, ledger: MemoryLedger, hooks: Hooks | None = None) -> AsyncIterator[Worker]:
    """Run a worker, and see that it ends well."""
    worker = Worker(chosen, ledger, ledger.positions, hooks)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        ended = await task
    assert ended is Exit.OK


@dataclass
class Process:
    """A worker in a process of its own, on a `FileLedger`."""

    process: subprocess.Popen[bytes]
    output: Path

    def assigned(self) -> int:
        """Return how many partitions it was assigned last; fail if it has ended."""
        assert self.process.poll() is None, "it ended"
        whole_lines = self.output.read_text().rpartition("\n")[0].splitlines()
        return len(json.loads(whole_lines[-1])) if whole_lines else 0

    def kill(self) -> None:
        """Crash it; nothing happens if it has ended."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self.process.terminate()
        return self.process.wait(_TIMEOUT_S)

    async def ended(self) -> int:
        """Return the exit code once it has ended by itself."""
        await eventually(lambda: self.process.poll() is not None)
        return self.process.wait()


@dataclass
class Processes:
    """Workers in processes of their own that share a group and a ledger."""

    address: str
    group: str
    ledger: FileLedger
    workers: list[Process] = field(default_factory=list)

    def start(self, *topics: str, until: Mapping[tuple[str, int], int] | None = None) -> Process:
        """Start one more."""
        goal = None if until is None else [[*source, end] for source, end in until.items()]
        arguments = json.dumps([self.address, self.group, topics, str(self.ledger.path), goal])
        output = self.ledger.path.with_name(f"worker-{len(self.workers)}")
        with output.open("wb") as out:
            command = [sys.executable, "-m", "tests.worker.process", arguments]
            self.workers.append(Process(subprocess.Popen(command, stdout=out), output))  # noqa: S603
        return self.workers[-1]

    def kill_all(self) -> None:
        """End all that are left."""
        for worker in self.workers:
            worker.kill()


def committed(address: str, group: str) -> dict[tuple[str, int], int]:
    """Return what lag tools see: the group's offsets."""
    with KafkaAdminClient(bootstrap_servers=address) as admin:
        return {(*tp,): entry.offset for tp, entry in admin.list_group_offsets(group)[group].items()}


def bounds(address: str, topic: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Return begin and end of every partition's log."""
    with KafkaConsumer(bootstrap_servers=address) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        return {(*tp,): (begins[tp], ends[tp]) for tp in partitions}
