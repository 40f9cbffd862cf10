"""What a test does to a broker from outside: make topics, fill them, read them back."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from kafka import KafkaAdminClient

_BATCH_BYTES = 512 * 1024
_IDLE_MS = 200
# The small broker drops records by their timestamps within seconds, also from the newest segment: a test about the
# past would find its topic empty.
_KEEP_ALL = {"retention.ms": "-1"}


class Record(NamedTuple):
    """One record as the log holds it; `timestamp` is in milliseconds since the epoch."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Cluster:
    """A broker, by its `host:port`. Every call opens connections of its own and closes them."""

    address: str

    def admin(self) -> KafkaAdminClient:
        """Return a connected admin client, to be used as a context manager."""
        return KafkaAdminClient(bootstrap_servers=self.address)

    def create(self, *topics: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
        """Create topics, which keep their records for ever unless `configs` say otherwise; wait for them."""
        options = {"num_partitions": partitions, "replication_factor": 1, "configs": {**_KEEP_ALL, **(configs or {})}}
        with self.admin() as admin:
            admin.create_topics(dict.fromkeys(topics, options), wait_for_metadata=True)

    def produce(
        self,
        topic: str,
        values: Iterable[bytes],
        *,
        key: Callable[[bytes], bytes] | None = None,
        partition: int | None = None,
        timestamp: int | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Append `values` in order and wait until the broker has them all.

        Without `partition` they go by their `key` as Kafka's own clients send them, or in turn without keys.
        `timestamp` is in milliseconds since the epoch, and the time of sending by default. Not for use in a running
        event loop.
        """
        asyncio.run(self._produce(topic, values, key, partition, timestamp, headers))

    def read(self, topic: str) -> list[Record]:
        """Return all that the topic holds, in the order of each partition, committed or not.

        Not for use in a running event loop.
        """
        with self.admin() as admin:
            (described,) = admin.describe_topics([topic])
        numbers = sorted(partition["partition_index"] for partition in described["partitions"])
        return asyncio.run(self._read([TopicPartition(topic, number) for number in numbers]))

    async def _read(self, partitions: list[TopicPartition]) -> list[Record]:
        records: list[Record] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.address, enable_auto_commit=False) as consumer:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            while True:
                polled = await consumer.getmany(timeout_ms=_IDLE_MS)
                records.extend(_record(raw) for batch in polled.values() for raw in batch)
                # Both must hold: a first poll can come back empty, and Tansu puts the end before its last batch.
                if polled:
                    continue
                ends = await consumer.end_offsets(partitions)
                if all([await consumer.position(partition) >= end for partition, end in ends.items()]):
                    return records

    async def _produce(
        self,
        topic: str,
        values: Iterable[bytes],
        key: Callable[[bytes], bytes] | None,
        partition: int | None,
        timestamp: int | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        # Whole batches: record by record a producer in Python is ten times slower than the worker under test.
        async with AIOKafkaProducer(bootstrap_servers=self.address, max_batch_size=_BATCH_BYTES) as producer:
            numbers = sorted(await producer.partitions_for(topic))
            by_key = DefaultPartitioner()
            turn = count()
            open_batches: dict[int, Any] = {}
            sent: list[asyncio.Future[Any]] = []

            async def send(number: int) -> None:
                batch = open_batches.pop(number)
                batch.close()
                sent.append(await producer.send_batch(batch, topic, partition=number))

            for value in values:
                of_key = key(value) if key is not None else None
                if partition is not None:
                    number = partition
                elif of_key is not None:
                    number = by_key(of_key, numbers, numbers)
                else:
                    number = numbers[next(turn) % len(numbers)]
                record = {"timestamp": timestamp, "key": of_key, "value": value, "headers": list(headers)}
                batch = open_batches.setdefault(number, producer.create_batch())
                if batch.append(**record) is None:
                    await send(number)
                    batch = open_batches.setdefault(number, producer.create_batch())
                    batch.append(**record)
            for number in list(open_batches):
                await send(number)
            await asyncio.gather(*sent)


def _record(raw: Any) -> Record:  # noqa: ANN401 - aiokafka has no types
    return Record(raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, tuple(raw.headers))
