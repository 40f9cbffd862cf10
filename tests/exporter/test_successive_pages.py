"""A page made of what changed is that of an exporter that has only now begun: any history, byte for byte."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import DECLARATIONS, DEFINITIONS_OF, SampleSource
from stream_app.clients.http import Request
from stream_app.core.calendar import Calendar
from stream_app.core.deltas import Bucketizer
from stream_app.core.facts import DAY_MS, Delta, Fact
from stream_app.core.histogram import SUM
from stream_app.core.windows import HOUR_MS, MINUTE_MS, Clock
from stream_app.exporter.collector import BusinessCollector
from stream_app.exporter.metrics_page import MetricsPage
from stream_app.exporter.wall import HELD, Wall
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import WALL
from stream_app.spec.metric import Kind, Label, Metric
from stream_app.spec.window import Grain
from stream_app.store import generations
from stream_app.store.keys import BUILDING, SERVING
from stream_app.store.ledger import Applied, Ledger
from stream_app.store.reader import MOST_FIELDS, Reader
from tests.store.stores import commit_of, everything

BEGIN = 1_767_225_540_000
"""A minute before 2026 begins: minutes, hours, days and months end early in the history."""
STEPS = 40
LIMIT = 3
"""So few combinations are shown that which ones they are changes often."""
BUCKETIZER = Bucketizer(METRICS, Calendar())


class History:
    """A store that changes in every way a store can, and the time that passes."""

    def __init__(self, redis: Redis, url: str, namespace: str, seed: int) -> None:
        self.now = BEGIN
        self._redis, self._url, self._namespace = redis, url, namespace
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self._facts: Delta = []
        self._stored = 0
        self._saved = everything(redis, namespace), list(self._facts), 0
        self._commits = 0

    def go_on(self) -> None:
        """Let one thing happen."""
        steps: dict[Callable[[], None], int] = {
            self._grow: 10,
            self._pass_time: 8,
            self._erase: 3,
            self._rebuild: 1,
            self._save: 1,
            self._roll_back: 1,
            lambda: None: 2,
        }
        (step,) = self._random.choices(list(steps), list(steps.values()))
        step()

    def _grow(self) -> None:
        facts = [self._fact() for _ in range(self._random.choice((1, 1, 1, 40)))]
        self._facts += facts
        self._commit(facts)

    def _erase(self) -> None:
        self._random.shuffle(self._facts)
        half = len(self._facts) // 2
        erased, self._facts = self._facts[:half], self._facts[half:]
        self._commit([(series, at, -amount) for series, at, amount in erased])

    def _pass_time(self) -> None:
        self.now += self._random.choice((1, MINUTE_MS // 2, MINUTE_MS, 7 * MINUTE_MS, HOUR_MS, DAY_MS, 31 * DAY_MS))

    def _rebuild(self) -> None:
        pair = generations.begin(self._redis, self._namespace, "d")
        self._stored = 0
        self._commit(self._facts, BUILDING)
        generations.switch(self._redis, self._namespace, pair)
        generations.drop(self._redis, self._namespace, pair.serving)

    def _save(self) -> None:
        self._saved = everything(self._redis, self._namespace), list(self._facts), self._stored

    def _roll_back(self) -> None:
        stored, facts, self._stored = self._saved
        self._facts = list(facts)
        for key in everything(self._redis, self._namespace):
            self._redis.delete(key)
        for key, value in stored.items():
            self._redis.restore(key, 0, value or b"")

    def _fact(self) -> Fact:
        metric = self._random.choice([each for each in METRICS if each.kind is not Kind.DUE])
        series = (metric.name, *(self._value(label) for label in metric.labels), *self._part(metric))
        at = self.now - self._random.choice((0, 0, 90_000, HOUR_MS, 20 * HOUR_MS, 6 * DAY_MS, 29 * DAY_MS, 80 * DAY_MS))
        return series, at, self._random.choice((1, 1, 2, 700))

    def _value(self, label: Label) -> str:
        if label.values is not None:
            return self._random.choice(label.values)
        if label.months:
            return self._random.choice(("2025-03", "2025-12", "2026-01", "2026-02"))
        return self._random.choice(("EUR", "JPY") if label.name == "currency" else ("a", "b", "c", "d", "e", "other"))

    def _part(self, metric: Metric) -> tuple[str, ...]:
        if metric.kind is not Kind.HISTOGRAM:
            return ()
        return (self._random.choice((SUM, *map(str, range(len(metric.bounds) + 1)))),)

    def _commit(self, facts: Delta, role: str = SERVING) -> None:
        asyncio.run(self._apply(facts, role))

    async def _apply(self, facts: Delta, role: str) -> None:
        self._commits += 1
        clock = Clock.at(self.now, Calendar())
        newest = {grain: clock.running(grain) for grain in Grain}
        cells = BUCKETIZER.cells(facts)
        commit = commit_of(self._stored, self._stored + 1, version=f"{self._commits:016}", newest=newest)
        commit.cells.buckets.update(cells.buckets)
        commit.cells.levels.update(cells.levels)
        commit.cells.level_changes.update(cells.level_changes)
        async with AsyncRedis.from_url(self._url) as redis:
            assert await Ledger(redis, self._namespace, "d", role=role).commit(commit) == Applied()
        self._stored += 1


class Exporter:
    """What an exporter answers at a moment."""

    def __init__(self, redis: Redis, namespace: str, clock: Callable[[], int], most_fields: int = MOST_FIELDS) -> None:
        reader = partial(Reader, redis, namespace, Calendar(), most_fields=most_fields)
        self._page = MetricsPage(BusinessCollector(reader(), SampleSource(LIMIT), DEFINITIONS_OF, clock))
        self._wall = partial(
            Wall, declared=WALL, known=DECLARATIONS, metrics=METRICS, clock=clock, reader=reader(min_buckets=HELD)
        )(source=SampleSource(LIMIT), thresholds=ALERTING.thresholds)

    def page(self) -> list[bytes]:
        """Return the lines that a scrape gives, without how long it took."""
        lines = self._page({}).body.splitlines()
        return [line for line in lines if not line.startswith(b"stream_app_scrape_seconds")]

    def wall(self) -> bytes:
        """Return the values of the wall, however young those before are, as if each condition began to hold now."""
        self._wall._good_until = 0  # noqa: SLF001 - a test does not wait for them to age
        self._wall._since.clear()  # noqa: SLF001 - the only thing that is not in the store
        return self._wall.routes()["/wall.json"](Request({})).body


# Twelve with the profile `ci`.
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(settings().max_examples // 8))
def test_pages_of_any_history_are_those_of_a_new_exporter(
    redis_url: str, redis: Redis, namespace: str, seed: int
) -> None:
    history = History(redis, redis_url, namespace, seed)
    for_now = partial(Exporter, redis, namespace, lambda: history.now)
    for_a_past_day = partial(Exporter, redis, namespace, lambda: history.now - 12 * DAY_MS)
    running = [begin(most_fields=1) for begin in (for_now, for_a_past_day)]
    for _ in range(STEPS):
        history.go_on()
        for each, new in zip(running, (for_now(), for_a_past_day()), strict=True):
            assert each.page() == new.page()
            assert each.wall() == new.wall()
