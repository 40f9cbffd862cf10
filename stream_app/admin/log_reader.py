"""Sample topics from their beginning to a given end, outside of any consumer group."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from stream_app.clients.connections import aiokafka_options
from stream_app.clients.settings import Settings

__all__ = ["read_log"]

_LOOK_MS = 1000
_SILENT_LOOKS = 15
_FETCH_BYTES = 4 * 1024 * 1024


def read_log(settings: Settings, ends: Mapping[tuple[str, int], int]) -> Iterator[Any]:
    """Yield every record before these offsets, in order within each partition.

    Raises KafkaError, also when a broker does not hand out what it says it has. Not for use in a running event loop.
    """
    left = {TopicPartition(*source): end for source, end in ends.items() if end > 0}
    if not left:
        return
    with asyncio.Runner() as runner:
        consumer = runner.run(_opened(settings, left))
        try:
            silent = 0
            left = {each: end for each, end in left.items() if runner.run(consumer.position(each)) < end}
            while left:
                found = runner.run(consumer.getmany(*left, timeout_ms=_LOOK_MS))
                for partition, records in found.items():
                    end = left[partition]
                    yield from (record for record in records if record.offset < end)
                left = {each: end for each, end in left.items() if runner.run(consumer.position(each)) < end}
                silent = 0 if found else silent + 1
                if silent > _SILENT_LOOKS:
                    names = ", ".join(sorted({partition.topic for partition in left}))
                    message = f"{names}: the broker does not hand out all the records that it has"
                    raise KafkaTimeoutError(message)
        finally:
            runner.run(consumer.stop())


async def _opened(settings: Settings, partitions: Iterable[TopicPartition]) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        consumer.assign(list(partitions))
        await consumer.seek_to_beginning()
    except BaseException:
        await consumer.stop()
        raise
    return consumer
