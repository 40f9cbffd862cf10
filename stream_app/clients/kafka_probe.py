"""Asks brokers what a Kafka client does not tell: whether the address, TLS, certificates and the password are right."""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from typing import Final

from stream_app.clients.settings import Settings

_TIMEOUT_S: Final = 5.0
_TLS_ALERT: Final = 0x15
_CLIENT: Final = b"stream-app"
_API_VERSIONS, _METADATA, _METADATA_VERSION = 18, 3, 1
_HEAD = struct.Struct(">ii")
_VERSIONS = struct.Struct(">hhh")
_LONGEST_ANSWER = 1 << 20


class ClosedAtOnceError(OSError):
    """The connection is closed, or answered in another protocol, at the first request."""


class SaslRequiredError(OSError):
    """The connection is closed at the first request that needs authentication."""


def probe(settings: Settings) -> Exception | None:
    """Why the first of the brokers that fails does: OSError or aiokafka's KafkaError; None if all take the client.

    Not for use in a running event loop.
    """
    for address in settings.broker_addresses:
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
    supported = _answer(connection, _API_VERSIONS, 0, b"")
    if supported is None:
        raise ClosedAtOnceError
    least, most = _versions(supported).get(_METADATA, (0, 0))
    is_understood = least <= _METADATA_VERSION <= most
    if is_understood and not _has_login(settings):
        no_topics = struct.pack(">i", 0)
        if _answer(connection, _METADATA, _METADATA_VERSION, no_topics) is None:
            raise SaslRequiredError


def _versions(answer: bytes) -> dict[int, tuple[int, int]]:
    """The versions of each API that a broker understands, from the answer to version 0 of that question."""
    head = struct.calcsize(">hi")
    whole = len(answer) - (len(answer) - head) % _VERSIONS.size
    return {api: (least, most) for api, least, most in _VERSIONS.iter_unpack(answer[head:whole])}


def _answer(connection: socket.socket, api: int, version: int, body: bytes) -> bytes | None:
    """Send a request and return its answer; None if that is not one of Kafka's protocol."""
    request = struct.pack(">hhih", api, version, 1, len(_CLIENT)) + _CLIENT + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    with suppress(ConnectionResetError, ssl.SSLEOFError):
        head = _read(connection, _HEAD.size)
        if len(head) == _HEAD.size and head[0] != _TLS_ALERT:
            size, number = _HEAD.unpack(head)
            if number == 1:
                return _read(connection, min(size - 4, _LONGEST_ANSWER))
    return None


def _read(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if there are no more."""
    read = bytearray()
    while len(read) < size and (more := connection.recv(size - len(read))):
        read += more
    return bytes(read)
