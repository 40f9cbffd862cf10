"""What a gateway counts: `stream_app_source_*` and `stream_app_gateway_*`. No label comes from a request as it is."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from stream_app import __version__
from stream_app.intake.mapping import Mapped, short_reason

__all__ = ["NO_SOURCE", "OTHER", "GatewayTelemetry"]

NO_SOURCE = "none"
"""The source of requests to paths that are none's."""

OTHER = "other"
"""What stands for the words of a source beyond the first hundred."""

_MAX_WORDS = 100
_ACK_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)
_LATENESS_BOUNDS = (1, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)


M = TypeVar("M", bound=MetricWrapperBase)


class _Children(Generic[M]):
    """The children of a metric by the values of its labels: the library's own look-up costs as much as a signature."""

    def __init__(self, metric: M) -> None:
        self._metric = metric
        self._known: dict[tuple[str, ...], M] = {}

    def __call__(self, *values: str) -> M:
        child = self._known.get(values)
        if child is None:
            child = self._known[values] = self._metric.labels(*values)
        return child


class GatewayTelemetry:
    """The counters of one gateway. The registry holds nothing but them.

    `received` has when (by `time.monotonic`) something was taken from each source last.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        self.received: dict[str, float] = {}
        self._words: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._requests = self._counter("requests", "Requests answered.", "status")
        self._items = self._counter("items", "Items of requests, by what became of them.", "outcome")
        self._events = self._counter("events", "Events written.", "type")
        self._parked = self._counter("parked", "Items that are wanted and could not be mapped.", "reason")
        self._incomplete = self._counter("incomplete", "Events that lack a field because it was not sent.", "field")
        self._failures = self._counter("signature_failures", "Requests whose signature was refused.", "reason")
        self._ack = self._histogram(
            "ack", "From the headers of a request to its answer, for those that were taken.", _ACK_BOUNDS
        )
        self._lateness = self._histogram(
            "lateness", "From when something happened to when it was received.", _LATENESS_BOUNDS
        )
        self._last = _Children(
            Gauge(
                "stream_app_source_last_received_timestamp_seconds",
                "When something was taken from the source last.",
                ["source"],
                registry=self.registry,
            )
        )
        self._oldest_parked = Gauge(
            "stream_app_source_oldest_parked_timestamp_seconds",
            "When the oldest item of the source was received that is parked still.",
            ["source"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "stream_app_gateway_in_flight", "Requests that are being answered.", registry=self.registry
        )
        self.kafka_up = Gauge("stream_app_gateway_kafka_up", "Whether Kafka takes records.", registry=self.registry)
        Gauge("stream_app_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            __version__
        ).set(1)
        for source in sources:
            # There from the start, so that the first one is seen as an increase.
            self._requests(source, "200")
            for outcome in ("mapped", "parked", "ignored"):
                self._items(source, outcome)

    def _counter(self, name: str, documentation: str, label: str) -> _Children[Counter]:
        labels = ["source", label]
        return _Children(Counter(f"stream_app_source_{name}_total", documentation, labels, registry=self.registry))

    def _histogram(self, name: str, documentation: str, bounds: Sequence[float]) -> _Children[Histogram]:
        full_name = f"stream_app_source_{name}_seconds"
        return _Children(Histogram(full_name, documentation, ["source"], buckets=bounds, registry=self.registry))

    def answered(self, source: str, status: int) -> None:
        """A request was answered."""
        self._requests(source, str(status)).inc()

    def refused(self, source: str, reason: str) -> None:
        """A signature was not accepted."""
        self._failures(source, self._word(source, "failure", reason)).inc()

    def taken(self, source: str, mapped: Iterable[Mapped], seconds: float) -> None:
        """All items of a request are in Kafka, `seconds` after its headers came."""
        for each in mapped:
            self._items(source, each.result).inc()
            for event in each.events:
                self._events(source, event.type).inc()
                self._lateness(source).observe(max(0.0, (each.item.received - event.at) / 1000))
            for reason in each.parked:
                self._parked(source, self._word(source, "reason", short_reason(reason))).inc()
            for field in each.incomplete:
                self._incomplete(source, self._word(source, "field", field)).inc()
        self._ack(source).observe(seconds)
        self.received[source] = time.monotonic()
        self._last(source).set(time.time())

    def parked_since(self, oldest: Mapping[str, int]) -> None:
        """When (epoch milliseconds) the oldest item that is parked still was received, by source."""
        self._oldest_parked.clear()
        for source, at in oldest.items():
            self._oldest_parked.labels(source).set(at / 1000)

    def _word(self, source: str, label: str, word: str) -> str:
        """The word of an adapter, unless it has used too many: a bug there must not fill the page."""
        known = self._words[source, label]
        if word not in known:
            if len(known) >= _MAX_WORDS:
                return OTHER
            known.add(word)
        return word
