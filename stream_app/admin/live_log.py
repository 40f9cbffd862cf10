"""Follows topics from now on, outside of any consumer group: nobody else sees that, and nothing is committed."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from stream_app.admin import topics
from stream_app.admin.log_reader import close, opened
from stream_app.clients.kafka_probe import probe
from stream_app.clients.kafka_rights import needing
from stream_app.clients.settings import Settings

__all__ = ["follow"]

_POLL_MS = 500
_PROBE_AFTER_S = 5.0


def follow(
    settings: Settings, names: Collection[str], last: int = 0, following: Callable[[int], None] | None = None
) -> Iterator[Any]:
    """Yield records as they arrive, without end, after the `last` ones of each partition that are there already.

    `following` is called with the number of partitions when no record can be missed any more. Raises
    MissingTopicsError and topics.KAFKA_ERRORS, also when the brokers stop answering. Not for use in a running event
    loop.
    """
    begins = topics.begins(settings, names)
    ends = topics.ends(settings, names)
    start = {source: max(end - last, begins.get(source, 0)) for source, end in ends.items()}
    with needing("READ", "topic", *names), asyncio.Runner() as runner:
        consumer = runner.run(opened(settings, [TopicPartition(*source) for source in start], start))
        try:
            if following is not None:
                following(len(start))
            heard = time.monotonic()
            while True:
                found = runner.run(consumer.getmany(timeout_ms=_POLL_MS))
                records = [each for batch in found.values() for each in batch]
                yield from sorted(records, key=lambda each: (each.timestamp, each.topic, each.partition, each.offset))
                if found:
                    heard = time.monotonic()
                elif time.monotonic() - heard >= _PROBE_AFTER_S:
                    # The client tries for ever without a word.
                    if (error := probe(settings)) is not None:
                        raise KafkaConnectionError from error
                    heard = time.monotonic()
        finally:
            runner.run(close(consumer))
