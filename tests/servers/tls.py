"""TLS in front of a server that has none: handshakes are real, whatever answers behind them."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16


@contextmanager
def tls_before(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Take connections with TLS and forward what they say to a port of this machine; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, port, context), daemon=True).start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection, port, context), daemon=True).start()


def _serve(plain: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError), plain:
        try:
            connection = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            connection.do_handshake()
        except ssl.SSLError:
            # Closing with something unread would reset the connection, and the alert could get lost.
            _end_in_order(connection)
            raise
        with connection, socket.create_connection(("127.0.0.1", port)) as behind:
            answers = threading.Thread(target=_forward, args=(behind, connection), daemon=True)
            answers.start()
            _forward(connection, behind)
            behind.shutdown(socket.SHUT_RDWR)
            answers.join()


def _end_in_order(connection: ssl.SSLSocket) -> None:
    with socket.socket(fileno=connection.detach()) as plain:
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(_CHUNK):
            pass


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
