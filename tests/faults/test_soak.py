"""Everything works for long while things fail one after another: nothing is lost, and every number is exact in the end.

`make soak` runs it for ten minutes; SOAK_MINUTES and SOAK_SEED choose how long, and in which order things fail.
"""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stream_app.demo.embedded_servers import Server
from tests.servers.cluster import Cluster
from tests.servers.java import UnavailableError
from tests.servers.kafka import real_kafka_server
from tests.servers.tansu import tansu_server
from tests.system.event_sets import MOMENTS, UNTIL, EventSet, large_event_set
from tests.system.expectations import assert_exact, assert_rejected, expected
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import CommandProcess
from tests.system.redis_proxy import RedisProxy

log = logging.getLogger(__name__)

MINUTES = float(os.environ.get("SOAK_MINUTES", "2"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
_FEWEST_FAULTS = 8
_SESSION_TIMEOUT_S = 3
_SUSPENDED_S = 6.0
_SCRAPE_S = 3.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    """Run a broker of the test's own: an Apache Kafka, or Tansu where that cannot be had."""
    try:
        server = real_kafka_server(tmp_path / "kafka")
    except UnavailableError:
        server = tansu_server(tmp_path / "tansu")
    with server:
        yield server


class Soak:
    """What runs, and what may befall it."""

    def __init__(self, installation: Installation, near: RedisProxy, store: Server, broker: Server) -> None:
        self.installation = installation
        self._near, self._store, self._broker = near, store, broker
        self.workers = [self._start_worker(), self._start_worker()]
        self.restarted = 0

    def worker_is_killed(self) -> None:
        self.workers[0].kill()
        self.workers = [self.workers[1], self._start_worker()]

    def worker_is_suspended(self) -> None:
        self.workers[0].suspend()
        time.sleep(_SESSION_TIMEOUT_S + _SUSPENDED_S)
        self.workers[0].resume()
        self.workers.reverse()

    def store_is_killed(self) -> None:
        self._store.kill()
        time.sleep(2)
        self._store.start()

    def store_is_flushed(self) -> None:
        self.installation.flush()

    def store_is_suspended(self) -> None:
        _suspend(self._store)

    def broker_is_suspended(self) -> None:
        _suspend(self._broker)

    def connections_are_cut(self) -> None:
        self._near.cut()

    @property
    def faults(self) -> list[Callable[[], None]]:
        return [
            self.worker_is_killed,
            self.worker_is_suspended,
            self.store_is_killed,
            self.store_is_flushed,
            self.store_is_suspended,
            self.broker_is_suspended,
            self.connections_are_cut,
        ]

    def supervise(self) -> None:
        """Start what has ended by itself again, as a supervisor does."""
        for place, worker in enumerate(self.workers):
            if worker.code is not None:
                log.info("a worker ended with %s and is started again", worker.code)
                self.restarted += 1
                self.workers[place] = self._start_worker()

    def _start_worker(self) -> CommandProcess:
        return self.installation.worker(redis_url=self._near.url, batch_events="40")


def _suspend(server: Server) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(_SUSPENDED_S)
    os.kill(server.pid, signal.SIGCONT)


class Repeated:
    """Does something every so often on a thread while a block runs; what goes wrong there is raised at its end."""

    def __init__(self, action: Callable[[], bool], interval: float) -> None:
        """Take what to do, until it says False."""
        self._action, self._interval = action, interval
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Wait for the last time."""
        self._stopped.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while self._action() and not self._stopped.wait(self._interval):
                pass
        except BaseException as error:  # noqa: BLE001 - raised where the block ends
            self._error = error


def test_every_number_is_exact_after_one_fault_after_another(
    broker: Server, crash_redis: Server, namespace: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Clients that are cut off say so, and often.
    caplog.set_level(logging.WARNING)
    caplog.set_level(logging.INFO, log.name)
    events = large_event_set()
    seconds = MINUTES * 60
    store = f"redis://{crash_redis.address}/0"
    with ExitStack() as stack:
        installation = stack.enter_context(
            Installation(Cluster(broker.address), store, namespace, tmp_path, session_timeout_s=str(_SESSION_TIMEOUT_S))
        )
        near = stack.enter_context(RedisProxy(crash_redis.port))
        installation.create_topics()
        soak = Soak(installation, near, crash_redis, broker)
        metrics = port()
        exporter = installation.start("exporter", redis_url=near.url, exporter_port=metrics)
        answer(metrics, "/metrics", exporter)
        scraped: list[bool] = []
        with Repeated(lambda: _scrape(metrics, scraped), _SCRAPE_S):
            faults = _work(soak, events, seconds)
        _await_all_applied(soak)
        assert exporter.code is None
        assert len(scraped) > seconds / (_SCRAPE_S + 10)
        assert all(scraped), f"{scraped.count(False)} of {len(scraped)} scrapes were not answered"
        for worker in soak.workers:
            assert worker.stop() == 0
        assert_exact(installation, events.events, *MOMENTS)
        assert_rejected(installation, events)
        log.info(
            "%d events in %d records, %d faults, %d scrapes, %d workers ended by themselves: %d numbers, and as "
            "many again at each of %d other moments: no difference",
            len(events.events),
            len(events.records),
            len(faults),
            len(scraped),
            soak.restarted,
            len(expected(events.events, UNTIL)),
            len(MOMENTS) - 1,
        )


def _work(soak: Soak, events: EventSet, seconds: float) -> list[str]:
    """Produce at a fixed rate while things fail; return what has."""
    count = max(_FEWEST_FAULTS, round(MINUTES))
    parts = iter(events.parts(round(seconds)))
    dice = random.Random(SEED)  # noqa: S311 - the same every time

    def produce() -> bool:
        part = next(parts, None)
        if part is not None:
            soak.installation.produce(part)
        return part is not None

    kinds = soak.faults
    order = [fault for _ in range(-(-count // len(kinds))) for fault in dice.sample(kinds, len(kinds))][:count]
    began = time.monotonic()
    with Repeated(produce, 1):
        for number, fault in enumerate(order):
            _sleep_until(began + (number + 0.5) * seconds / count, soak)
            log.info("%.0f s: %s", time.monotonic() - began, fault.__name__)
            fault()
        _sleep_until(began + seconds, soak)
    soak.installation.produce(record for part in parts for record in part)
    return [fault.__name__ for fault in order]


def _sleep_until(moment: float, soak: Soak) -> None:
    while time.monotonic() < moment:
        soak.supervise()
        time.sleep(0.2)


def _scrape(at: str, scraped: list[bool]) -> bool:
    page = get(at, "/metrics")
    scraped.append(page is not None and page.status == 200)
    return True


def _await_all_applied(soak: Soak) -> None:
    ends = {source: end for source, end in soak.installation.ends().items() if end}
    deadline = time.monotonic() + 120
    while soak.installation.ledger() != ends:
        assert time.monotonic() < deadline, f"the ledger stands at {soak.installation.ledger()} of {ends}"
        soak.supervise()
        time.sleep(0.2)
