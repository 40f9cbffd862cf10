"""What an event of a large entity costs: `python -m bench.large_entities`, without a broker.

A lead with very many scores, one with very many engagements, and an account with very many subscriptions; beside them
ordinary ones of two events. Each event that is measured is a batch of its own, or one of a hundred in a batch. It
prints a JSON object: medians of milliseconds for an event, by the clock, of this process's processor and of the store's
calls, and the bytes that are stored of the large entity.
"""

import asyncio
import json
import os
import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from bench.intake import Cost, Intake, envelope
from stream_app.clients.connections import async_redis
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis
from stream_app.store.keys import FIRST_GENERATION, GenerationKeys

_NAMESPACE = "bench"
_BATCH = 4000
_EVENTS = 40
_LATE_EVENTS = 5
_TOGETHER = 100
_BATCHES_TOGETHER = 10
_DAYS = 300
_ID = "large"
MOST = 100_000
"""Of how many events the aims speak."""

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


def _medians(costs: list[Cost], events: int = 1) -> dict[str, float]:
    """In milliseconds for an event, of batches of so many."""
    columns = zip(Cost._fields, zip(*costs, strict=True), strict=True)
    return {name: round(statistics.median(column) / events * 1e3, 3) for name, column in columns}


async def _measure(settings: Settings, make: MakeEvent, events: int) -> dict[str, Any]:
    first = datetime.now(UTC) - timedelta(days=_DAYS)
    # The last tenth of the time is left to the events that are measured.
    step = timedelta(days=_DAYS) / (events * 1.1 + _EVENTS)
    numbers = count()

    def event(id_: str, number: int, at: datetime) -> bytes:
        kind, data = make(id_, number)
        return envelope(kind, next(numbers), at.isoformat(), data)

    async with async_redis(settings) as redis:
        await redis.flushall()
        intake, kind = Intake(settings, redis), "account" if make is _subscription else "lead"
        for begin in range(0, events, _BATCH):
            batch = range(begin, min(begin + _BATCH, events))
            await intake.apply(kind, [event(_ID, number, first + step * number) for number in batch])
        new = range(events, events + _EVENTS)
        in_order = [await intake.apply(kind, [event(_ID, number, first + step * number)]) for number in new]
        middle = first + step * (events // 2)
        late = [
            await intake.apply(kind, [event(_ID, events + _EVENTS + number, middle + _MOMENT * (number + 1))])
            for number in range(_LATE_EVENTS)
        ]
        ordinary = []
        for number in new:
            await intake.apply(kind, [event(f"ordinary-{number}", 0, first + step * number)])
            ordinary.append(await intake.apply(kind, [event(f"ordinary-{number}", 1, first + step * (number + 1))]))
        after = first + step * (events + _EVENTS + 1)
        together, ordinary_together = [], []
        for turn in range(_BATCHES_TOGETHER):
            places = range(turn * _TOGETHER, (turn + 1) * _TOGETHER)
            large = [event(_ID, events + 2 * _EVENTS + place, after + _MOMENT * place) for place in places]
            together.append(await intake.apply(kind, large))
            others = [event(f"other-{place % _TOGETHER}", turn, after + _MOMENT * place) for place in places]
            ordinary_together.append(await intake.apply(kind, others))
        key = GenerationKeys.of(settings.namespace, FIRST_GENERATION).entity(f"{kind}:{_ID}")
        stored = await redis.strlen(key)
    return {
        "in order": _medians(in_order),
        "late": _medians(late),
        "of an ordinary entity": _medians(ordinary),
        "100 a batch": _medians(together, _TOGETHER),
        "100 of ordinary entities a batch": _medians(ordinary_together, _TOGETHER),
        "stored bytes": stored,
    }


def measure(settings: Settings, most: int) -> dict[str, Any]:
    """Measure a lead with `most` scores, one with a fifth as many engagements, an account with a fiftieth of it."""
    return {
        f"{events} {what}": asyncio.run(_measure(settings, make, events))
        for what, make, events in (
            ("scores of a lead", _score, most),
            ("engagements of a lead", _engagement, most // 5),
            ("subscriptions of an account", _subscription, most // 50),
        )
    }


def figures(found: Mapping[str, Any]) -> dict[str, float]:
    """What the aims are about, of 100,000 at most."""
    scores, engagements, subscriptions = found.values()
    return {
        "scores": scores["in order"]["clock"],
        "engagements": _times_ordinary(engagements),
        "subscriptions": _times_ordinary(subscriptions),
        "subscriptions_alone": subscriptions["in order"]["clock"] / subscriptions["of an ordinary entity"]["clock"],
        "subscriptions_late": subscriptions["late"]["clock"],
    }


def _times_ordinary(found: Mapping[str, Any]) -> float:
    return float(found["100 a batch"]["clock"] / found["100 of ordinary entities a batch"]["clock"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--most", type=click.IntRange(100), default=MOST, show_default=True, help="Of how many events.")
def main(most: int) -> None:
    """Measure one event of an entity with very many."""
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        found = measure(Settings.load(redis_url=url, namespace=_NAMESPACE), most)
    click.echo(json.dumps({**found, "load": [round(load, 1), round(os.getloadavg()[0], 1)]}, indent=2))


if __name__ == "__main__":
    main()
