"""A store that is full of a simulated company, without a broker: the worker's own pipeline, fed by hand."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from stream_app.catalog.definitions import fingerprint
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES
from stream_app.catalog.metrics import METRICS
from stream_app.core.envelope import Decoder
from stream_app.runtime.batch import Batch, Record, split
from stream_app.runtime.connections import async_redis
from stream_app.runtime.flood import FloodGate
from stream_app.runtime.ledger import Ledger
from stream_app.runtime.pipeline import Model, Pipeline
from stream_app.runtime.settings import Settings
from stream_app.runtime.telemetry import Telemetry
from stream_app.simulator import Plan, history, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream_app.core.envelope import Rejected
    from stream_app.runtime.batch import RecordLike

_EVENTS: Final = 4000


class _NoDeadLetters:
    """Nothing in these worlds is rejected."""

    async def send(self, batch: Batch, rejected: Sequence[tuple[RecordLike, Rejected]]) -> None:
        """Fail."""
        raise AssertionError(batch.topic, rejected[0])


def fill(settings: Settings, plan: Plan) -> Telemetry:
    """Apply the history of a plan as one worker would; what it counted."""
    return asyncio.run(_fill(settings, plan))


def mark_current(settings: Settings, at: int) -> None:
    """Say that everything that was filled in is known to be applied at `at` (ms), as an idle worker does."""
    asyncio.run(_mark(settings, at))


async def _fill(settings: Settings, plan: Plan) -> Telemetry:
    telemetry = Telemetry()
    stretches: dict[str, list[Record]] = defaultdict(list)
    for record in records(plan, history(plan)):
        stretch = stretches[record.family]
        stretch.append(Record(len(stretch), time.time_ns() // 1_000_000, record.key, record.value))
    async with async_redis(settings) as redis:
        ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
        model = Model(Decoder(EVENT_TYPES), KIND_OF, METRICS, settings.rules)
        gate = FloodGate(settings.flood_ratio, lambda _: None)
        pipeline = Pipeline(model, ledger, _NoDeadLetters(), gate, telemetry)
        for family, stretch in stretches.items():
            whole = Batch(settings.topic(family), 0, 0, len(stretch), stretch)
            for batch in split(whole, _EVENTS):
                assert await pipeline.apply(batch) == batch.end
    return telemetry


async def _mark(settings: Settings, at: int) -> None:
    async with async_redis(settings) as redis:
        ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
        topics = [settings.topic(family) for family in _FAMILIES]
        await ledger.mark_current(list(await ledger.positions([(topic, 0) for topic in topics])), at)


_FAMILIES: Final = ("lead", "email", "opportunity", "billing", "spend", "survey", "reach")
