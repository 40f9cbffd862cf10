"""A cluster of three Kafka nodes loses some of them: it is seen, and the numbers are exact in the end."""

import gc
import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.cluster import Cluster
from tests.servers.kafka import UnavailableError
from tests.servers.kafka_cluster import KafkaCluster
from tests.system.event_sets import UNTIL, EventSet, small_event_set
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess

_NOTICED_S = 15.0
# kafka-python, which the tests produce with, leaves its sockets open to nodes that do not answer.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Let those sockets be collected here, where their warnings are ignored, and not in another file's test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Run three nodes; skip where none can be had."""
    try:
        cluster = KafkaCluster(tmp_path_factory.mktemp("nodes"))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    with cluster:
        yield cluster


@pytest.fixture(scope="module")
def events() -> EventSet:
    """Return half a year of a part of a company, without bad records."""
    return small_event_set()


class Working(NamedTuple):
    """An installation whose worker, unlike its producer, reaches the nodes by way of their networks."""

    installation: Installation
    worker: CommandProcess
    health: str


@pytest.fixture
def working(nodes: KafkaCluster, redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Working]:
    """Return one that is healthy and has applied nothing yet."""
    with Installation(Cluster(nodes.direct), redis_url, namespace, tmp_path) as installation:
        installation.run("topics", "apply", "--partitions", "3", "--replication", "3", "--min-insync", "2")
        health = port()
        worker = installation.worker(kafka_url=f"kafka://{nodes.address}", worker_port=health)
        installation.await_shared(worker)
        _await_health(Working(installation, worker, health), HTTPStatus.OK)
        yield Working(installation, worker, health)


def _await_health(working: Working, status: HTTPStatus) -> str:
    return answer(working.health, "/health", working.worker, lambda page: page.status == status)


def _assert_exact(working: Working, events: EventSet) -> None:
    working.installation.await_all_applied(working.worker)
    _await_health(working, HTTPStatus.OK)
    assert_exact(working.installation, events.events, UNTIL)
    assert json.loads(working.installation.run("audit", "--json"))["differences"] == []


@pytest.mark.parametrize("away", [{2}, {2, 3}], ids=["one of three", "two of three"])
def test_nodes_out_of_a_workers_reach_are_seen_and_caught_up_with(
    nodes: KafkaCluster, working: Working, events: EventSet, away: set[int]
) -> None:
    first, second = events.parts(2)
    working.installation.produce(first)
    working.installation.await_all_applied(working.worker)
    for node in away:
        nodes.networks[node].swallow()
    began = time.monotonic()
    working.installation.produce(second)
    health = _await_health(working, HTTPStatus.SERVICE_UNAVAILABLE)
    assert time.monotonic() - began < _NOTICED_S
    health = answer(
        working.health,
        "/health",
        working.worker,
        lambda page: all(nodes.networks[node].address in page.text for node in away),
    )
    assert f"{working.installation.namespace}." in health
    for node in away:
        nodes.networks[node].restore()
    _assert_exact(working, events)


def test_nodes_that_are_killed_one_after_another_lose_nothing(
    nodes: KafkaCluster, working: Working, events: EventSet
) -> None:
    for node, records in zip(sorted(nodes.nodes), events.parts(3), strict=True):
        nodes.nodes[node].kill()
        working.installation.produce(records)
        nodes.nodes[node].start()
        nodes.await_nodes()
    _assert_exact(working, events)
