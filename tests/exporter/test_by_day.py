"""A metric by day is what `stream-app history` has of each day."""

import json
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from stream_app.catalog.metrics import BY_NAME
from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.sample_source import SHOWN, SampleSource
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.recent_days import RecentDays
from stream_app.core.samples import Sample
from stream_app.demo.simulator import Plan, history
from stream_app.exporter.detail.by_day import tile_trends, trends
from stream_app.exporter.history import PastDay, past_days
from stream_app.exporter.wall import Current
from stream_app.spec.metric import Kind, Metric
from stream_app.spec.window import Window
from stream_app.store.reader import Reader
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.store_content import Company, apply
from tests.oracle.accounts import by_account, mrr_levels
from tests.oracle.facts import distinct, read
from tests.oracle.merges import united
from tests.oracle.samples import in_units

(GROSS_CHURN,) = (each for each in RATIOS if each.name == "gross_mrr_churn_rate")
MRR = BY_NAME["mrr"]
LEVELS = [metric for metric in SHOWN if metric.kind is Kind.LEVEL]
FLOWS = [metric for metric in SHOWN if metric.kind is Kind.FLOW and Window.D30 in metric.windows]
Curves = dict[str, list[float]]


@pytest.fixture(scope="module")
def current(company: Company) -> Current:
    """What the wall shows at the end of the company's history."""
    with wall_of(company.settings, lambda: company.until) as wall:
        return wall.current()


@pytest.fixture(scope="module")
def past(company: Company, current: Current) -> list[PastDay]:
    """Every sample as of the end of each of the same days."""
    calendar = company.settings.rules.calendar
    with sync_redis(company.settings) as redis:
        reader = Reader(redis, company.settings.namespace, calendar)
        return list(past_days(current.recent.days, reader, SampleSource(), calendar))


def _curves(metric: Metric, days: list[list[Sample]]) -> Curves:
    """The samples of each day by the title of their curve, without those that are zero on all days."""
    apart = {label.name for label in metric.labels if label.values is not None} | {"currency"}
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(days))
    for place, samples in enumerate(days):
        for each in samples:
            labels = dict(each.labels)
            title = ", ".join(
                [metric.name.replace("_", " "), *(value for name, value in labels.items() if name in apart)]
            )
            found[title][place] += each.value
    return {title: values for title, values in found.items() if any(values)}


def _shown(metric: Metric, recent: RecentDays) -> Curves:
    found = trends(metric, recent) or []
    return {each.title: [value for _, value in each.days if value is not None] for each in found}


@pytest.mark.parametrize("metric", LEVELS, ids=lambda metric: metric.name)
def test_a_level_is_what_it_was_as_of_each_day(metric: Metric, current: Current, past: list[PastDay]) -> None:
    expected = _curves(metric, [[each for each in day.samples if each.name == metric.series] for day in past])
    assert _shown(metric, current.recent) == {title: pytest.approx(values) for title, values in expected.items()}


@pytest.mark.parametrize("metric", FLOWS, ids=lambda metric: metric.name)
def test_the_days_of_a_flow_add_up_to_its_window(metric: Metric, current: Current, past: list[PastDay]) -> None:
    window = ("window", Window.D30)
    newest = [each for each in past[-1].samples if each.name == metric.series and window in each.labels]
    expected = {title: pytest.approx(sum(values)) for title, values in _curves(metric, [newest]).items()}
    shown = {title: sum(values) for title, values in _shown(metric, current.recent).items()}
    assert {title: value for title, value in shown.items() if value} == expected


@pytest.mark.parametrize("back", [0, 11, 29])
def test_mrr_is_what_the_recount_has_of_a_day(current: Current, company: Company, plan: Plan, back: int) -> None:
    calendar = company.settings.rules.calendar
    end = calendar.start_of_day(current.recent.days[-1 - back] + 1)
    of_accounts = by_account(distinct(united(read(each) for each in history(plan))), swap_grace=3_600_000)
    counted: dict[str, float] = defaultdict(float)
    for each in mrr_levels(of_accounts, end):
        if each.series == MRR.series:
            counted[dict(each.labels)["currency"]] += in_units(each.series, each.labels, each.value)
    shown = {title.removeprefix("mrr, "): values[-1 - back] for title, values in _shown(MRR, current.recent).items()}
    assert shown == pytest.approx(dict(counted))
    assert len({tuple(values) for values in _shown(MRR, current.recent).values()}) > 1


def _changed(unit: int, time: str) -> tuple[str, bytes]:
    """The state of the one subscription, monthly and in cents."""
    items = [{"plan_id": "p", "unit_amount_minor": unit, "interval": "month"}]
    about = {"account_id": "a", "subscription_id": "s", "currency": "EUR", "items": items}
    event = {"specversion": "1.0", "source": "/t", "id": time, "type": "subscription.changed", "time": time}
    return "billing", json.dumps({**event, "data": about}).encode()


def test_churn_has_the_days_of_its_tile(redis_url: str, namespace: str) -> None:
    """Of 1,000 at the start of the month 250 are lost on the 3rd, and 350 on the 4th."""
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    noon = int(datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp() * 1000)
    changes = {"2026-02-05": 100_000, "2026-03-03": 75_000, "2026-03-04": 40_000}
    apply(settings, [_changed(unit, f"{day}T09:00:00Z") for day, unit in changes.items()], noon)
    with wall_of(settings, lambda: noon) as wall:
        panels = wall.current().values["panels"].values()
    (found,) = tile_trends(GROSS_CHURN, panels, settings.rules.calendar.day(noon))
    assert (found.title, found.when) == ("gross mrr churn rate, EUR, this month", "by the end of a day")
    assert [(day, found.text(value)) for day, value in found.days if value is not None] == [
        ("2026-03-01", "0 %"),
        ("2026-03-02", "0 %"),
        ("2026-03-03", "25 %"),
        ("2026-03-04", "60 %"),
        ("2026-03-05", "60 %"),
    ]


def test_what_is_summed_from_hours_or_observed_is_not_kept_by_day(current: Current) -> None:
    assert trends(BY_NAME["step_due"], current.recent) is None
    assert trends(BY_NAME["stage_transition_seconds"], current.recent) is None
