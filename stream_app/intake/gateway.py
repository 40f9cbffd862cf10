"""The gateway's HTTP side: what is posted is verified, mapped, written, and only then answered 2xx.

Nothing of a request is logged but the source's name, the status, the size and how long it took.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from aiokafka.errors import KafkaError

from stream_app.clients.http import CannotListenError
from stream_app.intake.configuration import Configured, GatewaySettings
from stream_app.intake.connections import Connections
from stream_app.intake.delivery import Delivery, LogRecord
from stream_app.intake.inbox import inbox_record
from stream_app.intake.mapping import Mapped, Result, TooManyItems
from stream_app.intake.mapping import Mapping as ItemMapping
from stream_app.intake.telemetry import NO_SOURCE, GatewayTelemetry
from stream_app.sources.signing import verify
from stream_app.sources.source import Request

__all__ = ["STOP_S", "Gateway", "Taken", "listening"]

log = logging.getLogger(__name__)

STOP_S = 5.0
"""How long a request that is being answered may take after the gateway was told to end, in seconds."""

_LINGER_S = 1.0
_SHUTDOWN_S = 1.0
# Longer than reverse proxies do, which would else send a request into a connection that is being closed.
_KEEPALIVE_S = 180.0
_FOR_GATEWAY = "in"
_SERVER = "stream-app"


@dataclass(frozen=True, slots=True)
class Taken:
    """A source that is configured, and what maps it."""

    configured: Configured
    mapping: ItemMapping


class _Refused(Exception):  # noqa: N818 - it is an answer
    """The answer is none of the good ones."""

    def __init__(self, status: int, *, is_read: bool = True) -> None:
        super().__init__(status)
        self.status, self.is_read = status, is_read


class Gateway:
    """Answers requests. Holds no state but what is under way."""

    def __init__(
        self,
        sources: Mapping[str, Taken],
        settings: GatewaySettings,
        inbox: str,
        delivery: Delivery,
        telemetry: GatewayTelemetry,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`inbox` is the name of its topic; `clock` gives epoch milliseconds."""
        self._sources, self._settings, self._inbox = sources, settings, inbox
        self._delivery, self._telemetry, self._clock = delivery, telemetry, clock
        self._in_flight = 0
        self._in_flight_bytes = 0
        self.is_ready = False
        """Whether requests are taken; until then they are answered 503."""
        self._is_ending = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Raises nothing."""
        began = time.monotonic()
        name, taken = self._addressed(request)
        size = 0
        if taken is None:
            status, is_read = HTTPStatus.NOT_FOUND.value, not request.can_read_body
        else:
            try:
                status, size = await self._answer(taken, request, began)
                is_read = True
            except _Refused as refused:
                status, is_read = refused.status, refused.is_read
            except Exception as error:  # noqa: BLE001 - its text may hold what was posted
                log.error("%s: a request could not be answered (%s)", name, type(error).__name__)  # noqa: TRY400
                status, is_read = HTTPStatus.INTERNAL_SERVER_ERROR.value, False
        self._telemetry.answered(name, status)
        log.info("%s %d, %d bytes, %.0f ms", name, status, size, (time.monotonic() - began) * 1000)
        return _response(status, taken, closes=not is_read or self._is_ending)

    async def drain(self, seconds: float) -> None:
        """Return when nothing is under way, or so many seconds have passed; connections end with their requests."""
        self._is_ending = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_idle.wait()

    def _addressed(self, request: web.BaseRequest) -> tuple[str, Taken | None]:
        """The source that a path is for, whatever follows its name: that is a token, and for whoever verifies."""
        first, _, rest = request.raw_path.partition("?")[0].removeprefix("/").partition("/")
        name, _, token = rest.partition("/")
        if first != _FOR_GATEWAY or "/" in token or name not in self._sources:
            return NO_SOURCE, None
        return name, self._sources[name]

    async def _answer(self, taken: Taken, request: web.BaseRequest, began: float) -> tuple[int, int]:
        """Status and size of a request that is taken, or only greets. Raises _Refused."""
        source = taken.configured.source
        if request.method in {"GET", "HEAD"}:  # some senders try whether anybody is there
            return HTTPStatus.OK.value, 0
        if request.method != "POST":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, is_read=False)
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, is_read=False)
        limit = source.limits.body_bytes
        announced = request.content_length
        if announced is not None and announced > limit:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, is_read=False)
        reserved = limit if announced is None else announced
        if not self.is_ready or not self._has_room(reserved):
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, is_read=False)
        self._enter(1, reserved)
        try:
            async with asyncio.timeout(source.limits.answer_s):
                body = await _body(request, limit)
                await self._take(taken, request, body, began)
        except (TimeoutError, KafkaError, OSError) as error:
            is_read = not isinstance(error, TimeoutError)
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, is_read=is_read) from None
        finally:
            self._enter(-1, -reserved)
        return source.replies.ok, len(body)

    def _has_room(self, size: int) -> bool:
        limits = self._settings
        return self._in_flight < limits.in_flight and self._in_flight_bytes + size <= limits.in_flight_bytes

    def _enter(self, requests: int, size: int) -> None:
        self._in_flight += requests
        self._in_flight_bytes += size
        self._telemetry.in_flight.set(self._in_flight)
        if self._in_flight:
            self._is_idle.clear()
        else:
            self._is_idle.set()

    async def _take(self, taken: Taken, request: web.BaseRequest, body: bytes, began: float) -> None:
        """Return when all of a request is in Kafka. Raises _Refused, KafkaError."""
        received = self._clock()
        source, secrets = taken.configured.source, taken.configured.secrets
        posted = Request(request.method, self._settings.public_url + request.raw_path, _headers(request), body)
        if not taken.configured.settings.unsigned:
            reason = verify(source.signature, posted, secrets, received)
            if reason is not None:
                self._telemetry.refused(source.name, reason)
                raise _Refused(source.replies.bad_signature)
        mapped = taken.mapping.request(posted, received)
        if isinstance(mapped, TooManyItems):
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await self._delivery.write(self._records(source.name, mapped))
        self._telemetry.taken(source.name, mapped, time.monotonic() - began)

    def _records(self, source: str, mapped: Sequence[Mapped]) -> list[LogRecord]:
        events = (LogRecord(event.topic, event.key, event.value) for each in mapped for event in each.events)
        items = (LogRecord(self._inbox, *inbox_record(source, each)) for each in mapped if self._is_kept(each))
        return [*events, *items]

    def _is_kept(self, mapped: Mapped) -> bool:
        inbox = self._settings.inbox
        return inbox == "all" or (inbox == "parked" and mapped.result is Result.PARKED)


@asynccontextmanager
async def listening(gateway: Gateway, host: str, port: int) -> AsyncIterator[None]:
    """Take requests while the block runs, and finish those under way when it ends. Raises CannotListenError."""
    server = Connections(
        gateway.handle,
        access_log=None,
        logger=_WITHOUT_REQUESTS,
        auto_decompress=False,
        lingering_time=_LINGER_S,
        keepalive_timeout=_KEEPALIVE_S,
    )
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        try:
            await site.start()
        except OSError as error:
            raise CannotListenError(host, port, error) from error
        yield
        await site.stop()
        # The library reads no more of a body once it shuts down.
        await gateway.drain(STOP_S)
    finally:
        await runner.cleanup()


class _WithoutRequests(logging.Filter):
    """The library's own lines quote what came, and from where."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = "a connection did not speak HTTP, or broke", None, None
        return True


_WITHOUT_REQUESTS = logging.getLogger(f"{__name__}.http")
_WITHOUT_REQUESTS.addFilter(_WithoutRequests())


async def _body(request: web.BaseRequest, limit: int) -> bytes:
    """The body as it came. Raises _Refused if it is longer than it may be, or ends too early."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    parts: list[bytes] = []
    size = 0
    while size <= limit:
        try:
            part = await request.content.readany()
        except Exception:  # noqa: BLE001 - chunks that are none, a sender that is gone: the library has a class for each
            raise _Refused(HTTPStatus.BAD_REQUEST, is_read=False) from None
        if not part:
            return b"".join(parts)
        size += len(part)
        parts.append(part)
    raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, is_read=False)


def _headers(request: web.BaseRequest) -> dict[str, str]:
    """By names in lower case; of several of one name the first."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found.setdefault(name.lower(), value)
    return found


def _response(status: int, taken: Taken | None, *, closes: bool) -> web.Response:
    response = web.Response(status=status, headers={"Server": _SERVER})
    if status == HTTPStatus.SERVICE_UNAVAILABLE and taken is not None:
        response.headers["Retry-After"] = taken.configured.source.replies.retry_after
    if closes:
        response.force_close()
    return response
