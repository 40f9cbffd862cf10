"""What is not read again: a metric whose sums did not change may still be shown otherwise."""

from datetime import UTC, datetime

from stream_app.catalog.sample_source import SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.samples import View
from stream_app.core.windows import Clock
from stream_app.spec.window import Window

UNCHANGED: frozenset[str] = frozenset()


def cohorts(source: SampleSource, month: datetime, changed: frozenset[str] | None) -> dict[str, float]:
    clock = Clock.at(int(month.timestamp() * 1000), Calendar("UTC"))
    levels: dict[str, dict[tuple[str, ...], int]] = {"cohort_customers": {("2026-03",): 2, ("2025-03",): 3}}
    view = View(clock, clock, {window: {} for window in Window}, levels, {})
    return {
        dict(each.labels)["cohort"]: each.value
        for each in source.samples(view, changed)
        if each.name == "lifecycle_cohort_customers"
    }


def test_a_month_becomes_older_when_the_month_ends_though_nothing_changed() -> None:
    source = SampleSource()
    assert cohorts(source, datetime(2026, 3, 31, tzinfo=UTC), None) == {"2025-03": 3, "2026-03": 2}
    assert cohorts(source, datetime(2026, 4, 1, tzinfo=UTC), UNCHANGED) == {"older": 3, "2026-03": 2}


def test_a_month_after_the_requested_moment_has_its_own_name() -> None:
    assert cohorts(SampleSource(), datetime(2026, 2, 1, tzinfo=UTC), None) == {"2025-03": 3, "2026-03": 2}
