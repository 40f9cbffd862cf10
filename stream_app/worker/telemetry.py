"""The health of the pipeline as a worker exports it: `stream_app_*`."""

import collections
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from stream_app import __version__
from stream_app.core.entity import FoldStats
from stream_app.core.envelope import Rejected, event_type
from stream_app.worker.batch import Batch, RecordLike

_COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LATENCY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class LatencyHistogram(Collector):
    """A histogram that takes a whole batch at once: one observation per record would cost more than its fold."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._name, self._documentation, self._bounds = name, documentation, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float, count: int) -> None:
        """Count the same observation several times."""
        self._counts[bisect_left(self._bounds, seconds)] += count
        self._sum += seconds * count

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histogram so far."""
        family = HistogramMetricFamily(self._name, self._documentation)
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        family.add_metric([], list(zip(bounds, accumulate(self._counts), strict=True)), self._sum)
        yield family


class Telemetry:
    """What one worker counts. The registry holds nothing but it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter("stream_app_events_total", "Events applied.", ["topic", "type"], registry=self.registry)
        self._duplicates = Counter(
            "stream_app_duplicates_total",
            "Events that were known already and had no effect.",
            ["topic"],
            registry=self.registry,
        )
        self._too_late = Counter(
            "stream_app_too_late_total",
            "Events older than their entity's horizon, ignored.",
            ["topic"],
            registry=self.registry,
        )
        self._rejected = Counter(
            "stream_app_rejected_total",
            "Records that went to the dead letters.",
            ["topic", "cause"],
            registry=self.registry,
        )
        self._tombstones = Counter(
            "stream_app_tombstones_total",
            "Records without a value, which are no events: skipped.",
            ["topic"],
            registry=self.registry,
        )
        self._batches = Counter("stream_app_batches_total", "Batches applied.", registry=self.registry)
        self._conflicts = Counter(
            "stream_app_commit_conflicts_total",
            "Commits that the ledger refused, by what was out of date.",
            ["kind"],
            registry=self.registry,
        )
        self._commit = Histogram(
            "stream_app_commit_seconds",
            "Duration of commits, waiting for the store included.",
            buckets=_COMMIT_BOUNDS,
            registry=self.registry,
        )
        self._lost = Counter(
            "stream_app_retention_gaps_total",
            "Times the log no longer had what the ledger wanted next.",
            ["topic"],
            registry=self.registry,
        )
        self._latency = LatencyHistogram(
            "stream_app_event_latency_seconds", "From the timestamp of a record to its commit.", _LATENCY_BOUNDS
        )
        self.registry.register(self._latency)
        self._last_event = Gauge(
            "stream_app_last_event_timestamp_seconds",
            "Time of the newest event applied.",
            ["topic"],
            registry=self.registry,
        )
        self._skew = Gauge(
            "stream_app_clock_skew_seconds",
            "By how much the newest record of the last batch was ahead of this worker's clock.",
            ["topic"],
            registry=self.registry,
        )
        Gauge("stream_app_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            __version__
        ).set(1)
        self._newest: dict[str, int] = {}
        for kind in ("offset", "version"):
            self._conflicts.labels(kind)
        self.applied_events = 0
        self.rejected_records = 0
        self.duplicate_events = 0
        self.too_late_events = 0

    def applied(
        self, batch: Batch, stats: FoldStats, rejected: Sequence[tuple[RecordLike, Rejected]], newest: int
    ) -> None:
        """A batch is in the numbers; `newest` is the time of its newest event in milliseconds."""
        topic = batch.topic
        for kind, count in stats.applied.items():
            self._events.labels(topic, event_type(kind)).inc(count)
        # There from the start, so that the first one is seen as an increase.
        self._rejected.labels(topic, "bug")
        for cause, count in collections.Counter(reason.cause for _, reason in rejected).items():
            self._rejected.labels(topic, cause).inc(count)
        if stats.duplicates:
            self._duplicates.labels(topic).inc(stats.duplicates)
        if stats.too_late:
            self._too_late.labels(topic).inc(stats.too_late)
        self._batches.inc()
        self.applied_events += stats.applied.total()
        self.rejected_records += len(rejected)
        self.duplicate_events += stats.duplicates
        self.too_late_events += stats.too_late
        now = time.time()
        written = collections.Counter([record.timestamp for record in batch.records])
        for timestamp, count in written.items():
            self._latency.observe(max(now - timestamp / 1000, 0.0), count)
        if written:
            self._skew.labels(topic).set(max(max(written) / 1000 - now, 0.0))
        if newest > self._newest.get(topic, -1):
            self._newest[topic] = newest
            self._last_event.labels(topic).set(newest / 1000)

    def skipped(self, topic: str, tombstones: int) -> None:
        """Records of an applied batch that have no value."""
        if tombstones:
            self._tombstones.labels(topic).inc(tombstones)

    def conflict(self, kind: str) -> None:
        """The ledger refused a commit."""
        self._conflicts.labels(kind).inc()

    def committed(self, seconds: float) -> None:
        """A commit was answered."""
        self._commit.observe(seconds)

    def lost(self, topic: str) -> None:
        """Called when retention deleted what was not applied yet."""
        self._lost.labels(topic).inc()
