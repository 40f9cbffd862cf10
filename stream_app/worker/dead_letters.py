"""Writes rejected records to the dead letter topic."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from stream_app.clients.aiokafka_clients import AIOKafkaProducer
from stream_app.clients.connections import aiokafka_options
from stream_app.clients.kafka_rights import needing
from stream_app.clients.record_batches import RefusedBatch
from stream_app.clients.retry import RetryForever, class_name
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Rejected
from stream_app.worker.batch import Batch, RecordLike

__all__ = ["ORIGINAL", "TRUNCATED", "DeadLetterTopic"]

log = logging.getLogger(__name__)

ORIGINAL = "original."
"""What the names of a record's own headers begin with among the dead letters."""

TRUNCATED = "truncated"
"""Header of a dead letter that is not the whole record; it says how many bytes the whole value had."""

_BATCH_BYTES = 256 * 1024
_CLOSE_TIMEOUT_S = 3.0
# Far above what a broker takes unless told otherwise (1 MiB), and far below the request at which Kafka hangs up instead
# of saying that it is too large (100 MB).
_LARGEST_BYTES = 8 * 1024 * 1024
_HEAD_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class _DeadLetter:
    key: bytes | None
    value: bytes | None
    place: bytes
    about: tuple[tuple[str, bytes], ...]
    headers: tuple[tuple[str, bytes | None], ...]
    truncations: int = 0

    @property
    def all_headers(self) -> list[tuple[str, bytes | None]]:
        return [*self.about, *self.headers]

    @property
    def size(self) -> int:
        """Roughly what it takes on the wire, in bytes."""
        named = sum(len(name) + len(value or b"") + 8 for name, value in self.all_headers)
        return len(self.key or b"") + len(self.value or b"") + named + 32

    def truncated(self) -> "_DeadLetter":
        """Keep the first bytes of the value; if that is too large as well, only where it was and why it was rejected.

        Raises MessageSizeTooLargeError when nothing is left to truncate.
        """
        if self.truncations == 0:
            about = (*self.about, (TRUNCATED, b"%d" % len(self.value or b"")))
            shorter = replace(self, value=self.value and self.value[:_HEAD_BYTES], about=about, truncations=1)
            return shorter if shorter.size <= 2 * _HEAD_BYTES else shorter.truncated()
        if self.truncations == 1:
            return replace(self, key=None, value=b"", headers=(), truncations=2)
        raise MessageSizeTooLargeError


class DeadLetterTopic:
    """Writes rejected records to `<namespace>.dlq`, each with its cause and the place that it came from.

    Key and value are the record's own bytes; its headers are kept under names that begin with `original.`. A record may
    be written twice after a crash anyhow, so the producer is not an idempotent one: that would gain nothing, and would
    take what comes after a record that was refused as too large for a broken sequence.
    Belongs to the event loop that it is first used in.
    """

    def __init__(
        self, settings: Settings, *, timeout: float = 10.0, explain: Callable[[Exception], str] = class_name
    ) -> None:
        """Take what it needs; it connects when the first record is rejected.

        `timeout` is how long one try to write may take, in seconds, before the topic counts as down; `explain` gives
        cause and remedy of an error of Kafka.
        """
        self._timeout_ms = round(timeout * 1000)
        self._settings = settings
        self._topic = settings.topic("dlq")
        self._partition_of = DefaultPartitioner()
        self._producer: AIOKafkaProducer | None = None
        self._retry = RetryForever(f"Kafka ({self._topic})", KafkaError, explain=explain)

    @property
    def retry(self) -> RetryForever:
        """Says whether Kafka takes dead letters."""
        return self._retry

    async def send(self, batch: Batch, rejected: Sequence[tuple[RecordLike, Rejected]]) -> None:
        """Return when all of them are safely written, however long that takes. Raises nothing but CancelledError.

        A record that is too large is truncated, and has a header `truncated` that says how many bytes its value had.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").encode()
        waiting = [_letter(batch, record, reason, now) for record, reason in rejected]
        one_per_batch = False
        while waiting:
            refused = await self._retry.call(partial(self._try_to_write, waiting, one_per_batch=one_per_batch))
            if refused:
                log.warning("%s refused %d records as too large, keeping less of them", self._topic, len(refused))
            waiting, one_per_batch = refused, True

    async def close(self) -> None:
        """Disconnect. The next `send` connects again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # What a broker that does not answer has not acknowledged is written again: its batch is not committed.
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await producer.stop()

    async def _try_to_write(self, letters: Sequence[_DeadLetter], *, one_per_batch: bool) -> list[_DeadLetter]:
        with needing("WRITE", "topic", self._topic):
            return await self._write(letters, one_per_batch=one_per_batch)

    async def _write(self, letters: Sequence[_DeadLetter], *, one_per_batch: bool) -> list[_DeadLetter]:
        """Write each letter once and return what is to be tried again because it was too large."""
        try:
            producer = await self._connected()
            numbers = sorted(await producer.partitions_for(self._topic))
            by_partition: dict[int, list[_DeadLetter]] = {}
            for letter in letters:
                # A copy that is written after a crash, and the mark that it was sent again, follow it in the same
                # partition. Retention then never takes the mark first.
                number = self._partition_of(letter.key or letter.place, numbers, numbers)
                by_partition.setdefault(number, []).append(letter)
            sent: list[tuple[asyncio.Future[object], list[_DeadLetter]]] = []
            for number, part in by_partition.items():
                for builder, inside in _packed(producer, part, one_per_batch=one_per_batch):
                    sent.append((await producer.send_batch(builder, self._topic, partition=number), inside))
            results = await asyncio.gather(*(future for future, _ in sent), return_exceptions=True)
            again: list[_DeadLetter] = []
            for (_, inside), result in zip(sent, results, strict=True):
                if isinstance(result, MessageSizeTooLargeError):
                    again += [letter.truncated() for letter in inside] if len(inside) == 1 else inside
                elif isinstance(result, BaseException):
                    raise result
        except (KafkaError, OSError):
            # A producer that has failed may have given up for good; a new one costs little.
            await self.close()
            raise
        return again

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                **aiokafka_options(self._settings),
                acks="all",
                max_batch_size=_BATCH_BYTES,
                request_timeout_ms=self._timeout_ms,
            )
            await self._producer.start()
        return self._producer


def _letter(batch: Batch, record: RecordLike, reason: Rejected, now: bytes) -> _DeadLetter:
    about: tuple[tuple[str, bytes], ...] = (
        ("cause", reason.cause.encode()),
        ("detail", reason.detail.encode()),
        ("topic", batch.topic.encode()),
        ("partition", b"%d" % batch.partition),
        ("offset", b"%d" % record.offset),
        ("time", now),
    )
    place = f"{batch.topic}:{batch.partition}:{record.offset}".encode()
    headers = tuple((ORIGINAL + name, value) for name, value in record.headers)
    if isinstance(record, RefusedBatch):
        about = (*about, (TRUNCATED, b"%d" % record.size))
    letter = _DeadLetter(record.key, record.value, place, about, headers)
    return letter if letter.size <= _LARGEST_BYTES else letter.truncated()


def _packed(
    producer: AIOKafkaProducer, letters: Sequence[_DeadLetter], *, one_per_batch: bool
) -> Iterator[tuple[BatchBuilder, list[_DeadLetter]]]:
    builder = producer.create_batch()
    inside: list[_DeadLetter] = []
    for letter in letters:
        # A letter that is larger than a batch is taken as the first of one, and stays alone in it.
        record = {"timestamp": None, "key": letter.key, "value": letter.value, "headers": letter.all_headers}
        if (one_per_batch and inside) or builder.append(**record) is None:
            builder.close()
            yield builder, inside
            builder, inside = producer.create_batch(), []
            builder.append(**record)
        inside.append(letter)
    builder.close()
    yield builder, inside
