"""Every state that a wall can be in, on real stores, for pictures and for tests of what can be read."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from stream_app.clients.http import Page, Request, Route
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history, records
from stream_app.exporter.wall import Wall
from stream_app.monitoring.dashboards import WALL
from stream_app.store.sources import SourceAges
from stream_app.worker.telemetry import Telemetry
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.store_content import Company, apply
from tests.servers.blackhole import Blackhole

Routes = Mapping[str, Route]
Events = Iterator[tuple[str, bytes]]

UNTIL = datetime(2026, 11, 18, 15, tzinfo=UTC)
"""When it is: a Wednesday afternoon."""

LONG_PROGRAM = "a-very-long-name-of-a-program-that-nobody-would-shorten-2026-"
RIGHT_TO_LEFT_PROGRAM = "برنامج-الترحيب-بالعملاء-الجدد-"

MOST_LATE = {(0, 0): 15, (1, 0): 14, (0, 1): 13, (1, 1): 12, (0, 2): 11}
"""How many are late where most are, by program and step: two programs in turn."""

AGES = {"stripe": 40.0, "hubspot": 7400.0, "sendgrid": 3.0, "postmark": None}
"""Seconds since each source posted something."""

MONTHLY = {"EUR": 412_345_00, "GBP": 99_99, "JPY": 2_123_456_789, "KWD": 1_234_567_000, "USD": 999_999_49}
"""What an account pays a month, in minor units, of which KWD has three decimals and JPY none."""

_FEW = Plan(seed=5, leads=400, days=60, until=UNTIL)


def event(number: int, kind: str, at: datetime, **data: Any) -> tuple[str, bytes]:  # noqa: ANN401 - whatever events have
    """An event with the last part of its topic's name."""
    about = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": kind, "time": at.isoformat()}
    family = {"subscription": "billing"}.get(kind.partition(".")[0], "lead")
    return family, json.dumps({**about, "data": data}).encode()


def many_programs(until: datetime) -> Events:
    """30 programs of 12 steps, in each of which some enrollments are late, most of them in `MOST_LATE`."""
    number = 0
    for program in range(30):
        name = f"{RIGHT_TO_LEFT_PROGRAM if program % 2 else LONG_PROGRAM}{program}"
        for step in range(12):
            for late in range(MOST_LATE.get((program, step), 3 + (program + step) % 6)):
                number += 1
                yield event(
                    number,
                    "program.step_entered",
                    until - timedelta(days=3),
                    lead_id=f"l{number}",
                    program_id=name,
                    enrollment_id=f"n{number}",
                    step_id=f"{'خطوة-طويلة-جدا-' if program % 2 else 'a-step-with-a-long-name-'}{step}",
                    due_at=(until - timedelta(hours=2, minutes=late)).isoformat(),
                )


def five_currencies(until: datetime) -> Events:
    """A subscription of 70 days in each currency; for ten days that in JPY has been 0.36 % dearer."""
    for place, (currency, amount) in enumerate(MONTHLY.items()):
        before = round(amount / 1.0036) if currency == "JPY" else amount
        about = {"account_id": f"a-{currency}", "subscription_id": f"s-{currency}", "currency": currency}
        for number, kind, price, days in (
            (20_000 + place, "subscription.started", before, 70),
            (30_000 + place, "subscription.changed", amount, 10),
        ):
            items = [{"plan_id": "p", "unit_amount_minor": price, "interval": "month"}]
            yield event(number, kind, until - timedelta(days=days), **about, items=items)


def _simulated(plan: Plan) -> Events:
    return ((each.family, each.value) for each in records(plan, history(plan)))


@contextmanager
def wall_with(store: str, events: Events, ahead_s: int = 0) -> Iterator[Wall]:
    """The wall of a company of which some events are known, `ahead_s` after they were applied."""
    settings = Settings.load(redis_url=store, namespace=f"t{uuid4().hex[:12]}")
    company = apply(settings, events, _ms(UNTIL))
    with wall_of(settings, lambda: company.until + ahead_s * 1000) as wall:
        yield wall


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@contextmanager
def fresh(store: str) -> Iterator[Routes]:
    """Nothing was ever installed but the exporter."""
    settings = Settings.load(redis_url=store, namespace=f"t{uuid4().hex[:12]}")
    with wall_of(settings, lambda: _ms(UNTIL)) as wall:
        yield wall.routes()


@contextmanager
def waiting(store: str) -> Iterator[Routes]:
    """A worker has found empty topics."""
    settings = Settings.load(redis_url=store, namespace=f"t{uuid4().hex[:12]}")
    Company(settings, Telemetry(), _ms(UNTIL), (settings.topic("lead"),)).mark_current(_ms(UNTIL))
    with wall_of(settings, lambda: _ms(UNTIL)) as wall:
        yield wall.routes()


@contextmanager
def fresh_data(store: str) -> Iterator[Routes]:
    """Events have come and all is well."""
    with wall_with(store, _simulated(_FEW), ahead_s=2) as wall:
        yield wall.routes()


@contextmanager
def stale(store: str) -> Iterator[Routes]:
    """No worker has reported for an hour."""
    with wall_with(store, _simulated(_FEW), ahead_s=3661) as wall:
        yield wall.routes()


@contextmanager
def redis_hanging(store: str) -> Iterator[Routes]:
    """The store takes connections and answers nothing from the first look of an open page on."""
    address = store.rpartition("//")[2]
    with (
        Blackhole(int(address.rpartition(":")[2].partition("/")[0])) as network,
        wall_with(f"redis://127.0.0.1:{network.port}/0", _simulated(_FEW)) as wall,
    ):
        routes = wall.routes()

        def values(request: Request) -> Page:
            network.swallow()
            wall._good_until = 0  # noqa: SLF001 - not in a second
            return routes["/wall.json"](request)

        yield {**routes, "/wall.json": values}


@contextmanager
def exporter_gone(store: str) -> Iterator[Routes]:
    """A proxy answers in place of the exporter from the first look of an open page on."""
    with wall_with(store, _simulated(_FEW)) as wall:
        gone = Page(b"bad gateway\n", "text/plain", HTTPStatus.BAD_GATEWAY)
        yield {**wall.routes(), "/wall.json": lambda _: gone}


@contextmanager
def upgrade(store: str) -> Iterator[Routes]:
    """The page of the version before lies open; the new one has the panels of its first row no more."""
    with wall_with(store, _simulated(_FEW)) as old, wall_with(store, _simulated(_FEW)) as new:
        new.declared = replace(WALL, rows=WALL.rows[1:])
        serving = [old.routes()]

        def page(request: Request) -> Page:
            return serving[-1]["/"](request)

        def values(request: Request) -> Page:
            serving.append(new.routes())
            return serving[-1]["/wall.json"](request)

        yield {"/": page, "/wall.json": values}


@contextmanager
def thirty_programs(store: str) -> Iterator[Routes]:
    """Very many programs and steps, long names, five currencies, and sources."""
    events = [*many_programs(UNTIL), *five_currencies(UNTIL)]
    with wall_with(store, iter(events)) as wall:
        wall.sources = lambda: SourceAges(AGES, are_known=True)
        yield wall.routes()


@contextmanager
def currencies(store: str) -> Iterator[Routes]:
    """All is well, in five currencies of very different amounts."""
    with wall_with(store, iter([*_simulated(_FEW), *five_currencies(UNTIL)])) as wall:
        yield wall.routes()


@contextmanager
def stalled(store: str) -> Iterator[Routes]:
    """A step of a nurture program has stalled, and there are pages behind the numbers."""
    with wall_with(store, _simulated(replace(_FEW, leads=1500, days=90, scenario="stall"))) as wall:
        wall.details = True
        yield wall.routes()


State = Callable[[str], AbstractContextManager[Routes]]

STATES: Mapping[str, tuple[State, int]] = {
    "fresh": (fresh, 2_000),
    "waiting": (waiting, 2_000),
    "fresh-data": (fresh_data, 2_000),
    "stale": (stale, 2_000),
    "redis-hanging": (redis_hanging, 9_000),
    "exporter-gone": (exporter_gone, 9_000),
    "upgrade": (upgrade, 9_000),
    "thirty-programs": (thirty_programs, 2_000),
    "currencies": (currencies, 2_000),
    "stalled": (stalled, 2_000),
}
"""What is served of the store at a URL, and after how long (ms) an open page shows it."""
