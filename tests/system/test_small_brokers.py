"""What small brokers get wrong does not stop a worker."""

import asyncio
import json

import pytest

from tests.servers.cluster import Cluster
from tests.system import processes
from tests.system.installation import Installation, answer, port
from tests.worker.workers import MemoryLedger, eventually, on_a_loop, settings, working


@on_a_loop
async def test_an_end_offset_listed_too_low_is_not_a_recreated_topic(tansu: str, namespace: str) -> None:
    cluster = Cluster(tansu)
    await asyncio.to_thread(cluster.create, namespace)
    await asyncio.to_thread(cluster.produce, namespace, [b"first"] * 26)
    await asyncio.to_thread(cluster.produce, namespace, [b"second"] * 4)
    ledger = MemoryLedger({(namespace, 0): 30})
    async with working(settings(tansu, namespace, namespace), ledger):
        await asyncio.to_thread(cluster.produce, namespace, [b"third"])
        await eventually(lambda: ledger.values == [b"third"])


@pytest.mark.slow
def test_a_group_that_waits_for_a_killed_member_is_reported_with_a_way_on(
    request: pytest.FixtureRequest, installation: Installation
) -> None:
    if request.config.getoption("--broker") != "noida":
        pytest.skip("other brokers give up a member that was killed")
    installation.create_topics()
    killed = installation.worker()
    installation.await_shared(killed)
    killed.kill()
    at = port()
    waiting = installation.worker(worker_port=at)
    health = answer(at, "/health", waiting, lambda page: json.loads(page.text).get("rebalancing_s", 0) > 10)
    assert json.loads(health)["status"] == "degraded"
    _, printed = installation.try_run("doctor", "--json")
    (found,) = (each for each in json.loads(printed) if each["check"] == "group")
    assert found["status"] == "warning"
    assert "never stops waiting" in found["detail"]
    assert found["fix"].startswith(f"stream-app worker --group {installation.namespace}.2")
    processes.eventually(lambda: "never stops waiting" in waiting.said, "the worker says so, too", waiting)
    waiting.kill()
    other = installation.worker(group=f"{installation.namespace}.2")
    installation.await_shared(other)
