"""What the transport needs of aiokafka's consumer beyond its public interface.

Every private name of aiokafka that the package uses is in this file, and a test checks that each of them exists.
"""

# ruff: noqa: SLF001 - aiokafka offers none of this in public; its version is pinned.

import asyncio
import logging
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import (
    KafkaError,
    RebalanceInProgressError,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

from stream_app.clients.aiokafka_clients import AIOKafkaConsumer, TopicsRequest
from stream_app.clients.record_batches import WholeBatch
from stream_app.worker.batch import RecordLike
from stream_app.worker.leader_answers import Requested
from stream_app.worker.positions import Partition

__all__ = ["AIOKafkaAdapter", "FencedInstanceIdError", "Group"]

log = logging.getLogger(__name__)

# Some brokers answer at once that there is nothing, instead of waiting for it; then a fetch this often is enough.
_EMPTY_FETCH_INTERVAL_S = 0.01
# Connecting is done one broker at a time, so one that does not answer holds up the others for so long.
_CONNECT_TIMEOUT_S = 10.0
# What aiokafka takes for a good answer to a request to join the group.
_NOT_SENT = SimpleNamespace(error_code=0)
# FENCED_INSTANCE_ID, which aiokafka does not know, and after what pause whoever gets it joins again.
_FENCED = 82
_FENCED_RETRY_S = 1.0


class FencedInstanceIdError(KafkaError):  # type: ignore[misc]
    """Another member of the group has joined later with the same group.instance.id."""


@dataclass(frozen=True, slots=True)
class Group:
    """Membership in the consumer group.

    `generation` is -1 outside of it; `coordinator` says whether the group's broker is known; `error` is what it refused
    last, until the worker is a member again; `unanswered` is how long it has owed an answer, in seconds.
    """

    generation: int
    coordinator: bool
    error: KafkaError | None
    unanswered: float = 0.0


class AIOKafkaAdapter:
    """A started AIOKafkaConsumer, one for each. Belongs to the consumer's event loop.

    `group`, `requested`, `leader` and `log_end` are safe anywhere.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._group_requests: dict[object, float] = {}
        self._group_error: KafkaError | None = None
        self._last_member_id = ""
        self._delay_empty_fetches()
        self._limit_connecting()
        self._time_group_requests()

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

        Raises OffsetOutOfRangeError, another KafkaError if they may not be read or are damaged, and whatever a codec
        raises.
        """
        fetcher, position = self._consumer._fetcher, self.position(partition)
        result = fetcher._records.get(partition)
        if isinstance(result, FetchResult) and result.has_more():
            # The parsed records have all that is needed; to copy each costs half of what parsing it did.
            result._partition_records._records.in_whole_batches = True
            result._partition_records._consumer_record = _as_parsed
        # Without a timeout and a reassignment this does not wait. One partition at a time: an error takes along
        # what was read of others.
        batches = await fetcher.fetched_records([TopicPartition(*partition)], timeout=0)
        records = [record for batch in batches.get(TopicPartition(*partition), ()) for record in batch.records]
        # A broker answers with the whole of a batch that begins before the position.
        return records[bisect_left(records, position, key=attrgetter("offset")) :]

    def position(self, partition: Partition) -> int:
        """The offset up to which an assigned partition was taken."""
        return cast("int", cast("Any", self.assignment).state_value(partition).position)

    def answered(self, partition: Partition) -> float | None:
        """When a fetch of an assigned partition was last answered without an error, in seconds since the epoch."""
        stamp = cast("Any", self.assignment).state_value(partition).timestamp
        return None if stamp is None else stamp / 1000

    def _delay_empty_fetches(self) -> None:
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

    # The brokers ------------------------------------------------------------------------------------------------------

    def requested(self) -> dict[Partition, Requested]:
        """Every assigned partition that records are asked of now: not paused, and none of its records are here."""
        assignment = cast("Any", self.assignment)
        if assignment is None:
            return {}
        requested = {}
        for partition in assignment.tps:
            state = assignment.state_value(partition)
            if state.has_valid_position and not state.paused and partition not in self._consumer._fetcher._records:
                answered = None if state.timestamp is None else state.timestamp / 1000
                requested[(*partition,)] = Requested(self.leader(partition), answered)
        return cast("dict[Partition, Requested]", requested)

    def leader(self, partition: Partition) -> str:
        """Name the leader of a partition."""
        cluster = self._consumer._client.cluster
        node = cluster.leader_for_partition(TopicPartition(*partition))
        if node in {None, -1}:
            return "no leader"
        broker = cluster.broker_metadata(node)
        return f"broker {node}" if broker is None else f"broker {node} at {broker.host}:{broker.port}"

    def by_leader(self, partitions: Collection[Partition]) -> list[list[Partition]]:
        """Group partitions by their leader."""
        cluster = self._consumer._client.cluster
        groups: defaultdict[object, list[Partition]] = defaultdict(list)
        for partition in partitions:
            groups[cluster.leader_for_partition(TopicPartition(*partition))].append(partition)
        return list(groups.values())

    async def unusable(self, topics: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of the topics that do not exist, and those that may not be seen. Raises KafkaError."""
        client = self._consumer._client
        answer = await client.send(client.get_random_node(), TopicsRequest(list(topics)))
        errors = {name: for_code(code) for code, name, *_ in answer.topics}

        def with_error(wanted: type[KafkaError]) -> frozenset[str]:
            return frozenset(name for name, error in errors.items() if error is wanted)

        return with_error(UnknownTopicOrPartitionError), with_error(TopicAuthorizationFailedError)

    def refresh_topics(self) -> None:
        """Look at once for topics that have been created."""
        self._consumer._client.force_metadata_update()

    def _limit_connecting(self) -> None:
        client = self._consumer._client
        connect = client._get_conn

        async def limited(*broker: object, **options: object) -> object:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    return await connect(*broker, **options)
            log.warning("broker %s cannot be connected to within %g s", broker[0], _CONNECT_TIMEOUT_S)
            client.force_metadata_update()
            return None

        client._get_conn = limited

    def _time_group_requests(self) -> None:
        coordinator = self._consumer._coordinator
        send = coordinator._send_req

        async def timed(request: object) -> Any:  # noqa: ANN401 - one of aiokafka's answers
            if isinstance(request, JoinGroupRequest) and len(request._group_protocols) < len(coordinator._assignors):
                # aiokafka joins with the first strategy, then with the first two, and so on; each is a rebalance.
                return _NOT_SENT
            # The broker keeps these two back until the rebalance has ended.
            if isinstance(request, JoinGroupRequest):
                return await (send(request) if coordinator._group_instance_id is None else self._join(request, send))
            if isinstance(request, SyncGroupRequest):
                answer = await send(request)
                if not answer.error_code and not answer.member_assignment:
                    # The leader has left before it assigned anything: aiokafka would end, and joins again so.
                    raise RebalanceInProgressError
                return answer
            self._group_requests[request] = time.monotonic()
            try:
                return await send(request)
            finally:
                del self._group_requests[request]

        coordinator._send_req = timed

    async def _join(self, request: JoinGroupRequest, send: Callable[[object], Awaitable[Any]]) -> Any:  # noqa: ANN401
        """Join as a static member."""
        # aiokafka forgets who it was when another member has its instance id, and would take that away again.
        request._member_id = request._member_id or self._last_member_id
        answer = await send(request)
        if answer.error_code == _FENCED:
            self._last_member_id = request._member_id
            self._group_error = FencedInstanceIdError()
            await asyncio.sleep(_FENCED_RETRY_S)
            raise RebalanceInProgressError
        if answer.error_code == UnknownMemberIdError.errno:
            self._last_member_id = ""
        elif not answer.error_code:
            self._last_member_id = answer.member_id
            # The leader alone looks for new partitions, and does not learn after a restart that it leads.
            coordinator = self._consumer._coordinator
            coordinator._group_subscription = set(self._consumer._subscription.topics)
            coordinator._metadata_snapshot = coordinator._get_metadata_snapshot()
        return answer

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
            self._group_error = error
            # Heartbeats that an error has ended begin again when the group is joined.
            heartbeats = coordinator._heartbeat_task
            if heartbeats is not None and heartbeats.done():
                coordinator.request_rejoin()
        else:
            if coordinator.generation >= 0 and not coordinator._rejoin_needed_fut.done():
                self._group_error = None

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
        coordinator, now = self._consumer._coordinator, time.monotonic()
        return Group(
            generation=coordinator.generation,
            coordinator=coordinator.coordinator_id is not None,
            error=self._group_error,
            unanswered=now - min(list(self._group_requests.values()), default=now),
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


def _as_parsed(_: object, batch: WholeBatch) -> WholeBatch:
    return batch


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
