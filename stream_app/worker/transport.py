"""A Faust transport that hands over batches instead of records, and reads from where the ledger says.

It is chosen by the scheme of the broker's URL (`batch://host:port`). Three things differ from Faust's own driver:

- one Faust message is a whole stretch of a partition, so Faust's cost per message is paid per batch;
- positions come from a `Feed` (the ledger), never from the consumer group, and are held against the log's bounds;
- what is committed to the group is what the feed has applied. Faust's acknowledgements are not used: they commit past
  gaps, and they cannot go backwards, which the ledger does when its store loses data.
"""

# ruff: noqa: SLF001 - neither Faust nor aiokafka offers what is needed here in public; both are pinned.

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, cast

import aiokafka
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest
from faust.exceptions import ConsumerNotStarted
from faust.transport.consumer import ConsumerThread
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import ServiceT
from mode.threads import WorkerThread

from stream_app.worker.batch import Batch, RecordLike, split

__all__ = ["Consumer", "Feed", "Fetched", "Group", "Seat", "TopicRecreatedError", "Transport", "seat"]

_T = TypeVar("_T")
log = logging.getLogger(__name__)
# What Faust says through its services, as opposed to what is said here.
faust_log = logging.getLogger("faust.transport.batch")

# A fetch that waits at the broker holds back a seek to another partition of that broker, so it waits briefly.
_FETCH_WAIT_MS = 250
# How long a look for records lasts; then the stretches that have no records are handed over.
_LOOK = 1.0
_RETRY = 1.0
_LAST_COMMITS = (0.1, 0.3, 1.0)
# How long a rebalance may wait for the offsets of what is taken away.
_LAST_WORD = 2.0
# How long leaving the group in good order may take.
_GOODBYE = 5.0
# Some brokers answer at once that there is nothing, instead of waiting for it; a fetch every so often is enough then.
_PACE = 0.01
# A fetch is read in one go, so this and how well it was compressed bound what is held in memory.
_FETCH_PARTITIONS = 8
# aiokafka leaves the group when nobody asked for records for this long and rejoins when somebody does, which Faust does
# only after it has rejoined. A worker that makes no progress is the watchdog's business.
_NEVER_MS = 10 * 365 * 24 * 3600 * 1000


class TopicRecreatedError(Exception):
    """The ledger is ahead of the log: the topic was deleted and made anew, or lost its end."""

    def __init__(self, topic: str, partition: int, stored: int, end: int) -> None:
        """Name the partition, the ledger's next offset and the end of the log."""
        super().__init__(
            f"{topic}[{partition}]: the ledger has applied all before offset {stored}, but the log ends at {end}. "
            "The topic was recreated or truncated, so the numbers may count events that the log no longer has. "
            "Run `stream-app rebuild` to count the log as it is now, or restore the topic."
        )
        self.topic, self.partition, self.stored, self.end = topic, partition, stored, end


class Feed(Protocol):
    """The transport's other side: where positions come from, and who is told what happens."""

    max_events: int
    fetch_bytes: int

    async def positions(self, partitions: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """Return the stored next offset per partition; nothing was applied of a partition that is missing."""

    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        """Hear that the group has handed over these partitions, and no others."""

    def revoked(self, partitions: Collection[tuple[str, int]]) -> None:
        """Hear that the group has taken these partitions away."""

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:
        """Hear that the log begins at `begin`, behind what was stored (None: nothing was ever applied)."""

    def failed(self, error: Exception) -> None:
        """Hear of trouble that only a human can end."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch, and which of the reader's seats it was read from."""

    batch: Batch
    epoch: int


@dataclass(frozen=True, slots=True)
class Seat:
    """Where to read from (`position`), and where the first batch begins (`begin`).

    They differ when the log no longer has what comes first; the first batch then has a hole at its head.
    """

    begin: int
    position: int


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


def seat(topic: str, partition: int, stored: int | None, begin: int, end: int) -> Seat:
    """Place a reader whose ledger says `stored` on a log that spans `[begin, end)`.

    Raises TopicRecreatedError if the ledger is ahead of the log.
    """
    wanted = stored or 0
    if wanted > end:
        raise TopicRecreatedError(topic, partition, wanted, end)
    return Seat(begin=wanted, position=max(wanted, begin))


def _as_parsed(_: TP, record: RecordLike) -> RecordLike:
    return record


@dataclass(slots=True)
class _Cursor:
    """One assigned partition as the consumer thread sees it: the next batch begins at `next`."""

    assignment: object
    epoch: int
    next: int


@dataclass(slots=True)
class _Track:
    """One assigned partition as the event loop sees it.

    `expected` is where the next batch to apply begins, None until the ledger was asked.
    """

    epoch: int
    expected: int | None = None
    committed: int | None = None


class _Daemon(WorkerThread):
    """A thread that cannot keep a process alive whose event loop has given up on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.daemon = True

    def run(self) -> None:
        # What ends the thread is told to the event loop before it ends it.
        with suppress(Exception):
            super().run()


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to the broker. aiokafka's objects belong to its loop and are touched nowhere else."""

    Worker = _Daemon
    logger = faust_log

    def __post_init__(self) -> None:
        super().__post_init__()
        self._cursors: dict[TP, _Cursor] = {}
        self.paused: frozenset[str] = frozenset()

    async def on_start(self) -> None:
        """Faust: connect."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._proc_fetch_request = self._paced(fetcher._proc_fetch_request)

    def _paced(self, fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        empty = 0

        async def paced(*request: object) -> bool:
            nonlocal empty
            started = self.thread_loop.time()
            # aiokafka cancels fetches when it is closed, and breaks off closing if one of them says that it was.
            with suppress(asyncio.CancelledError):
                if await fetch(*request):
                    empty = 0
                    return True
                empty += 1
                if self.thread_loop.time() - started < _PACE:
                    await asyncio.sleep(min(empty * _PACE / 10, _PACE))
            return False

        return paced

    async def on_thread_stop(self) -> None:
        """Faust: leave the group and disconnect."""
        await ConsumerThread.on_thread_stop(self)
        consumer = self._consumer
        if consumer is None:
            return
        stopping = asyncio.ensure_future(consumer.stop())
        if not (await asyncio.wait([stopping], timeout=_GOODBYE))[0]:
            # It waits for a rebalance to end, which may take as long as the slowest member.
            stopping.cancel()
            coordinator = consumer._coordinator
            coordinator._coordination_task.cancel()
            await coordinator._stop_heartbeat_task()
            await coordinator._maybe_leave_group()
            await consumer._fetcher.close()
            await consumer._client.close()

    def on_crash(self, msg: str, *fmt: object, **_: object) -> None:
        """Faust: the thread ends with an error. It goes to the log here, and not to stderr."""
        self.log.info(msg.replace("{0!r}", "%r").replace("{1!r}", "%r"), *fmt)

    async def _keepalive2(self) -> None:
        # It would wake the event loop every second for nothing, and leaves a coroutine behind when that ends just then.
        pass

    def close(self) -> None:
        """Faust: the group rebalances while the app stops.

        Ignored: Faust would close the connections on the wrong loop and leave a member behind that does not answer.
        """

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run `work` on the thread's loop. Unlike `call_thread` nothing queues up behind a look for records."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.thread_loop))

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        feed = cast("Transport", transport).feed
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            # Any other policy moves the position without a word when it is out of range.
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            max_partition_fetch_bytes=feed.fetch_bytes,
            fetch_max_bytes=feed.fetch_bytes * _FETCH_PARTITIONS,
            max_poll_interval_ms=_NEVER_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            check_crcs=conf.broker_check_crcs,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def take(self, limit: int) -> dict[TP, list[Fetched]]:
        """Return what has arrived, waiting for it for a moment."""
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        await self.heed()
        subscriptions = fetcher._subscriptions
        if subscriptions.reassignment_in_progress:
            await self._wait(subscriptions.wait_for_assignment())
            return {}
        if taken := await self._drain(consumer, limit, stretches=False):
            return taken
        arrived = await self._wait(fetcher._create_fetch_waiter())
        return {} if fetcher._closed else await self._drain(consumer, limit, stretches=not arrived)

    async def _wait(self, signal: asyncio.Future[None]) -> bool:
        done, _ = await asyncio.wait([signal], timeout=_LOOK)
        if not done:
            signal.cancel()
        elif error := signal.exception():
            log.warning("the group coordinator reports: %r", error)
        return bool(done)

    async def _drain(
        self, consumer: aiokafka.AIOKafkaConsumer, limit: int, *, stretches: bool
    ) -> dict[TP, list[Fetched]]:
        # Nothing else may run on this loop while positions are read and moved, or a seek could fall in between.
        # fetched_records() does not let go of the loop when it has no timeout and no reassignment is going on.
        fetcher, assignment = consumer._fetcher, self._assignment()
        cursors = {
            tp: cursor
            for tp, cursor in self._cursors.items()
            if cursor.assignment is assignment and tp.topic not in self.paused
        }
        if assignment is None or not cursors or fetcher._subscriptions.reassignment_in_progress:
            return {}
        for tp in cursors:
            found = fetcher._records.get(tp)
            if isinstance(found, FetchResult) and found.has_more():
                # As it was parsed it has all that is needed; to copy it costs half of what parsing it did.
                found._partition_records._consumer_record = _as_parsed
        try:
            drained = await fetcher.fetched_records(cursors, timeout=0)
        except OffsetOutOfRangeError as error:
            for tp in error.args[0]:
                self._cursors.pop(tp, None)
            raise
        taken = {}
        for tp, cursor in cursors.items():
            position = assignment.state_value(tp).position
            records = drained.get(tp, ())
            if records or (stretches and position > cursor.next):
                whole = Batch(tp.topic, tp.partition, cursor.next, position, records)
                taken[tp] = [Fetched(batch, cursor.epoch) for batch in split(whole, limit)]
                cursor.next = position
        return taken

    async def sit(self, seats: Mapping[TP, tuple[Seat, int]]) -> None:
        """Read from these seats on, each with its epoch. What was taken away meanwhile is left out."""
        consumer, assignment = self._ensure_consumer(), self._assignment()
        for tp, (at, epoch) in seats.items():
            if assignment is not None and tp in assignment.tps:
                consumer.seek(tp, at.position)
                self._cursors[tp] = _Cursor(assignment, epoch, at.begin)
        await self.hold()

    async def hold(self) -> None:
        """Fetch nothing of the paused topics, and of the others again."""
        consumer = self._ensure_consumer()
        for tp in consumer.assignment():
            if tp.topic in self.paused:
                consumer.pause(tp)
            else:
                consumer.resume(tp)

    async def bounds(self, partitions: Collection[TP]) -> dict[TP, tuple[int, int]]:
        """Return begin and end of what can be read of each partition. Raises KafkaError."""
        begins = await self._ensure_consumer().beginning_offsets(partitions)
        ends = await self.ends(partitions)
        return {tp: (begins[tp], ends[tp]) for tp in partitions}

    async def ends(self, partitions: Collection[TP]) -> dict[TP, int]:
        """Return the end of what can be read of each partition. Raises KafkaError."""
        return cast("dict[TP, int]", await self._ensure_consumer().end_offsets(partitions))

    async def heed(self) -> None:
        """Take note of trouble in the group. aiokafka's coordinator stands still until somebody has."""
        coordinator = self._ensure_consumer()._coordinator
        stopped = coordinator._coordination_task.done()
        try:
            coordinator.check_errors()
        except KafkaError as error:
            if stopped:
                raise
            log.warning("the group coordinator reports: %r", error)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # Nothing depends on the group's offsets but lag tools, so trouble with them has no consequence. aiokafka's own
        # commit() gives up membership when it is refused during a rebalance, and leaves a dead member behind.
        consumer = self._ensure_consumer()
        coordinator, held = consumer._coordinator, consumer.assignment()
        due: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for tp, offset in offsets.items():
            if tp in held:
                due[tp.topic].append((tp.partition, offset, ""))
        request = OffsetCommitRequest(
            coordinator.group_id,
            coordinator.generation,
            coordinator.member_id,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(due.items()),
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
        """Return the state of membership; safe from any thread."""
        consumer = self._consumer
        coordinator = consumer._coordinator if consumer is not None else None
        if consumer is None or coordinator is None:
            return Group(generation=-1, coordinator=False, error=None, polled=None)
        error = coordinator._pending_exception
        polled = max(filter(None, map(consumer.last_poll_timestamp, consumer.assignment())), default=None)
        return Group(
            generation=coordinator.generation,
            coordinator=coordinator.coordinator_id is not None,
            error=None if error is None else repr(error),
            polled=None if polled is None else polled / 1000,
        )

    def end(self, tp: TP) -> int | None:
        """Return the end of what can be read as of the last fetch, None before it or if not assigned.

        Safe from any thread.
        """
        assignment = self._assignment()
        state = None if assignment is None else assignment.state_value(tp)
        if state is None:
            return None
        return cast("int | None", state.highwater if state.lso in {None, -1} else state.lso)

    def _assignment(self) -> Any:  # noqa: ANN401
        subscription = self._ensure_consumer()._subscription.subscription
        return None if subscription is None else subscription.assignment


class Consumer(driver.Consumer):
    """Keeps for every assigned partition where the next batch must begin, and drops everything else.

    Every seat that is taken has an epoch of its own. What was fetched from an earlier seat is stale, wherever it waits.
    """

    logger = faust_log
    _thread: _ConsumerThread
    transport: "Transport"

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Take what Faust passes on."""
        self._tracks: dict[TP, _Track] = {}
        self._epochs = itertools.count(1)
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # What the worker sees ---------------------------------------------------------------------------------------------

    @property
    def expected(self) -> dict[tuple[str, int], int]:
        """Where the next batch to apply begins, per partition that is assigned and has been looked up in the ledger."""
        return {(*tp,): track.expected for tp, track in self._tracks.items() if track.expected is not None}

    @property
    def paused_topics(self) -> frozenset[str]:
        """Topics of which nothing is read."""
        return self._thread.paused

    def expects(self, fetched: Fetched) -> int | None:
        """Return where the next batch of that partition must begin, None if this one is stale."""
        track = self._tracks.get(TP(*fetched.batch.source))
        return track.expected if track is not None and track.epoch == fetched.epoch else None

    def advance(self, fetched: Fetched) -> None:
        """Hear that a batch is applied; the next one of its partition begins where it ends."""
        if self.expects(fetched) is not None:
            self._tracks[TP(*fetched.batch.source)].expected = fetched.batch.end

    async def rewind(self, topic: str, partition: int, offset: int) -> None:
        """Drop what is buffered of a partition and read it from `offset`, which is the ledger's."""
        tp = TP(topic, partition)
        await self._sit(self._claim({tp}), {tp: offset})

    async def seed(self, partitions: Collection[tuple[str, int]], *, refused: bool = False) -> None:
        """Drop what is buffered of these partitions and read them from where the ledger says.

        `refused` says that the broker has refused to read at the present positions.
        """
        claims = self._claim({TP(*source) for source in partitions})
        if not claims:
            return
        stored = await self.transport.feed.positions([(*tp,) for tp in claims])
        await self._sit(claims, {TP(*source): offset for source, offset in stored.items()}, refused=refused)

    def pause_topic(self, topic: str) -> None:
        """Stop the intake of a topic. What is buffered of it is dropped, and read again later."""
        self._claim({tp for tp in self._tracks if tp.topic == topic})
        self._hold(self._thread.paused | {topic})

    def resume_topic(self, topic: str) -> None:
        """Go on with a topic from where the ledger says."""
        self._hold(self._thread.paused - {topic})
        self.add_future(self.seed({(*tp,) for tp in self._tracks if tp.topic == topic}))

    def _hold(self, topics: frozenset[str]) -> None:
        self._thread.paused = topics
        self.add_future(self._thread.run(self._thread.hold()))

    async def log_ends(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Ask the broker for the end of what can be read of each partition. Raises KafkaError."""
        ends = await self._thread.run(self._thread.ends([TP(*source) for source in partitions]))
        return {(*tp,): end for tp, end in ends.items()}

    def log_end(self, topic: str, partition: int) -> int | None:
        """Return the end of what can be read as of the last fetch, None before it or if not assigned."""
        try:
            return self._thread.end(TP(topic, partition))
        except ConsumerNotStarted:
            return None

    def group(self) -> Group:
        """Return the state of membership in the consumer group."""
        return self._thread.group()

    # Taking a seat ----------------------------------------------------------------------------------------------------

    def _claim(self, partitions: Iterable[TP]) -> dict[TP, int]:
        claims = {tp: next(self._epochs) for tp in partitions if tp in self._tracks}
        for tp, epoch in claims.items():
            self._tracks[tp].epoch = epoch
        return claims

    def _holds(self, tp: TP, epoch: int) -> bool:
        track = self._tracks.get(tp)
        return track is not None and track.epoch == epoch

    async def _sit(self, claims: Mapping[TP, int], stored: Mapping[TP, int], *, refused: bool = False) -> None:
        bounds = await self._bounds(claims)
        seats: dict[TP, tuple[Seat, int]] = {}
        for tp, (begin, end) in bounds.items():
            if not self._holds(tp, claims[tp]):
                continue
            offset = stored.get(tp) or None
            # Some brokers list an end before their last batch, but none refuses to read at its true end.
            bound = end if refused else max(end, offset or 0)
            try:
                at = seat(tp.topic, tp.partition, offset, begin, bound)
            except TopicRecreatedError as error:
                self.transport.feed.failed(error)
                return
            if at.position > at.begin:
                self.transport.feed.lost(tp.topic, tp.partition, offset, begin)
            seats[tp] = at, claims[tp]
            self._tracks[tp].expected = at.begin
        await self._thread.run(self._thread.sit(seats))

    async def _bounds(self, claims: Mapping[TP, int]) -> dict[TP, tuple[int, int]]:
        while not self.should_stop:
            wanted = [tp for tp, epoch in claims.items() if self._holds(tp, epoch)]
            try:
                return await self._thread.run(self._thread.bounds(wanted))
            except KafkaError as error:
                log.warning("begin and end of %s are not known: %r", wanted, error)
                await self.sleep(_RETRY)
        return {}

    # What Faust calls -------------------------------------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Faust: the group has handed over partitions."""
        self._tracks = {tp: _Track(next(self._epochs)) for tp in assigned}
        self.transport.feed.assigned({(*tp,) for tp in assigned})
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Faust: the group takes partitions away. What it was not told yet is told while it still listens."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD):
                await self.force_commit()
        self._tracks.clear()
        self.transport.feed.revoked({(*tp,) for tp in revoked})
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust: flow is about to start.

        It does not wait for the ledger, whose store may be away for long: a partition without a seat is not read.
        """
        self.add_future(self.seed({(*tp,) for tp in self._tracks}))
        return {}

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self.flow_active:
                    await self._deliver(await self._getmany(None, _LOOK))
                else:
                    await self.wait(cast("Any", self.can_resume_flow), timeout=_LOOK)
                    await self._thread.run(self._thread.heed())
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Fetched]]:  # noqa: ARG002, ASYNC109
        try:
            return await self._thread.run(self._thread.take(self.transport.feed.max_events))
        except OffsetOutOfRangeError as error:
            log.warning("out of the log's range: %s", error.args[0])
            self.add_future(self.seed({(*tp,) for tp in error.args[0]}, refused=True))
            return {}

    async def _deliver(self, records: Mapping[TP, Sequence[Fetched]]) -> None:
        for tp, fetched in self.scheduler.iterate(cast("Any", records)):
            if not self.flow_active:
                return
            if self.expects(fetched) is not None:
                await self.wait_first(self.callback(self._to_message(tp, fetched)), self.suspend_flow.wait())

    def _to_message(self, tp: TP, record: Fetched) -> ConsumerMessage:
        batch = record.batch
        stamp = batch.records[-1].timestamp if batch.records else 0
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            batch.end - 1,
            stamp / 1000,
            0,
            None,
            None,
            cast("bytes", record),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Faust: ignored.

        A full buffer holds back delivery by itself; taking partitions out too costs a second of sleep if none is left.
        """

    def on_buffer_drop(self, tp: TP) -> None:
        """Faust: ignored, see `on_buffer_full`."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust: ignored. The watchdog looks after progress."""

    async def force_commit(self, topics: object = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Faust: commit to the group what has been applied."""
        due = self._uncommitted()
        if not due or self.crashed or not await self._commit(due):
            return False
        for tp, offset in due.items():
            if tp in self._tracks:
                self._tracks[tp].committed = offset
        return True

    async def commit_and_end_transactions(self) -> None:
        """Faust: the app stops. Nobody may come after it, so the last commit is tried more than once."""
        for pause in _LAST_COMMITS:
            await self.commit()
            if self.crashed or not self._uncommitted():
                return
            await asyncio.sleep(pause)

    def _uncommitted(self) -> dict[TP, int]:
        return {
            tp: track.expected
            for tp, track in self._tracks.items()
            if track.expected is not None and track.expected != track.committed
        }


class Transport(driver.Transport):
    """The transport for `batch://` URLs. Its `feed` must be set before the app starts."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    feed: Feed
