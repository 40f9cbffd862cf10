"""A small HTTP server on a thread: a table of paths, GET only."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK


Route = Callable[[Mapping[str, str]], Page]
"""Takes the request's headers."""


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


@contextmanager
def serving(host: str, port: int, routes: Mapping[str, Route]) -> Iterator[int]:
    """Serve while the block runs; gives the port. Raises CannotListenError."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "stream-app", ""

        def do_GET(self) -> None:
            route = routes.get(self.path.partition("?")[0])
            page = self._page(route) if route else Page(b"not found\n", "text/plain", HTTPStatus.NOT_FOUND)
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked did not wait
                self.wfile.write(page.body)

        def _page(self, route: Route) -> Page:
            try:
                return route(dict(self.headers))
            except Exception:
                log.exception("%s failed", self.path.partition("?")[0])
                return Page(b"internal error\n", "text/plain", HTTPStatus.INTERNAL_SERVER_ERROR)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
            """Scrapes are not news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise CannotListenError(host, port, error) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="web", kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
