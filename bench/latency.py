"""From a record's timestamp to its commit, under live traffic: by the worker's own histogram, and seen from outside."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from bench.candidates import worker
from bench.environment import BenchEnvironment, python
from bench.event_history import EventHistory
from bench.measurement import processor
from bench.scrape import Scraper
from stream_app.clients.ports import free_port

__all__ = ["Latency", "under_traffic"]

_HISTOGRAM = "stream_app_event_latency_seconds"
_READY_WITHIN = 30.0
_SCRAPE_EVERY = 2.5


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds at each quantile: `exact` from outside, `histogram` from /metrics, interpolated within a bucket."""

    rate: float
    events: int
    exact: dict[str, float]
    histogram: dict[str, float]
    scrapes: list[float]
    """Durations of the scrapes that went on meanwhile."""
    costs: dict[str, float]
    """Processor time of worker, store and broker in microseconds for an event; scrapes and the bench's own looks at the
    store are in that of the store."""


def under_traffic(environment: BenchEnvironment, event_history: EventHistory, rate: float, seconds: float) -> Latency:
    """Run a worker on what the store holds, send it `rate` events a second for so long, and see how late they are."""
    port = free_port()
    traffic = python(
        "bench.live_traffic", str(event_history.events), event_history.until.isoformat(), str(rate), str(seconds)
    )
    before: dict[float, float] = {}
    used: dict[str, float] = {}
    answer: dict[str, Any] = {}
    with environment.running(worker(), worker_port=str(port)) as working:
        _await_readiness(port)
        with environment.running(traffic) as sending, _scraping(environment) as scrapes:
            for line in sending.stdout or ():
                answer = json.loads(line)
                if "warm" in answer:
                    before, used = _buckets(port), _used(environment, working.pid)
            sending.wait()
        after = _buckets(port)
        burnt = {name: value - used.get(name, 0.0) for name, value in _used(environment, working.pid).items()}
        working.terminate()
        working.wait()
    grown = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    return Latency(
        answer["rate"],
        answer["events"],
        {name: answer[name] for name in ("p50", "p90", "p99", "longest")},
        {f"p{share}": _quantile(grown, share / 100) for share in (50, 90, 99)},
        scrapes,
        {name: seconds / answer["events"] * 1e6 for name, seconds in burnt.items()},
    )


def _used(environment: BenchEnvironment, worker_pid: int) -> dict[str, float]:
    """Processor seconds so far."""
    return {
        "worker": processor(worker_pid) or 0.0,
        "store": environment.processor_of_store(),
        "broker": environment.processor_of_broker(),
    }


def _await_readiness(port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _buckets(port: int) -> dict[float, float]:
    """How many events arrived within each bound, so far."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families if family.name == _HISTOGRAM for sample in family.samples]
    return {float(sample.labels["le"]): sample.value for sample in samples if "le" in sample.labels}


def _quantile(buckets: dict[float, float], share: float) -> float:
    """Prometheus' histogram_quantile: straight lines within buckets."""
    wanted = share * max(buckets.values())
    lower, below = 0.0, 0.0
    for bound, count in buckets.items():
        if count >= wanted:
            share_of_bucket = (wanted - below) / max(count - below, 1)
            return lower if bound == float("inf") else lower + (bound - lower) * share_of_bucket
        lower, below = bound, count
    return lower


@contextmanager
def _scraping(environment: BenchEnvironment) -> Iterator[list[float]]:
    """Scrape every now and then while the block runs, as Prometheus would; the first, cold one is left out."""
    scraper, done = Scraper(environment.settings), threading.Event()
    scraper.scrape()
    durations: list[float] = []

    def scrape() -> None:
        while not done.wait(_SCRAPE_EVERY):
            durations.append(scraper.scrape()[0])

    thread = threading.Thread(target=scrape, name="scrapes")
    thread.start()
    try:
        yield durations
    finally:
        done.set()
        thread.join()
        scraper.close()
