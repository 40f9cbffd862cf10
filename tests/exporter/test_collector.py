"""Metric families from samples, how fresh the data is, and what a scrape of a real Redis gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream_app.catalog.sample_source import DEFINITIONS_OF, SampleSource
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.samples import Sample, View
from stream_app.core.windows import Clock
from stream_app.exporter.collector import BusinessCollector, Families, freshness, waits_for_first_event
from stream_app.store.reader import Reader, Snapshot
from tests.monitoring.dashboards.site import samples
from tests.monitoring.dashboards.store_content import Company

NOW = 1_750_000_000_000


def by_name(found: Iterator[Metric]) -> dict[str, Metric]:
    return {family.name: family for family in found}


def values_of(family: Metric) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples}


def test_samples_of_one_series_are_one_gauge() -> None:
    given = [Sample("a", (("l", "1"),), 3), Sample("a", (("l", "2"),), 4), Sample("b", (), 5)]
    found = list(Families({"a": "What a is.", "b": "What b is."}).of(iter(given)))
    assert [(each.name, each.documentation, each.type, len(each.samples)) for each in found] == [
        ("a", "What a is.", "gauge", 2),
        ("b", "What b is.", "gauge", 1),
    ]
    assert values_of(found[0]) == {(("l", "1"),): 3, (("l", "2"),): 4}


def test_buckets_count_and_sum_are_one_gauge_histogram() -> None:
    given = [Sample("h_bucket", (("le", "+Inf"),), 2), Sample("h_gcount", (), 2), Sample("h_gsum", (), 9)]
    (family,) = Families({"h": "What h is."}).of(iter(given))
    assert (family.name, family.type) == ("h", "gaugehistogram")
    assert [sample.name for sample in family.samples] == ["h_bucket", "h_gcount", "h_gsum"]


def snapshot(offsets: dict[str, int], current: dict[str, int]) -> Snapshot:
    """A store without numbers; `current` is how many seconds ago everything of a topic was applied."""
    view = View(clock=Clock(NOW, 0, 0, 0), newest=None, windows={}, levels={}, due={})
    applied = {(topic, 0): NOW - seconds * 1000 for topic, seconds in current.items()}
    return Snapshot(view, {(topic, 0): offset for topic, offset in offsets.items()}, applied, "0", frozenset())


@pytest.mark.parametrize(
    ("offsets", "current", "age", "fresh"),
    [
        ({"lead": 5, "email": 9}, {"lead": 1, "email": 30}, [30], 1),
        ({"lead": 5}, {"lead": 119}, [119], 1),
        ({"lead": 5}, {"lead": 120}, [120], 0),
        ({"lead": 5, "email": 9}, {"lead": 1}, [], 0),
        ({}, {}, [], 0),
        ({"lead": 5}, {"lead": -10}, [0], 1),
    ],
)
def test_data_is_as_old_as_the_partition_that_is_furthest_behind(
    offsets: dict[str, int], current: dict[str, int], age: list[float], fresh: float
) -> None:
    found = by_name(freshness(snapshot(offsets, current), NOW))
    assert [sample.value for sample in found["stream_app_data_age_seconds"].samples] == age
    assert [sample.value for sample in found["stream_app_data_fresh"].samples] == [fresh]


def test_data_is_not_fresh_while_the_broker_of_a_partition_does_not_answer() -> None:
    current = {("lead", 0): NOW - 1000, ("lead", 1): -(NOW - 3000)}
    unanswered = replace(snapshot({}, {}), offsets={("lead", 0): 5, ("lead", 1): 5}, current=current)
    found = by_name(freshness(unanswered, NOW))
    assert [sample.value for sample in found["stream_app_data_age_seconds"].samples] == [3]
    assert [sample.value for sample in found["stream_app_data_fresh"].samples] == [0]


@pytest.mark.parametrize(
    ("offsets", "current", "waits"),
    [
        ({}, {("lead", 0): NOW - 1000, ("email", 0): NOW - 2000}, True),
        ({("lead", 0): 1}, {("lead", 0): NOW - 1000, ("email", 0): NOW - 2000}, False),
        ({}, {("lead", 0): NOW - 1000, ("email", 0): NOW - 120_000}, False),
        ({}, {("lead", 0): NOW - 1000, ("email", 0): -(NOW - 2000)}, False),
        ({}, {}, False),
    ],
    ids=["nothing came", "one came", "a worker is silent", "a broker is silent", "no worker"],
)
def test_the_first_event_is_waited_for_while_all_is_well(
    offsets: dict[tuple[str, int], int], current: dict[tuple[str, int], int], *, waits: bool
) -> None:
    found = replace(snapshot({}, {}), offsets=offsets, current=current)
    assert waits_for_first_event(found, NOW) == waits
    applied = by_name(freshness(found, NOW))["stream_app_first_event_applied"]
    assert values_of(applied) == {(): bool(offsets)}


def test_families_begin_with_the_first_record_of_any_of_their_partitions() -> None:
    offsets = {("a.b.lead", 0): 5, ("a.b.lead", 3): 1, ("a.b.email", 2): 1}
    found = by_name(freshness(replace(snapshot({}, {}), offsets=offsets), NOW))
    begun = found["stream_app_family_first_event_applied"]
    assert values_of(begun) == {(("family", "email"),): 1, (("family", "lead"),): 1}


class One(Collector):
    """Collects one number, which would be looked up in the store."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("looked_up", "x", value=1)


@contextmanager
def collector(settings: Settings, at: int) -> Iterator[BusinessCollector]:
    """The exporter's collector at a moment (ms), with a further one."""
    with sync_redis(settings) as redis:
        reader = Reader(redis, settings.namespace, settings.rules.calendar)
        yield BusinessCollector(reader, SampleSource(), DEFINITIONS_OF, lambda: at, [One()])


def test_a_scrape_has_every_sample_of_the_store(company: Company) -> None:
    with collector(company.settings, company.until) as scraped:
        found = by_name(scraped.collect())
    wanted = {(each.name, tuple(sorted(each.labels))): each.value for each in samples(company.settings, company.until)}
    business = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for name, family in found.items()
        if name in DEFINITIONS_OF
        for sample in family.samples
    }
    assert business == wanted
    assert len(business) > 500
    assert values_of(found["stream_app_redis_up"]) == {(): 1}
    assert values_of(found["looked_up"]) == {(): 1}
    assert values_of(found["stream_app_read_timestamp_seconds"]) == {(): company.until / 1000}


def test_every_definition_is_exported_as_a_label(company: Company) -> None:
    with collector(company.settings, company.until) as scraped:
        info = by_name(scraped.collect())["lifecycle_metric_info"]
    assert {each.labels["metric"]: each.labels["definition"] for each in info.samples} == DEFINITIONS_OF


def test_a_scrape_without_a_store_says_so_and_nothing_else() -> None:
    nowhere = Settings.load(redis_url="redis://127.0.0.1:1/0", namespace="x")
    with collector(nowhere, NOW) as scraped:
        found = by_name(scraped.collect())
    assert set(found) == {"stream_app_build_info", "lifecycle_metric_info", "stream_app_redis_up"}
    assert values_of(found["stream_app_redis_up"]) == {(): 0}
