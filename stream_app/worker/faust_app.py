"""The Faust application of a worker: one agent that is fed batches, by a transport of our own."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.tables import TableManager
from faust.types.streams import StreamT
from mode.supervisors import CrashingSupervisor
from yarl import URL

from stream_app.worker.transport import Listener, Transport
from stream_app.worker.worker_settings import WorkerSettings

__all__ = ["faust_app"]


class _ConsumerOnly(BootStrategy):
    """Nothing is produced by way of Faust, and nothing is served."""

    enable_kafka_producer = False
    enable_web = False


class _NoTables(TableManager):
    logger = logging.getLogger("faust.tables")

    async def on_start(self) -> None:
        # Faust sleeps for a second here, in which tables may still be declared.
        await self._update_channels()
        await self.recovery.start()


class _App(faust.App):
    logger = logging.getLogger("faust.app")
    BootStrategy = _ConsumerOnly

    def _create_directories(self) -> None:
        """Keep nothing on disk: there are no tables."""


def faust_app(
    settings: WorkerSettings, listener: Listener, consume: Callable[[StreamT[Any]], Awaitable[None]]
) -> faust.App:
    """An application that reads as `settings` say, tells `listener` of partitions, and hands batches to `consume`."""
    app = _App(
        settings.group,
        broker=[URL(f"batch://{broker.strip()}") for broker in settings.brokers.split(",")],
        broker_credentials=settings.credentials,
        broker_client_id=settings.client_id,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.heartbeat_interval,
        broker_rebalance_timeout=settings.rebalance_timeout,
        broker_request_timeout=settings.request_timeout,
        broker_commit_interval=settings.commit_interval,
        consumer_metadata_max_age_ms=int(settings.metadata_max_age * 1000),
        consumer_group_instance_id=settings.instance_id,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        # The ledger makes a batch whose partition was revoked meanwhile harmless, so nothing waits for it.
        stream_wait_empty=False,
        stream_buffer_maxsize=settings.buffered_batches,
        stream_recovery_delay=0,
        TableManager=_NoTables,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
    )
    cast("Transport", app.transport).listener = listener
    topic = app.topic(*settings.topics, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False)
    app.agent(topic, name="apply", concurrency=1, supervisor_strategy=CrashingSupervisor)(consume)
    return app
