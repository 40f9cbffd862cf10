"""One worker process: the pipeline behind a consumer, with its metrics and its health."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from aiokafka.errors import KafkaError, UnsupportedCodecError
from prometheus_client import Gauge
from redis.exceptions import RedisError

from stream_app.clients.connections import async_redis
from stream_app.clients.credentials import faust_credentials
from stream_app.clients.failures import failure, kafka_refusal
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.http import CannotListenError, Page, Route, metrics_route, serving
from stream_app.clients.retry import class_name
from stream_app.clients.settings import Settings
from stream_app.store.keys import SERVING
from stream_app.store.ledger import DefinitionsDifferError, Ledger
from stream_app.worker.consumer import Exit, Hooks, Worker
from stream_app.worker.dead_letters import DeadLetterTopic
from stream_app.worker.eviction_check import EvictionCheck
from stream_app.worker.kafka_check import KafkaCheck
from stream_app.worker.pipeline import Model, Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry
from stream_app.worker.worker_settings import WorkerSettings
from stream_app.worker.worker_state import State

log = logging.getLogger(__name__)

_HEALTH_INTERVAL_S = 1.0
# A batch is prepared within half a second: when the event loop does not turn for so long, something blocks it.
_LONGEST_STANDSTILL_S = 5.0
# A worker that has not been given partitions for so long reads nothing, whoever is to blame.
_LONGEST_REBALANCE_S = 10.0
# A worker without partitions hears from Kafka by its heartbeats alone.
_LONGEST_HEARTBEAT_INTERVAL_S = 3.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker did until it ended."""

    exit: Exit
    applied: int
    duplicates: int
    too_late: int
    rejected: int


class _TelemetryHooks(Hooks):
    def __init__(self, telemetry: Telemetry, dead_letters: DeadLetterTopic, on_ending: Callable[[], None]) -> None:
        self._telemetry, self._dead_letters, self._on_ending = telemetry, dead_letters, on_ending

    def waits(self) -> bool:
        return not self._dead_letters.retry.up

    def ending(self) -> None:
        self._on_ending()

    def lost(self, topic: str, partition: int, stored: int | None, begin: int) -> None:  # noqa: ARG002
        self._telemetry.lost(topic)


async def run(
    settings: Settings,
    model: Model,
    definitions: str,
    topics: Sequence[Collection[str]],
    until: Mapping[tuple[str, int], int] | None = None,
    *,
    role: str = SERVING,
    on_ending: Callable[[], None] = lambda: None,
) -> Report:
    """Work until told to stop, or until the ledger has reached `until`.

    `topics` are those of events, the ones about the same entities together. `role` says which generation is worked on;
    `on_ending` is called when the worker begins to end. Raises DefinitionsDifferError if that has numbers of other
    definitions.
    """
    collect_rarely()
    telemetry = Telemetry()
    obsolete: list[DefinitionsDifferError] = []
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(async_redis(settings))
        ledger = Ledger(redis, settings.namespace, definitions, role=role, explain=partial(_cause, settings))
        explain = partial(_kafka_cause, settings)
        dead_letters = DeadLetterTopic(settings, explain=explain)
        stack.push_async_callback(dead_letters.close)
        worker: Worker

        def stop_intake(topic: str) -> None:
            worker.pause_topic(topic)

        def stop_working(error: DefinitionsDifferError) -> None:
            obsolete.append(error)
            worker.stop()

        rejection_limit = RejectionLimit(settings.flood_ratio, stop_intake)
        pipeline = Pipeline(
            model,
            ledger,
            dead_letters,
            rejection_limit,
            telemetry,
            cached_entities=settings.cached_entities,
            on_obsolete=stop_working,
        )
        hooks = _TelemetryHooks(telemetry, dead_letters, on_ending)
        worker = Worker(_worker_settings(settings, topics), pipeline, ledger.positions, hooks, explain)
        eviction = EvictionCheck(redis, ledger)
        kafka = KafkaCheck(settings)
        health = _Health(telemetry, worker, ledger, dead_letters, rejection_limit, eviction, kafka)
        routes = {"/metrics": metrics_route(telemetry.registry), "/health": health.page}
        serve(stack, settings, routes)
        # While the store does not answer, health says why.
        beside = [asyncio.create_task(health.run()), asyncio.create_task(kafka.run(lambda: worker.state().connected))]
        try:
            await ledger.check_definitions()
            await eviction.check()
            # At most a minute, as the setting has it.
            beside.append(asyncio.create_task(eviction.run(settings.watch_interval_s)))
            ended = await worker.run(until)
        finally:
            for task in beside:
                task.cancel()
    if obsolete:
        raise obsolete[0]
    return Report(
        ended,
        telemetry.applied_events,
        telemetry.duplicate_events,
        telemetry.too_late_events,
        telemetry.rejected_records,
    )


def _cause(settings: Settings, error: Exception) -> str:
    found = failure(error, settings)
    return str(found) if found else class_name(error)


def _kafka_cause(settings: Settings, error: Exception) -> str:
    """As `_cause`, but of what Kafka has answered alone: it is called where nothing may wait."""
    # The client's own words name no record; that of an error without a class is all there is.
    if isinstance(error, UnsupportedCodecError) or type(error) is KafkaError:
        return str(error)
    found = kafka_refusal(error, settings)
    return str(found) if found else class_name(error)


def serve(stack: ExitStack | AsyncExitStack, settings: Settings, routes: Mapping[str, Route]) -> None:
    """Metrics and health. Only a port that was asked for has to be free: the default one may be another worker's."""
    if not settings.worker_port:
        return
    try:
        stack.enter_context(serving(settings.host, settings.worker_port, routes, settings.allowed_hosts))
    except CannotListenError as error:
        if "worker_port" in settings.model_fields_set:
            raise
        log.warning("%s: this worker has no metrics page; give it a --worker-port of its own", error)


def _worker_settings(settings: Settings, topics: Sequence[Collection[str]]) -> WorkerSettings:
    return WorkerSettings(
        brokers=settings.brokers,
        group=settings.consumer_group,
        topics=sorted(topic for together in topics for topic in together),
        together=topics,
        written_topics=[settings.topic("dlq")],
        credentials=faust_credentials(settings),
        instance_id=settings.instance_id,
        max_events=settings.batch_events,
        max_batch_bytes=settings.max_batch_bytes,
        session_timeout=settings.session_timeout_s,
        heartbeat_interval=min(settings.session_timeout_s / 10, _LONGEST_HEARTBEAT_INTERVAL_S),
        watch_interval=settings.watch_interval_s,
    )


def caught_up(state: State) -> dict[tuple[str, int], int]:
    """Partitions of whose log everything is applied, and when that was known of each (milliseconds).

    That is when its leader last answered a fetch, not now: while it does not answer, the log may grow unseen.
    """
    positions, ends = state.positions, state.ends
    return {
        each: round(at * 1000)
        for each, at in state.answered.items()
        if each in positions and each in ends and positions[each] >= ends[each]
    }


class _Health:
    """Copies the state of the worker on its event loop, for scrapes that come on another thread."""

    def __init__(
        self,
        telemetry: Telemetry,
        worker: Worker,
        ledger: Ledger,
        dead_letters: DeadLetterTopic,
        rejection_limit: RejectionLimit,
        eviction: EvictionCheck,
        kafka: KafkaCheck,
    ) -> None:
        self._worker, self._ledger, self._rejection_limit = worker, ledger, rejection_limit
        self._dead_letters, self._eviction, self._kafka = dead_letters, eviction, kafka
        registry = telemetry.registry
        self._lag = Gauge(
            "stream_app_consumer_lag",
            "Records of the worker's partitions not applied yet; left out while a broker of the topic does not answer.",
            ["topic"],
            registry=registry,
        )
        self._redis_up = Gauge("stream_app_redis_up", "Whether the store answers and takes writes.", registry=registry)
        self._store_unsafe = Gauge(
            "stream_app_store_unsafe",
            "1 while the store may evict keys, so that the worker applies nothing.",
            registry=registry,
        )
        self._kafka_up = Gauge("stream_app_kafka_up", "Whether the worker is a member of its group.", registry=registry)
        self._stopped = Gauge(
            "stream_app_intake_stopped",
            "1 for a topic whose intake was stopped: most records were rejected, or a partition of it cannot be read.",
            ["topic"],
            registry=registry,
        )
        self._unanswered = Gauge(
            "stream_app_unanswered_partitions",
            "Partitions of the worker whose broker does not answer; /health names them.",
            ["topic"],
            registry=registry,
        )
        self._missing = Gauge(
            "stream_app_missing_topics",
            "Topics that the worker waits for, because they do not exist.",
            registry=registry,
        )
        self._refused = Gauge(
            "stream_app_kafka_refusals",
            "What Kafka refuses the worker: a password, a right, an instance id that another has; /health names it.",
            registry=registry,
        )
        self._status: dict[str, Any] = {"status": "starting"}
        self._updated_at = time.monotonic()

    async def run(self) -> None:
        """Update every second, until canceled."""
        # A store that does not answer must not hold up what is said of Kafka.
        marking = asyncio.create_task(self._mark_current())
        try:
            while True:
                self._update(self._worker.logged_state())
                self._updated_at = time.monotonic()
                await asyncio.sleep(_HEALTH_INTERVAL_S)
        finally:
            marking.cancel()

    async def _mark_current(self) -> None:
        while True:
            state = self._worker.logged_state()
            with suppress(RedisError, OSError):
                await self._ledger.mark_current(caught_up(state), state.unanswered, time.time_ns() // 1_000_000)
            await asyncio.sleep(_HEALTH_INTERVAL_S)

    def _update(self, state: State) -> None:
        self._lag.clear()
        self._unanswered.clear()
        for topic, lag in state.lag.items():
            self._unanswered.labels(topic).set(sum(name == topic for name, _ in state.unanswered))
            if lag is not None:
                self._lag.labels(topic).set(lag)
        up = self._ledger.retry.up
        self._redis_up.set(up)
        self._kafka_up.set(state.connected)
        unsafe = self._eviction.cause
        self._store_unsafe.set(unsafe is not None)
        stopped = self._rejection_limit.stopped
        self._stopped.clear()
        for topic in stopped | {topic for topic, _ in state.unreadable}:
            self._stopped.labels(topic).set(1)
        self._missing.set(len(state.missing))
        stuck = state.rebalancing_s > _LONGEST_REBALANCE_S
        kafka_errors = [*state.refused, *filter(None, (self._kafka.cause, self._dead_letters.retry.error))]
        self._refused.set(len(kafka_errors))
        trouble = stopped or state.unreadable or state.unanswered or state.missing or stuck or unsafe is not None
        healthy = up and state.connected and not trouble and not kafka_errors
        self._status = {
            "status": "ok" if healthy else "degraded",
            "redis": up,
            "redis_error": self._ledger.retry.error,
            "store_unsafe": unsafe,
            "kafka": state.connected,
            "kafka_errors": kafka_errors,
            "stopped_topics": sorted(stopped),
            "unreadable_partitions": {
                f"{topic}[{number}]": cause for (topic, number), cause in sorted(state.unreadable.items())
            },
            "unanswered_partitions": {
                f"{topic}[{number}]": str(each) for (topic, number), each in sorted(state.unanswered.items())
            },
            "rebalancing_s": round(state.rebalancing_s),
            "missing_topics": sorted(state.missing),
            "lag": dict(state.lag),
        }
        if state.missing:
            self._status["fix"] = "stream-app topics apply"

    def page(self, _: Mapping[str, str]) -> Page:
        """The state as of the last update: 200 while all is well, 503 otherwise."""
        shown, standstill = self._status, time.monotonic() - self._updated_at
        if standstill > _LONGEST_STANDSTILL_S:
            shown = shown | {"status": "stalled", "stalled_s": round(standstill)}
        status = HTTPStatus.OK if shown["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
        return Page(orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE), "application/json", status)
