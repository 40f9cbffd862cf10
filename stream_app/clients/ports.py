"""Ports on loopback."""

import socket

LOOPBACK = "127.0.0.1"


def bind(port: int) -> int:
    """The port that was bound on loopback for a moment, one that nobody uses if `port` is 0. Raises OSError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        bound: int = probe.getsockname()[1]
        return bound


def free_port() -> int:
    """A loopback port that nobody listens on now; somebody else may take it before it is used."""
    return bind(0)
