"""Which of several stores is the primary, as an operator changes it."""

import time
from typing import Any

import redis

from stream_app.demo.embedded_servers import Server

_TIMEOUT_S = 30.0
_POLL_S = 0.02


def follow(replica: Server, primary: Server, password: str | None = None) -> None:
    """Make a store a replica of another, and wait until it has all of it."""
    with redis.Redis(port=replica.port, password=password) as client:
        client.replicaof("127.0.0.1", str(primary.port))
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            state: Any = client.info("replication")
            if state["role"] == "slave" and state["master_link_status"] == "up":
                return
            assert time.monotonic() < deadline, "the replica does not come up"
            time.sleep(_POLL_S)


def promote(server: Server) -> None:
    """Make a store a primary."""
    with redis.Redis(port=server.port) as client:
        client.replicaof("NO", "ONE")


def connections(client: redis.Redis) -> int:
    """Return how many clients a store has, this one included, and replicas left out."""
    clients: Any = client.client_list(_type="normal")
    return len(clients)
