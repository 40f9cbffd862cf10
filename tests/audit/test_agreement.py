"""The recount against the product's own fold and samples, on random worlds and on a simulated year."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.audit import RECOUNTED, Recount, compare
from stream_app.audit.series import RATIOS
from stream_app.catalog.sample_source import SampleSource
from stream_app.demo.simulator import Plan, history
from tests.audit.stories import Samples
from tests.lanes import first_is_quick
from tests.laws.memory import MemoryStore
from tests.laws.worlds import CROWDS, MOMENTS, NOW, PAST, crowds, worlds

World = list[dict[str, Any]]

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
# The 15th of March, the last of March, the 1st of April, and the 30th of April; and any day before that.
NOWS = st.sampled_from([NOW, NOW + timedelta(days=16), NOW + timedelta(days=17), NOW + timedelta(days=46)]) | PAST
MARGIN = 0.75
THINGS = ("enrollment_id", "message_id")

# The worlds have three respondents, and a score needs five answers.
ANSWERS = st.lists(st.tuples(MOMENTS, st.integers(0, 10)), max_size=9).map(
    lambda answers: [
        {
            "type": "survey.responded",
            "time": moment.isoformat(),
            "id": f"answer{number}",
            "data": {"respondent_id": f"more{number}", "survey_id": "v", "score": score},
        }
        for number, (moment, score) in enumerate(answers)
    ]
)
tolerant = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def without_contradictions(world: World) -> World:
    """Keep one of the records that have one identity within the thing that they are about."""
    kept: dict[tuple[str, ...], dict[str, Any]] = {}
    for event in world:
        family, _, kind = event["type"].partition(".")
        thing = [family, kind if family == "lead" else "", *(event["data"].get(name, "") for name in THINGS)]
        kept.setdefault((*thing, event["id"]), event)
    return list(kept.values())


def shown(world: World, now: datetime, zone: str, limit: int) -> Samples:
    store = MemoryStore(zone)
    store.apply(world)
    view = store.view(int(now.timestamp() * 1000))
    return {(each.name, frozenset(each.labels)): each.value for each in SampleSource(limit, MARGIN).samples(view)}


def recounted(world: World, now: datetime, zone: str, limit: int) -> Samples:
    with Recount(timezone=zone, series_limit=limit, gross_margin=MARGIN) as recount:
        recount.add(world)
        return recount.samples(now)


@tolerant
@given(worlds(max_size=40), ANSWERS, NOWS, st.sampled_from(ZONES), st.sampled_from([1, 100]))
def test_any_world_is_counted_alike(world: World, answers: World, now: datetime, zone: str, limit: int) -> None:
    everything = world + answers
    assert compare(shown(everything, now, zone, limit), recounted(everything, now, zone, limit)) == []


@tolerant
@given(st.sampled_from(sorted(CROWDS)).flatmap(lambda name: crowds(CROWDS[name])))
def test_events_of_one_instant_and_identity_are_counted_alike(world: World) -> None:
    world = without_contradictions(world)
    assert compare(shown(world, NOW, "UTC", 100), recounted(world, NOW, "UTC", 100)) == []


@pytest.mark.parametrize("zone", first_is_quick(ZONES))
@pytest.mark.parametrize("limit", [3, 100])
def test_a_simulated_year_is_counted_alike(zone: str, limit: int) -> None:
    events = list(history(Plan(seed=4, leads=300, days=200, until=NOW, backfill=200)))
    product, recount = shown(events, NOW, zone, limit), recounted(events, NOW, zone, limit)
    assert compare(product, recount) == []
    assert {series for series, _ in product} == RECOUNTED
    assert {series for series, _ in recount} >= RATIOS
