"""Batches join up, whatever is in the log, and are read from where the ledger says."""

import asyncio
from contextlib import suppress

import pytest
from kafka import KafkaAdminClient, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import TopicAlreadyExistsError

from stream_app.worker.batch import Batch
from stream_app.worker.consumer import Exit, Worker
from tests.servers.cluster import Cluster
from tests.worker.workers import Calls, MemoryLedger, bounds, committed, eventually, on_a_loop, settings, working


def _numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def _commit(address: str, group: str, topic: str, offset: int) -> None:
    with KafkaAdminClient(bootstrap_servers=address) as admin:
        admin.alter_group_offsets(group, {TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)})


def _delete_before(address: str, topic: str, before: int) -> None:
    with KafkaAdminClient(bootstrap_servers=address) as admin:
        admin.delete_records({TopicPartition(topic, 0): before})


@on_a_loop
async def test_the_end_of_each_batch_is_committed_to_the_group(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(100))
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: len(ledger.values) == 100)
    assert len(ledger.applied) == 2
    assert committed(cluster.address, namespace) == {(namespace, 0): 50, (namespace, 1): 50}


@on_a_loop
async def test_batches_have_at_most_max_events_records_and_join_up(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(1000))
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace, max_events=64), ledger):
        await eventually(lambda: len(ledger.values) == 1000)
    assert ledger.values == _numbers(1000)
    assert {len(batch.records) for batch in ledger.applied} <= {64, 1000 % 64}
    assert ledger.offered == ledger.applied


@on_a_loop
async def test_one_record_arrives_as_a_batch_of_one(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        for number in range(3):
            await asyncio.to_thread(cluster.produce, namespace, [b"%d" % number], headers=[("name", b"value")])
            await eventually(lambda number=number: len(ledger.applied) > number)  # type: ignore[misc]
    assert [(batch.begin, batch.end, len(batch.records)) for batch in ledger.applied] == [
        (0, 1, 1),
        (1, 2, 1),
        (2, 3, 1),
    ]
    (record,) = ledger.applied[2].records
    assert (record.offset, record.key, record.value, list(record.headers)) == (2, None, b"2", [("name", b"value")])
    assert record.timestamp > 0


@on_a_loop
async def test_transaction_markers_and_aborted_records_are_skipped(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(_write_transactions, cluster.address, namespace)
    end = bounds(cluster.address, namespace)[namespace, 0][1]
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger) as worker:
        await eventually(lambda: ledger.stored.get((namespace, 0)) == end)
        assert worker.state().lag == {namespace: 0}
    assert ledger.values == [b"first", b"second"]
    assert ledger.offered == ledger.applied
    assert committed(cluster.address, namespace) == {(namespace, 0): end}


def _write_transactions(address: str, topic: str) -> None:
    with KafkaProducer(bootstrap_servers=address, transactional_id=topic) as producer:
        producer.init_transactions()
        for value, kept in [(b"first", True), (b"aborted", False), (b"second", True), (b"aborted", False)]:
            producer.begin_transaction()
            producer.send(topic, value, partition=0).get()
            if kept:
                producer.commit_transaction()
            else:
                producer.abort_transaction()


@on_a_loop
async def test_the_positions_of_the_ledger_win_over_those_of_the_group(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(60))
    await asyncio.to_thread(_commit, cluster.address, namespace, namespace, 50)
    ledger = MemoryLedger({(namespace, 0): 10})
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: len(ledger.values) == 50)
    assert ledger.values == _numbers(60)[10:]
    assert committed(cluster.address, namespace) == {(namespace, 0): 60}


@on_a_loop
async def test_the_group_never_runs_ahead_of_the_ledger(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(60))
    await asyncio.to_thread(_commit, cluster.address, namespace, namespace, 50)
    ledger = MemoryLedger({(namespace, 0): 10})
    ledger.gate.clear()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: bool(ledger.offered))
        await eventually(lambda: committed(cluster.address, namespace) == {(namespace, 0): 10})
        ledger.gate.set()


@on_a_loop
async def test_a_partition_unknown_to_the_ledger_is_read_from_its_begin(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(20))
    await asyncio.to_thread(_delete_before, cluster.address, namespace, 5)
    await asyncio.to_thread(_commit, cluster.address, namespace, namespace, 15)
    ledger, calls = MemoryLedger(), Calls()
    async with working(settings(cluster.address, namespace, namespace), ledger, calls):
        await eventually(lambda: len(ledger.values) == 15)
    assert ledger.values == _numbers(20)[5:]
    assert ledger.applied[0].begin == 0
    assert calls.deleted == [(namespace, 0, None, 5)]


@on_a_loop
async def test_offsets_deleted_by_retention_are_reported_and_skipped(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(20))
    await asyncio.to_thread(_delete_before, cluster.address, namespace, 12)
    ledger, calls = MemoryLedger({(namespace, 0): 3}), Calls()
    async with working(settings(cluster.address, namespace, namespace), ledger, calls):
        await eventually(lambda: len(ledger.values) == 8)
    assert ledger.values == _numbers(20)[12:]
    assert (ledger.applied[0].begin, ledger.offered) == (3, ledger.applied)
    assert calls.deleted == [(namespace, 0, 3, 12)]


@on_a_loop
async def test_a_log_emptied_by_retention_is_applied_up_to_its_end(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(20))
    await asyncio.to_thread(_delete_before, cluster.address, namespace, 20)
    ledger = MemoryLedger({(namespace, 0): 3})
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: bool(ledger.applied))
    assert ledger.applied == [Batch(namespace, 0, 3, 20, [])]


@on_a_loop
async def test_a_ledger_ahead_of_the_log_ends_the_worker(
    cluster: Cluster, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(20))
    ledger = MemoryLedger({(namespace, 0): 21})
    worker = Worker(settings(cluster.address, namespace, namespace), ledger, ledger.positions)
    assert await worker.run() is Exit.RECREATED
    assert ledger.offered == []
    assert f"{namespace}[0]: the ledger has applied all before offset 21, but the log ends at 20" in caplog.text


@on_a_loop
async def test_a_topic_that_is_recreated_while_it_is_read_ends_the_worker(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, _numbers(20))
    ledger = MemoryLedger()
    task = asyncio.create_task(Worker(settings(cluster.address, namespace, namespace), ledger, ledger.positions).run())
    await eventually(lambda: len(ledger.values) == 20)
    await asyncio.to_thread(_recreate, cluster, namespace)
    assert await task is Exit.RECREATED
    assert ledger.values == _numbers(20)


def _recreate(cluster: Cluster, topic: str) -> None:
    with cluster.admin() as admin:
        admin.delete_topics([topic])
    # A broker that creates topics by itself may have been asked for this one meanwhile.
    with suppress(TopicAlreadyExistsError):
        cluster.create(topic)
    cluster.produce(topic, [b"new"])
