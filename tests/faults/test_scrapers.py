"""Whoever scrapes gets whole numbers, whatever is rebuilt and whoever else scrapes."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.system.event_sets import UNTIL, EventSet
from tests.system.expectations import assert_exact
from tests.system.installation import Installation, answer, get, port

pytestmark = pytest.mark.faults

AS_OF = ("--as-of", UNTIL.isoformat())
_DEAD = 80
_SCRAPES = 10


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


@contextmanager
def _asking(at: str) -> Iterator[socket.socket]:
    """Ask for the page, and take next to nothing of it: what is not read fills the buffers on the way."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.connect(("127.0.0.1", int(at)))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield client
