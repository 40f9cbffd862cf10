"""Which buckets a window sums, and for how long."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from stream_app.core.calendar import Calendar, day_of
from stream_app.core.windows import HOUR_MS, MINUTE_MS, Clock, answerable, kept_days, span
from stream_app.spec.window import Grain, Window

CALENDAR = Calendar("UTC")


def clock(text: str) -> Clock:
    return Clock.at(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000), CALENDAR)


NOW = clock("2026-03-15T09:30:00")


@pytest.mark.parametrize(
    ("window", "count", "grain"),
    [
        (Window.M5, 5, Grain.MINUTE),
        (Window.H1, 60, Grain.MINUTE),
        (Window.H24, 24, Grain.HOUR),
        (Window.D7, 168, Grain.HOUR),
        (Window.D30, 30, Grain.DAY),
        (Window.D90, 90, Grain.DAY),
    ],
)
def test_a_fixed_window_ends_with_the_bucket_that_is_running(window: Window, count: int, grain: Grain) -> None:
    buckets = span(window, NOW)
    running = {Grain.MINUTE: NOW.now // MINUTE_MS, Grain.HOUR: NOW.now // HOUR_MS, Grain.DAY: day_of(date(2026, 3, 15))}
    assert len(buckets) == count
    assert buckets[-1] == running[grain]


@pytest.mark.parametrize(
    ("window", "now", "first", "last"),
    [
        (Window.MTD, "2026-03-15T09:30", date(2026, 3, 1), date(2026, 3, 15)),
        (Window.FULL_DAYS_MTD, "2026-03-15T09:30", date(2026, 3, 1), date(2026, 3, 14)),
        (Window.PREV_MONTH, "2026-03-15T09:30", date(2026, 2, 1), date(2026, 2, 28)),
        (Window.PREV_MONTH, "2026-01-01T00:00", date(2025, 12, 1), date(2025, 12, 31)),
        (Window.PREV_MONTH_TO_DATE, "2026-03-15T09:30", date(2026, 2, 1), date(2026, 2, 14)),
        (Window.PREV_MONTH_TO_DATE, "2026-03-31T09:30", date(2026, 2, 1), date(2026, 2, 28)),
        (Window.MONTH_BEFORE_PREV, "2026-03-15T09:30", date(2026, 1, 1), date(2026, 1, 31)),
        (Window.D30_BEFORE, "2026-03-15T09:30", date(2026, 1, 15), date(2026, 2, 13)),
    ],
)
def test_a_calendar_window_covers_these_days(window: Window, now: str, first: date, last: date) -> None:
    buckets = span(window, clock(now))
    assert (buckets[0], buckets[-1]) == (day_of(first), day_of(last))


@pytest.mark.parametrize("window", [Window.FULL_DAYS_MTD, Window.PREV_MONTH_TO_DATE])
def test_a_window_of_full_days_is_empty_on_the_1st(window: Window) -> None:
    first = clock("2026-03-01T09:30:00")
    assert not span(window, first)
    assert not answerable(window, first, None)


def test_a_window_is_answered_while_all_its_buckets_are_kept() -> None:
    assert answerable(Window.H1, NOW, None)
    # Minutes are kept for three hours back from the newest event.
    assert answerable(Window.H1, NOW, clock("2026-03-15T11:30:00"))
    assert not answerable(Window.H1, NOW, clock("2026-03-15T11:31:00"))
    assert answerable(Window.D7, NOW, clock("2026-03-15T11:31:00"))


@pytest.mark.parametrize(
    ("newest_after", "count"),
    [(0, 30), (770, 30), (771, 29), (799, 1), (800, 0), (5000, 0)],
    ids=str,
)
def test_days_that_are_deleted_are_none_of_the_last(newest_after: int, count: int) -> None:
    newest = replace(NOW, day=NOW.day + newest_after)
    assert list(kept_days(30, NOW, newest)) == list(range(NOW.day - count + 1, NOW.day + 1))


def test_without_any_event_no_day_is_deleted() -> None:
    assert kept_days(30, NOW, None) == range(NOW.day - 29, NOW.day + 1)
