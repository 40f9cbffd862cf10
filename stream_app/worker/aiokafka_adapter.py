"""What the transport needs of aiokafka's consumer beyond its public interface.

Every private name of aiokafka that the package uses is in this file, and a test checks that each of them exists.
"""

# ruff: noqa: SLF001 - aiokafka offers none of this in public; its version is pinned.

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest

from stream_app.worker.batch import RecordLike
from stream_app.worker.positions import Partition

__all__ = ["AIOKafkaAdapter", "Group"]

log = logging.getLogger(__name__)

# Some brokers answer at once that there is nothing, instead of waiting for it; then a fetch this often is enough.
_EMPTY_FETCH_INTERVAL_S = 0.01


@dataclass(frozen=True, slots=True)
class Group:
    """Membership in the consumer group.

    `generation` is -1 outside of it; `coordinator` says whether the group's broker is known; `polled` is the time of
    the last answer to a fetch in seconds since the epoch, None before the first.
    """

    generation: int
    coordinator: bool
    error: str | None
    polled: float | None


class AIOKafkaAdapter:
    """A started AIOKafkaConsumer. Belongs to the consumer's event loop; `group` and `log_end` are safe anywhere."""

    def __init__(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        self._consumer = consumer

    @property
    def closed(self) -> bool:
        """Whether the consumer is stopped, or about to be."""
        return bool(self._consumer._closed or self._consumer._fetcher._closed)

    @property
    def assignment(self) -> object | None:
        """The partitions that the group has assigned, as an object that is replaced by every rebalance."""
        subscription = self._consumer._subscription.subscription
        return None if subscription is None else subscription.assignment

    # Reading ----------------------------------------------------------------------------------------------------------

    @property
    def reassignment_in_progress(self) -> bool:
        """Whether the assignment may not be used because of a rebalance."""
        return cast("bool", self._consumer._fetcher._subscriptions.reassignment_in_progress)

    def next_assignment(self) -> asyncio.Future[None]:
        """A future that is done when there is an assignment."""
        return cast("asyncio.Future[None]", self._consumer._fetcher._subscriptions.wait_for_assignment())

    def next_fetch(self) -> asyncio.Future[None]:
        """A future that is done when there are records."""
        return cast("asyncio.Future[None]", self._consumer._fetcher._create_fetch_waiter())

    async def fetched(self, partition: Partition) -> Sequence[RecordLike]:
        """Take the records of a partition that are here; no other task runs meanwhile.

        Raises OffsetOutOfRangeError, or UnsupportedCodecError if they are compressed in a way that cannot be read.
        """
        fetcher = self._consumer._fetcher
        result = fetcher._records.get(partition)
        if isinstance(result, FetchResult) and result.has_more():
            # The parsed record has all that is needed; to copy it costs half of what parsing it did.
            result._partition_records._consumer_record = _as_parsed
        # Without a timeout and a reassignment this does not wait. One partition at a time: an error takes along
        # what was read of others.
        records = await fetcher.fetched_records([TopicPartition(*partition)], timeout=0)
        return cast("Sequence[RecordLike]", records.get(TopicPartition(*partition), ()))

    def position(self, partition: Partition) -> int:
        """The offset up to which an assigned partition was taken."""
        return cast("int", cast("Any", self.assignment).state_value(partition).position)

    def delay_empty_fetches(self) -> None:
        """Keep a broker that answers empty fetches at once from being asked without pause."""
        fetcher = self._consumer._fetcher
        fetcher._proc_fetch_request = _delayed_when_empty(fetcher._proc_fetch_request)

    def log_end(self, partition: Partition) -> int | None:
        """The end of what can be read as of the last fetch, None before it or if not assigned."""
        assignment = cast("Any", self.assignment)
        state = None if assignment is None else assignment.state_value(partition)
        if state is None:
            return None
        return cast("int | None", state.highwater if state.lso in {None, -1} else state.lso)

    # The group --------------------------------------------------------------------------------------------------------

    def check_group_errors(self) -> None:
        """Take the coordinator's error, which stands still until somebody has; raise it if it has ended for good."""
        coordinator = self._consumer._coordinator
        stopped = coordinator._coordination_task.done()
        try:
            coordinator.check_errors()
        except KafkaError as error:
            if stopped:
                raise
            log.warning("the group coordinator reports: %r", error)

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Commit to the group what is assigned of these offsets; whether it took all of them.

        Nothing but lag tools depends on the group's offsets, so a failure has no consequence. aiokafka's own commit()
        gives up membership when it is refused during a rebalance, and leaves a dead member behind.
        """
        coordinator, assigned = self._consumer._coordinator, self._consumer.assignment()
        by_topic: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for (topic, number), offset in offsets.items():
            if (topic, number) in assigned:
                by_topic[topic].append((number, offset, ""))
        if not by_topic:
            return False
        request = OffsetCommitRequest(
            coordinator.group_id,
            coordinator.generation,
            coordinator.member_id,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(by_topic.items()),
        )
        try:
            response = await coordinator._send_req(request)
        except KafkaError as error:
            log.info("group offsets were not committed: %r", error)
            return False
        refused = {for_code(code).__name__ for _, partitions in response.topics for _, code in partitions if code}
        if refused:
            log.info("group offsets were not committed: %s", ", ".join(sorted(refused)))
        return not refused

    def group(self) -> Group:
        """The state of membership."""
        consumer, coordinator = self._consumer, self._consumer._coordinator
        if coordinator is None:
            return Group(generation=-1, coordinator=False, error=None, polled=None)
        error = coordinator._pending_exception
        polled = max(filter(None, map(consumer.last_poll_timestamp, consumer.assignment())), default=None)
        return Group(
            generation=coordinator.generation,
            coordinator=coordinator.coordinator_id is not None,
            error=None if error is None else repr(error),
            polled=None if polled is None else polled / 1000,
        )

    async def leave(self, timeout: float) -> None:  # noqa: ASYNC109 - what happens afterward is part of leaving
        """Leave the group and disconnect, after `timeout` seconds without waiting for a rebalance to end.

        A rebalance may take as long as the slowest member.
        """
        consumer = self._consumer
        stopping = asyncio.ensure_future(consumer.stop())
        if not (await asyncio.wait([stopping], timeout=timeout))[0]:
            stopping.cancel()
            coordinator = consumer._coordinator
            coordinator._coordination_task.cancel()
            await coordinator._stop_heartbeat_task()
            await coordinator._maybe_leave_group()
            await consumer._fetcher.close()
            await consumer._client.close()


def _as_parsed(_: object, record: RecordLike) -> RecordLike:
    return record


def _delayed_when_empty(fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    empty = 0

    async def delayed(*request: object) -> bool:
        nonlocal empty
        started = time.monotonic()
        # aiokafka cancels fetches when it is closed, and breaks off closing if one of them says that it was.
        with suppress(asyncio.CancelledError):
            if await fetch(*request):
                empty = 0
                return True
            empty += 1
            if time.monotonic() - started < _EMPTY_FETCH_INTERVAL_S:
                await asyncio.sleep(min(empty * _EMPTY_FETCH_INTERVAL_S / 10, _EMPTY_FETCH_INTERVAL_S))
        return False

    return delayed
