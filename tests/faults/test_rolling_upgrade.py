"""Workers of the version before and of this one side by side, while one after the other is replaced."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation

_ROOT = Path(__file__).parents[2]
# The last version that knows no other assignment than Kafka's round robin is the one before this file.
_ADDED = "stream_app/worker/assignment.py"


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", _ROOT, *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no history of this repository: {error}")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the program of the older version."""
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", _ADDED).decode().strip()
    if not added:
        pytest.skip("the history of this repository is cut off")
    directory = tmp_path_factory.mktemp("older")
    with tarfile.open(fileobj=io.BytesIO(_git("archive", f"{added}^", "stream_app"))) as archive:
        archive.extractall(directory, filter="data")
    assert not (directory / _ADDED).exists()
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
