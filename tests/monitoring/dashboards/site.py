"""An exporter, a worker's metrics and a Prometheus that scrapes both: real ones, on free ports."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.sample_source import DEFINITIONS_OF, SampleSource
from stream_app.clients.connections import sync_redis
from stream_app.clients.http import Route, serving
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.core.samples import Sample
from stream_app.core.targets import Targets
from stream_app.exporter.collector import BusinessCollector
from stream_app.exporter.metrics_page import MetricsPage
from stream_app.exporter.target_gauges import TargetGauges
from stream_app.exporter.wall import DAYS, Wall, held_for
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import WALL
from stream_app.store.reader import Reader
from stream_app.store.sources import source_ages

PROMETHEUS = shutil.which("prometheus")

_TIMEOUT_S = 60


@contextmanager
def exporter(settings: Settings, clock: Callable[[], int], targets: Targets | None = None) -> Iterator[int]:
    """Run what `stream-app exporter` runs, wall and all; gives the port."""
    with sync_redis(settings) as redis, wall_of(settings, clock, targets) as wall:
        collector = BusinessCollector(_reader(redis, settings), SampleSource(), DEFINITIONS_OF, clock)
        gauges = [TargetGauges(targets, wall.current)] if targets else []
        routes: dict[str, Route] = {"/metrics": MetricsPage(collector, *gauges), **wall.routes()}
        with serving("127.0.0.1", 0, routes) as port:
            yield port


@contextmanager
def wall_of(settings: Settings, clock: Callable[[], int], targets: Targets | None = None) -> Iterator[Wall]:
    """The wall of a store."""
    calendar, held = settings.rules.calendar, held_for(targets or {})
    with sync_redis(settings) as redis:
        yield Wall(
            declared=WALL,
            known=(*METRICS, *DERIVED, *RATIOS),
            metrics=METRICS,
            reader=Reader(redis, settings.namespace, calendar, min_buckets=held, level_days=DAYS),
            source=SampleSource(),
            clock=clock,
            thresholds=ALERTING.thresholds,
            targets=targets or {},
            sources=partial(source_ages, redis, settings.namespace),
        )


def samples(settings: Settings, at: int) -> list[Sample]:
    """Everything that `stream-app kpis` would print at a moment."""
    with sync_redis(settings) as redis:
        return list(SampleSource().samples(_reader(redis, settings).read(at).view))


def _reader(redis: Any, settings: Settings) -> Reader:  # noqa: ANN401 - redis-py's types differ between versions
    return Reader(redis, settings.namespace, settings.rules.calendar)


@contextmanager
def prometheus(directory: Path, jobs: Mapping[str, int]) -> "Iterator[Queries]":
    """Run a real Prometheus that scrapes the port of each job every two seconds."""
    scraped = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in jobs.items()]
    with running_prometheus(directory, {"global": {"scrape_interval": "2s"}, "scrape_configs": scraped}) as port:
        queries = Queries(port)
        queries.wait_for(f"count(count_over_time(up[30s]) >= 3) == {len(jobs)} and count(up == 1) == {len(jobs)}")
        queries.stop_the_clock()
        yield queries


@contextmanager
def running_prometheus(directory: Path, config: Mapping[str, Any], *flags: str) -> Iterator[int]:
    """Run a real Prometheus that keeps everything in a directory; gives the port, at which it may not answer yet."""
    assert PROMETHEUS
    # JSON is YAML.
    (directory / "prometheus.json").write_text(json.dumps(config))
    port = free_port()
    command = [
        PROMETHEUS,
        f"--config.file={directory / 'prometheus.json'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        *flags,
    ]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - Debian's own binary
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


class Queries:
    """Asks a Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._at: float | None = None

    def stop_the_clock(self) -> None:
        """From now on ask about this moment: a scrape that comes too late under load must not hide a series."""
        self._at = float(self.instant("vector(time())")[0]["value"][1])

    def at(self, moment: float) -> "Queries":
        """Ask about a moment, in seconds."""
        self._at = moment
        return self

    def parse_error(self, query: str) -> str:
        """What is wrong with a query; empty if nothing."""
        return str(self._get("query", query).get("error", ""))

    def instant(self, query: str) -> list[dict[str, Any]]:
        """The samples that a query has now."""
        answer = self._get("query", query)
        assert answer["status"] == "success", (query, answer)
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [{"metric": {}, "value": result}]
        return list(result)

    def wait_for(self, query: str, timeout_s: float = _TIMEOUT_S) -> None:
        """Return when a query has a sample."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if self.instant(query):
                    return
            except (OSError, ValueError):
                pass
            assert time.monotonic() < deadline, query
            time.sleep(0.2)

    def _get(self, verb: str, query: str) -> dict[str, Any]:
        params: dict[str, Any] = {"query": query} if self._at is None else {"query": query, "time": self._at}
        url = f"{self._url}/{verb}?{urllib.parse.urlencode(params)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
