"""A worker that is killed at any point of its cycle: another one goes on, and nothing is lost or counted twice."""

import signal
import sys

import pytest

from tests.faults.hindered_worker import KILLS
from tests.system.event_sets import UNTIL, EventSet, small_event_set
from tests.system.expectations import assert_exact, assert_rejected
from tests.system.installation import Installation
from tests.system.processes import eventually


@pytest.fixture(scope="module")
def bad_set() -> EventSet:
    """Return a set in which nearly every batch has a bad record."""
    return small_event_set(bad=60)


@pytest.mark.parametrize("fault", KILLS)
def test_a_worker_killed_at_any_point_changes_no_number(
    crash_installation: Installation, bad_set: EventSet, fault: str
) -> None:
    installation = crash_installation
    installation.create_topics()
    installation.produce(bad_set.records)
    program = [sys.executable, "-m", "tests.faults.hindered_worker", fault]
    killed = installation.start_by(program, "worker", batch_events="200")
    assert killed.ended() == -signal.SIGKILL
    other = installation.worker(batch_events="200")
    eventually(lambda: bool(other.partitions), "the partitions are the other's", other)
    installation.await_all_applied(other)
    assert other.stop() == 0
    assert_exact(installation, bad_set.events, UNTIL)
    assert_rejected(installation, bad_set)
