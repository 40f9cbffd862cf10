"""One gateway process: requests on one port, its metrics and its health on another."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from redis.exceptions import RedisError

from stream_app.admin.produce import Routes
from stream_app.admin.topics import KAFKA_ERRORS, MissingTopicsError
from stream_app.clients.connections import sync_redis
from stream_app.clients.failures import redis_failure
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.http import CannotListenError, Page, metrics_route, serving
from stream_app.clients.retry import RetryForever
from stream_app.clients.settings import Settings
from stream_app.intake.configuration import Configuration
from stream_app.intake.delivery import Delivery
from stream_app.intake.gateway import Gateway, Taken, listening
from stream_app.intake.identity_key import IdentityKey, require_identity_key
from stream_app.intake.inbox import inbox_topic
from stream_app.intake.mapping import Mapping as ItemMapping
from stream_app.intake.status import ParkedItems
from stream_app.intake.telemetry import GatewayTelemetry
from stream_app.sources.source import Context
from stream_app.store.sources import report_sources

__all__ = ["Person", "run", "taken"]

log = logging.getLogger(__name__)

_HEALTH_INTERVAL_S = 0.5
_LONGEST_STANDSTILL_S = 5.0
_INBOX_INTERVAL_S = 3600.0
_INBOX_RETRY_S = 300.0
_REPORT_INTERVAL_S = 5.0

Person = Callable[[bytes, str], str | None]
"""The lead id of an e-mail address by an identity key; None if it is no address."""


def taken(configuration: Configuration, key: IdentityKey, person: Person, routes: Routes) -> Mapping[str, Taken]:
    """What maps each configured source."""
    of_address = partial(person, key.key)
    return {
        name: Taken(
            each,
            ItemMapping(each.source, Context(each.settings, of_address, configuration.identity.account_key), routes),
        )
        for name, each in configuration.sources.items()
    }


async def run(
    settings: Settings,
    configuration: Configuration,
    key: IdentityKey,
    person: Person,
    routes: Routes,
    *,
    on_ending: Callable[[], None] = lambda: None,
) -> None:
    """Take requests until SIGTERM or SIGINT. Raises CannotListenError, OtherIdentityKeyError.

    Without Kafka or Redis it waits for them, and answers 503 meanwhile; `on_ending` is called when it begins to end.
    """
    collect_rarely()
    telemetry = GatewayTelemetry(configuration.sources)
    delivery = Delivery(settings, {*routes.topic_of.values(), inbox_topic(settings)})
    sources = taken(configuration, key, person, routes)
    gateway = Gateway(sources, configuration.gateway, inbox_topic(settings), delivery, telemetry)
    redis = RetryForever("Redis", RedisError, explain=lambda error: str(redis_failure(error, settings)))
    health = _Health(gateway, delivery, redis, telemetry)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(delivery.close)
        _serve(stack, settings, health, telemetry)
        await stack.enter_async_context(listening(gateway, settings.host, settings.gateway_port))
        log.info("sources post to port %d: %s", settings.gateway_port, ", ".join(f"/in/{name}" for name in sources))

        async def check_key() -> None:
            await redis.call(partial(_check_key, settings, key))
            gateway.is_ready = True

        # They may be in the middle of a long log, or wait for the store, when the gateway ends.
        threading.Thread(target=_watch_inbox, args=(settings, telemetry), name="inbox", daemon=True).start()
        said = (settings, list(configuration.sources), telemetry.received)
        threading.Thread(target=_report_sources, args=said, name="sources", daemon=True).start()
        await _until_stopped(*map(asyncio.create_task, (check_key(), delivery.run(), health.run())))
        on_ending()


async def _until_stopped(*beside: "asyncio.Task[None]") -> None:
    """Return at SIGTERM or SIGINT, with these tasks ended. Raises what one of them raises before that."""
    signaled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signaled.set)
    stopping = asyncio.create_task(signaled.wait())
    pending: set[asyncio.Task[Any]] = {stopping, *beside}
    try:
        while not stopping.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
    finally:
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _check_key(settings: Settings, key: IdentityKey) -> None:
    def check() -> None:
        with sync_redis(settings) as redis:
            require_identity_key(redis, settings.namespace, key)

    await asyncio.to_thread(check)


def _watch_inbox(settings: Settings, telemetry: GatewayTelemetry) -> None:
    """Say every hour when the oldest parked item was received: of all gateways, and also before a restart."""
    parked = ParkedItems(settings)
    while True:
        try:
            telemetry.parked_since(parked.oldest(time.time_ns() // 1_000_000))
            time.sleep(_INBOX_INTERVAL_S)
        except (*KAFKA_ERRORS, MissingTopicsError) as error:
            log.warning(
                "how long items are parked is not known (InboxExpiring cannot fire): %s; a gateway needs READ on %s",
                type(error).__name__,
                inbox_topic(settings),
            )
            time.sleep(_INBOX_RETRY_S)


def _report_sources(settings: Settings, sources: Sequence[str], received: Mapping[str, float]) -> None:
    """Tell the store again and again which sources are taken, and when each posted last: for the wall."""
    with sync_redis(settings) as redis:
        while True:
            with suppress(RedisError, OSError):  # the wall then says that no gateway answers
                now = time.monotonic()
                report_sources(
                    redis, settings.namespace, sources, {name: now - at for name, at in dict(received).items()}
                )
            time.sleep(_REPORT_INTERVAL_S)


def _serve(stack: AsyncExitStack, settings: Settings, health: "_Health", telemetry: GatewayTelemetry) -> None:
    """Metrics and health. Only a port that was named has to be free: the default one may be another gateway's."""
    if not settings.gateway_metrics_port:
        return
    routes = {"/metrics": metrics_route(telemetry.registry), "/health": health.page}
    try:
        stack.enter_context(serving(settings.host, settings.gateway_metrics_port, routes, settings.allowed_hosts))
    except CannotListenError as error:
        if "gateway_metrics_port" in settings.model_fields_set:
            raise
        log.warning("%s: this gateway has no metrics page; give it a --gateway-metrics-port of its own", error)


class _Health:
    """Copies the state of the gateway on its event loop, for scrapes that come on another thread."""

    def __init__(self, gateway: Gateway, delivery: Delivery, redis: RetryForever, telemetry: GatewayTelemetry) -> None:
        self._gateway, self._delivery, self._redis, self._telemetry = gateway, delivery, redis, telemetry
        self._status: dict[str, object] = {"status": "starting"}
        self._updated_at = time.monotonic()

    async def run(self) -> None:
        """Update twice a second, until canceled."""
        while True:
            delivery = self._delivery
            takes = delivery.error is None and not delivery.missing
            self._telemetry.kafka_up.set(takes)
            self._status = {
                "status": "ok" if takes and self._gateway.is_ready else "degraded",
                "kafka_error": delivery.error,
                "missing_topics": sorted(delivery.missing),
                "redis_error": None if self._gateway.is_ready else self._redis.error,
            }
            if delivery.missing:
                self._status["fix"] = "stream-app topics apply"
            self._updated_at = time.monotonic()
            await asyncio.sleep(_HEALTH_INTERVAL_S)

    def page(self, _: Mapping[str, str]) -> Page:
        """The state as of the last update: 200 while requests are taken, 503 otherwise."""
        shown, standstill = self._status, time.monotonic() - self._updated_at
        if standstill > _LONGEST_STANDSTILL_S:
            shown = shown | {"status": "stalled", "stalled_s": round(standstill)}
        status = HTTPStatus.OK if shown["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
        return Page(orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE), "application/json", status)
