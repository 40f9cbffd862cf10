"""The recount against the brute-force oracle on random worlds, by random settings."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.audit import Recount, compare
from stream_app.audit.series import RATIOS
from tests.audit.stories import Samples
from tests.laws.worlds import NOW, PAST, erasures, merging_worlds, worlds
from tests.oracle import FollowUp
from tests.oracle import recount as brute_force

World = list[dict[str, Any]]

ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"])
# The 15th of March, the last of March, the 1st of April, and the 30th of April; and any day before that.
NOWS = st.sampled_from([NOW, NOW + timedelta(days=16), NOW + timedelta(days=17), NOW + timedelta(days=46)]) | PAST
SETTINGS = st.fixed_dictionaries(
    {
        "credit": st.sampled_from([timedelta(days=1), timedelta(days=30), timedelta(days=90)]),
        "follow_up": st.builds(FollowUp, hours=st.sampled_from([1, 24, 80]), weekdays_only=st.booleans()),
        "swap_grace": st.sampled_from(
            [timedelta(0), timedelta(milliseconds=1), timedelta(minutes=60), timedelta(days=31)]
        ),
        "series_limit": st.sampled_from([1, 2, 100]),
    }
)
tolerant = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def recounted(world: World, now: datetime, zone: str, by: dict[str, Any]) -> Samples:
    """Count sections A to C by the audit: the oracle has no ratios."""
    with Recount(
        timezone=zone,
        program_credit=by["credit"],
        follow_up=timedelta(hours=by["follow_up"].hours),
        follow_up_on_weekdays=by["follow_up"].weekdays_only,
        swap_grace=by["swap_grace"],
        series_limit=by["series_limit"],
    ) as recount:
        recount.add(world)
        return {key: value for key, value in recount.samples(now).items() if key[0] not in RATIOS}


@tolerant
@given(st.one_of(worlds(max_size=40), merging_worlds(max_size=40)), erasures(), NOWS, ZONES, SETTINGS)
def test_the_oracle_counts_any_world_alike(
    world: World, erased: World, now: datetime, zone: str, by: dict[str, Any]
) -> None:
    everything = world + erased
    oracle = brute_force(everything, as_of=now, timezone=zone, **by)
    assert compare(oracle, recounted(everything, now, zone, by)) == []


@tolerant
@given(merging_worlds(max_size=20), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_a_sample(world: World, random: Any) -> None:  # noqa: ANN401 - hypothesis' random
    shuffled = random.sample(world, len(world)) + random.sample(world, len(world) // 2)
    by = {"credit": timedelta(days=90), "follow_up": FollowUp(), "swap_grace": timedelta(hours=1), "series_limit": 100}
    assert recounted(shuffled, NOW, "UTC", by) == recounted(world, NOW, "UTC", by)
