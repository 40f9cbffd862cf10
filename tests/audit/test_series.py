"""The audit is closed: every series that is exported is counted again, or it is said why not."""

from collections.abc import Iterator

import pytest
from redis import Redis

from stream_app.audit import LIMITS, NOT_AUDITED, RECOUNTED
from stream_app.audit.series import RATIOS
from stream_app.catalog import ratios
from stream_app.catalog.derived import DERIVED
from stream_app.catalog.sample_source import DEFINITIONS_OF, SHOWN, SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.recent_days import RecentDays
from stream_app.exporter.collector import BusinessCollector
from stream_app.exporter.exporters import ExportersCollector
from stream_app.exporter.target_gauges import TargetGauges
from stream_app.exporter.wall import Current
from stream_app.spec.metric import Kind
from stream_app.store.exporters import ExporterLease
from stream_app.store.reader import Reader


def declared() -> Iterator[str]:
    """Every series of the catalog that users see, distributions by their three parts."""
    for metric in SHOWN:
        is_histogram = metric.kind is Kind.HISTOGRAM
        yield from (metric.series + part for part in (("_bucket", "_gcount", "_gsum") if is_histogram else ("",)))
    yield from (each.series for each in (*DERIVED, *ratios.RATIOS))


def test_every_metric_of_the_catalog_is_recounted() -> None:
    assert set(declared()) == RECOUNTED


def test_the_ratios_are_section_d() -> None:
    assert {each.series for each in ratios.RATIOS} == RATIOS


def test_no_series_is_both_recounted_and_not_audited() -> None:
    assert not RECOUNTED & NOT_AUDITED.keys()


def test_every_other_family_of_the_exporter_is_named_with_a_reason(redis_url: str, namespace: str) -> None:
    with Redis.from_url(redis_url) as redis:
        collector = BusinessCollector(
            Reader(redis, namespace, Calendar("UTC")), SampleSource(), DEFINITIONS_OF, lambda: 1_773_315_000_000
        )
        exporters = ExportersCollector(ExporterLease(redis, namespace))
        no_days = RecentDays(days=range(0), buckets={}, levels={}, level_changes={})
        targets = TargetGauges({}, lambda: Current({}, {}, [], no_days))
        families = {family.name for each in (collector, exporters, targets) for family in each.collect()}
    business = {series.removesuffix("_bucket").removesuffix("_gcount").removesuffix("_gsum") for series in RECOUNTED}
    assert families - business == NOT_AUDITED.keys()


@pytest.mark.parametrize("reason", [*NOT_AUDITED.values(), *LIMITS.values()])
def test_a_reason_is_a_clause(reason: str) -> None:
    assert len(reason.split()) > 5
    assert reason[0].islower()
    assert not reason.endswith(".")
