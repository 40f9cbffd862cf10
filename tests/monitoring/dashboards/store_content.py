"""A store that is full of a simulated company, without a broker: the worker's own pipeline, fed by hand."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import Gauge

from stream_app.catalog.fingerprint import fingerprint
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history, records
from stream_app.intake.mapping import Mapped, Outgoing
from stream_app.intake.telemetry import GatewayTelemetry
from stream_app.sources.source import Item
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, Record, split
from stream_app.worker.result import Applied
from stream_app.worker.telemetry import Telemetry
from tests.worker.pipelines import pipeline_of

_EVENTS = 4000


@dataclass(frozen=True)
class Company:
    """Where the numbers of a simulated company are, what the worker counted, and when (ms) its history ended."""

    settings: Settings
    telemetry: Telemetry
    until: int
    topics: tuple[str, ...]

    def mark_current(self, at: int) -> None:
        """Say that all of it is known to be applied at `at` (ms), as a worker does every second."""
        asyncio.run(self._mark(at))

    async def _mark(self, at: int) -> None:
        async with async_redis(self.settings) as redis:
            ledger = Ledger(redis, self.settings.namespace, fingerprint(self.settings.rules))
            partitions = [(topic, 0) for topic in self.topics]
            await ledger.positions(partitions)
            await ledger.mark_current(dict.fromkeys(partitions, at))


def fill(settings: Settings, plan: Plan) -> Company:
    """Apply the history of a plan as one worker would."""
    return apply(settings, ((each.family, each.value) for each in records(plan, history(plan))), plan.last)


def apply(settings: Settings, values: Iterable[tuple[str, bytes]], until: int) -> Company:
    """Apply events, each with the last part of its topic's name, as one worker would that read them at `until` (ms)."""
    logs: dict[str, list[Record]] = defaultdict(list)
    for family, value in values:
        log = logs[settings.topic(family)]
        log.append(Record(len(log), until, None, value))
    telemetry = Telemetry()
    asyncio.run(_apply(settings, logs, telemetry))
    company = Company(settings, telemetry, until, tuple(logs))
    company.mark_current(until)
    return company


async def _apply(settings: Settings, logs: dict[str, list[Record]], telemetry: Telemetry) -> None:
    async with async_redis(settings) as redis:
        ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
        pipeline = pipeline_of(settings, ledger, telemetry)
        for topic, log in logs.items():
            for batch in split(Batch(topic, 0, 0, len(log), log), _EVENTS):
                assert await pipeline.apply(await pipeline.prepare(batch)) == Applied()


def add_health(telemetry: Telemetry, topics: Sequence[str]) -> None:
    """Add what a worker at work reports of its consumer."""
    lag = Gauge("stream_app_consumer_lag", "Records not applied yet.", ["topic"], registry=telemetry.registry)
    for topic in topics:
        lag.labels(topic).set(0)
    for name in ("redis", "kafka"):
        Gauge(f"stream_app_{name}_up", "Whether it answers.", registry=telemetry.registry).set(1)


def posted() -> GatewayTelemetry:
    """What a gateway counts of a request with an event, an item that could not be mapped, and a refused signature."""
    telemetry = GatewayTelemetry(["plain"])
    item, event = Item("1", b"{}", 1000), Outgoing("lifecycle.lead", b"l1", b"{}", "lead.created", 0)
    telemetry.taken("plain", [Mapped(item, (event,)), Mapped(item, parked=("stage",))], 0.1)
    telemetry.refused("plain", "no signature")
    telemetry.answered("plain", 200)
    return telemetry
