"""What a scrape of the exporter costs: reading the store, computing every sample, writing them out."""

import time
from dataclasses import dataclass

from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import DECLARATIONS, DEFINITIONS_OF, SampleSource
from stream_app.clients.connections import sync_redis
from stream_app.clients.http import Request
from stream_app.clients.settings import Settings
from stream_app.exporter.collector import BusinessCollector
from stream_app.exporter.metrics_page import MetricsPage
from stream_app.exporter.wall import HELD, Wall
from stream_app.monitoring.dashboards import WALL
from stream_app.monitoring.thresholds import DEFAULTS
from stream_app.store.reader import Reader

__all__ = ["Scraped", "Scraper", "WallAsker", "at_rest"]

_WARM = 10


def _now() -> int:
    return time.time_ns() // 1_000_000


class Scraper:
    """An exporter without its HTTP server; the first scrape is cold: it knows nothing yet."""

    def __init__(self, settings: Settings) -> None:
        self._redis = sync_redis(settings)
        reader = Reader(self._redis, settings.namespace, settings.rules.calendar)
        source = SampleSource(settings.series_limit)
        collector = BusinessCollector(reader, source, DEFINITIONS_OF, _now)
        self._page = MetricsPage(collector)

    def scrape(self) -> tuple[float, bytes]:
        """Scrape once; return how long it took, in seconds, and what Prometheus would get."""
        started = time.perf_counter()
        page = self._page({}).body
        return time.perf_counter() - started, page

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()


class WallAsker:
    """The wall's values as its page asks for them, without an HTTP server."""

    def __init__(self, settings: Settings) -> None:
        self._redis = sync_redis(settings)
        self._wall = Wall(
            declared=WALL,
            known=DECLARATIONS,
            metrics=METRICS,
            reader=Reader(self._redis, settings.namespace, settings.rules.calendar, min_buckets=HELD),
            source=SampleSource(settings.series_limit),
            clock=_now,
            thresholds=DEFAULTS,
        )

    def ask(self) -> bytes:
        """Return what the page would get; within `REUSED_S` it is the same again."""
        return self._wall.routes()["/wall.json"](Request({})).body

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()


@dataclass(frozen=True, slots=True)
class Scraped:
    """Durations in seconds: of the first scrape, and of scrapes with nothing new in between."""

    series: int
    size: int
    cold: float
    warm: list[float]


def at_rest(settings: Settings) -> Scraped:
    """Scrape a store in which nothing changes."""
    scraper = Scraper(settings)
    cold, page = scraper.scrape()
    warm = [scraper.scrape()[0] for _ in range(_WARM)]
    scraper.close()
    series = sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))
    return Scraped(series, len(page), cold, warm)
