"""A client speaks TLS to whatever its URL says it should, sentinels included."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import redis
from redis.connection import SSLConnection

from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings

_HANDSHAKE = b"\x16"
"""The first byte of TLS."""


@contextmanager
def _listener() -> Iterator[tuple[int, list[bytes]]]:
    """Listen on a port and keep the first byte of every connection."""
    heard: list[bytes] = []

    def hear(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(1))

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=hear, args=(server,))
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("path", ["", "+sentinel", "+cluster"])
@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
def test_a_client_begins_with_tls_if_its_url_says_so(path: str, *, tls: bool) -> None:
    with _listener() as (port, heard):
        scheme = ("rediss" if tls else "redis") + path
        settings = Settings.load(redis_url=f"{scheme}://127.0.0.1:{port}" + ("/main" if path == "+sentinel" else ""))
        with sync_redis(settings) as client, pytest.raises(redis.RedisError):
            client.ping()
    assert heard
    assert {first == _HANDSHAKE for first in heard} == {tls}


def test_servers_that_sentinels_name_are_spoken_to_by_tls() -> None:
    with sync_redis(Settings.load(redis_url="rediss+sentinel://127.0.0.1:1/main")) as client:
        assert issubclass(client.connection_pool.connection_class, SSLConnection)
