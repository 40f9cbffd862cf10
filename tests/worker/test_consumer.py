"""Workers apply every record once, whichever of them joins, leaves or crashes, and show their state."""

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from stream_app.worker.batch import Batch
from stream_app.worker.consumer import Exit, Worker
from stream_app.worker.result import Result, TryAgain
from tests.servers.cluster import Cluster
from tests.worker.workers import (
    Calls,
    FileLedger,
    MemoryLedger,
    Processes,
    bounds,
    committed,
    eventually,
    on_a_loop,
    settings,
    working,
)


def _numbers(numbers: Iterable[int]) -> list[bytes]:
    return [b"%d" % number for number in numbers]


def _once(numbers: Iterable[int]) -> dict[str, int]:
    return {str(number): 1 for number in numbers}


@pytest.fixture
def processes(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(cluster.address, namespace, FileLedger(tmp_path / "ledger").create())
    yield processes
    processes.kill_all()


@on_a_loop
async def test_after_a_refused_batch_nothing_stale_is_applied(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(100)))
    ledger = MemoryLedger({(namespace, 0): 40}, moves=[20])
    async with working(settings(cluster.address, namespace, namespace, max_events=10), ledger):
        await eventually(lambda: len(ledger.values) == 80)
    assert ledger.values == _numbers(range(20, 100))
    assert [batch.begin for batch in ledger.offered] == [40, *range(20, 100, 10)]
    assert committed(cluster.address, namespace) == {(namespace, 0): 100}


@on_a_loop
async def test_a_batch_is_prepared_while_the_one_before_it_is_applied(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(40)))
    ledger = MemoryLedger()
    ledger.gate.clear()
    async with working(settings(cluster.address, namespace, namespace, max_events=10), ledger):
        await eventually(lambda: len(ledger.prepared) > 1)
        await asyncio.sleep(0.1)
        assert [batch.begin for batch in ledger.prepared] == [0, 10]
        assert [batch.begin for batch in ledger.offered] == [0]
        ledger.gate.set()
        await eventually(lambda: len(ledger.values) == 40)
    assert ledger.values == _numbers(range(40))


@on_a_loop
async def test_a_batch_that_another_worker_applied_is_skipped(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(100)))
    ledger = MemoryLedger(moves=[70])
    async with working(settings(cluster.address, namespace, namespace, max_events=10), ledger):
        await eventually(lambda: len(ledger.values) == 30)
    assert ledger.values == _numbers(range(70, 100))


@on_a_loop
async def test_a_batch_to_be_tried_again_is_read_again(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(10)))
    ledger = MemoryLedger(refusals=[TryAgain(), TryAgain()])
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: len(ledger.values) == 10)
    assert [batch.begin for batch in ledger.offered] == [0, 0, 0]


@on_a_loop
async def test_the_last_batch_is_finished_and_committed_before_the_end(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(100)))
    ledger = MemoryLedger()
    ledger.gate.clear()
    worker = Worker(
        settings(cluster.address, namespace, namespace, max_events=10, commit_interval=600), ledger, ledger.positions
    )
    task = asyncio.create_task(worker.run())
    await eventually(lambda: bool(ledger.offered))
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    ledger.gate.set()
    assert await task is Exit.OK
    assert ledger.values == _numbers(range(10))
    assert committed(cluster.address, namespace) == {(namespace, 0): 10}


@on_a_loop
async def test_a_sink_that_never_returns_does_not_keep_the_worker_alive(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(10)))
    ledger = MemoryLedger()
    ledger.gate.clear()
    async with working(settings(cluster.address, namespace, namespace, grace=0.2), ledger):
        await eventually(lambda: bool(ledger.offered))
    assert ledger.applied == []


class _CannotPrepare(MemoryLedger):
    async def prepare(self, batch: Batch) -> Batch:
        raise LookupError(batch.topic)


class _CannotApply(MemoryLedger):
    async def apply(self, batch: Batch) -> Result:
        self.offered.append(batch)
        raise LookupError(batch.topic)


@pytest.mark.parametrize("broken", [_CannotPrepare, _CannotApply])
@on_a_loop
async def test_a_sink_that_raises_ends_the_worker(cluster: Cluster, namespace: str, broken: type[MemoryLedger]) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(10)))
    ledger = broken()
    assert (
        await Worker(settings(cluster.address, namespace, namespace, max_events=2), ledger, ledger.positions).run()
        is Exit.CRASHED
    )
    assert len(ledger.offered) <= 1
    assert committed(cluster.address, namespace).get((namespace, 0), 0) == 0


@on_a_loop
async def test_an_idle_worker_notices_that_the_ledger_lost_everything(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(10)))
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: len(ledger.values) == 10)
        ledger.stored.clear()
        await eventually(lambda: len(ledger.values) == 20)
    assert sorted(value or b"" for value in ledger.values) == sorted(2 * _numbers(range(10)))
    assert committed(cluster.address, namespace) == {(namespace, 0): 5, (namespace, 1): 5}


@on_a_loop
async def test_a_paused_topic_is_not_read_until_it_is_resumed(cluster: Cluster, namespace: str) -> None:
    good, bad = f"{namespace}.good", f"{namespace}.bad"
    await asyncio.to_thread(cluster.create, good, bad)
    await asyncio.to_thread(cluster.produce, bad, _numbers(range(10)))
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, good, bad), ledger) as worker:
        await eventually(lambda: len(ledger.values) == 10)
        worker.pause_topic(bad)
        await asyncio.to_thread(cluster.produce, bad, _numbers(range(10, 20)))
        await asyncio.to_thread(cluster.produce, good, [b"good"])
        await eventually(lambda: b"good" in ledger.values)
        await eventually(lambda: worker.state().lag == {good: 0, bad: 10})
        assert worker.state().paused == {bad}
        assert len(ledger.values) == 11
        worker.resume_topic(bad)
        await eventually(lambda: len(ledger.values) == 21)
        assert worker.state().paused == set()
    assert [value for value in ledger.values if value != b"good"] == _numbers(range(20))
    assert ledger.offered == ledger.applied


@on_a_loop
async def test_buffered_batches_of_a_paused_topic_are_read_again(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(100)))
    ledger = MemoryLedger()
    ledger.gate.clear()
    async with working(settings(cluster.address, namespace, namespace, max_events=10), ledger) as worker:
        await eventually(lambda: bool(ledger.offered))
        worker.pause_topic(namespace)
        ledger.gate.set()
        await eventually(lambda: bool(ledger.applied))
        worker.resume_topic(namespace)
        await eventually(lambda: len(ledger.values) == 100)
    assert ledger.values == _numbers(range(100))


@on_a_loop
async def test_the_state_shows_assignment_positions_and_lag(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(30)), partition=1)
    ledger, calls = MemoryLedger(), Calls()
    ledger.gate.clear()
    async with working(settings(cluster.address, namespace, namespace), ledger, calls) as worker:
        assert (worker.state().assigned, worker.state().connected) == (frozenset(), False)
        await eventually(lambda: bool(ledger.offered))
        await eventually(lambda: worker.state().lag == {namespace: 30})
        ledger.gate.set()
        await eventually(lambda: worker.state().lag == {namespace: 0})
        state = worker.state()
        assert state.assigned == calls.assigned_now == {(namespace, 0), (namespace, 1)}
        assert state.positions == {(namespace, 0): 0, (namespace, 1): 30}
        assert state.ends == {(namespace, 0): 0, (namespace, 1): 30}
        assert (state.connected, state.rebalancing, state.paused) == (True, False, frozenset())
        assert state.applied_at is not None
    assert worker.state().connected is False


@on_a_loop
async def test_a_batch_applied_after_a_rebalance_counts_once(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(100)))
    first, second = MemoryLedger(), MemoryLedger()
    second.stored, second.applied = first.stored, first.applied
    first.gate.clear()
    one, two = Calls(), Calls()
    chosen = settings(cluster.address, namespace, namespace, max_events=10)
    async with working(chosen, first, one):
        await eventually(lambda: len(one.assigned_now) == 2 and bool(first.offered))
        async with working(chosen, second, two):
            await eventually(lambda: len(one.assigned_now) == len(two.assigned_now) == 1)
            first.gate.set()
            await eventually(lambda: len(first.values) == 100)
    assert sorted(first.values, key=lambda value: int(value or b"")) == _numbers(range(100))


@on_a_loop
async def test_nothing_is_lost_or_doubled_when_a_worker_joins_and_leaves(
    cluster: Cluster, namespace: str, processes: Processes
) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=4)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(2000)))
    first = processes.start(namespace)
    await eventually(lambda: first.assigned() == 4)
    second = processes.start(namespace)
    await eventually(lambda: first.assigned() == second.assigned() == 2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(2000, 4000)))
    await eventually(lambda: len(processes.ledger.counts()) == 4000)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(4000, 6000)))
    assert second.stop() == Exit.OK
    await eventually(lambda: first.assigned() == 4 and len(processes.ledger.counts()) == 6000)
    assert first.stop() == Exit.OK
    assert processes.ledger.counts() == _once(range(6000))
    assert committed(cluster.address, namespace) == {(namespace, number): 1500 for number in range(4)}


@pytest.mark.slow
@on_a_loop
async def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(
    crash_cluster: Cluster, namespace: str, processes: Processes
) -> None:
    processes.address = crash_cluster.address
    await asyncio.to_thread(crash_cluster.create, namespace, partitions=4)
    first = processes.start(namespace)
    await eventually(lambda: first.assigned() == 4)
    second = processes.start(namespace)
    await eventually(lambda: first.assigned() == second.assigned() == 2)
    await asyncio.to_thread(crash_cluster.produce, namespace, _numbers(range(4000)))
    await eventually(lambda: len(processes.ledger.counts()) > 100)
    second.kill()
    await eventually(lambda: first.assigned() == 4 and len(processes.ledger.counts()) == 4000)
    assert first.stop() == Exit.OK
    assert processes.ledger.counts() == _once(range(4000))
    assert committed(crash_cluster.address, namespace) == {(namespace, number): 1000 for number in range(4)}


@on_a_loop
async def test_workers_that_drain_together_all_end(cluster: Cluster, namespace: str, processes: Processes) -> None:
    empty = f"{namespace}.empty"
    await asyncio.to_thread(cluster.create, namespace, empty, partitions=2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(range(2000)))
    both = bounds(cluster.address, namespace) | bounds(cluster.address, empty)
    until = {source: end for source, (_, end) in both.items()}
    workers = [processes.start(namespace, empty, until=until) for _ in range(2)]
    assert [await worker.ended() for worker in workers] == [Exit.OK, Exit.OK]
    assert processes.ledger.counts() == _once(range(2000))


@on_a_loop
async def test_a_worker_that_drains_an_empty_topic_ends(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    ledger = MemoryLedger()
    worker = Worker(settings(cluster.address, namespace, namespace), ledger, ledger.positions)
    assert await worker.run({(namespace, 0): 0}) is Exit.OK


@on_a_loop
async def test_a_drain_ends_when_all_but_a_paused_topic_is_applied(
    cluster: Cluster, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = f"{namespace}.good", f"{namespace}.bad"
    await asyncio.to_thread(cluster.create, good, bad)
    await asyncio.to_thread(cluster.produce, bad, _numbers(range(100)))
    await asyncio.to_thread(cluster.produce, good, _numbers(range(100, 200)))
    worker: Worker

    class Stopping(MemoryLedger):
        async def apply(self, batch: Batch) -> Result:
            if batch.source == (bad, 0) and batch.begin:
                worker.pause_topic(bad)
                return TryAgain()
            return await super().apply(batch)

    ledger = Stopping()
    worker = Worker(settings(cluster.address, namespace, good, bad, max_events=10), ledger, ledger.positions)
    assert await worker.run({(good, 0): 100, (bad, 0): 100}) is Exit.INTAKE_STOPPED
    assert ledger.stored == {(good, 0): 100, (bad, 0): 10}
    assert f"drained but for {bad}" in caplog.text


@on_a_loop
async def test_a_worker_without_a_broker_at_its_start_waits_until_it_is_stopped(namespace: str) -> None:
    ledger = MemoryLedger()
    async with working(settings("127.0.0.1:1", namespace, namespace), ledger) as worker:
        await asyncio.sleep(3)
        assert not worker.state().connected
