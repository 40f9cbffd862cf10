"""Targets for Prometheus, with numbers by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from stream_app.clients.settings import Settings
from stream_app.core.targets import Period, PeriodTarget, Targets
from stream_app.exporter.target_gauges import TargetGauges
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.store_content import apply

NOON = int(datetime(2026, 11, 11, 12, tzinfo=UTC).timestamp() * 1000)
TARGETS: Targets = {
    ("new_leads", ""): PeriodTarget(20, Period.QUARTER),
    ("click_rate", ""): PeriodTarget(0.3, Period.MONTH),
    ("mrr", "EUR"): PeriodTarget(2000, Period.MONTH),
    ("mrr", "USD"): PeriodTarget(10, Period.YEAR),
}


def event(family: str, kind: str, id_: str, moment: str, **data: Any) -> tuple[str, bytes]:  # noqa: ANN401 - JSON
    about = {"specversion": "1.0", "source": "/t", "id": id_, "type": kind, "time": moment}
    return family, json.dumps({**about, "data": data}).encode()


def events() -> Iterator[tuple[str, bytes]]:
    """Six leads on 2 November and one on the 11th; from the 5th on 1,000 EUR a month."""
    for number in range(7):
        day = "11" if number == 6 else "02"
        yield event("lead", "lead.created", f"l{number}", f"2026-11-{day}T09:00:00Z", lead_id=f"l{number}", source="w")
    items = [{"plan_id": "p", "unit_amount_minor": 100_000, "interval": "month"}]
    about = {"account_id": "a", "subscription_id": "s", "currency": "EUR", "items": items}
    yield event("billing", "subscription.started", "s", "2026-11-05T09:00:00Z", **about)


def exported(settings: Settings) -> dict[str, dict[tuple[str, str, str], float]]:
    """The values of each series, by tile, period and currency."""
    with wall_of(settings, lambda: NOON, TARGETS) as wall:
        families = list(TargetGauges(TARGETS, wall.current).collect())
    return {
        family.name: {
            (each.labels["tile"], each.labels["period"], each.labels["currency"]): each.value for each in family.samples
        }
        for family in families
    }


def test_a_target_has_a_goal_what_is_reached_and_a_pace(redis_url: str, namespace: str) -> None:
    """Of the quarter 41 days are full, of 92: 6 / 41 x 92 = 13.46. Of November 10, of 30: 1,000 / 10 x 30 = 3,000."""
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    apply(settings, events(), NOON)
    leads, clicks = ("new_leads", "quarter", ""), ("click_rate", "month", "")
    euros, dollars = ("mrr", "month", "EUR"), ("mrr", "year", "USD")
    assert exported(settings) == {
        "stream_app_target": {leads: 20, clicks: 0.3, euros: 2000, dollars: 10},
        # Nothing was delivered, of which a share could be.
        "stream_app_target_reached": {leads: 7, euros: 1000, dollars: 0},
        "stream_app_target_pace": {leads: 13, euros: 3000, dollars: 0},
    }


def test_what_nobody_clicked_is_a_share_of_zero(redis_url: str, namespace: str) -> None:
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    mail = {"lead_id": "l", "message_id": "m"}
    apply(
        settings,
        [event("email", f"email.{each}", each, "2026-11-06T09:00:00Z", **mail) for each in ("sent", "delivered")],
        NOON,
    )
    assert exported(settings)["stream_app_target_reached"]["click_rate", "month", ""] == 0


def test_without_a_store_there_is_not_even_a_goal() -> None:
    assert exported(Settings.load(redis_url="redis://127.0.0.1:1/0", namespace="x")) == {}
