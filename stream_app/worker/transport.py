"""A Faust transport that hands over batches instead of records, and reads from where the ledger says.

It is chosen by the scheme of the broker's URL (`batch://host:port`). Three things differ from Faust's own driver:

- one Faust message is a whole offset range of a partition, so Faust's cost per message is paid per batch;
- positions come from the ledger, never from the consumer group, and are checked against the log's begin and end;
- what is committed to the group is what was applied. Faust's acknowledgements are not used: they commit past gaps, and
  they cannot go backwards, which the ledger does when its store loses data.
"""

import asyncio
import inspect
import itertools
import logging
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Protocol, TypeVar, cast

from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaError,
    OffsetOutOfRangeError,
)
from faust.exceptions import ConsumerNotStarted
from faust.transport.consumer import ConsumerThread
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import ServiceT
from mode.threads import WorkerThread

from stream_app.clients.aiokafka_clients import AIOKafkaConsumer
from stream_app.clients.kafka_rights import note
from stream_app.clients.record_batches import bound_batches
from stream_app.worker.aiokafka_adapter import AIOKafkaAdapter, Group
from stream_app.worker.assignment import CoPartitioned
from stream_app.worker.leader_answers import Requested
from stream_app.worker.positions import (
    AppliedPositions,
    Fetched,
    Partition,
    ReadPositions,
    StartPosition,
    StoredPositions,
    TopicRecreatedError,
)

__all__ = ["Consumer", "Listener", "Transport"]

_T = TypeVar("_T")
log = logging.getLogger(__name__)
# What Faust logs through its services, as opposed to what this module logs.
faust_log = logging.getLogger("faust.transport.batch")

# A fetch that waits at the broker holds back a seek to another partition of that broker, so it waits briefly.
_FETCH_MAX_WAIT_MS = 250
# How long a poll waits for records; then the offset ranges without records are handed over.
_POLL_TIMEOUT_S = 1.0
# How long a leader may take to say where its log begins and ends, and after what pause it is asked again.
_BOUNDS_TIMEOUT_S = 10.0
_BOUNDS_RETRY_S = 1.0
# After what pause a start is tried again, and how long one try may take.
_START_RETRIES_S = (0.5, 1.0, 2.0, 5.0)
_START_TIMEOUT_S = 20.0
_LAST_COMMIT_RETRIES_S = (0.1, 0.3, 1.0)
# How long a rebalance may wait for the offsets of the revoked partitions.
_REVOKE_COMMIT_TIMEOUT_S = 2.0
# How long leaving the group in good order may take.
_LEAVE_TIMEOUT_S = 5.0
# A fetch is read in one go, so this and what its batches may decompress to bound what is held in memory.
_FETCH_PARTITIONS = 4
# aiokafka leaves the group when nobody has polled for this long and rejoins at the next poll, which Faust does only
# after it has rejoined. The watchdog ends a worker that makes no progress.
_MAX_POLL_INTERVAL_MS = 10 * 365 * 24 * 3600 * 1000


class Listener(Protocol):
    """Who reads through the transport: what a fetch may hold, where positions are stored, and what is called when.

    `together` are topics whose partitions of one number are for one worker.
    """

    max_events: int
    fetch_bytes: int
    max_batch_bytes: int
    together: Sequence[Collection[str]]

    @property
    def stored_positions(self) -> StoredPositions:
        """Reads what the ledger has stored."""

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Called when the group has assigned these partitions, and no others."""

    def revoked(self, partitions: Collection[Partition]) -> None:
        """Called when the group has revoked these partitions."""

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:
        """Called when the log begins at `begin`, after what was stored (None: nothing was ever applied)."""

    def failed(self, error: Exception) -> None:
        """Called when something is wrong that only a human can repair."""

    def explain(self, error: Exception) -> str:
        """Return the cause of an error, and what to do, without anything of a record."""


class _DaemonThread(WorkerThread):
    """A thread that cannot keep a process alive whose event loop has given up on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.daemon = True

    def run(self) -> None:
        # The event loop is told of the error that ends the thread before it ends.
        with suppress(Exception):
            super().run()


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to the broker. aiokafka's objects belong to its loop and are touched nowhere else."""

    Worker = _DaemonThread
    logger = faust_log

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positions = ReadPositions()
        self._adapter: AIOKafkaAdapter | None = None
        self.paused: frozenset[str] = frozenset()
        self.unreadable: Mapping[Partition, str] = {}
        # Of these nothing is fetched until they are tried again.
        self._held: frozenset[Partition] = frozenset()
        self._tried_again_at: dict[Partition, float] = {}
        self._out_of_range: OffsetOutOfRangeError | None = None
        self._unstarted: set[Coroutine[Any, Any, Any]] = set()

    async def on_start(self) -> None:
        """Faust: connect, as soon as a broker answers."""
        self._consumer = self._create_consumer(loop=self.thread_loop)
        self.time_started = time.monotonic()
        pauses = itertools.chain(_START_RETRIES_S, itertools.repeat(_START_RETRIES_S[-1]))
        while not self.should_stop:
            # Why nobody answers is found and said elsewhere: the client keeps it to itself.
            with suppress(KafkaError, OSError):
                async with asyncio.timeout(_START_TIMEOUT_S):
                    await self._consumer.start()
                self._adapter = AIOKafkaAdapter(self._consumer)
                return
            await self.sleep(next(pauses))

    async def on_thread_stop(self) -> None:
        """Faust: leave the group and disconnect."""
        await ConsumerThread.on_thread_stop(self)
        if self._adapter is not None:
            await self._adapter.leave(_LEAVE_TIMEOUT_S)
        elif self._consumer is not None:
            await self._consumer.stop()

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
        """Run `work` on the thread's loop. Unlike `call_thread` nothing queues up behind a poll."""
        self._unstarted.add(work)
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.thread_loop))
        finally:
            if inspect.getcoroutinestate(work) != inspect.CORO_CREATED:
                self._unstarted.discard(work)

    async def stop(self) -> None:
        """Faust: end the thread. What its loop was given last may never begin."""
        await super().stop()
        for work in self._unstarted:
            work.close()

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        conf = self.app.conf
        listener = cast("Transport", transport).listener
        bound_batches(listener.max_batch_bytes)
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            # The second one is that of workers before 0.2, beside which this one works during an upgrade.
            partition_assignment_strategy=[CoPartitioned(listener.together), RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            # Any other policy changes the position silently when it is out of range.
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=_FETCH_MAX_WAIT_MS,
            max_partition_fetch_bytes=listener.fetch_bytes,
            fetch_max_bytes=listener.fetch_bytes * _FETCH_PARTITIONS,
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            check_crcs=conf.broker_check_crcs,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    @property
    def _kafka(self) -> AIOKafkaAdapter:
        if self._adapter is None:
            raise ConsumerNotStarted
        return self._adapter

    async def poll(self, limit: int) -> dict[TP, list[Fetched]]:
        """Return what has arrived, in batches of at most `limit` records, waiting for it for a moment."""
        kafka = self._kafka
        if kafka.closed:
            raise ConsumerStoppedError
        await self.check_group_errors()
        if kafka.reassignment_in_progress:
            await self._wait(kafka.next_assignment())
            return {}
        if fetched := await self._fetched(limit, allow_empty=False):
            return fetched
        arrived = await self._wait(kafka.next_fetch())
        return {} if kafka.closed else await self._fetched(limit, allow_empty=not arrived)

    async def _wait(self, signal: asyncio.Future[None]) -> bool:
        done, _ = await asyncio.wait([signal], timeout=_POLL_TIMEOUT_S)
        if not done:
            signal.cancel()
        else:
            # An error of the group is taken at the next poll.
            signal.exception()
        return bool(done)

    async def _fetched(self, limit: int, *, allow_empty: bool) -> dict[TP, list[Fetched]]:
        # No other task may run on this loop while positions are read and advanced, or a seek could fall in between.
        if self._out_of_range is not None:
            out_of_range, self._out_of_range = self._out_of_range, None
            raise out_of_range
        kafka, assignment = self._kafka, self._kafka.assignment
        partitions = self._positions.readable(assignment, self.paused)
        if assignment is None or not partitions or kafka.reassignment_in_progress:
            return {}
        fetched: dict[TP, list[Fetched]] = {}
        for partition in partitions:
            try:
                records = await kafka.fetched(partition)
            except OffsetOutOfRangeError as error:
                self._positions.drop(error.args[0])
                if not fetched:
                    raise
                # What was read of the others is handed over first.
                self._out_of_range = error
                break
            except ConsumerStoppedError:
                raise
            except Exception as error:  # noqa: BLE001 - no record ends a worker, whatever a codec raises
                self._mark_unreadable(partition, error)
                continue
            self._mark_readable(partition)
            batches = self._positions.advance(
                partition, kafka.position(partition), records, limit, allow_empty=allow_empty
            )
            if batches:
                fetched[TP(*partition)] = batches
        return fetched

    def _mark_unreadable(self, partition: Partition, error: Exception) -> None:
        topic, number = partition
        note(error, "READ", "topic", topic)
        cause = cast("Transport", self.transport).listener.explain(error)
        if self.unreadable.get(partition) != cause:
            log.error("%s[%d] cannot be read: %s. It is tried again; nothing is lost", topic, number, cause)
        self._positions.drop([partition])
        self._held |= {partition}
        self.unreadable = {**self.unreadable, partition: cause}
        self._ensure_consumer().pause(TopicPartition(*partition))

    def _mark_readable(self, partition: Partition) -> None:
        """Forget why a partition could not be read, if a fetch has been answered since it was tried again."""
        if partition in self.unreadable and (self._kafka.answered(partition) or 0) > self._tried_again_at[partition]:
            log.info("%s[%d] can be read again", *partition)
            self.unreadable = {each: cause for each, cause in self.unreadable.items() if each != partition}

    async def start_at(self, starts: Mapping[Partition, StartPosition], epochs: Mapping[Partition, int]) -> None:
        """Read from these positions on, each in its epoch. What was revoked meanwhile is left out."""
        consumer, assignment = self._ensure_consumer(), self._kafka.assignment
        assigned = consumer.assignment()
        for partition, start in starts.items():
            if assignment is not None and partition in assigned:
                self._held -= {partition}
                self._tried_again_at[partition] = time.time()
                consumer.seek(TP(*partition), start.position)
                self._positions.start(partition, assignment, epochs[partition], start.begin)
        await self.apply_pauses()

    async def apply_pauses(self) -> None:
        """Fetch nothing of the paused topics, and of the others again."""
        consumer = self._ensure_consumer()
        for tp in consumer.assignment():
            if tp.topic in self.paused or (*tp,) in self._held:
                consumer.pause(tp)
            else:
                consumer.resume(tp)

    async def by_leader(self, partitions: Collection[Partition]) -> list[list[Partition]]:
        """Group partitions by their leader."""
        return self._kafka.by_leader(partitions)

    async def bounds(self, partitions: Collection[Partition]) -> dict[Partition, tuple[int, int]]:
        """Return begin and end of what can be read of each partition. Raises KafkaError, and TimeoutError."""
        async with asyncio.timeout(_BOUNDS_TIMEOUT_S):
            begins = await self._ensure_consumer().beginning_offsets([TP(*partition) for partition in partitions])
            ends = await self._ends(partitions)
        return {partition: (begins[partition], ends[partition]) for partition in partitions}

    async def ends(self, partitions: Collection[Partition], timeout: float) -> dict[Partition, int]:  # noqa: ASYNC109
        """Return the end of what can be read of each partition whose leader answers within `timeout` seconds."""
        found: dict[Partition, int] = {}

        async def ask(group: Collection[Partition]) -> None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(timeout):
                    found.update(await self._ends(group))

        await asyncio.gather(*map(ask, self._kafka.by_leader(partitions)))
        return found

    async def _ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        ends = await self._ensure_consumer().end_offsets([TP(*partition) for partition in partitions])
        return {(*tp,): end for tp, end in ends.items()}

    async def unusable(self, topics: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of the topics that do not exist, and those that may not be seen. Raises KafkaError."""
        return await self._kafka.unusable(topics)

    async def refresh_topics(self) -> None:
        """Look at once for topics that have been created."""
        self._kafka.refresh_topics()

    def requested(self, starting: Collection[Partition]) -> dict[Partition, Requested]:
        """Return what is asked of the leaders: records, or of those in `starting` where the log begins and ends.

        Safe from any thread.
        """
        if self._adapter is None:
            return {}
        first = {partition: Requested(self._adapter.leader(partition), None) for partition in starting}
        return self._adapter.requested() | first

    async def check_group_errors(self) -> None:
        """Take the error of the group's coordinator, or it stands still; raise it if it is the end."""
        self._kafka.check_group_errors()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        return await self._kafka.commit({(*tp,): offset for tp, offset in offsets.items()})

    def group(self) -> Group:
        """Return the state of membership; safe from any thread."""
        if self._adapter is None:
            return Group(generation=-1, coordinator=False, error=None)
        return self._adapter.group()

    def log_end(self, partition: Partition) -> int | None:
        """Return the end of what can be read as of the last fetch, None before it or if not assigned.

        Safe from any thread.
        """
        return None if self._adapter is None else self._adapter.log_end(partition)


class Consumer(driver.Consumer):
    """Keeps for every assigned partition where the next batch must begin, and drops everything else."""

    logger = faust_log
    _thread: _ConsumerThread
    transport: "Transport"

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Take what Faust passes on."""
        self._positions = AppliedPositions()
        # The epoch in which a partition waits to hear where its log begins and ends.
        self._starting: dict[Partition, int] = {}
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # What the worker uses ---------------------------------------------------------------------------------------------

    @property
    def expected(self) -> dict[Partition, int]:
        """Where the next batch to apply begins, per partition that is assigned and has been looked up in the ledger."""
        return self._positions.expected

    @property
    def paused_topics(self) -> frozenset[str]:
        """Topics of which nothing is read."""
        return self._thread.paused

    @property
    def unreadable(self) -> Mapping[Partition, str]:
        """Assigned partitions that cannot be read, and why."""
        assigned = self._positions.assigned()
        return {each: cause for each, cause in self._thread.unreadable.items() if each in assigned}

    def expects(self, fetched: Fetched) -> int | None:
        """Return where the next batch of that partition must begin, None if this one is stale."""
        return self._positions.expects(fetched)

    def advance(self, fetched: Fetched) -> None:
        """Call when a batch is applied; the next one of its partition begins where it ends."""
        self._positions.advance(fetched)

    async def seek_to(self, partition: Partition, offset: int) -> None:
        """Drop what is buffered of a partition and read it from `offset`, which is the ledger's."""
        await self._start(self._positions.new_epochs({partition}), {partition: offset})

    async def seek_to_ledger(self, partitions: Collection[Partition], *, refused: bool = False) -> None:
        """Drop what is buffered of these partitions and read them from where the ledger says.

        `refused` says that the broker has refused to read at the present positions.
        """
        epochs = self._positions.new_epochs(partitions)
        if not epochs:
            return
        stored = await self.transport.listener.stored_positions(epochs.keys())
        await self._start(epochs, stored, refused=refused)

    def pause_topic(self, topic: str) -> None:
        """Stop the intake of a topic. What is buffered of it is dropped, and read again later."""
        self._positions.new_epochs(self._positions.assigned(topic))
        self._pause(self._thread.paused | {topic})

    def resume_topic(self, topic: str) -> None:
        """Go on with a topic from where the ledger says."""
        self._pause(self._thread.paused - {topic})
        self.add_future(self.seek_to_ledger(self._positions.assigned(topic)))

    def _pause(self, topics: frozenset[str]) -> None:
        self._thread.paused = topics
        self.add_future(self._thread.run(self._thread.apply_pauses()))

    async def commit_applied(self) -> bool:
        """Commit to the group what has been applied; whether it has all of it now."""
        offsets = self._positions.uncommitted()
        if not offsets:
            return True
        if self.crashed or not await self._commit({TP(*each): at for each, at in offsets.items()}):
            return False
        self._positions.mark_committed(offsets)
        return True

    async def log_ends(self, partitions: Collection[Partition], timeout: float) -> dict[Partition, int]:  # noqa: ASYNC109
        """Ask for the end of what can be read of each partition; leave out what is not answered within `timeout` s."""
        return await self._thread.run(self._thread.ends(partitions, timeout))

    async def unusable(self, topics: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of the topics that do not exist, and those that may not be seen; none is created.

        Raises KafkaError.
        """
        return await self._thread.run(self._thread.unusable(topics))

    async def check_group(self) -> None:
        """Take the error of the group's coordinator. Nobody else does before the first assignment.

        Raises KafkaError if it is the end.
        """
        await self._thread.run(self._thread.check_group_errors())

    async def refresh_topics(self) -> None:
        """Look at once for topics that have been created, and read them."""
        await self._thread.run(self._thread.refresh_topics())

    def requested(self) -> dict[Partition, Requested]:
        """Return the assigned partitions that something is asked about now, of their leaders."""
        return self._thread.requested(self._positions.current(self._starting))

    def log_end(self, partition: Partition) -> int | None:
        """Return the end of what can be read as of the last fetch, None before it or if not assigned."""
        return self._thread.log_end(partition)

    def group(self) -> Group:
        """Return the state of membership in the consumer group."""
        return self._thread.group()

    async def _start(
        self, epochs: Mapping[Partition, int], stored: Mapping[Partition, int], *, refused: bool = False
    ) -> None:
        self._starting |= epochs
        left = self._positions.current(epochs)
        while left and not self.should_stop:
            # A leader that does not answer holds up its own partitions and no others.
            groups = await self._thread.run(self._thread.by_leader(left))
            await asyncio.gather(*(self._start_group(group, epochs, stored, refused=refused) for group in groups))
            left = [each for each in self._positions.current(epochs) if self._starting.get(each) == epochs[each]]
            if left:
                await self.sleep(_BOUNDS_RETRY_S)

    async def _start_group(
        self,
        group: Collection[Partition],
        epochs: Mapping[Partition, int],
        stored: Mapping[Partition, int],
        *,
        refused: bool,
    ) -> None:
        try:
            bounds = await self._thread.run(self._thread.bounds(group))
        except (KafkaError, TimeoutError) as error:
            log.warning("begin and end of %s are not known: %r", sorted(group), error)
            return
        try:
            starts = self._positions.start(epochs, stored, bounds, trust_end=refused)
        except TopicRecreatedError as error:
            self.transport.listener.failed(error)
            return
        for partition, start in starts.items():
            del self._starting[partition]
            if start.has_gap:
                self.transport.listener.lost(*partition, start.begin or None, start.position)
        await self._thread.run(self._thread.start_at(starts, epochs))

    # What Faust calls -------------------------------------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Faust: the group has assigned partitions."""
        partitions = {(*tp,) for tp in assigned}
        self._positions.assign(partitions)
        self.transport.listener.assigned(partitions)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Faust: the group revokes partitions. Their offsets are committed first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_REVOKE_COMMIT_TIMEOUT_S):
                await self.force_commit()
        self._positions.clear()
        self.transport.listener.revoked({(*tp,) for tp in revoked})
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust: flow is about to start.

        It does not wait for the ledger, whose store may be away for long: a partition without a position is not read.
        """
        self.add_future(self.seek_to_ledger(self._positions.assigned()))
        return {}

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self.flow_active:
                    await self._deliver(await self._getmany(None, _POLL_TIMEOUT_S))
                else:
                    await self.wait(cast("Any", self.can_resume_flow), timeout=_POLL_TIMEOUT_S)
                    await self._thread.run(self._thread.check_group_errors())
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Fetched]]:  # noqa: ARG002, ASYNC109
        try:
            return await self._thread.run(self._thread.poll(self.transport.listener.max_events))
        except OffsetOutOfRangeError as error:
            log.warning("out of the log's range: %s", error.args[0])
            self.add_future(self.seek_to_ledger({(*tp,) for tp in error.args[0]}, refused=True))
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
        """Faust: ignored. The watchdog checks progress."""

    async def force_commit(self, topics: object = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Faust: commit to the group what has been applied."""
        return await self.commit_applied()

    async def commit_and_end_transactions(self) -> None:
        """Faust: the app stops. Nobody may come after it, so the last commit is tried more than once.

        A rebalance refuses it, and takes the positions away: what was applied before is committed when it has ended,
        of the partitions that are still this worker's.
        """
        offsets = {TP(*each): at for each, at in self._positions.uncommitted().items()}
        for delay in _LAST_COMMIT_RETRIES_S:
            if self.crashed or not offsets or await self._commit(offsets):
                return
            await asyncio.sleep(delay)


class Transport(driver.Transport):
    """The transport for `batch://` URLs. Its `listener` must be set before the app starts."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    listener: Listener
