"""What kafka-python leaves open."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from weakref import finalize

from kafka.net.inet import KafkaNetSocket
from kafka.net.selector import NetworkSelector


@contextmanager
def closed_connections() -> Iterator[None]:
    """Close every connection of a client once nobody has the client any more.

    kafka-python 3.0.12 forgets one that is being opened when its client is closed. Its socket would be found when
    garbage is collected, and whichever test runs at that moment would fail.
    """
    connect = KafkaNetSocket.sock_connect

    async def connect_and_remember(
        self: KafkaNetSocket,
        loop: NetworkSelector,
        connection: socket.socket,
        address: object,
        timeout_at: float | None = None,
    ) -> socket.socket:
        finalize(loop, connection.close)
        return await connect(self, loop, connection, address, timeout_at=timeout_at)  # type: ignore[no-any-return]

    with patch.object(KafkaNetSocket, "sock_connect", connect_and_remember):
        yield
