"""A small HTTP server on threads: a table of paths, GET only."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

log = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 100
"""How many connections may be open: each has a thread and a file descriptor."""

IDLE_S: Final = 120
"""How long a connection may wait for its next request: longer than the usual intervals between scrapes."""

ANSWER_S: Final = 30
"""How long whoever asked may take to read the answer."""

NO_CONTENT: Final = "default-src 'none'"
"""The policy of what is no page."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    policy: str = NO_CONTENT
    """The Content-Security-Policy: where a page may load from, and which scripts may run."""
    headers: tuple[tuple[str, str], ...] = ()
    """What else is said with it."""


class Request(dict[str, str]):
    """The headers of a request by their names, and of its query each name's first value."""

    def __init__(self, headers: Mapping[str, str], query: str = "") -> None:
        super().__init__(headers)
        self.query: Mapping[str, str] = {name: values[0] for name, values in parse_qs(query).items()}


Route = Callable[[Request], Page]
"""Answers a request."""


def metrics_route(registry: CollectorRegistry) -> Route:
    """The registry in the format that the scraper asks for."""

    def metrics(headers: Mapping[str, str]) -> Page:
        encode, content_type = choose_encoder(headers.get("Accept", ""))
        return Page(encode(registry), content_type)

    return metrics


class CannotListenError(Exception):
    """The address is used by another process, or is not one of this machine."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {error.strerror}")


def allowed_names(host: str, names: str) -> frozenset[str]:
    """The names that a request may be addressed to, if one listens on `host`; empty: any.

    `names` are separated by commas, `*` is any. On loopback only its own names are allowed besides: a page of another
    site, whose name its owner lets point to this machine, could read the numbers otherwise.
    """
    given = frozenset(name.strip().lower() for name in names.split(",") if name.strip())
    if "*" in given or (not given and host not in _LOOPBACK):
        return frozenset()
    return given | _LOOPBACK | {host}


def answers_this_machine_alone(host: str, names: str) -> bool:
    """Whether nobody on another machine is answered: one listens on loopback, and no proxy's name is allowed."""
    return host in _LOOPBACK and not names.strip()


@contextmanager
def serving(host: str, port: int, routes: Mapping[str, Route], names: str = "") -> Iterator[int]:
    """Serve while the block runs; gives the port. `names`: see `allowed_names`. Raises CannotListenError."""
    allowed = allowed_names(host, names)

    class Handler(_Handler):
        def answer(self) -> Page:
            if not is_allowed(self.headers.get("Host"), allowed):
                return _MISDIRECTED
            route = routes.get(self.path.partition("?")[0])
            return self.page(route) if route else Page(b"not found\n", "text/plain", HTTPStatus.NOT_FOUND)

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        raise CannotListenError(host, port, error) from error
    thread = threading.Thread(target=server.serve_forever, name="web", kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_MISDIRECTED = Page(
    b"this server does not answer to that name: add it to STREAM_APP_ALLOWED_HOSTS\n",
    "text/plain",
    HTTPStatus.MISDIRECTED_REQUEST,
)


def is_allowed(header: str | None, allowed: frozenset[str]) -> bool:
    """Say whether a request with this `Host` is answered; `allowed` as of `allowed_names`."""
    if not allowed or header is None:
        return True
    try:
        return urlsplit(f"//{header}").hostname in allowed
    except ValueError:
        return False


class _Server(ThreadingHTTPServer):
    """Has room for a new connection always: the one that has waited longest for a request is closed for it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._waiting: dict[socket.socket, None] = {}
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
        """Handle a connection on a thread of its own."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS and not self._close_longest_waiting():
                log.warning("%d connections are being answered: a new one is refused", len(self._open))
                super().shutdown_request(request)
                return
            self._open.add(request)
            self._waiting[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the library's signature
        """Forget a connection that ends."""
        with self._lock:
            self._open.discard(request)
            self._waiting.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
        """Whoever asked is gone: no news, and no traceback on standard error."""
        log.debug("a connection broke")

    def set_waiting(self, request: socket.socket, *, waiting: bool) -> None:
        """Say whether a connection waits for a request, or one is being answered."""
        with self._lock:
            self._waiting.pop(request, None)
            if waiting and request in self._open:
                self._waiting[request] = None

    def _close_longest_waiting(self) -> bool:
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        del self._waiting[longest]
        self._open.discard(longest)
        with suppress(OSError):
            longest.shutdown(socket.SHUT_RDWR)  # its thread reads the end, and closes it
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stream-app", ""
    timeout = IDLE_S
    server: _Server
    _policy = NO_CONTENT

    def answer(self) -> Page:
        """The page that is asked for."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self.server.set_waiting(self.connection, waiting=False)
        self.connection.settimeout(ANSWER_S)
        # A body is not read, and would be taken for the next request.
        self.close_connection |= "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        page = self.answer()
        with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked did not wait
            self._send(page)
        self.connection.settimeout(IDLE_S)
        self.server.set_waiting(self.connection, waiting=True)

    def _send(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        for name, value in page.headers:
            self.send_header(name, value)
        self._policy = page.policy
        self.end_headers()
        self.wfile.write(page.body)

    def end_headers(self) -> None:
        """End the headers of every answer, the library's own errors included."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Referrer-Policy", "no-referrer")
        policy = f"{self._policy}; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def page(self, route: Route) -> Page:
        """What a route answers; its failure is logged, and ends nothing."""
        try:
            return route(Request(dict(self.headers), self.path.partition("?")[2]))
        except Exception:
            log.exception("%s failed", self.path.partition("?")[0])
            return Page(b"internal error\n", "text/plain", HTTPStatus.INTERNAL_SERVER_ERROR)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
        """Scrapes are not news."""
