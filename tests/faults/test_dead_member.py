"""The embedded broker leaves partitions to a worker that was killed; doctor finds them, and work goes on elsewhere."""

import orjson
import pytest

from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation
from tests.system.processes import eventually


def test_partitions_that_a_dead_worker_keeps_are_found(
    request: pytest.FixtureRequest, installation: Installation, small_set: EventSet
) -> None:
    if request.config.getoption("--broker") != "noida":
        pytest.skip("other brokers give them to others")
    first, second = small_set.parts(2)
    installation.create_topics()
    installation.produce(first)
    one, other = (installation.worker() for _ in range(2))
    installation.await_shared(one, other)
    installation.await_all_applied(one, other)
    assert _members(installation)["status"] == "ok"
    held = other.partitions
    other.kill()
    eventually(lambda: _members(installation)["status"] == "failed", "doctor finds the dead member", one)
    found = _members(installation)
    named = set(found["detail"].partition(": held")[0].split(", "))
    assert named == {f"{topic}[{number}]" for topic, number in held}
    group = f"{installation.namespace}.2"
    assert found["fix"].startswith(f"stream-app worker --group {group} ")
    assert one.stop() == 0
    installation.produce(second)
    installation.drain(group=group)
    assert_exact(installation, small_set.events, UNTIL)


def _members(installation: Installation) -> dict[str, str]:
    _, printed = installation.try_run("doctor", "--json")
    found: dict[str, dict[str, str]] = {each["check"]: each for each in orjson.loads(printed)}
    return found["members"]
