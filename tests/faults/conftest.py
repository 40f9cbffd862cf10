"""A set of events, and what every store of several servers is tried with."""

import pytest

from tests.system.event_sets import EventSet, small_event_set


@pytest.fixture(scope="session")
def small_set() -> EventSet:
    """Return half a year of a part of a company, without bad records."""
    return small_event_set()
