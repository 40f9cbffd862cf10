"""Writes the records of requests to Kafka, many requests to a batch, and says whether Kafka takes them.

Not an idempotent producer: a sender that gets no answer sends again anyhow, and events have ids.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from stream_app.clients.aiokafka_clients import AIOKafkaProducer
from stream_app.clients.connections import aiokafka_options
from stream_app.clients.failures import kafka_failure, kafka_refusal, kafka_trouble
from stream_app.clients.kafka_rights import needing, note
from stream_app.clients.settings import Settings

__all__ = ["Delivery", "LogRecord"]

log = logging.getLogger(__name__)

_LINGER_MS = 5
_BATCH_BYTES = 256 * 1024
_REQUEST_TIMEOUT_MS = 10_000
_INTERVAL_S = 2.0
_LONGEST_CHECK_S = 5.0
_CLOSE_TIMEOUT_S = 3.0
# How long a write that failed counts, if nothing is written after it.
_FAILED_S = 10.0
# A producer that has failed for so long may have given up for good; a new one costs little.
_RENEW_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class LogRecord:
    """What is to be written."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class Delivery:
    """Writes to some topics. Belongs to the event loop that `run` is called in."""

    def __init__(self, settings: Settings, topics: Collection[str]) -> None:
        self._settings = settings
        self._topics = frozenset(topics)
        self._producer: AIOKafkaProducer | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._unreachable: str | None = "not connected yet"
        self._failed_at: float | None = None
        self._failing_since: float | None = None
        self._failure = ""
        self.missing: frozenset[str] = frozenset()
        """The topics that do not exist."""

    @property
    def error(self) -> str | None:
        """Why Kafka takes nothing, or did not take what was written last; None while all is well."""
        if self._unreachable is not None:
            return self._unreachable
        if self._failed_at is not None and time.monotonic() - self._failed_at < _FAILED_S:
            return self._failure
        return None

    async def run(self) -> None:
        """Connect, and see every other second whether Kafka answers, until canceled."""
        while True:
            await self._check()
            await asyncio.sleep(_INTERVAL_S)

    async def write(self, records: Sequence[LogRecord]) -> None:
        """Return when Kafka has them all, on as many copies as the topics demand. Raises KafkaError.

        May be canceled: what is written by then stays, and what is not may be written still.
        """
        if not records:
            return
        producer = self._producer
        if producer is None:
            raise KafkaConnectionError(self._unreachable or "")
        waiting: list[asyncio.Future[object]] = []
        try:
            for each in records:
                waiting.append(  # noqa: PERF401 - each is awaited in turn
                    await producer.send(each.topic, each.value, each.key, headers=list(each.headers))
                )
            for future in waiting:
                await future
        except BaseException as error:
            self._failed(error)
            raise
        else:
            self._failed_at = self._failing_since = None
        finally:
            for future in waiting:
                # Nobody waits for them any more, and Python reports exceptions that nobody has seen.
                if future.done():
                    _see(future)
                else:
                    future.add_done_callback(_see)

    async def close(self) -> None:
        """Disconnect, after what is under way is written or a few seconds have passed."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)
        for task in self._stopping:
            task.cancel()

    def _failed(self, error: BaseException) -> None:
        self._failed_at = time.monotonic()
        self._failing_since = self._failing_since or self._failed_at
        refused = None
        if isinstance(error, KafkaError):
            note(error, "WRITE", "topic", *self._topics)
            refused = kafka_refusal(error, self._settings)
        self._failure = str(refused) if refused else "Kafka did not acknowledge in time what was written last"

    async def _check(self) -> None:
        cause: str | None = None
        try:
            async with asyncio.timeout(_LONGEST_CHECK_S):
                with needing("WRITE", "topic", *self._topics):
                    answered = await self._answers()
            if not answered:
                cause = await self._trouble()
        except (KafkaError, OSError, TimeoutError) as error:
            refused = kafka_refusal(error, self._settings)
            cause = str(refused) if refused else await self._trouble(error)
        if cause is not None and cause != self._unreachable:
            log.error("waiting, senders are answered 503: %s", cause)
        elif cause is None and self._unreachable is not None:
            log.info("Kafka answers")
        self._unreachable = cause

    async def _answers(self) -> bool:
        """Whether a broker answers; also sees which topics there are."""
        if self._failing_since is not None and time.monotonic() - self._failing_since > _RENEW_AFTER_S:
            self._discard()
        if self._producer is None:
            self._producer = await self._connected()
        client = self._producer.client
        for topic in self._topics:
            client.add_topic(topic)
        answered: bool = await client.force_metadata_update()
        if answered:
            if unseen := self._topics & client.cluster.unauthorized_topics:
                raise TopicAuthorizationFailedError(*sorted(unseen))
            self._note_missing(self._topics - client.cluster.topics())
        return answered

    def _note_missing(self, missing: frozenset[str]) -> None:
        if missing and missing != self.missing:
            log.error("missing topics: %s; run `stream-app topics apply`", ", ".join(sorted(missing)))
        self.missing = missing

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **aiokafka_options(self._settings),
            acks="all",
            linger_ms=_LINGER_MS,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
        except BaseException:
            await _stop(producer)
            raise
        return producer

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        self._failed_at = self._failing_since = None
        if producer is not None:
            task = asyncio.create_task(_stop(producer))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def _trouble(self, error: Exception | None = None) -> str:
        """Cause and remedy; the brokers are asked, on a thread because that takes seconds."""
        if error is not None and not isinstance(error, TimeoutError):
            return str(await asyncio.to_thread(partial(kafka_failure, error, self._settings)))
        found = await asyncio.to_thread(partial(kafka_trouble, self._settings))
        return str(found) if found else f"Kafka at {self._settings.kafka_url}: it does not answer in time"


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await producer.stop()


def _see(future: "asyncio.Future[object]") -> None:
    with suppress(asyncio.CancelledError):
        future.exception()
