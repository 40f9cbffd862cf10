"""Live traffic: the same world, from where its history ends."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.demo.simulator import SCENARIOS, Plan, history, live
from tests.demo.simulator.contract import faults
from tests.demo.simulator.contradictions import Witness

UNTIL = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
SINCE = UNTIL + timedelta(seconds=20)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scenario=st.sampled_from([None, *SCENARIOS]),
    rate=st.none() | st.floats(0.01, 100_000),
    gap=st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_live_traffic_follows_from_the_history(
    seed: int, scenario: str | None, rate: float | None, gap: timedelta
) -> None:
    plan = Plan(seed=seed, leads=60, days=40, until=UNTIL, scenario=scenario, erasures=True)
    witness = Witness()
    past = list(history(plan))
    coming = list(islice(live(plan, UNTIL + gap, rate), 2500))
    times = [datetime.fromisoformat(event["time"]) for event in coming]

    assert witness.contradictions(past) == []
    assert witness.contradictions(coming) == []
    assert not {event["id"] for event in past} & {event["id"] for event in coming}
    assert [event["id"] for event in coming if faults(event)] == []
    assert times == sorted(times)
    assert times[0] > UNTIL + gap


def test_live_events_without_a_rate_equal_those_of_a_longer_history() -> None:
    coming = list(islice(live(Plan(leads=60, until=UNTIL), UNTIL), 300))
    again = list(islice(live(Plan(leads=60, until=UNTIL), UNTIL), 300))

    assert [*map(orjson.dumps, coming)] == [*map(orjson.dumps, again)]
    assert datetime.fromisoformat(coming[-1]["time"]) - UNTIL < timedelta(days=40)


@pytest.mark.parametrize("rate", [1.0, 20.0, 5000.0])
def test_live_events_come_at_about_the_given_rate(rate: float) -> None:
    times = [
        datetime.fromisoformat(event["time"]) for event in islice(live(Plan(leads=400, until=UNTIL), SINCE, rate), 6000)
    ]

    assert 0.7 < 6000 / (times[-1] - SINCE).total_seconds() / rate < 1.4


def test_accelerated_time_also_accelerates_due_times() -> None:
    waits = [
        datetime.fromisoformat(event["data"]["due_at"]) - datetime.fromisoformat(event["time"])
        for event in islice(live(Plan(leads=400, until=UNTIL), SINCE, 50.0), 3000)
        if "due_at" in event["data"]
    ]

    assert waits
    assert timedelta(0) < min(waits)
    assert max(waits) < timedelta(minutes=10)


def test_live_records_are_not_dated_in_the_future() -> None:
    days = {
        event["data"]["day"]
        for event in islice(live(Plan(leads=400, until=UNTIL), SINCE, 50.0), 5000)
        if event["type"] == "reach.recorded"
    }

    assert max(days) <= "2026-03-04"


@pytest.mark.parametrize(("since", "rate"), [(UNTIL - timedelta(seconds=1), None), (UNTIL, 0.0)])
def test_live_refuses_impossible_arguments(since: datetime, rate: float | None) -> None:
    with pytest.raises(ValueError, match=r"since|rate"):
        live(Plan(until=UNTIL), since, rate)
