"""The exporter: samples as Prometheus scrapes them. The only process that exports business numbers."""

import logging
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import is_
from typing import Protocol

from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample as ExposedSample
from redis.exceptions import RedisError

from stream_app import __version__
from stream_app.core.samples import Sample, View
from stream_app.spec.alert import FRESH_SECONDS
from stream_app.store.reader import Reader, Snapshot

log = logging.getLogger(__name__)


class SampleSource(Protocol):
    """Gives the samples of a view in the order of their series, and how many values of each label none shows."""

    overflow: dict[str, int]

    def samples(
        self, view: View, changed: frozenset[str] | None = None, wanted: Container[str] | None = None
    ) -> Iterator[Sample]:
        """Every sample, or those of the wanted series.

        `changed` names the metrics that changed since the view before.
        """


class BusinessCollector(Collector):
    """Reads the store at each scrape and builds the families anew whose samples have changed.

    `further` collectors need the store as well: they are asked once it has answered, because Prometheus does not wait
    until each of them has waited for a store that hangs.
    """

    def __init__(
        self,
        reader: Reader,
        source: SampleSource,
        definitions: Mapping[str, str],
        clock: Callable[[], int],
        further: Sequence[Collector] = (),
    ) -> None:
        self._reader, self._source, self._definitions, self._clock = reader, source, definitions, clock
        self._further = further
        self._families = Families(definitions)
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Everything that can be answered now; of a store that does not answer, only that."""
        yield build_info()
        yield metric_info(self._definitions)
        up = GaugeMetricFamily("stream_app_redis_up", "Whether the store answered.")
        started = time.perf_counter()
        with self._lock:
            try:
                now = self._clock()
                snapshot = self._reader.read(now)
            except (RedisError, OSError) as error:
                log.warning("the store does not answer: %s", type(error).__name__)
                up.add_metric([], 0)
                yield up
                return
            up.add_metric([], 1)
            yield up
            yield from self._families.of(self._source.samples(snapshot.view, snapshot.changed))
            overflow = GaugeMetricFamily(
                "stream_app_label_overflow",
                "Values of a label that no metric shows: they are summed into `other`.",
                labels=["label"],
            )
            for label, count in self._source.overflow.items():
                overflow.add_metric([label], count)
            yield overflow
            yield from freshness(snapshot, now)
            read_at = GaugeMetricFamily("stream_app_read_timestamp_seconds", "The moment that the windows end at.")
            read_at.add_metric([], now / 1000)
            yield read_at
        for each in self._further:
            yield from each.collect()
        duration = GaugeMetricFamily("stream_app_scrape_seconds", "How long reading and computing took.")
        duration.add_metric([], time.perf_counter() - started)
        yield duration


def metric_info(definitions: Mapping[str, str]) -> Metric:
    """Every definition as a label, so that a panel can say what a number means."""
    info = GaugeMetricFamily("lifecycle_metric_info", "The definition of each metric.", labels=["metric", "definition"])
    for series, definition in definitions.items():
        info.add_metric([series, definition], 1)
    return info


def build_info() -> Metric:
    """Which version runs."""
    info = GaugeMetricFamily("stream_app_build_info", "The version that runs.", labels=["version"])
    info.add_metric([__version__], 1)
    return info


def freshness(snapshot: Snapshot, now: int) -> Iterator[Metric]:
    """How old the numbers are: since when everything in the log has been applied, for the partition furthest behind."""
    age = GaugeMetricFamily(
        "stream_app_data_age_seconds",
        "Seconds since all events in the log were last seen applied, for the partition that is furthest behind.",
    )
    fresh = GaugeMetricFamily(
        "stream_app_data_fresh",
        f"1 while the numbers are less than {FRESH_SECONDS} s old and every broker answers; business alerts need it.",
    )
    applied = GaugeMetricFamily(
        "stream_app_first_event_applied", "1 once any record of the log has been applied; 0 in a fresh installation."
    )
    applied.add_metric([], bool(snapshot.offsets))
    if snapshot.offsets and snapshot.offsets.keys() <= snapshot.current.keys():
        current = [snapshot.current[partition] for partition in snapshot.offsets]
        seconds = max(now - min(map(abs, current)), 0) / 1000
        age.add_metric([], seconds)
        fresh.add_metric([], seconds < FRESH_SECONDS and min(current) > 0)
    else:
        fresh.add_metric([], 0)
    yield age
    yield fresh
    yield applied
    yield _families_begun(snapshot)


def families_of(snapshot: Snapshot) -> frozenset[str]:
    """The families of events, by the last part of a topic's name, of which any record has been applied."""
    return frozenset(topic.rpartition(".")[2] for topic, _ in snapshot.offsets)


def _families_begun(snapshot: Snapshot) -> Metric:
    begun = GaugeMetricFamily(
        "stream_app_family_first_event_applied",
        "1 for each family of events, the last part of a topic's name, of which any record has been applied.",
        labels=["family"],
    )
    for family in sorted(families_of(snapshot)):
        begun.add_metric([family], 1)
    return begun


def waits_for_first_event(snapshot: Snapshot, now: int) -> bool:
    """Whether nothing was ever applied because nothing is in the log: a worker says so, and every broker answers."""
    current = snapshot.current.values()
    oldest = min(current, default=0)
    return not snapshot.offsets and oldest > 0 and now - oldest < FRESH_SECONDS * 1000


class Families:
    """Makes metric families of samples; those of the very same samples as before are the same objects as before.

    So are the samples of a family.
    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._definitions = definitions
        self._known: dict[str, tuple[list[Sample], Metric]] = {}

    def of(self, samples: Iterator[Sample]) -> Iterator[Metric]:
        """Metric families; samples of one series stand together. Histograms are recognized by their suffixes."""
        before, self._known = self._known, {}
        for series, group in groupby(samples, key=lambda sample: _family_of(sample.name)):
            own = list(group)
            known = before.get(series)
            if known is None or len(known[0]) != len(own) or not all(map(is_, known[0], own)):
                known = own, self._family(series, own, known)
            self._known[series] = known
            yield known[1]

    def _family(self, series: str, samples: list[Sample], before: tuple[list[Sample], Metric] | None) -> Metric:
        kind = GaugeHistogramMetricFamily if _suffix(samples[0].name) else GaugeMetricFamily
        family: Metric = kind(series, self._definitions[series])
        known = dict(zip(map(id, before[0]), before[1].samples, strict=True)) if before else {}
        family.samples = [
            known.get(id(sample)) or ExposedSample(sample.name, dict(sample.labels), sample.value) for sample in samples
        ]
        return family


_SUFFIXES = ("_bucket", "_gcount", "_gsum")


def _suffix(name: str) -> str:
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")


@cache
def _family_of(name: str) -> str:
    """The family of a sample by its name; a scrape has very many samples of few names."""
    return name.removesuffix(_suffix(name))
