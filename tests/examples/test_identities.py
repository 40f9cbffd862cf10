"""What must hold between the numbers that are exported, whatever happened."""

from datetime import datetime, timedelta
from fractions import Fraction
from math import isclose, sqrt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.sample_source import SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.facts import FoldSettings
from stream_app.demo.simulator import Plan, history
from tests.examples.ratios import Exported, Key, add_up, ratios
from tests.lanes import first_is_quick
from tests.laws.memory import MemoryStore
from tests.laws.worlds import MOMENTS, NOW, worlds

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
# The 15th of March, two days of which one is a 1st, and the ends of months of 31 and 30 days.
NOWS = st.sampled_from([NOW, NOW + timedelta(days=16), NOW + timedelta(days=17), NOW + timedelta(days=46)])
GAINS, LOSSES = ("new", "expansion", "reactivation"), ("churn", "contraction")
World = list[dict[str, Any]]
SECTION_D = {each.series for each in RATIOS} - {"lifecycle_nps_margin"}

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# The worlds have three respondents, and a score needs five answers.
ANSWERS = st.lists(st.tuples(MOMENTS, st.integers(0, 10)), max_size=9).map(
    lambda given_: [
        {
            "type": "survey.responded",
            "time": moment.isoformat(),
            "id": f"answer{number}",
            "data": {"respondent_id": f"more{number}", "survey_id": "v", "score": score},
        }
        for number, (moment, score) in enumerate(given_)
    ]
)


def exported(store: MemoryStore, now: datetime, limit: int = 100) -> dict[Key, float]:
    view = store.view(int(now.timestamp() * 1000))
    return {(each.name, frozenset(each.labels)): each.value for each in SampleSource(limit).samples(view)}


def applied(world: World, zone: str, rules: FoldSettings | None = None) -> MemoryStore:
    store = MemoryStore(zone, rules)
    store.apply(world)
    return store


def start_of_month(now: datetime, zone: str) -> datetime:
    return now.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_before(start: datetime) -> datetime:
    return (start - timedelta(days=1)).replace(day=1)


def happened_before(world: World, moment: datetime) -> World:
    """What happened before a moment; when ids were merged counts for nothing."""
    return [
        event for event in world if event["type"].endswith(".merged") or datetime.fromisoformat(event["time"]) < moment
    ]


def net(samples: dict[Key, float], window: str) -> dict[tuple[str, ...], Fraction]:
    found = dict(add_up(samples, "mrr_movement", ("currency",), window=window, movement=GAINS))
    for currency, amount in add_up(samples, "mrr_movement", ("currency",), window=window, movement=LOSSES).items():
        found[currency] = found.get(currency, Fraction(0)) - amount
    return found


def nonzero(amounts: dict[tuple[str, ...], Fraction]) -> dict[tuple[str, ...], Fraction]:
    return {key: amount for key, amount in amounts.items() if amount}


@patient
@given(worlds(), NOWS, st.sampled_from(ZONES))
def test_opening_and_movements_are_the_level(world: World, now: datetime, zone: str) -> None:
    found = exported(applied(world, zone), now)
    level = add_up(found, "mrr", ("currency",))
    this_month = add_up(found, "mrr_opening", ("currency",), window="mtd")
    last_month = add_up(found, "mrr_opening", ("currency",), window="prev_month")
    for currency in {*level, *this_month, *last_month}:
        assert level[currency] == this_month[currency] + net(found, "mtd").get(currency, 0)
        assert this_month[currency] == last_month[currency] + net(found, "prev_month").get(currency, 0)


@patient
@given(worlds(), NOWS, st.sampled_from(ZONES))
def test_an_opening_is_the_level_of_all_earlier_events(world: World, now: datetime, zone: str) -> None:
    # A swap across the start of a month is dated after it, so that what it returns to is in the opening.
    rules = FoldSettings(Calendar(zone), swap_grace_ms=0)
    found = exported(applied(world, zone, rules), now)
    start = start_of_month(now, zone)
    for window, moment in (("mtd", start), ("prev_month", month_before(start))):
        then = exported(applied(happened_before(world, moment), zone, rules), now)
        opening = add_up(found, "mrr_opening", ("currency",), window=window)
        assert nonzero(opening) == nonzero(add_up(then, "mrr", ("currency",)))
        assert add_up(found, "customers_opening", window=window)[()] == add_up(then, "customers")[()]


@patient
@given(worlds(), NOWS)
def test_retention_is_at_most_one_and_expansion_only_adds(world: World, now: datetime) -> None:
    found = exported(applied(world, "UTC"), now)
    for (name, labels), gross in found.items():
        if name == "lifecycle_gross_revenue_retention":
            assert gross <= 1
            assert found["lifecycle_net_revenue_retention", labels] >= gross
            assert isclose(gross, 1 - found["lifecycle_gross_mrr_churn_rate", labels], abs_tol=1e-12)


@patient
@given(worlds())
def test_enrollments_begun_minus_ended_are_the_balance(world: World) -> None:
    enrolled = {_enrollment(event) for event in world if event["type"] == "program.enrolled"}
    world = [event for event in world if event["type"] != "program.exited" or _enrollment(event) in enrolled]
    store = applied(world, "UTC")
    balance: dict[tuple[str, ...], int] = {}
    for (grain, _), amounts in store.buckets.items():
        for (name, program, *_), amount in (((series + ("",) * 2), count) for series, count in amounts.items()):
            if grain == "day" and name in {"program_enrollments", "program_exits"}:
                sign = 1 if name == "program_enrollments" else -1
                balance[program,] = balance.get((program,), 0) + sign * amount
    level = add_up(exported(store, NOW), "program_balance", ("program",))
    assert {key: count for key, count in balance.items() if count} == nonzero(level)


def _enrollment(event: dict[str, Any]) -> tuple[str, str]:
    return event["data"]["lead_id"], event["data"]["enrollment_id"]


def quotients(store: MemoryStore, now: datetime, limit: int) -> tuple[dict[Key, float], dict[Key, Fraction]]:
    """Return the samples of section D, and what they are by the samples of sections A to C."""
    zone = store.rules.calendar.zone
    found = exported(store, now, limit)
    day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    expected = ratios(
        Exported(
            now=found,
            end_of_yesterday=exported(store, day - timedelta(milliseconds=1), limit),
            end_of_last_month=exported(store, start_of_month(now, zone.key) - timedelta(days=1), limit),
            thirty_days_ago=exported(store, day - timedelta(days=29, hours=12), limit),
            today=day.date(),
        )
    )
    return {key: value for key, value in found.items() if key[0] in SECTION_D}, expected


def agree(found: dict[Key, float], expected: dict[Key, Fraction]) -> None:
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert isclose(found[key], value, rel_tol=1e-12, abs_tol=1e-12), key


@patient
@given(worlds(max_size=40), ANSWERS, NOWS, st.sampled_from(ZONES))
def test_every_ratio_is_the_quotient_of_exported_samples(
    world: World, answers: World, now: datetime, zone: str
) -> None:
    # Beyond the limit of series a ratio has sums that are not exported: the audit is held against those.
    agree(*quotients(applied(world + answers, zone), now, 1000))


@pytest.mark.parametrize("zone", first_is_quick(ZONES))
def test_every_ratio_of_a_simulated_year_is_its_quotient(zone: str) -> None:
    events = list(history(Plan(seed=4, leads=300, days=200, until=NOW, backfill=200)))
    found, expected = quotients(applied(events, zone), NOW, 1000)
    agree(found, expected)
    assert {name for name, _ in found} == SECTION_D


@patient
@given(st.lists(st.integers(0, 10), max_size=12))
def test_the_margin_is_that_of_the_mean_of_answers(scores: list[int]) -> None:
    answers = [
        {
            "type": "survey.responded",
            "time": NOW.isoformat(),
            "id": f"{number}",
            "data": {"respondent_id": f"n{number}", "survey_id": "v", "score": score},
        }
        for number, score in enumerate(scores)
    ]
    found = exported(applied(answers, "UTC"), NOW)
    # An answer is worth 100 for a promoter, -100 for a detractor; the NPS is the mean of these.
    worth = [100 if score > 8 else -100 if score < 7 else 0 for score in scores]
    if len(scores) < 5:
        assert not {name for name, _ in found} & {"lifecycle_nps", "lifecycle_nps_margin"}
        return
    mean = Fraction(sum(worth), len(worth))
    variance = sum((each - mean) ** 2 for each in worth) / len(worth)
    margin = 1.959963984540054 * sqrt(variance / len(worth))
    # No answer has a segment, so that of `none` is that of all.
    for segment in ("all", "none"):
        labels = frozenset({("segment", segment)})
        assert found["lifecycle_nps", labels] == float(mean)
        assert isclose(found["lifecycle_nps_margin", labels], margin, abs_tol=1e-9)
