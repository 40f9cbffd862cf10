"""Neither partitions nor batches nor the place on earth are in the numbers."""

import pytest

from tests.system.event_sets import MOMENTS, UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("partitions", "events"), [(1, 4000), (2, 1), (5, 7)])
def test_partition_count_and_batch_size_do_not_change_the_numbers(
    installation: Installation, small_set: EventSet, partitions: int, events: int
) -> None:
    installation.create_topics(partitions)
    installation.produce(small_set.records)
    installation.drain(batch_events=str(events))
    assert_exact(installation, small_set.events, UNTIL)


def test_days_and_months_follow_the_business_time_zone(installation: Installation, small_set: EventSet) -> None:
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain(timezone="America/New_York")
    assert_exact(installation, small_set.events, *MOMENTS, timezone="America/New_York")
