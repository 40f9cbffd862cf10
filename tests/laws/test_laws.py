"""What must hold for every set of events, whatever happened on the way."""

from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.catalog.ratios import RATIOS
from tests.core.long_timelines import long_from
from tests.lanes import first_is_quick
from tests.laws.memory import MemoryStore
from tests.laws.worlds import NOW, PAST, Envelope, deliveries, erasures, merging_worlds, worlds
from tests.oracle import recount

GAINS = ("new", "expansion", "reactivation")
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
NOT_RECOUNTED = frozenset(ratio.series for ratio in RATIOS)
"""Section D, which has stories and identities of its own."""

LEVELS_OF_THEIR_TIME = (
    "lifecycle_leads_in_stage",
    "lifecycle_program_balance",
    "lifecycle_mrr_at_risk",
    "lifecycle_mrr_paused",
    "lifecycle_open_pipeline",
    "lifecycle_new_lead_score_bucket",
    "lifecycle_new_lead_score_gsum",
)
"""Levels of which nothing that happens later changes what they were on a day."""

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def exported(batches: Iterable[list[Envelope]], zone: str, now: datetime = NOW, limit: int = 1000) -> Samples:
    store = MemoryStore(zone)
    for batch in batches:
        store.apply(batch)
    found = store.samples(int(now.timestamp() * 1000), limit)
    return {key: value for key, value in found.items() if key[0] not in NOT_RECOUNTED}


@patient
@given(st.data(), worlds(), st.sampled_from(ZONES))
def test_any_order_any_copies_and_any_batches_give_the_same_numbers(
    data: st.DataObject, world: list[Envelope], zone: str
) -> None:
    assert exported(data.draw(deliveries(world)), zone) == exported([world], zone)


@patient
@given(worlds(), st.sampled_from(ZONES), st.sampled_from([0, 1, 14, 31, 75]))
def test_the_fold_agrees_with_a_brute_force_recount(world: list[Envelope], zone: str, days: int) -> None:
    now = NOW + timedelta(days=days)
    expected = {key: value for key, value in recount(world, as_of=now, timezone=zone).items() if value}
    assert exported([world], zone, now) == expected


@patient
@given(st.data(), st.one_of(worlds(), merging_worlds()), st.sampled_from(ZONES), PAST)
def test_every_past_day_agrees_with_the_recount(
    data: st.DataObject, world: list[Envelope], zone: str, now: datetime
) -> None:
    expected = {key: value for key, value in recount(world, as_of=now, timezone=zone).items() if value}
    assert exported(data.draw(deliveries(world)), zone, now) == expected


@patient
@given(worlds(), st.sampled_from(ZONES), PAST)
def test_levels_of_a_past_day_are_those_of_the_events_until_then(
    world: list[Envelope], zone: str, now: datetime
) -> None:
    midnight = datetime.combine(now.astimezone(ZoneInfo(zone)) + timedelta(days=1), time(), ZoneInfo(zone))
    # Who is one person or one company has been so ever since.
    by_then = [
        event
        for event in world
        if datetime.fromisoformat(event["time"]) < midnight or event["type"].endswith(".merged")
    ]
    expected = {key: value for key, value in recount(by_then, as_of=now, timezone=zone).items() if value}
    found = exported([world], zone, now)
    assert of_series(found, LEVELS_OF_THEIR_TIME) == of_series(expected, LEVELS_OF_THEIR_TIME)


def of_series(samples: Samples, names: Collection[str]) -> Samples:
    """The samples of some series."""
    return {key: value for key, value in samples.items() if key[0] in names}


@patient
@given(st.data(), merging_worlds(), st.sampled_from(ZONES))
def test_merges_in_any_order_agree_with_the_recount(data: st.DataObject, world: list[Envelope], zone: str) -> None:
    expected = {key: value for key, value in recount(world, as_of=NOW, timezone=zone).items() if value}
    assert exported(data.draw(deliveries(world)), zone) == expected


@patient
@given(st.data(), merging_worlds())
def test_entities_with_logs_of_their_timelines_agree_with_the_recount(
    data: st.DataObject, world: list[Envelope]
) -> None:
    expected = {key: value for key, value in recount(world, as_of=NOW).items() if value}
    with long_from(2):
        assert exported(data.draw(deliveries(world)), "UTC") == expected


@patient
@given(st.data(), merging_worlds(), erasures())
def test_an_erasure_of_any_merged_id_agrees_with_the_recount(
    data: st.DataObject, world: list[Envelope], erased: list[Envelope]
) -> None:
    expected = {key: value for key, value in recount([*world, *erased], as_of=NOW).items() if value}
    assert exported([*data.draw(deliveries(world)), *data.draw(deliveries(erased))], "UTC") == expected


@patient
@given(st.data(), merging_worlds())
def test_which_id_an_entity_is_stored_under_shows_in_no_number(data: st.DataObject, world: list[Envelope]) -> None:
    numbering = str.maketrans("123", data.draw(st.sampled_from(["231", "321"])))
    renamed = [renumbered(event, numbering) for event in world]
    turned = [exchanged(event) for event in world]
    numbers = exported([world], "UTC")
    for others in (renamed, turned):
        assert exported(data.draw(deliveries(others)), "UTC") == numbers


def renumbered(event: Envelope, numbers: dict[int, int]) -> Envelope:
    """An event of other leads and accounts."""
    ids = {name: id_ for name, id_ in event["data"].items() if name in {"lead_id", "account_id", "merged_id"}}
    return event | {"data": event["data"] | {name: id_.translate(numbers) for name, id_ in ids.items()}}


def exchanged(event: Envelope) -> Envelope:
    """A merge with its two ids exchanged; any other event as it is."""
    if "merged_id" not in event["data"]:
        return event
    (name, first), (other, second) = sorted(event["data"].items())
    return event | {"data": {name: second, other: first}}


@patient
@given(worlds(max_size=40), st.sampled_from(ZONES))
def test_capped_labels_agree_with_the_recount(world: list[Envelope], zone: str) -> None:
    expected = {key: value for key, value in recount(world, as_of=NOW, timezone=zone, series_limit=1).items() if value}
    assert exported([world], zone, limit=1) == expected


@patient
@given(worlds())
def test_mrr_is_the_sum_of_all_its_movements(world: list[Envelope]) -> None:
    store = MemoryStore()
    store.apply(world)
    view = store.view(int(NOW.timestamp() * 1000))
    moved: dict[str, int] = {}
    for (grain, _), amounts in store.buckets.items():
        for (name, *labels), amount in amounts.items():
            if grain == "day" and name == "mrr_movement":
                currency, movement = labels
                moved[currency] = moved.get(currency, 0) + (amount if movement in GAINS else -amount)
    level = {labels[0]: amount for labels, amount in view.level("mrr").items()}
    assert {name: amount for name, amount in moved.items() if amount} == {n: a for n, a in level.items() if a}


@patient
@given(worlds())
def test_entries_minus_exits_are_the_balance_if_every_exit_had_an_entry(world: list[Envelope]) -> None:
    store = MemoryStore()
    store.apply(world)
    entered: dict[tuple[str, ...], int] = {}
    left: dict[tuple[str, ...], int] = {}
    for (grain, _), amounts in store.buckets.items():
        for (name, *labels), amount in amounts.items():
            if grain == "day" and name == "step_entries":
                entered[tuple(labels)] = entered.get(tuple(labels), 0) + amount
            if grain == "day" and name == "step_exits":
                left[tuple(labels[:2])] = left.get(tuple(labels[:2]), 0) + amount
    balance = store.view(int(NOW.timestamp() * 1000)).level("step_balance")
    stray_exits = any(event["type"] == "program.step_exited" for event in world)
    for step, count in entered.items():
        difference = count - left.get(step, 0)
        assert difference <= balance.get(step, 0) if stray_exits else difference == balance.get(step, 0)


@patient
@given(worlds())
def test_an_entity_that_was_stored_and_loaded_again_is_the_same(world: list[Envelope]) -> None:
    at_once, one_by_one = MemoryStore(), MemoryStore()
    at_once.apply(world)
    for event in world:
        one_by_one.apply([event])
    assert at_once.entities == one_by_one.entities


@pytest.mark.parametrize("zone", first_is_quick(ZONES))
def test_a_simulated_half_year_agrees_with_the_recount(zone: str) -> None:
    from stream_app.demo.simulator import Plan, disorder, history  # noqa: PLC0415

    events = list(history(Plan(seed=11, leads=60, days=180, until=NOW, backfill=200)))
    shuffled = disorder(events, seed=5)
    expected = {key: value for key, value in recount(events, as_of=NOW, timezone=zone).items() if value}
    assert exported([shuffled[at : at + 400] for at in range(0, len(shuffled), 400)], zone) == expected
