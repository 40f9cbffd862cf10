"""The group's coordinator answers with errors: the worker joins again by itself, and the numbers are exact."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from stream_app.demo.embedded_servers import Server
from tests.servers.cluster import Cluster
from tests.servers.kafka_proxy import FIND_COORDINATOR, HEARTBEAT, JOIN_GROUP, SYNC_GROUP, KafkaProxy
from tests.servers.tansu import tansu_server
from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, port
from tests.system.processes import CommandProcess, eventually

# COORDINATOR_LOAD_IN_PROGRESS and others, by their numbers in Kafka's protocol.
_LOADING, _NOT_AVAILABLE, _NOT_COORDINATOR, _ILLEGAL_GENERATION, _UNKNOWN_MEMBER, _UNKNOWN = 14, 15, 16, 22, 25, -1
_ERRORS = {
    "heartbeat: loading": (HEARTBEAT, _LOADING),
    "heartbeat: not the coordinator": (HEARTBEAT, _NOT_COORDINATOR),
    "heartbeat: illegal generation": (HEARTBEAT, _ILLEGAL_GENERATION),
    "heartbeat: unknown member": (HEARTBEAT, _UNKNOWN_MEMBER),
    "heartbeat: unknown error": (HEARTBEAT, _UNKNOWN),
    "find: not available": (FIND_COORDINATOR, _NOT_AVAILABLE),
    "join: loading": (JOIN_GROUP, _LOADING),
    "join: unknown error": (JOIN_GROUP, _UNKNOWN),
    "sync: not the coordinator": (SYNC_GROUP, _NOT_COORDINATOR),
}


class Behind(NamedTuple):
    """An installation on a broker that lies behind a network of the test's own."""

    installation: Installation
    network: KafkaProxy


@pytest.fixture
def behind(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Behind]:
    with KafkaProxy() as network, tansu_server(tmp_path / "tansu", advertised=network.address) as server:
        assert isinstance(server, Server)
        network.target = server.port
        with Installation(Cluster(network.address), redis_url, namespace, tmp_path) as installation:
            installation.create_topics()
            yield Behind(installation, network)


@pytest.mark.parametrize("fault", _ERRORS)
def test_a_worker_joins_again_after_errors_of_the_coordinator(behind: Behind, small_set: EventSet, fault: str) -> None:
    installation, network = behind
    api, error = _ERRORS[fault]
    first, second = small_set.parts(2)
    health = port()
    installation.produce(first)
    if api is HEARTBEAT:
        worker = installation.worker(worker_port=health)
        installation.await_all_applied(worker)
        network.answer(api, error)
    else:
        network.answer(api, error)
        worker = installation.worker(worker_port=health)
    eventually(lambda: network.spoiled[api] > 0, "the coordinator answers with errors", worker)
    time.sleep(3)
    network.answer_well()
    installation.produce(second)
    installation.await_all_applied(worker)
    answer(health, "/health", worker, lambda page: page.status == HTTPStatus.OK)
    assert worker.stop() == 0
    assert_exact(installation, small_set.events, UNTIL)


class _SelfishAssignor(RoundRobinPartitionAssignor):  # type: ignore[misc]
    """Gives its own member no partitions, and the others not even that."""

    def __init__(self) -> None:
        self.forgotten: set[str] = set()

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(0, list(topics), b"selfish")

    def assign(self, _: object, members: Mapping[str, Any]) -> dict[str, ConsumerProtocolMemberAssignment]:
        selfish = {member for member, said in members.items() if said.user_data == b"selfish"}
        self.forgotten = members.keys() - selfish
        return {member: ConsumerProtocolMemberAssignment(0, [], b"") for member in selfish}


def test_a_worker_to_which_the_groups_leader_assigns_nothing_joins_again(
    real_kafka: str, redis_url: str, namespace: str, tmp_path: Path, small_set: EventSet
) -> None:
    with Installation(Cluster(real_kafka), redis_url, namespace, tmp_path) as installation:
        installation.create_topics()
        installation.produce(small_set.records)
        worker = asyncio.run(_joining_a_selfish_leader(installation))
        installation.await_all_applied(worker)
        assert worker.stop() == 0
        assert_exact(installation, small_set.events, UNTIL)


async def _joining_a_selfish_leader(installation: Installation) -> CommandProcess:
    """Start a worker in a group whose leader assigns it nothing for a while, and then leaves."""
    assignor = _SelfishAssignor()
    async with AIOKafkaConsumer(
        *installation.topics,
        bootstrap_servers=installation.cluster.address,
        group_id=installation.namespace,
        partition_assignment_strategy=[assignor],
        enable_auto_commit=False,
        heartbeat_interval_ms=500,
    ):
        worker = installation.worker()
        await asyncio.to_thread(eventually, lambda: bool(assignor.forgotten), "the worker has joined", worker)
        await asyncio.sleep(3)
        assert worker.code is None, worker.said
        assert not worker.partitions
    return worker
