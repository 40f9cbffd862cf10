"""Record batches are read however they are compressed; one that cannot be read stops its partition and no other."""

import asyncio
from typing import cast

import aiokafka.codec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from stream_app.admin.log_reader import read_log
from stream_app.clients.decompression import DECOMPRESS
from stream_app.clients.settings import Settings
from tests.servers.cluster import Cluster
from tests.worker.workers import MemoryLedger, eventually, on_a_loop, settings, working

ZSTD = 4
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
        without_library.delitem(cast("dict[int, object]", DECOMPRESS), ZSTD)
        without_library.setattr(aiokafka.codec, "cramjam", None)
        async with working(settings(cluster.address, namespace, namespace), ledger) as worker:
            await eventually(lambda: set(worker.state().unreadable) == {(namespace, 0)})
            await produce(cluster, namespace, None, partition=1)
            await eventually(lambda: ledger.values == VALUES)
            assert set(worker.state().unreadable) == {(namespace, 0)}
    assert ledger.stored == {(namespace, 1): len(VALUES)}
    async with working(settings(cluster.address, namespace, namespace), ledger) as worker:
        await eventually(lambda: ledger.stored == {(namespace, 0): len(VALUES), (namespace, 1): len(VALUES)})
        assert worker.state().unreadable == {}
    assert ledger.values == VALUES * 2


async def produce_damaged(cluster: Cluster, topic: str) -> None:
    """Write a batch whose checksum is wrong, which not every broker takes."""
    async with AIOKafkaProducer(bootstrap_servers=cluster.address) as producer:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=None, value=b"lost", headers=[])
        raw = bytes(batch._build())  # noqa: SLF001 - no client does this
        batch._buffer = raw[:17] + bytes(4) + raw[21:]  # noqa: SLF001
        await (await producer.send_batch(batch, topic, partition=0))


@on_a_loop
async def test_a_damaged_batch_stops_its_partition_alone(
    tansu: str, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = Cluster(tansu)
    await asyncio.to_thread(cluster.create, namespace, partitions=2)
    await produce_damaged(cluster, namespace)
    ledger = MemoryLedger()
    chosen = settings(cluster.address, namespace, namespace, unreadable_retry=0.2)
    async with working(chosen, ledger) as worker:
        await eventually(lambda: worker.state().unreadable == {(namespace, 0): "CorruptRecordException"})
        await produce(cluster, namespace, None, partition=1)
        await eventually(lambda: ledger.values == VALUES)
        await asyncio.sleep(2)
        assert set(worker.state().unreadable) == {(namespace, 0)}
    assert ledger.stored == {(namespace, 1): len(VALUES)}
    assert caplog.text.count("cannot be read: CorruptRecordException") == 1


async def produce_with_header(cluster: Cluster, topic: str, name: bytes) -> None:
    """Write one record whose header has a name that no client would write."""
    placeholder = "x" * len(name)
    async with AIOKafkaProducer(bootstrap_servers=cluster.address) as producer:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=None, value=b"odd", headers=[(placeholder, b"")])
        raw = bytes(batch._build()).replace(placeholder.encode(), name)  # noqa: SLF001 - no client does this
        batch._buffer = raw[:17] + calc_crc32c(raw[21:]).to_bytes(4, "big") + raw[21:]  # noqa: SLF001
        await (await producer.send_batch(batch, topic, partition=0))


@on_a_loop
async def test_a_header_name_that_is_not_utf_8_ends_nothing(cluster: Cluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create, namespace)
    await produce_with_header(cluster, namespace, b"caf\xe9")
    await produce(cluster, namespace, "zstd")
    ledger = MemoryLedger()
    async with working(settings(cluster.address, namespace, namespace), ledger):
        await eventually(lambda: ledger.values == [b"odd", *VALUES])
    assert ledger.applied[0].records[0].headers == [("caf\\xe9", b"")]
    read = read_log(Settings.load(kafka_url=f"kafka://{cluster.address}"), {(namespace, 0): len(VALUES) + 1})
    assert [record.value for record in await asyncio.to_thread(list, read)] == [b"odd", *VALUES]
