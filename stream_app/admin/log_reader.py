"""Reads topics from their beginning to a given end, outside of any consumer group."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from stream_app.admin import topics
from stream_app.clients.aiokafka_clients import AIOKafkaConsumer
from stream_app.clients.connections import aiokafka_options
from stream_app.clients.kafka_rights import needing
from stream_app.clients.record_batches import bound_batches
from stream_app.clients.settings import Settings

__all__ = ["close", "opened", "read_log"]

_POLL_MS = 1000
_MAX_EMPTY_POLLS = 15
_FETCH_BYTES = 4 * 1024 * 1024


def read_log(
    settings: Settings, ends: Mapping[tuple[str, int], int], begins: Mapping[tuple[str, int], int] | None = None
) -> Iterator[Any]:
    """Yield every record before these offsets, in order within each partition.

    It begins at `begins`, or with the oldest record.
    Raises MissingTopicsError and topics.KAFKA_ERRORS, also when a broker does not hand out what it says it has. Not for
    use in a running event loop.
    """
    remaining = {TopicPartition(*source): end for source, end in ends.items() if end > 0}
    if not remaining:
        return
    names = sorted({partition.topic for partition in remaining})
    topics.require(settings, names, "READ")
    with needing("READ", "topic", *names), asyncio.Runner() as runner:
        consumer = runner.run(opened(settings, remaining, begins or {}))
        try:
            empty_polls = 0
            remaining = {each: end for each, end in remaining.items() if runner.run(consumer.position(each)) < end}
            while remaining:
                found = runner.run(consumer.getmany(*remaining, timeout_ms=_POLL_MS))
                for partition, records in found.items():
                    end = remaining[partition]
                    yield from (record for record in records if record.offset < end)
                remaining = {each: end for each, end in remaining.items() if runner.run(consumer.position(each)) < end}
                empty_polls = 0 if found else empty_polls + 1
                if empty_polls > _MAX_EMPTY_POLLS:
                    left = ", ".join(sorted({partition.topic for partition in remaining}))
                    message = f"{left}: the broker does not hand out all the records that it has"
                    raise KafkaTimeoutError(message)
        finally:
            runner.run(close(consumer))


async def opened(
    settings: Settings, partitions: Iterable[TopicPartition], begins: Mapping[tuple[str, int], int]
) -> AIOKafkaConsumer:
    """Open a consumer that stands at `begins`, or at the oldest record; whoever opens it stops it.

    Raises topics.KAFKA_ERRORS.
    """
    bound_batches(settings.max_batch_bytes)
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
        for partition in partitions:
            if (begin := begins.get((*partition,))) is not None:
                consumer.seek(partition, begin)
    except BaseException:
        await consumer.stop()
        raise
    return consumer


async def close(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, also while its brokers do not answer."""
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        # aiokafka cancels a fetch that waits to be tried again, and forgets to catch that.
        await consumer._client.close()  # noqa: SLF001 - it is left open otherwise
