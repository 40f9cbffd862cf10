"""What kafka-python leaves open."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from weakref import WeakKeyDictionary

from kafka.net.inet import KafkaNetSocket
from kafka.net.selector import NetworkSelector


@contextmanager
def closed_connections() -> Iterator[None]:
    """Close every connection of a client that is closed.

    kafka-python 3.0.12 forgets one that is being opened just then. Its socket would be found when garbage is collected,
    and whichever test runs at that moment would fail.
    """
    opened: WeakKeyDictionary[NetworkSelector, list[socket.socket]] = WeakKeyDictionary()
    connect, close = KafkaNetSocket.sock_connect, NetworkSelector.close

    async def connect_and_remember(
        self: KafkaNetSocket,
        loop: NetworkSelector,
        connection: socket.socket,
        address: object,
        timeout_at: float | None = None,
    ) -> socket.socket:
        opened.setdefault(loop, []).append(connection)
        return await connect(self, loop, connection, address, timeout_at=timeout_at)  # type: ignore[no-any-return]

    def close_all(loop: NetworkSelector) -> None:
        close(loop)
        for connection in opened.pop(loop, ()):
            connection.close()

    with (
        patch.object(KafkaNetSocket, "sock_connect", connect_and_remember),
        patch.object(NetworkSelector, "close", close_all),
    ):
        yield
