"""One member of the consumer group: reads batches, has them applied, and follows the ledger's positions."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any, Protocol, TypeVar, cast

import faust
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from faust.exceptions import ConsumerNotStarted
from faust.types.streams import StreamT

from stream_app.clients.kafka_rights import note
from stream_app.clients.log_rate_limit import LogRateLimit
from stream_app.clients.retry import class_name
from stream_app.worker.aiokafka_adapter import Group
from stream_app.worker.batch import Batch
from stream_app.worker.faust_app import faust_app
from stream_app.worker.leader_answers import LeaderAnswers
from stream_app.worker.positions import Fetched, StoredPositions, TopicRecreatedError
from stream_app.worker.result import Applied, ReadFrom, Result, TryAgain
from stream_app.worker.transport import Consumer
from stream_app.worker.watchdog import Observation, watch
from stream_app.worker.worker_settings import WorkerSettings
from stream_app.worker.worker_state import ANSWER_LIMIT_S, State, StateLog

__all__ = ["Exit", "Hooks", "Sink", "Worker"]

log = logging.getLogger(__name__)
# How long other workers' progress may go unnoticed while draining, in seconds.
_DRAIN_POLL_S = 1.0
_START_POLL_S = 0.05
# How much longer than the session timeout a rebalance may take before it is said to be stuck.
_REBALANCE_MARGIN_S = 5.0
# How often the topics are looked for, and how often as long as one of them does not exist.
_TOPICS_POLL_S = 5.0
_MISSING_TOPICS_POLL_S = 1.0
_GROUP_POLL_S = 1.0
_STATE_POLL_S = 1.0
# How long a batch that is to be tried again waits.
_TRY_AGAIN_DELAY_S = 0.1

_Prepared = TypeVar("_Prepared")


class Sink(Protocol[_Prepared]):
    """Where batches go: each is prepared, then applied; the next is prepared while the one before it is applied.

    Neither raises anything but CancelledError: an unavailable store is waited for inside.
    """

    async def prepare(self, batch: Batch) -> _Prepared:
        """Compute what the batch changes after everything that was handed to `apply` so far; it may be dropped."""

    async def apply(self, prepared: _Prepared) -> Result:
        """Apply what was prepared last; `Applied` also if it was applied already."""


class Exit(IntEnum):
    """How a worker ends. CRASHED and STALLED are worth a restart."""

    OK = 0
    CRASHED = 1
    RECREATED = 3
    STALLED = 4
    # 5 is the command's: the numbers are of other definitions.
    INTAKE_STOPPED = 6
    # As commands end that Kafka does not let in.
    REFUSED = 69


class Hooks:
    """What a worker calls while it runs, on its event loop; must return at once and not raise."""

    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        """Called when exactly these partitions are assigned to this worker."""

    def revoked(self, partitions: Collection[tuple[str, int]]) -> None:
        """Called when these partitions are no longer assigned to this worker."""

    def ending(self) -> None:
        """Called once, when the worker begins to end."""

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:
        """Called when retention has deleted `[stored, begin)` before it was applied; reading goes on.

        `stored` None: the ledger knows nothing of the partition. That is a first start on an old topic, or a rebuild
        that cannot reach back to the beginning.
        """

    def waits(self) -> bool:
        """Whether applying waits for a server that refuses it, which is said elsewhere."""
        return False


@contextmanager
def _limited_library_logs() -> Iterator[None]:
    limit, handlers = LogRateLimit(), list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(limit)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(limit)


class Worker:
    """Reads the topics of a group and has every batch applied once, in order, one after another."""

    def __init__(
        self,
        settings: WorkerSettings,
        sink: Sink[Any],
        stored_positions: StoredPositions,
        hooks: Hooks | None = None,
        explain: Callable[[Exception], str] = class_name,
    ) -> None:
        """Nothing happens before `run`.

        `stored_positions` reads the ledger that `sink` writes; `explain` gives cause and remedy of an error of Kafka.
        """
        self.stored_positions = stored_positions
        self.explain = explain
        self.max_events = settings.max_events
        self.fetch_bytes = settings.fetch_bytes
        self.max_batch_bytes = settings.max_batch_bytes
        self.together = settings.together
        self._settings, self._sink, self._hooks = settings, sink, hooks or Hooks()
        self._app: faust.App | None = None
        self._assigned: frozenset[tuple[str, int]] = frozenset()
        self._rebalancing = True
        self._rebalancing_since = time.monotonic()
        self._assigned_at: float | None = None
        self._applied_at: float | None = None
        self._applying: tuple[str, int] | None = None
        self._applying_task: asyncio.Task[None] | None = None
        self._ends: dict[tuple[str, int], int] = {}
        self._leader_answers = LeaderAnswers(ANSWER_LIMIT_S)
        self._missing: frozenset[str] = frozenset()
        self._unseen: frozenset[str] = frozenset()
        self._state_log = StateLog(settings.group, settings.session_timeout + _REBALANCE_MARGIN_S)
        self._exit: Exit | None = None
        self._ending = asyncio.Event()
        self._applied = asyncio.Event()

    # Running ----------------------------------------------------------------------------------------------------------

    async def run(self, until: Mapping[tuple[str, int], int] | None = None) -> Exit:
        """Work until `stop`, SIGTERM, SIGINT, or an error.

        With `until` it ends as well once the ledger has reached these offsets, whichever worker did it: they are the
        ends of the log of every partition of the topics at some moment. If a topic is paused short of them, it ends
        with INTAKE_STOPPED once the others are there; if the group refuses this worker, it ends with REFUSED at once.
        """
        loop = asyncio.get_running_loop()
        # They stay until the loop is closed: a second signal must not cut short what the process does at its end.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        with _limited_library_logs():
            return await self._run(faust_app(self._settings, self, self._consume), until)

    async def _run(self, app: faust.App, until: Mapping[tuple[str, int], int] | None) -> Exit:
        self._app = app
        settings = self._settings
        watchdog = watch(self, interval=settings.watch_interval, stall_timeout=settings.stall_timeout)
        work = [self._start(app), watchdog, self._check_topics(app), self._check_group(), self._log_state()]
        work.append(self._retry_unreadable())
        if until is not None:
            work.append(self._drain(until))
        tasks = [asyncio.create_task(part) for part in work]
        for task in tasks:
            task.add_done_callback(self._check)
        await self._ending.wait()
        if self._applying_task is not None:
            await asyncio.wait([self._applying_task], timeout=self._settings.grace)
            tasks.append(self._applying_task)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=self._settings.grace)
        try:
            async with asyncio.timeout(self._settings.grace):
                await app.stop()
        except TimeoutError:
            log.warning("ended without leaving the group: the broker does not answer")
        self._app = None
        return self._exit or Exit.OK

    async def _start(self, app: faust.App) -> None:
        await app.start()
        await app.wait(cast("Any", self._ending))  # unlike wait_until_stopped() this leaves no tasks behind
        if app.crash_reason is not None:
            raise app.crash_reason

    async def _check_topics(self, app: faust.App) -> None:
        """Notice topics that do not exist or may not be seen, and have them read as soon as they can be."""
        needed = {*self._settings.topics, *self._settings.written_topics}
        while True:
            waiting = self._missing or self._unseen or not app.started
            await asyncio.sleep(_MISSING_TOPICS_POLL_S if waiting else _TOPICS_POLL_S)
            with suppress(KafkaError, TimeoutError, ConsumerNotStarted):
                async with asyncio.timeout(_TOPICS_POLL_S):
                    missing, unseen = await self._consumer.unusable(needed)
                    if (self._missing | self._unseen) - missing - unseen:
                        await self._consumer.refresh_topics()
                self._note_missing(missing)
                self._unseen = unseen

    def _note_missing(self, missing: frozenset[str]) -> None:
        if missing and missing != self._missing:
            log.warning("waiting for %s, which do not exist: run `stream-app topics apply`", ", ".join(sorted(missing)))
        if self._missing and not missing:
            log.info("all topics exist now")
        self._missing = missing

    async def _check_group(self) -> None:
        while True:
            await asyncio.sleep(_GROUP_POLL_S)
            with suppress(ConsumerNotStarted):
                await self._consumer.check_group()

    async def _log_state(self) -> None:
        while True:
            self.logged_state()
            await asyncio.sleep(_STATE_POLL_S)

    async def _retry_unreadable(self) -> None:
        while True:
            await asyncio.sleep(self._settings.unreadable_retry)
            if self._app is not None and (unreadable := self._consumer.unreadable):
                await self._consumer.seek_to_ledger(unreadable)

    def _check(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the worker crashed: %s", error, exc_info=None if isinstance(error, KafkaError) else error)
            self._end(Exit.CRASHED)

    def stop(self) -> None:
        """End in order: the batch that is being applied is finished, offsets are committed, the group is left."""
        self._end(Exit.OK)

    def _end(self, code: Exit) -> None:
        if self._exit is None:
            self._exit = code
            self._hooks.ending()
        self._ending.set()

    @property
    def _consumer(self) -> Consumer:
        if self._app is None:
            message = "the worker does not run"
            raise RuntimeError(message)
        return cast("Consumer", self._app.consumer)

    # Applying ---------------------------------------------------------------------------------------------------------

    async def _consume(self, stream: StreamT[Any]) -> None:
        async for fetched in stream:
            if not self._ending.is_set() and self._consumer.expects(fetched) is not None:
                await self._process(fetched)

    async def _process(self, fetched: Fetched) -> None:
        consumer, batch = self._consumer, fetched.batch
        prepared = await self._sink.prepare(batch)
        if self._applying_task is not None:
            await asyncio.wait([self._applying_task])
        expected = consumer.expects(fetched)
        if expected is None or self._ending.is_set():
            return
        if expected != batch.begin:
            log.warning("%s[%d] was read from %d instead of %d", *batch.source, batch.begin, expected)
            await consumer.seek_to_ledger({batch.source})
            return
        self._applying = batch.source
        self._applying_task = asyncio.create_task(self._apply(fetched, prepared))
        self._applying_task.add_done_callback(self._check)
        # `apply` runs to its first await, or the next `prepare` would not know of it.
        await asyncio.sleep(0)

    async def _apply(self, fetched: Fetched, prepared: object) -> None:
        consumer, batch = self._consumer, fetched.batch
        try:
            result = await self._sink.apply(prepared)
            self._applied_at = time.monotonic()
            if isinstance(result, Applied):
                consumer.advance(fetched)
                self._applied.set()
            elif consumer.expects(fetched) is not None:
                if isinstance(result, TryAgain):
                    await asyncio.sleep(_TRY_AGAIN_DELAY_S)
                await consumer.seek_to(batch.source, result.offset if isinstance(result, ReadFrom) else batch.begin)
        finally:
            self._applying = None

    async def _drain(self, until: Mapping[tuple[str, int], int]) -> None:
        while True:
            group = self._consumer.group()
            if isinstance(group.error, GroupAuthorizationFailedError):
                self.logged_state()
                self._end(Exit.REFUSED)
                return
            stored = await self.stored_positions(until.keys())
            left = {source for source, end in until.items() if stored.get(source, 0) < end}
            paused = self.state().paused
            unreadable = self.state().unreadable
            if all(source[0] in paused or source in unreadable for source in left):
                await self._commit_applied()
                self._drained(sorted({topic for topic, _ in left}))
                return
            self._applied.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_POLL_S):
                    await self._applied_up_to(
                        {
                            source: end
                            for source, end in until.items()
                            if source[0] not in paused and source not in unreadable
                        }
                    )

    def _drained(self, stopped: Sequence[str]) -> None:
        if stopped:
            names = ", ".join(stopped)
            log.error("drained but for %s: the intake was stopped, for the reason logged above", names)
            self._end(Exit.INTAKE_STOPPED)
        else:
            log.info("drained")
            self.stop()

    async def _commit_applied(self) -> None:
        """Have the group take the offsets of what is applied, within `grace` seconds.

        Another worker may have applied it: whoever is assigned a partition commits. A rebalance refuses commits.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.grace):
                while not await self._all_committed():  # noqa: ASYNC110 - no event
                    await asyncio.sleep(_START_POLL_S)

    async def _all_committed(self) -> bool:
        started = not self._rebalancing and self._consumer.expected.keys() >= self._assigned
        return started and await self._consumer.commit_applied()

    async def _applied_up_to(self, until: Mapping[tuple[str, int], int]) -> None:
        while True:
            await self._applied.wait()
            self._applied.clear()
            expected = self._consumer.expected
            if all(expected.get(source, 0) >= until[source] for source in self._assigned if source in until):
                return

    # Control ----------------------------------------------------------------------------------------------------------

    def pause_topic(self, topic: str) -> None:
        """Stop the intake of a topic until `resume_topic`.

        Nothing is lost: a batch of it that is being applied is finished, what is buffered is read again later. Its lag
        grows and shows in `state`. To be called on the event loop of a running worker, also from inside `Sink.apply`.
        """
        self._consumer.pause_topic(topic)

    def resume_topic(self, topic: str) -> None:
        """Go on with a topic from where the ledger says."""
        self._consumer.resume_topic(topic)

    def state(self) -> State:
        """Return what can be seen now; works at any time, from the event loop."""
        consumer = self._consumer if self._app is not None else None
        positions = consumer.expected if consumer is not None else {}
        fetched = {source: consumer.log_end(source) for source in self._assigned} if consumer is not None else {}
        known = {source: end for source, end in self._ends.items() if source in self._assigned}
        ends = known | {source: max(end, known.get(source, 0)) for source, end in fetched.items() if end is not None}
        requested = consumer.requested() if consumer is not None else {}
        unanswered = self._leader_answers.observe(time.monotonic(), requested)
        lag: dict[str, int | None] = dict.fromkeys((topic for topic, _ in self._assigned), 0)
        for (topic, number), end in ends.items():
            lag[topic] = (lag[topic] or 0) + max(0, end - positions.get((topic, number), 0))
        lag |= dict.fromkeys((topic for topic, _ in unanswered), None)
        group = consumer.group() if consumer is not None else Group(-1, coordinator=False, error=None)
        return State(
            assigned=self._assigned,
            positions=positions,
            ends=ends,
            lag=lag,
            answered={source: each.answered for source, each in requested.items() if each.answered is not None},
            unanswered=unanswered,
            missing=self._missing,
            paused=consumer.paused_topics if consumer is not None else frozenset(),
            unreadable=consumer.unreadable if consumer is not None else {},
            refused=self._refusals(group),
            group=group,
            rebalancing=self._rebalancing,
            rebalancing_s=time.monotonic() - self._rebalancing_since if self._rebalancing else 0.0,
            applied_at=self._applied_at,
        )

    def logged_state(self) -> State:
        """Return what can be seen now, for others to see: what has changed of it stands in the log before."""
        state = self.state()
        self._state_log.note(state)
        return state

    def _refusals(self, group: Group) -> list[str]:
        errors: list[KafkaError] = [] if group.error is None else [group.error]
        if group.error is not None:
            note(group.error, "READ", "group", self._settings.group)
        for topic in sorted(self._unseen):
            error = TopicAuthorizationFailedError(topic)
            note(error, "READ" if topic in self._settings.topics else "WRITE", "topic", topic)
            errors.append(error)
        return [self.explain(error) for error in errors]

    # What the transport calls -----------------------------------------------------------------------------------------

    def assigned(self, partitions: Collection[tuple[str, int]]) -> None:
        """Transport: the group has assigned these partitions, and no others."""
        self._assigned, self._rebalancing, self._assigned_at = frozenset(partitions), False, time.monotonic()
        log.info("assigned: %s", sorted(partitions))
        self._hooks.assigned(partitions)

    def revoked(self, partitions: Collection[tuple[str, int]]) -> None:
        """Transport: the group has revoked these partitions."""
        if not self._rebalancing:
            self._rebalancing_since = time.monotonic()
        self._assigned, self._rebalancing = frozenset(), True
        if partitions:
            self._hooks.revoked(partitions)

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:
        """Transport: the log begins behind what was stored."""
        level = logging.ERROR if stored is not None else logging.WARNING
        log.log(level, "%s[%d]: offsets %d to %d are gone from the log", topic, partition, stored or 0, begin)
        self._hooks.lost(topic, partition, stored, begin)

    def failed(self, error: Exception) -> None:
        """Transport: something is wrong that only a human can repair."""
        log.error("%s", error)
        self._end(Exit.RECREATED if isinstance(error, TopicRecreatedError) else Exit.CRASHED)

    # What the watchdog calls ------------------------------------------------------------------------------------------

    async def observe(self, timeout: float) -> Observation:  # noqa: ASYNC109
        """Watchdog: read the ledger, the log and the group."""
        before, applying = self.state(), {self._applying}
        stored: Mapping[tuple[str, int], int] | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                stored = await self.stored_positions(before.assigned)
        ends: Mapping[tuple[str, int], int] | None = None
        with suppress(TimeoutError, KafkaError, ConsumerNotStarted):
            # Longer than each leader may take: only a thread that stands still does not answer at all.
            async with asyncio.timeout(2 * timeout):
                ends = await self._consumer.log_ends(before.assigned, timeout)
        kept = {source: end for source, end in self._ends.items() if source in before.assigned}
        self._ends = {**kept, **(ends or {})}
        after = self.state()
        progress = [at for at in (self._assigned_at, self._applied_at) if at is not None]
        return Observation(
            at=time.monotonic(),
            stored=stored,
            before=before.positions,
            after=after.positions,
            applying={source for source in (*applying, self._applying) if source is not None},
            lag=None if ends is None else after.readable_lag,
            progress=max(progress, default=None),
            member=after.connected and not after.rebalancing and after.group.error is None,
            coordinator=after.has_coordinator,
            refused=after.group.error is not None or self._hooks.waits(),
        )

    async def seek_to_ledger(self, partitions: Collection[tuple[str, int]]) -> None:
        """Watchdog: the ledger differs from the worker's positions."""
        log.warning("the ledger has changed for %s: reading from where it says", sorted(partitions))
        await self._consumer.seek_to_ledger(partitions)

    def give_up(self, reason: str) -> None:
        """Watchdog: this process makes no progress."""
        log.error("giving up: %s", reason)
        self._end(Exit.STALLED)
