"""A worker's pipeline that is fed by hand, without a broker, and what a batch costs it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from redis.asyncio import Redis

from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.wiring import model
from stream_app.clients.garbage_collection import collect_rarely
from stream_app.clients.settings import Settings
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, Record
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry

__all__ = ["Cost", "Intake", "envelope"]


class Cost(NamedTuple):
    """Seconds by the clock, of this process's processor, and of the store's scripts and reads."""

    clock: float
    processor: float
    store: float


class _NoDeadLetters:
    async def send(self, batch: Batch, rejected: Sequence[object]) -> None:
        """Refuse: all events are good."""
        message = f"{len(rejected)} records of {batch.topic} were rejected, the first: {rejected[0]}"
        raise ValueError(message)


class Intake:
    """Applies events as one worker would that reads them now, in a process that collects garbage as a worker does."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        """Take an empty store."""
        collect_rarely()
        self._settings, self._redis = settings, redis
        ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
        limit = RejectionLimit(settings.flood_ratio, lambda _: None)
        entities = settings.cached_entities
        self._pipeline = Pipeline(
            model(settings.rules), ledger, _NoDeadLetters(), limit, Telemetry(), cached_entities=entities
        )
        self._ends: dict[str, int] = {}

    async def apply(self, family: str, values: Sequence[bytes]) -> Cost:
        """Apply events of one topic as one batch."""
        topic = self._settings.topic(family)
        begin, now = self._ends.get(topic, 0), time.time_ns() // 1_000_000
        records = [Record(begin + place, now, None, value) for place, value in enumerate(values)]
        end = self._ends[topic] = begin + len(records)
        store, own, began = await self._in_store(), time.process_time(), time.perf_counter()
        await self._pipeline.apply(await self._pipeline.prepare(Batch(topic, 0, begin, end, records)))
        seconds, own = time.perf_counter() - began, time.process_time() - own
        return Cost(seconds, own, await self._in_store() - store)

    async def _in_store(self) -> float:
        used: Any = await self._redis.info("commandstats")
        calls = (used.get(f"cmdstat_{name}", {}) for name in ("evalsha", "mget"))
        return sum(float(call.get("usec", 0)) for call in calls) / 1e6


def envelope(kind: str, number: int, at: str, data: Mapping[str, Any]) -> bytes:
    """An event as it stands in its topic, with an id of a common length."""
    head = {"specversion": "1.0", "id": f"{number:036}", "source": "/bench", "type": kind, "time": at}
    return orjson.dumps({**head, "data": data})
