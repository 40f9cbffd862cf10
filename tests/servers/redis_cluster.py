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
    """A server, and what the others call it."""

    server: Server
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
def store_cluster(directory: Path) -> Iterator[StoreCluster]:
    """Run three servers that share the slots."""
    with ExitStack() as stack:
        nodes: list[Node] = []
        for number in range(3):
            bus = free_port()
            options = {"cluster_enabled": "yes", "cluster_node_timeout": "2000", "cluster_port": str(bus)}
            server = stack.enter_context(store_server(directory / f"node-{number}", **options))
            node = Node(server, "")
            node = Node(server, node.ask("CLUSTER", "MYID"))
            first, last = _SLOTS * number // 3, _SLOTS * (number + 1) // 3 - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            if nodes:
                nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port, bus)
            nodes.append(node)
        deadline = time.monotonic() + _TIMEOUT_S
        while not all(_is_complete(each) for each in nodes):
            assert time.monotonic() < deadline, "the servers do not become a cluster"
            time.sleep(_POLL_S)
        yield StoreCluster(nodes)


def _is_complete(node: Node) -> bool:
    state = node.ask("CLUSTER", "INFO").splitlines()
    return {"cluster_state:ok", "cluster_known_nodes:3"} <= {*state}


def _slot(namespace: str) -> int:
    return int(key_slot(f"{{{namespace}}}".encode()))
