"""What an event of a large entity costs: `python -m bench.large_entities`, without a broker.

A lead with very many scores, one with very many engagements, and an account with very many subscriptions; beside them
leads with one score each. Events go through the worker's own pipeline into a real store, one in a batch. It prints a
JSON object: medians of milliseconds by the clock, of this process's processor and of the store's script, and the bytes
that are stored of the entity.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson
from redis.asyncio import Redis

from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.wiring import model
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, Record
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry

_NAMESPACE = "bench"
_BATCH = 4000
_EVENTS = 40
_ID = "large"
_MOMENT = timedelta(milliseconds=1)

MakeEvent = Callable[[str, int], tuple[str, dict[str, Any]]]
"""Type and data of an event: of the entity with an id, the event of that number."""


def _score(id_: str, number: int) -> tuple[str, dict[str, Any]]:
    return "lead.score_changed", {"lead_id": id_, "score": number % 100, "activity": "webinar"}


def _engagement(id_: str, _: int) -> tuple[str, dict[str, Any]]:
    return "lead.engaged", {"lead_id": id_, "kind": "form_submit"}


def _subscription(id_: str, number: int) -> tuple[str, dict[str, Any]]:
    item = {"plan_id": "p", "unit_amount_minor": 1000 + number, "quantity": 1, "interval": "month"}
    subscription = {"account_id": id_, "subscription_id": f"s-{number}", "currency": "EUR", "items": [item]}
    return "subscription.started", subscription


class _NoDeadLetters:
    async def send(self, batch: Batch, rejected: object) -> None:
        """Refuse: all events are good."""
        message = f"records of {batch.topic} were rejected: {rejected}"
        raise ValueError(message)


class _Worker:
    """A pipeline that is fed by hand."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._settings, self._redis = settings, redis
        ledger = Ledger(redis, settings.namespace, fingerprint(settings.rules))
        limit = RejectionLimit(settings.flood_ratio, lambda _: None)
        self._pipeline = Pipeline(model(settings.rules), ledger, _NoDeadLetters(), limit, Telemetry())
        self._ends: dict[str, int] = {}
        self._number = 0

    async def apply(self, events: list[tuple[str, datetime, dict[str, Any]]]) -> dict[str, float]:
        """Apply events of one topic as one batch; return what it cost, in milliseconds."""
        topic = self._settings.topic(events[0][0].partition(".")[0])
        begin, now = self._ends.get(topic, 0), time.time_ns() // 1_000_000
        records = [Record(begin + place, now, None, self._envelope(*event)) for place, event in enumerate(events)]
        end = self._ends[topic] = begin + len(records)
        store, own, began = await self._in_script(), time.process_time(), time.perf_counter()
        await self._pipeline.apply(await self._pipeline.prepare(Batch(topic, 0, begin, end, records)))
        seconds, own = time.perf_counter() - began, time.process_time() - own
        return {
            "clock": seconds * 1e3,
            "processor": own * 1e3,
            "script": (await self._in_script() - store) * 1e3,
        }

    def _envelope(self, kind: str, at: datetime, data: dict[str, Any]) -> bytes:
        self._number += 1
        head = {"specversion": "1.0", "id": f"{self._number:036}", "source": "/bench", "type": kind}
        return orjson.dumps({**head, "time": at.isoformat(), "data": data})

    async def _in_script(self) -> float:
        used: Any = await self._redis.info("commandstats")
        return float(used.get("cmdstat_evalsha", {}).get("usec", 0)) / 1e6


def _medians(costs: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(each[name] for each in costs), 3) for name in costs[0]}


async def _measure(settings: Settings, make: MakeEvent, count: int) -> dict[str, Any]:
    async with async_redis(settings) as redis:
        await redis.flushall()
        worker = _Worker(settings, redis)
        until = datetime.now(UTC)
        # The last tenth of the time is left to the events that are measured.
        step = timedelta(days=300) / (count * 1.1 + _EVENTS)
        first = until - timedelta(days=300)
        whole = [(kind, first + step * number, data) for number in range(count) for kind, data in [make(_ID, number)]]
        for begin in range(0, count, _BATCH):
            await worker.apply(whole[begin : begin + _BATCH])
        numbers = range(count, count + _EVENTS)
        in_order = [await worker.apply([_at(make(_ID, number), first + step * number)]) for number in numbers]
        late = [
            await worker.apply([_at(make(_ID, number + _EVENTS), first + step * (count // 2))])
            for number in numbers[:5]
        ]
        # Each ordinary entity has an event already.
        for number in numbers:
            await worker.apply([_at(make(f"ordinary-{number}", 0), first + step * number)])
        ordinary = [
            await worker.apply([_at(make(f"ordinary-{number}", 1), first + step * (number + 1))]) for number in numbers
        ]
        kind = "account" if make is _subscription else "lead"
        key = GenerationKeys.of(settings.namespace, FIRST_GENERATION).entity(f"{kind}:{_ID}")
        stored = await redis.strlen(key)
    return {
        "in order": _medians(in_order),
        "late": _medians(late),
        "of an ordinary entity": _medians(ordinary),
        "stored bytes": stored,
    }


def _at(event: tuple[str, dict[str, Any]], at: datetime) -> tuple[str, datetime, dict[str, Any]]:
    kind, data = event
    return kind, at, data


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--most", type=click.IntRange(100), default=100_000, show_default=True, help="Of how many events.")
def main(most: int) -> None:
    """Measure one event of an entity with very many."""
    load = os.getloadavg()[0]
    found: dict[str, Any] = {}
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        settings = Settings.load(redis_url=url, namespace=_NAMESPACE)
        for what, make, count in (
            ("scores of a lead", _score, most),
            ("engagements of a lead", _engagement, most // 5),
            ("subscriptions of an account", _subscription, most // 50),
        ):
            found[f"{count} {what}"] = asyncio.run(_measure(settings, make, count))
    click.echo(json.dumps({**found, "load": [round(load, 1), round(os.getloadavg()[0], 1)]}, indent=2))


if __name__ == "__main__":
    main()
