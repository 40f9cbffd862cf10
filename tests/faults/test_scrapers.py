"""Whoever scrapes gets whole numbers, whatever is rebuilt and whoever else scrapes."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import CommandProcess, eventually

AS_OF = ("--as-of", UNTIL.isoformat())
_DEAD = 80
_SCRAPES = 10
# Few, because the exporter writes pages for each of them until the buffers are full.
_CUT = 20
# A page alone fits into the buffers between exporter and scraper.
_REQUESTS = 100
_TIMEOUT_S = 20.0


def _numbers(page: str) -> frozenset[str]:
    return frozenset(line for line in page.splitlines() if line.startswith("lifecycle_"))


def test_a_scrape_during_a_rebuild_has_the_old_numbers_or_the_new_ones(
    crash_installation: Installation, small_set: EventSet
) -> None:
    installation = crash_installation
    installation.create_topics()
    first, second = small_set.parts(2)
    installation.produce(first)
    installation.drain()
    # No worker reads these, so that the numbers that serve differ from those that are built.
    installation.produce(second)
    metrics = port()
    exporter = installation.start("exporter", *AS_OF, exporter_port=metrics)
    old = _numbers(answer(metrics, "/metrics", exporter))
    rebuild = installation.start("rebuild", batch_events="10")
    seen: list[frozenset[str]] = []
    while rebuild.code is None:
        seen.append(_numbers(answer(metrics, "/metrics", exporter, lambda page: page.status == 200)))
    assert rebuild.ended() == 0
    new = _numbers(answer(metrics, "/metrics", exporter))
    assert seen.count(old) > 1, "some scrapes are before the switch"
    assert old != new
    switched = seen.index(new) if new in seen else len(seen)
    assert seen == [old] * switched + [new] * (len(seen) - switched)
    assert_exact(installation, small_set.events, UNTIL)


def test_slow_and_dead_scrapers_do_not_keep_others_waiting(installation: Installation, small_set: EventSet) -> None:
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain()
    metrics = port()
    exporter = installation.start("exporter", *AS_OF, exporter_port=metrics)
    first = _numbers(answer(metrics, "/metrics", exporter))
    with ExitStack() as stack:
        for _ in range(_DEAD):
            stack.enter_context(_asking(metrics))
        slow = stack.enter_context(_asking(metrics))
        for _ in range(_SCRAPES):
            assert slow.recv(1)
            page = get(metrics, "/metrics")
            assert page is not None
            assert page.status == 200
            assert _numbers(page.text) == first
            time.sleep(1)
    assert exporter.stop() == 0


def test_scrapers_that_read_nothing_are_cut(installation: Installation, small_set: EventSet) -> None:
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain()
    metrics = port()
    exporter = installation.start("exporter", *AS_OF, exporter_port=metrics)
    whole = len(answer(metrics, "/metrics", exporter).encode())
    before = _threads(exporter)
    with ExitStack() as stack:
        dead = [stack.enter_context(_asking(metrics)) for _ in range(_CUT)]
        eventually(lambda: _threads(exporter) > _CUT, "each of them holds a thread", exporter)
        eventually(lambda: _threads(exporter) <= before, "they hold none any more", exporter)
        for each in dead:
            assert len(_rest(each)) < _REQUESTS * whole
    assert exporter.stop() == 0


def _threads(program: CommandProcess) -> int:
    return len(list(Path(f"/proc/{program.id}/task").iterdir()))


def _rest(client: socket.socket) -> bytes:
    """Read until the other side has ended the connection, in order or not."""
    client.settimeout(_TIMEOUT_S)
    read = bytearray()
    with suppress(ConnectionResetError):
        while part := client.recv(65_536):
            read += part
    return bytes(read)


@contextmanager
def _asking(at: str) -> Iterator[socket.socket]:
    """Ask for the page many times, and take next to nothing of it: what is not read fills the buffers on the way."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.connect(("127.0.0.1", int(at)))
        client.sendall(_REQUESTS * b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield client
