"""The HTTP server of exporter and worker: strangers, idle connections, and those who do not read."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse

import pytest

from stream_app.clients.http import MAX_CONNECTIONS, Page, allowed_names, serving

_BODY = b"numbers\n"
_WAIT_S = 20.0


@contextmanager
def requested(port: int, path: str = "/metrics", **headers: str) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_WAIT_S)
    try:
        connection.request("GET", path, headers=headers)
        yield connection.getresponse()
    finally:
        connection.close()


@pytest.fixture
def port() -> Iterator[int]:
    with serving("127.0.0.1", 0, {"/metrics": lambda _: Page(_BODY, "text/plain")}) as number:
        yield number


def test_an_answer_tells_browsers_to_run_and_embed_nothing(port: int) -> None:
    with requested(port) as answer:
        assert answer.read() == _BODY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'self'", "base-uri 'none'", "form-action 'none'"} == set(policy)


def test_errors_of_the_library_have_the_headers_as_well(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_WAIT_S)
    connection.request("BREW", "/metrics")
    answer = connection.getresponse()
    assert answer.status == HTTPStatus.NOT_IMPLEMENTED
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()


def test_many_idle_connections_do_not_stop_a_scrape(port: int) -> None:
    with ExitStack() as stack:
        stack.enter_context(_many_files())
        for _ in range(1000):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S))
        with requested(port) as answer:
            assert (answer.status, answer.read()) == (HTTPStatus.OK, _BODY)
        assert threading.active_count() < 2 * MAX_CONNECTIONS


def test_a_scraper_keeps_its_connection_while_others_idle(port: int) -> None:
    scraper = HTTPConnection("127.0.0.1", port, timeout=_WAIT_S)
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS // 2):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S))
        scraper.request("GET", "/metrics")
        assert scraper.getresponse().read() == _BODY
        kept = scraper.sock
        for _ in range(MAX_CONNECTIONS // 2):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S))
        scraper.request("GET", "/metrics")
        assert scraper.getresponse().read() == _BODY
        assert scraper.sock is kept
    scraper.close()


def test_half_a_request_does_not_hold_a_place(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S))
            slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127")
        with requested(port) as answer:
            assert answer.read() == _BODY


def test_a_new_connection_is_refused_while_all_are_answered() -> None:
    # All answers and the test wait for each other: before that and after the refusal.
    together = threading.Barrier(MAX_CONNECTIONS + 1, timeout=_WAIT_S)

    def slow(_: object) -> Page:
        together.wait()
        together.wait()
        return Page(_BODY, "text/plain")

    with serving("127.0.0.1", 0, {"/slow": slow}) as number, ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            busy = stack.enter_context(socket.create_connection(("127.0.0.1", number), timeout=_WAIT_S))
            busy.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        together.wait()
        with socket.create_connection(("127.0.0.1", number), timeout=_WAIT_S) as late:
            assert late.recv(1) == b""
        together.wait()
        assert busy.recv(12) == b"HTTP/1.1 200"


def test_a_body_is_not_taken_for_the_next_request(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S) as connection:
        hidden = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
        head = f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(hidden)}\r\n\r\n"
        connection.sendall(head.encode() + hidden)
        with connection.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("localhost", HTTPStatus.OK),
        ("127.0.0.1:9464", HTTPStatus.OK),
        ("[::1]:9464", HTTPStatus.OK),
        ("LOCALHOST:1", HTTPStatus.OK),
        ("wall.example", HTTPStatus.OK),
        ("evil.example", HTTPStatus.MISDIRECTED_REQUEST),
        ("localhost.evil.example", HTTPStatus.MISDIRECTED_REQUEST),
        ("[::1", HTTPStatus.MISDIRECTED_REQUEST),
        ("", HTTPStatus.MISDIRECTED_REQUEST),
    ],
)
def test_only_allowed_names_are_answered(name: str, status: HTTPStatus) -> None:
    routes = {"/metrics": lambda _: Page(_BODY, "text/plain")}
    with serving("127.0.0.1", 0, routes, "wall.example, other") as number, requested(number, Host=name) as answer:
        assert answer.status == status
        assert (answer.read() == _BODY) == (status == HTTPStatus.OK)


def test_any_name_is_allowed_where_none_is_set_and_others_may_connect() -> None:
    assert allowed_names("0.0.0.0", "") == frozenset()  # noqa: S104 - a name, nothing listens
    assert allowed_names("127.0.0.1", "*") == frozenset()
    assert "exporter" in allowed_names("0.0.0.0", "exporter")  # noqa: S104
    assert "evil.example" not in allowed_names("127.0.0.1", "")


@contextmanager
def _many_files() -> Iterator[None]:
    """Let this process, which holds both ends of every connection, have enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
