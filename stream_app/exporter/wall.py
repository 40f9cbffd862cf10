"""The wall without Grafana: one page, and the values that it asks for every few seconds."""

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import orjson
from redis.exceptions import RedisError

from stream_app.clients.http import Page, Route
from stream_app.core.recent_days import RecentDays
from stream_app.core.samples import Sample
from stream_app.core.targets import MOST_DAYS, Targets
from stream_app.core.windows import kept_days
from stream_app.exporter.collector import SampleSource, families_of, freshness, waits_for_first_event
from stream_app.render.dashboards import COLORS, dashboard, with_thresholds
from stream_app.render.wall import (
    HoldingSince,
    KnownBuckets,
    ProgressOf,
    WallData,
    progress_of_targets,
    wall_values,
    wanted_series,
)
from stream_app.spec.metric import Declaration, Metric
from stream_app.spec.panel import Dashboard
from stream_app.spec.threshold import Thresholds
from stream_app.spec.window import Grain
from stream_app.spec.working_time import AS_SHIPPED, WorkCalendar
from stream_app.store.reader import Reader, Snapshot
from stream_app.store.sources import SourceAges

log = logging.getLogger(__name__)

HELD: Mapping[Grain, int] = {Grain.HOUR: 8 * 24}
"""What the reader has to hold beyond its windows: a day's hours, and those of a week before."""


def held_for(targets: Targets) -> Mapping[Grain, int]:
    """What it has to hold with some targets: the days of their periods, too."""
    days = [MOST_DAYS[each.period] for each in targets.values()]
    return {**HELD, Grain.DAY: max(days)} if days else HELD


DAYS = 30
"""Of so many days it says what they were like."""

ANSWER_S = 6.0
"""How long an answer waits for the store: less than the page waits for the exporter, so that it can say which hangs."""

REUSED_S = 1.0
"""For how long the same values are given to everybody who asks."""


@dataclass(frozen=True, slots=True)
class Current:
    """What the wall shows at a moment: its values, the samples they are from, and what its last days were like.

    `reached` is how far its targets are.
    """

    values: Mapping[str, Any]
    reached: ProgressOf
    samples: Sequence[Sample]
    recent: RecentDays


@dataclass(kw_only=True)
class Wall:
    """Draws a declared dashboard. `reader` is for it alone and holds `HELD`; `known` are the metrics that users see."""

    declared: Dashboard
    known: Sequence[Declaration]
    metrics: Sequence[Metric]
    reader: Reader
    source: SampleSource
    clock: Callable[[], int]
    thresholds: Thresholds
    work: WorkCalendar = AS_SHIPPED
    details: bool = False
    """Whether there are pages behind the numbers, see `detail/`."""
    targets: Targets = field(default_factory=dict)
    sources: Callable[[], SourceAges] = lambda: SourceAges({}, are_known=True)
    """When each source posted something last."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: "Future[Current] | None" = None
    _last: Current | None = None
    _known: KnownBuckets = field(default_factory=dict)
    _since: HoldingSince = field(default_factory=dict)
    _good_until: float = float("-inf")

    def routes(self) -> dict[str, Route]:
        """The page, and its values."""
        return {"/": self._page, "/wall.json": self._values}

    def current(self) -> Current:
        """What the wall shows now. Raises RedisError, OSError or TimeoutError if the store does not answer."""
        return self._begun().result(ANSWER_S)

    def _values(self, _: Mapping[str, str]) -> Page:
        try:
            return Page(orjson.dumps(self.current().values), "application/json")
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the store does not answer: %s", type(error).__name__)
            problem = {"problem": "The store does not answer."}
            return Page(orjson.dumps(problem), "application/json", HTTPStatus.SERVICE_UNAVAILABLE)

    def _page(self, headers: Mapping[str, str]) -> Page:
        text = self._template
        first = self._values(headers).body.decode()
        for name, value in (("rendered", self._rendered), ("values", first), ("version", f'"{self._version}"')):
            # An end tag within the data would end the script that holds it.
            text = text.replace(f"/*{name}*/", value.replace("<", "\\u003c"))
        return Page(text.encode(), "text/html; charset=utf-8", policy=self._policy)

    def _begun(self) -> "Future[Current]":
        """The values, which a thread of their own looks up: a store that hangs must not hang the answer."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                threading.Thread(target=self._finish, args=(self._running,), daemon=True).start()
            return self._running

    def _finish(self, running: "Future[Current]") -> None:
        try:
            running.set_result(self._current())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
            running.set_exception(error)

    def _current(self) -> Current:
        if self._last is None or time.monotonic() > self._good_until:
            now = self.clock()
            self._last = self._shown(self.reader.read(now), now)
            self._good_until = time.monotonic() + REUSED_S
        return self._last

    def _shown(self, snapshot: Snapshot, now: int) -> Current:
        found = self.source.samples(snapshot.view, snapshot.changed, self._wanted)
        samples = [*found, *_fresh(snapshot, now)]
        data = WallData(
            samples=samples,
            buckets=self.reader.buckets,
            clock=snapshot.view.clock,
            metrics={metric.name: metric for metric in self.metrics},
            known=self._known,
            thresholds=self.thresholds,
            targets=self.targets,
            begun=families_of(snapshot),
            work=self.work,
            since=self._since,
        )
        data.forget()
        reached = progress_of_targets(self.declared, data)
        values = {
            **wall_values(self.declared, data, reached),
            "version": self._version,
            "details": self.details,
            "waiting": waits_for_first_event(snapshot, now),
            "sources": _ages(self.sources()),
        }
        # What the reader holds changes with its next read, while another thread draws these days.
        recent = RecentDays(
            days=kept_days(DAYS, snapshot.view.clock, snapshot.view.newest),
            buckets=dict(self.reader.buckets[Grain.DAY]),
            levels=snapshot.view.levels,
            level_changes=dict(self.reader.level_changes),
        )
        return Current(values, reached, samples, recent)

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return wanted_series(self.declared)

    @cached_property
    def _version(self) -> str:
        """Changes with the page or the dashboard, so that an open page knows that it is out of date."""
        return sha256((self._template + self._rendered).encode()).hexdigest()[:16]

    @cached_property
    def _template(self) -> str:
        return _static("html").replace("/*style*/", _static("css")).replace("/*script*/", _static("js"))

    @cached_property
    def _policy(self) -> str:
        """Nothing runs in the page but its own script, and it asks nobody but this server."""
        style, script = _hash(_static("css")), _hash(_static("js"))
        return f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src data:"

    @cached_property
    def _rendered(self) -> str:
        declared = with_thresholds(self.declared, self.thresholds)
        rendered = dashboard(declared, {each.series: each for each in self.known})
        statuses = {color: status for status, color in COLORS.items()}
        return self.thresholds.filled(orjson.dumps({"dashboard": rendered, "statuses": statuses}).decode())


def _ages(sources: SourceAges) -> dict[str, Any]:
    """The sources that were silent for the longest first, those that never posted anything before all."""
    order = sorted(sources.ages, key=lambda name: (sources.ages[name] is not None, -(sources.ages[name] or 0)))
    return {"known": sources.are_known, "ages": [[name, sources.ages[name]] for name in order]}


def _static(kind: str) -> str:
    return (files("stream_app.exporter") / "static" / f"wall.{kind}").read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _fresh(snapshot: Snapshot, now: int) -> list[Sample]:
    found = (sample for family in freshness(snapshot, now) for sample in family.samples)
    return [Sample(each.name, tuple(each.labels.items()), each.value) for each in found]
