"""Neither partitions nor batches nor the place on earth are in the numbers."""

import pytest

from tests.system.judgment import assert_exact
from tests.system.site import Site
from tests.system.story import MOMENTS, UNTIL, Story


@pytest.mark.parametrize(("partitions", "events"), [(1, 4000), (2, 1), (5, 7)])
def test_partitions_and_batches_of_any_size_give_the_same_numbers(
    site: Site, short: Story, partitions: int, events: int
) -> None:
    site.create_topics(partitions)
    site.produce(short.records)
    site.drain(batch_events=str(events))
    assert_exact(site, short.events, UNTIL)


def test_days_and_months_are_those_of_the_business(site: Site, short: Story) -> None:
    site.create_topics()
    site.produce(short.records)
    site.drain(timezone="America/New_York")
    assert_exact(site, short.events, *MOMENTS, timezone="America/New_York")
