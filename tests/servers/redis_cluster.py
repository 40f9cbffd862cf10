"""A Redis Cluster of three servers, and how a slot moves from one to another."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import redis
from redis.crc import key_slot

from stream_app.clients.ports import free_port
from stream_app.demo.embedded_servers import Server
from tests.servers.stores import store_server

_SLOTS = 16_384
_TIMEOUT_S = 30.0
_POLL_S = 0.05
_KEYS_AT_ONCE = 20


class Node(NamedTuple):
    """A server, the port on which the others talk to it, and what they call it."""

    server: Server
    bus: int
    id: str

    def ask(self, *words: object) -> Any:  # noqa: ANN401 - as redis-py's
        """Send a command to this server and no other."""
        with redis.Redis(port=self.server.port, decode_responses=True) as client:
            return client.execute_command(*words)


class StoreCluster(NamedTuple):
    """What runs."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        """Where a client asks first."""
        return f"redis+cluster://{','.join(each.server.address for each in self.nodes)}"

    def owner(self, namespace: str) -> Node:
        """The server that has the slot of a namespace."""
        slot = _slot(namespace)
        for node in self.nodes:
            for first, last, (_, _, owner, *_), *_ in node.ask("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(each for each in self.nodes if each.id == owner)
        raise AssertionError(slot)

    def begin_move(self, namespace: str) -> tuple[Node, Node]:
        """Have the slot of a namespace leave one server for another; return both."""
        slot, source = _slot(namespace), self.owner(namespace)
        target = next(each for each in self.nodes if each is not source)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        return source, target

    def move(self, source: Node, target: Node, keys: Iterable[str]) -> None:
        """Move some keys."""
        words = ("MIGRATE", "127.0.0.1", target.server.port, "", 0, 5000, "KEYS", *keys)
        assert source.ask(*words) in {"OK", "NOKEY"}

    def end_move(self, namespace: str, source: Node, target: Node) -> None:
        """Move what is left, and tell everybody."""
        slot = _slot(namespace)
        while left := source.ask("CLUSTER", "GETKEYSINSLOT", slot, _KEYS_AT_ONCE):
            self.move(source, target, left)
        for node in (target, source, *self.nodes):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)


@contextmanager
def replica_of(cluster: StoreCluster, primary: Node, directory: Path) -> Iterator[Node]:
    """Run one more server, which takes over when its primary is gone."""
    with _node(directory) as node:
        _meet(primary, node)
        deadline = time.monotonic() + _TIMEOUT_S
        while not all(
            f"cluster_known_nodes:{len(cluster.nodes) + 1}" in _state(each) for each in (node, *cluster.nodes)
        ):
            assert time.monotonic() < deadline, "the servers do not know the replica"
            time.sleep(_POLL_S)
        node.ask("CLUSTER", "REPLICATE", primary.id)
        while node.ask("INFO", "replication").get("master_link_status") != "up":
            assert time.monotonic() < deadline, "the replica does not come up"
            time.sleep(_POLL_S)
        yield node


@contextmanager
def store_cluster(directory: Path) -> Iterator[StoreCluster]:
    """Run three servers that share the slots."""
    with ExitStack() as stack:
        nodes: list[Node] = []
        for number in range(3):
            node = stack.enter_context(_node(directory / f"node-{number}"))
            first, last = _SLOTS * number // 3, _SLOTS * (number + 1) // 3 - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            if nodes:
                _meet(nodes[0], node)
            nodes.append(node)
        deadline = time.monotonic() + _TIMEOUT_S
        while not all(_is_complete(each) for each in nodes):
            assert time.monotonic() < deadline, "the servers do not become a cluster"
            time.sleep(_POLL_S)
        yield StoreCluster(nodes)


@contextmanager
def _node(directory: Path) -> Iterator[Node]:
    # The default is a port of its own that lies 10,000 higher, which may be none.
    bus = free_port()
    options = {"cluster_enabled": "yes", "cluster_node_timeout": "2000", "cluster_port": str(bus)}
    with store_server(directory, **options) as server:
        yield Node(server, bus, Node(server, bus, "").ask("CLUSTER", "MYID"))


def _meet(known: Node, new: Node) -> None:
    known.ask("CLUSTER", "MEET", "127.0.0.1", new.server.port, new.bus)


def _is_complete(node: Node) -> bool:
    return _state(node) >= {"cluster_state:ok", "cluster_known_nodes:3"}


def _state(node: Node) -> set[str]:
    return {*node.ask("CLUSTER", "INFO").splitlines()}


def _slot(namespace: str) -> int:
    return int(key_slot(f"{{{namespace}}}".encode()))
