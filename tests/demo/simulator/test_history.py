"""The history of a world: order, identity, contracts, sense."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.demo.simulator import SCENARIOS, Plan, history, record_key, topic_family
from tests.demo.simulator.contract import TYPES, faults
from tests.demo.simulator.contradictions import Witness

UNTIL = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)

plans = st.builds(
    Plan,
    seed=st.integers(0, 2**40),
    leads=st.integers(0, 60),
    days=st.integers(1, 120),
    until=st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    scenario=st.sampled_from([None, *SCENARIOS]),
    backfill=st.sampled_from([0, 30, 540]),
    erasures=st.booleans(),
)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def time_of(event: dict[str, Any]) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(event["time"])


@pytest.fixture(scope="module")
def world() -> list[dict[str, Any]]:
    """Return the history that the demo shows."""
    return list(history(Plan(until=UNTIL, erasures=True)))


@few
@given(plans)
def test_the_same_plan_gives_the_same_bytes(plan: Plan) -> None:
    first, second = (b"\n".join(map(orjson.dumps, history(plan))) for _ in range(2))

    assert first == second


@few
@given(plans)
def test_a_history_is_in_order_and_within_its_bounds(plan: Plan) -> None:
    times = [time_of(event) for event in history(plan)]

    assert times == sorted(times)
    assert not times or times[-1] <= plan.until
    assert not times or times[0] >= plan.until - timedelta(days=plan.days + plan.backfill)


@few
@given(plans)
def test_every_event_follows_the_contract_and_earlier_events(plan: Plan) -> None:
    events = list(history(plan))

    assert [(event["id"], faults(event)) for event in events if faults(event)] == []
    assert Witness().contradictions(events) == []
    assert len({event["id"] for event in events}) == len(events)


@few
@given(plans)
def test_a_scenario_leaves_alone_what_came_before(plan: Plan) -> None:
    untroubled = replace(plan, scenario=None)
    calm_until = plan.until - timedelta(days=40)

    def early(of: Plan) -> list[tuple[str, str]]:
        return [(event["type"], event["time"]) for event in history(of) if time_of(event) < calm_until]

    assert early(untroubled) == early(plan)


def test_different_seeds_are_different_worlds() -> None:
    one, other = (next(iter(history(Plan(seed=seed, until=UNTIL)))) for seed in (1, 2))

    assert one != other


def test_every_type_occurs(world: list[dict[str, Any]]) -> None:
    assert {event["type"] for event in world} == set(TYPES)


def test_no_lead_is_erased_without_the_option() -> None:
    assert not any(event["type"] == "lead.erased" for event in history(Plan(until=UNTIL)))


def test_a_history_has_as_many_leads_as_planned(world: list[dict[str, Any]]) -> None:
    sources = Counter(event["data"]["source"] for event in world if event["type"] == "lead.created")

    assert sources.total() - sources["migration"] == 1000


def test_a_lead_brings_some_thirty_events() -> None:
    counts = [sum(1 for _ in history(Plan(seed=seed, until=UNTIL))) for seed in range(3)]

    assert all(25_000 < count < 42_000 for count in counts)


def test_most_times_are_in_utc_and_some_have_an_offset(world: list[dict[str, Any]]) -> None:
    zones = Counter(event["time"][23:] for event in world)

    assert zones["Z"] > 0.8 * len(world)
    assert {"+01:00", "-05:00"} <= zones.keys()


def test_some_systems_name_a_source_and_some_do_not(world: list[dict[str, Any]]) -> None:
    sources = {event.get("source") for event in world}

    assert {None, "/billing"} < sources


def test_every_event_has_a_topic_and_a_key(world: list[dict[str, Any]]) -> None:
    families = {topic_family(event["type"]) for event in world}

    assert families == {"lead", "email", "opportunity", "billing", "spend", "survey", "reach"}
    assert all(record_key(event) in event["data"].values() for event in world)


def test_accounts_exist_when_the_history_begins(world: list[dict[str, Any]]) -> None:
    begin = UNTIL - timedelta(days=90)
    base = [event for event in world if event["type"] == "subscription.started" and time_of(event) < begin]

    assert len(base) > 100
    assert len({time_of(event).strftime("%Y-%m") for event in base}) > 13


def test_without_backfill_the_base_signs_in_the_first_hours() -> None:
    times = [time_of(event) for event in history(Plan(until=UNTIL, leads=100, backfill=0))]

    assert times[0] >= UNTIL - timedelta(days=90)


def test_nights_and_weekends_have_fewer_events(world: list[dict[str, Any]]) -> None:
    clicks = [time_of(event).astimezone(UTC) for event in world if event["type"] in {"lead.created", "email.sent"}]
    hours = Counter(at.hour for at in clicks)
    days = Counter(at.weekday() for at in clicks)

    assert sum(hours[hour] for hour in range(5)) < 0.25 * sum(hours[hour] for hour in range(9, 14))
    assert days[5] + days[6] < 0.2 * len(clicks)


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": datetime(2026, 3, 4)},  # noqa: DTZ001  (that is the case)
        {"leads": -1},
        {"days": 0},
        {"backfill": -1},
        {"scenario": "flood"},
    ],
)
def test_an_impossible_plan_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Plan(**{"until": UNTIL, **wrong})
