"""Three nodes of Apache Kafka, each of them behind a network of its own. Needs Java 17 and Maven."""

import asyncio
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server, ServerError
from tests.servers.blackhole import Blackhole
from tests.servers.kafka import format_and_command

_NODES = 3
_START_S = 120
_SETTINGS = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
listener.security.protocol.map=OUTSIDE:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
listeners=OUTSIDE://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=OUTSIDE://{advertised},INSIDE://127.0.0.1:{inside}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.num.partitions=3
offsets.topic.replication.factor=3
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
controlled.shutdown.enable=true
log.cleaner.dedupe.buffer.size=4194304
"""


class KafkaCluster:
    """Node 1 to 3, as a context manager. Clients come by way of `networks`, the nodes talk to each other directly."""

    def __init__(self, directory: Path) -> None:
        """Nothing runs yet. Raises UnavailableError where Java, Maven or the download is missing."""
        self._stack = ExitStack()
        self.networks = {node: Blackhole() for node in range(1, _NODES + 1)}
        controllers = {node: free_port() for node in self.networks}
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in controllers.items())
        self.nodes: dict[int, Server] = {}
        self._inside: dict[int, int] = {}
        for node, network in self.networks.items():
            place = directory / f"node-{node}"
            self._inside[node] = free_port()
            text = _SETTINGS.format(
                node=node,
                voters=voters,
                controller=controllers[node],
                inside=self._inside[node],
                port="{port}",
                advertised=network.address,
                data=place / "data",
            )
            # Without the others a node does not answer: they are waited for together.
            self.nodes[node] = Server(
                f"apache-kafka-{node}", place, format_and_command(place, text), lambda _: True, port=free_port()
            )

    @property
    def address(self) -> str:
        """The nodes, as clients reach them, comma-separated."""
        return ",".join(network.address for network in self.networks.values())

    @property
    def direct(self) -> str:
        """The nodes as they reach each other, whatever becomes of the networks."""
        return ",".join(f"127.0.0.1:{port}" for port in self._inside.values())

    def __enter__(self) -> Self:
        """Start all nodes, and wait until they are one cluster."""
        for node, network in self.networks.items():
            self._stack.enter_context(network)
            self._stack.enter_context(self.nodes[node])
            network.target = self.nodes[node].port
        self.await_nodes()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all."""
        for node in self.nodes.values():
            node.kill()
        self._stack.close()

    def leaders(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """Return the node that leads each partition."""
        described = self._described(list(topics))
        return {
            (each["name"], part["partition_index"]): part["leader_id"]
            for each in described
            for part in each["partitions"]
        }

    def coordinator(self, group: str) -> int:
        """Return the node that coordinates a group."""
        return asyncio.run(_coordinator(self.direct, group))

    def await_in_sync(self) -> None:
        """Return once every node takes part and every copy of every partition is in sync."""
        self.await_nodes()
        deadline = time.monotonic() + _START_S
        while not all(
            len(part["isr_nodes"]) == len(part["replica_nodes"])
            for each in self._described(None)
            for part in each["partitions"]
        ):
            assert time.monotonic() < deadline, "some copies stay behind"
            time.sleep(0.5)

    def _described(self, topics: list[str] | None) -> Any:  # noqa: ANN401 - kafka-python has no types
        with KafkaAdminClient(bootstrap_servers=self.direct) as admin:
            return admin.describe_topics(topics)

    def await_nodes(self) -> None:
        """Return once every node takes part."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if all(map(_listens, self.direct.split(","))) and asyncio.run(_known(self.direct)) == _NODES:
                return
            time.sleep(0.5)
        message = f"the {_NODES} nodes do not become a cluster"
        raise ServerError(message)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


async def _coordinator(address: str, group: str) -> int:
    client = AIOKafkaClient(bootstrap_servers=address)
    try:
        await client.bootstrap()
        node: int = await client.coordinator_lookup(CoordinationType.GROUP, group)
    finally:
        await client.close()
    return node


async def _known(address: str) -> int:
    # kafka-python's client would leave sockets open to nodes that do not answer yet.
    client = AIOKafkaClient(bootstrap_servers=address)
    try:
        await client.bootstrap()
        return len(client.cluster.brokers())
    except KafkaError:
        return 0
    finally:
        await client.close()
