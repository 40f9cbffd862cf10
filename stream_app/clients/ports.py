"""Ports on loopback."""

import secrets
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"


def bind(port: int) -> int:
    """The port that was bound on loopback for a moment, one that nobody uses if `port` is 0. Raises OSError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        bound: int = probe.getsockname()[1]
        return bound


_FIRST, _COUNT, _TRIES = 20_000, 12_000, 100
"""Below the ports that outgoing connections are given: on Linux from 32,768 on, elsewhere from 49,152."""


def free_port() -> int:
    """A loopback port that nobody listens on now; another server may take it before it is used."""
    for _ in range(_TRIES):
        with suppress(OSError):
            return bind(_FIRST + secrets.randbelow(_COUNT))
    return bind(0)
