"""A broker whose packets vanish, while its connections stay open, does not leave old numbers looking fresh."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.servers.blackhole import Blackhole
from tests.servers.cluster import Cluster
from tests.servers.tansu import tansu_server
from tests.system.event_sets import EventSet
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import CommandProcess
from tests.worker.workers import MemoryLedger, eventually, on_a_loop, settings, working

_NOTICED_S = 15.0


class Behind(NamedTuple):
    """An installation on a broker that lies behind a network of the test's own."""

    installation: Installation
    network: Blackhole


@pytest.fixture
def behind(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Behind]:
    """Return an installation whose broker tells its clients to come by way of the network."""
    with Blackhole() as network, tansu_server(tmp_path / "tansu", advertised=network.address) as server:
        network.target = server.port
        with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
            installation.create_topics()
            yield Behind(installation, network)


def _exported(at: str) -> dict[tuple[str, str], float]:
    page = get(at, "/metrics")
    assert page is not None
    return {
        (sample.name, sample.labels.get("topic", "")): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def _await_health(at: str, worker: CommandProcess, status: int) -> dict[str, object]:
    health: dict[str, object] = json.loads(answer(at, "/health", worker, lambda page: page.status == status))
    return health


def test_a_blackholed_broker_is_noticed_named_and_makes_the_data_stale(behind: Behind, small_set: EventSet) -> None:
    installation, network = behind
    installation.produce(small_set.records[:200])
    ours, exporters = port(), port()
    worker = installation.worker(worker_port=ours)
    exporter = installation.start("exporter", exporter_port=exporters)
    installation.await_all_applied(worker)
    _await_health(ours, worker, 200)
    answer(exporters, "/metrics", exporter, lambda page: "\nstream_app_data_fresh 1.0\n" in page.text)
    network.swallow()
    began = time.monotonic()
    _await_health(ours, worker, 503)
    answer(exporters, "/metrics", exporter, lambda page: "\nstream_app_data_fresh 0.0\n" in page.text)
    assert time.monotonic() - began < _NOTICED_S
    health = json.loads(
        answer(ours, "/health", worker, lambda page: len(json.loads(page.text)["unanswered_partitions"]) == 21)
    )
    partition = f"{installation.namespace}.lead[1]"
    assert f"at {network.address} has not answered" in health["unanswered_partitions"][partition]
    assert f"{partition}: broker" in worker.said
    topic = f"{installation.namespace}.lead"
    assert health["lag"][topic] is None
    exported = _exported(ours)
    assert exported["stream_app_unanswered_partitions", topic] == 3
    assert ("stream_app_consumer_lag", topic) not in exported
    assert 0 < _exported(exporters)["stream_app_data_age_seconds", ""] < 2 * _NOTICED_S


@on_a_loop
async def test_a_worker_without_partitions_notices_a_blackholed_broker(behind: Behind) -> None:
    installation, network = behind
    topic = f"{installation.namespace}.dlq"
    chosen = settings(network.address, installation.namespace, topic)
    first, second = MemoryLedger(), MemoryLedger()
    async with working(chosen, first) as one, working(chosen, second) as other:

        def shared() -> bool:
            states = one.state(), other.state()
            # A rebalance that does not end is noticed by how long it takes.
            members = all(state.connected and not state.rebalancing for state in states)
            return members and sum(len(state.assigned) for state in states) == 1

        await eventually(shared)
        network.swallow()
        began = time.monotonic()
        await eventually(lambda: not (one.state().connected or other.state().connected))
        assert time.monotonic() - began < _NOTICED_S
