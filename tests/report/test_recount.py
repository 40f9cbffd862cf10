"""Every figure of a report is found again in the recount of the audit, which shares no code with it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from math import isclose, sqrt
from zoneinfo import ZoneInfo

import pytest

from stream_app.audit import NOT_AUDITED, Recount
from stream_app.audit.series import RATIOS
from stream_app.core.calendar import day_of
from stream_app.demo.simulator import history
from stream_app.report.document import ChartKind, Figure, Report
from stream_app.report.period import period
from stream_app.report.quantity import Quantity, Selector
from stream_app.report.reader import ReportReader
from tests.report.conftest import PLAN, ZONE

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]
TODAY = day_of(date(2026, 11, 13))


@pytest.fixture(scope="module")
def recount() -> Iterator[Recount]:
    with Recount(timezone=ZONE) as made:
        made.add(history(PLAN))
        yield made


def end_of(day: date) -> datetime:
    """Return the last millisecond of a local day."""
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(ZONE))
    return midnight.astimezone(UTC) - timedelta(milliseconds=1)


MONTHS = [
    ("2026-10", (date(2026, 10, 31), date(2026, 9, 30), date(2025, 10, 31))),
    ("2026-11", (date(2026, 11, 12), date(2026, 10, 12), date(2025, 11, 12))),
]


@pytest.mark.parametrize(("month", "days"), MONTHS, ids=["over", "running"])
def test_every_figure_is_that_of_the_recount(
    reader: ReportReader, recount: Recount, month: str, days: tuple[date, date, date]
) -> None:
    report = reader.read(period(month, TODAY), TODAY)
    assert report.is_running == (month == "2026-11")
    counted = [recount.samples(end_of(day)) for day in days]
    figures = figures_of(report)
    assert len(figures) > 60
    assert len([each for each in figures if each.now and each.before and each.year_before]) > 30
    for figure in figures:
        for found, samples in zip((figure.now, figure.before, figure.year_before), counted, strict=True):
            assert same(found, value(figure.quantity, samples)), figure
        assert same(figure.cases, cases(figure.quantity, counted[0])), figure
        if figure.low is not None and figure.high is not None:
            assert figure.quantity.share
            part, whole = (total(each, counted[0]) for each in figure.quantity.share)
            assert is_score_interval(part, whole, figure.low, figure.high)


def test_the_ends_of_curves_are_those_of_the_recount(reader: ReportReader, recount: Recount) -> None:
    month, (now, before, year_before) = MONTHS[0]
    counted = [recount.samples(end_of(day)) for day in (year_before, before, now)]
    charts = [
        answer.chart for section in reader.read(period(month, TODAY), TODAY).sections for answer in section.answers
    ]
    curves = [each for each in charts if each is not None and each.kind is ChartKind.LINES]
    assert len(curves) == 5
    for chart in curves:
        assert (chart.ticks[0], chart.ticks[-1], len(chart.ticks)) == ("2025-10", "2026-10", 13)
    mqls = next(each for each in curves if each.title == "MQLs by month").lines[0].values
    wanted = Selector("lifecycle_stage_entries", (("funnel_stage", ("mql",)), ("window", ("mtd",))))
    assert [mqls[0], *mqls[-2:]] == [total(wanted, samples) for samples in counted]


def figures_of(report: Report) -> list[Figure]:
    """Return all figures, by which no series may go that nobody recounts."""
    found = [each for section in report.sections for answer in section.answers for each in answer.figures]
    assert not {name for each in found for name in each.quantity.series} & NOT_AUDITED.keys()
    return found


def total(of: Selector, samples: Samples) -> float:
    """Add up what a selector names."""
    return sum(number for (name, labels), number in samples.items() if name == of.series and chosen(of, labels))


def chosen(of: Selector, labels: frozenset[tuple[str, str]]) -> bool:
    """Tell whether labels have the values that a selector names."""
    return all(any((name, each) in labels for each in values) for name, values in of.labels)


def value(quantity: Quantity, samples: Samples) -> float | None:
    """Compute a quantity by hand."""
    of = quantity.of
    if quantity.quantile is not None:
        return quantile(quantity.quantile, of, samples)
    if quantity.per is not None:
        return total(of, samples) / whole if (whole := total(quantity.per, samples)) else None
    if of.series in RATIOS:
        found = [number for (name, labels), number in samples.items() if name == of.series and chosen(of, labels)]
        assert len(found) <= 1
        return found[0] if found else None
    return total(of, samples)


def quantile(share: float, of: Selector, samples: Samples) -> float | None:
    """Find the value below which so large a share lies, evenly spread within its bucket."""
    buckets = {labels: number for (name, labels), number in samples.items() if name == f"{of.series}_bucket"}
    # The recount leaves out what is zero, but some label values have something in every bucket.
    bounds = dict.fromkeys((float(dict(labels)["le"]) for labels in buckets), 0.0)
    for labels, number in buckets.items():
        if chosen(of, labels):
            bounds[float(dict(labels)["le"])] += number
    if not bounds or bounds[float("inf")] < 20:
        return None
    rank = share * bounds[float("inf")]
    high = min(bound for bound, count in bounds.items() if count >= rank)
    lower = [bound for bound in bounds if bound < high]
    low = max(lower, default=0.0)
    below = bounds[low] if lower else 0
    return low if high == float("inf") else low + (rank - below) / (bounds[high] - below) * (high - low)


def cases(quantity: Quantity, samples: Samples) -> float | None:
    """Count of how many a share, a mean or a median is."""
    if quantity.quantile is not None:
        return total(Selector(f"{quantity.of.series}_gcount", quantity.of.labels), samples)
    if quantity.share:
        return total(quantity.share[1], samples)
    return total(quantity.per, samples) if quantity.per else None


def is_score_interval(part: float, whole: float, low: float, high: float) -> bool:
    """Tell whether the ends are where the share that was seen is 1.96 standard deviations away."""
    seen = part / whole
    return all(isclose(abs(seen - end), 1.959964 * sqrt(end * (1 - end) / whole), abs_tol=1e-9) for end in (low, high))


def same(left: float | None, right: float | None) -> bool:
    """Tell whether numbers are equal but for the order in which they were added up."""
    if left is None or right is None:
        return left is right
    return isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
