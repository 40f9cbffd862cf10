"""Asks brokers what a Kafka client does not tell: whether the address, TLS, certificates and the password are right."""

import asyncio
import socket
import ssl
import struct
from typing import Final

from stream_app.clients.settings import Settings

_TIMEOUT_S: Final = 5.0
_TLS_ALERT: Final = 0x15
_CLIENT: Final = b"stream-app"
_API_VERSIONS, _METADATA = 18, 3


class ClosedAtOnceError(OSError):
    """The connection is closed, or answered in another protocol, at the first request."""


class SaslRequiredError(OSError):
    """The connection is closed at the first request that needs authentication."""


def probe(settings: Settings) -> Exception | None:
    """Why the first of the brokers that fails does: OSError or aiokafka's KafkaError; None if all take the client.

    Not for use in a running event loop.
    """
    for broker in settings.brokers.split(","):
        host, _, port = broker.strip().rpartition(":")
        address = host.strip("[]"), int(port)
        try:
            _ask(*address, settings)
        except OSError as error:
            return error
        if _has_login(settings) and (refused := _log_in(*address, settings)):
            return refused
    return None


def _has_login(settings: Settings) -> bool:
    return settings.kafka_password is not None and settings.kafka_security.startswith("sasl")


def _log_in(host: str, port: int, settings: Settings) -> Exception | None:
    # A command that needs no Kafka does not wait for its client to be imported.
    from aiokafka.conn import create_conn  # noqa: PLC0415
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    from stream_app.clients.connections import aiokafka_options  # noqa: PLC0415

    options = aiokafka_options(settings)
    del options["bootstrap_servers"]

    async def log_in() -> None:
        async with asyncio.timeout(_TIMEOUT_S):
            (await create_conn(host, port, **options)).close()

    try:
        asyncio.run(log_in())
    except (KafkaError, OSError) as error:
        return error
    return None


def _ask(host: str, port: int, settings: Settings) -> None:
    with socket.create_connection((host, port), timeout=_TIMEOUT_S) as plain:
        context = settings.tls()
        if context is None:
            _converse(plain, settings)
            return
        with context.wrap_socket(plain, server_hostname=host) as connection:
            _converse(connection, settings)


def _converse(connection: socket.socket, settings: Settings) -> None:
    # An alert about the client's certificate comes only now.
    if not _answers(connection, _API_VERSIONS, b""):
        raise ClosedAtOnceError
    if not _has_login(settings) and not _answers(connection, _METADATA, struct.pack(">i", 0)):
        raise SaslRequiredError


def _answers(connection: socket.socket, api: int, body: bytes) -> bool:
    """Send a request, and tell whether an answer of Kafka's protocol comes."""
    version = 1 if api == _METADATA else 0
    request = struct.pack(">hhih", api, version, 1, len(_CLIENT)) + _CLIENT + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    try:
        head = connection.recv(8)
    except ConnectionResetError:
        return False
    except ssl.SSLEOFError:
        return False
    if len(head) > 0 and head[0] == _TLS_ALERT:
        return False
    return len(head) > 4 and struct.unpack(">i", head[4:8].ljust(4, b"\0"))[0] == 1  # noqa: PLR2004 - the size and the id of the request
