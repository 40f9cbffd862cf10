"""What is not read again: a metric whose sums did not change may still be shown otherwise."""

from datetime import UTC, datetime, timedelta

from stream_app.catalog.sample_source import SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.samples import View
from stream_app.core.windows import Clock
from stream_app.spec.window import Window

UNCHANGED: frozenset[str] = frozenset()


def view_at(month: datetime, this_month: int = 2) -> View:
    clock = Clock.at(int(month.timestamp() * 1000), Calendar("UTC"))
    levels: dict[str, dict[tuple[str, ...], int]] = {"cohort_customers": {("2026-03",): this_month, ("2025-03",): 3}}
    return View(clock, clock, {window: {} for window in Window}, levels, {})


def cohorts(source: SampleSource, month: datetime, changed: frozenset[str] | None) -> dict[str, float]:
    return {
        dict(each.labels)["cohort"]: each.value
        for each in source.samples(view_at(month), changed)
        if each.name == "lifecycle_cohort_customers"
    }


def test_a_month_becomes_older_when_the_month_ends_though_nothing_changed() -> None:
    source = SampleSource()
    assert cohorts(source, datetime(2026, 3, 31, tzinfo=UTC), None) == {"2025-03": 3, "2026-03": 2}
    assert cohorts(source, datetime(2026, 4, 1, tzinfo=UTC), UNCHANGED) == {"older": 3, "2026-03": 2}


def test_what_stood_before_the_days_that_are_kept_has_no_sample() -> None:
    kept, newest = datetime(2024, 1, 22, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    levels: dict[str, dict[tuple[str, ...], int]] = {"cohort_customers": {("2024-01",): 2}, "customers": {(): 2}}
    clock = Clock.at(int(newest.timestamp() * 1000), Calendar("UTC"))
    found = []
    for day in (kept, kept - timedelta(days=1)):
        then = Clock.at(int(day.timestamp() * 1000), Calendar("UTC"))
        view = View(then, clock, {window: {} for window in Window}, levels, {})
        found.append({each.name for each in SampleSource().samples(view)})
    assert {"lifecycle_customers", "lifecycle_leads_in_stage", "lifecycle_new_lead_score_gcount"} & found[1] == set()
    assert {"lifecycle_customers", "lifecycle_leads_in_stage"} <= found[0]


def test_samples_of_a_view_that_were_not_all_taken_are_computed_anew() -> None:
    source, month = SampleSource(), datetime(2026, 3, 31, tzinfo=UTC)
    first, second = view_at(month), view_at(month, this_month=7)
    assert list(source.samples(first))
    # As when a scrape fails halfway.
    next(source.samples(second, frozenset({"cohort_customers"})))
    assert list(source.samples(second, UNCHANGED)) == list(SampleSource().samples(second))
