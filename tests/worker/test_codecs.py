"""Record batches are read however they are compressed; one that cannot be read stops its partition and no other."""

import asyncio

import aiokafka.codec
import pytest
from aiokafka import AIOKafkaProducer

from stream_app.admin.log_reader import read_log
from stream_app.clients.settings import Settings
from tests.servers.cluster import Cluster
from tests.worker.workers import MemoryLedger, eventually, on_a_loop, settings, working

CODECS = ("gzip", "snappy", "lz4", "zstd")
VALUES = [b"%d" % number * 100 for number in range(50)]


async def produce(cluster: Cluster, topic: str, codec: str | None, partition: int = 0) -> None:
    async with AIOKafkaProducer(bootstrap_servers=cluster.address, compression_type=codec, linger_ms=50) as producer:
        sent = [await producer.send(topic, value, partition=partition) for value in VALUES]
        await asyncio.gather(*sent)


@pytest.mark.parametrize("codec", CODECS)
@on_a_loop
async def test_a_worker_reads_compressed_batches(cluster: Cluster, namespace: str, codec: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await produce(cluster, namespace, codec)
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: len(ledger.values) == len(VALUES))
    assert ledger.values == VALUES


@pytest.mark.parametrize("codec", CODECS)
def test_the_log_reader_reads_compressed_batches(cluster: Cluster, namespace: str, codec: str) -> None:
    cluster.create(namespace)
    asyncio.run(produce(cluster, namespace, codec))
    settings = Settings.load(kafka_url=f"kafka://{cluster.address}")
    assert [record.value for record in read_log(settings, {(namespace, 0): len(VALUES)})] == VALUES


@on_a_loop
async def test_an_unknown_codec_stops_its_partition_alone(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await produce(cluster, namespace, "zstd", partition=0)
    ledger = MemoryLedger()
    with monkeypatch.context() as without_library:
        without_library.setattr(aiokafka.codec, "cramjam", None)
        async with working(settings(cluster.address, namespace, namespace), ledger) as worker:
            await eventually(lambda: worker.state().unreadable == {(namespace, 0)})
            await produce(cluster, namespace, None, partition=1)
            await eventually(lambda: ledger.values == VALUES)
            assert worker.state().unreadable == {(namespace, 0)}
    assert ledger.stored == {(namespace, 1): len(VALUES)}
    async with working(settings(cluster.address, namespace, namespace), ledger) as worker:
        await eventually(lambda: ledger.stored == {(namespace, 0): len(VALUES), (namespace, 1): len(VALUES)})
        assert worker.state().unreadable == frozenset()
    assert ledger.values == VALUES * 2
