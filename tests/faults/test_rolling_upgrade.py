"""Workers that assign partitions as before and as now side by side, while one after the other is replaced."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stream_app
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation

# Versions before 0.2 know no other assignment than Kafka's round robin.
_TRANSPORT = "stream_app/worker/transport.py"
_NOW = "[CoPartitioned(listener.together), RoundRobinPartitionAssignor]"
_BEFORE = "[RoundRobinPartitionAssignor]"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the program of a version with the same definitions that assigns partitions as before."""
    directory = tmp_path_factory.mktemp("older")
    shutil.copytree(Path(stream_app.__file__).parent, directory / "stream_app")
    transport = directory / _TRANSPORT
    text = transport.read_text()
    assert text.count(_NOW) == 1
    transport.write_text(text.replace(_NOW, _BEFORE))
    # -P: not what stands in the directory that the tests run in.
    python = ["env", f"PYTHONPATH={directory}", sys.executable, "-P"]
    where = [*python, "-c", "import stream_app; print(stream_app.__file__)"]
    place = subprocess.run(where, check=True, capture_output=True)  # noqa: S603
    assert place.stdout.decode().startswith(str(directory))
    return [*python, "-m", "stream_app.cli"]


def test_workers_are_upgraded_one_by_one(
    crash_installation: Installation, small_set: EventSet, older: list[str]
) -> None:
    installation = crash_installation
    installation.create_topics()
    parts = small_set.parts(4)
    old = [installation.start_by(older, "worker", batch_events="50") for _ in range(2)]
    installation.produce(parts[0])
    installation.await_shared(*old)
    assert old[0].stop() == 0
    first = installation.worker(batch_events="50")
    installation.produce(parts[1])
    installation.await_shared(first, old[1])
    installation.produce(parts[2])
    assert old[1].stop() == 0
    second = installation.worker(batch_events="50")
    installation.produce(parts[3])
    installation.await_shared(first, second)
    installation.await_all_applied(first, second)
    assert (first.stop(), second.stop()) == (0, 0)
    assert_exact(installation, small_set.events, UNTIL)


def test_a_new_worker_gives_its_part_back_to_the_old_version(
    crash_installation: Installation, small_set: EventSet, older: list[str]
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second = small_set.parts(2)
    new = installation.worker(batch_events="50")
    installation.produce(first)
    installation.await_shared(new)
    old = installation.start_by(older, "worker", batch_events="50")
    installation.await_shared(new, old)
    assert new.stop() == 0
    installation.produce(second)
    installation.await_all_applied(old)
    assert old.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)
