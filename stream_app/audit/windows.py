"""Where each window begins and ends at an instant, and whether the product still keeps what it reaches back to."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from stream_app.audit.business_time import BusinessTime, month_before

MINUTE_MS = 60_000
HOUR_MS = 3_600_000

# So many buckets, the one of the newest event included.
_MINUTES_KEPT = 3 * 60
_HOURS_KEPT = 9 * 24
_DAYS_KEPT = timedelta(days=800)
_DAY = timedelta(days=1)
# By how much an event may be ahead of its record.
_MINUTES_AHEAD = 5

_MINUTE_WINDOWS = {"5m": 5, "1h": 60}
_HOUR_WINDOWS = {"24h": 24, "7d": 168}
_DAY_WINDOWS = {"30d": 30, "90d": 90}


class Window(NamedTuple):
    """The instants from `from_ms` up to, not including, `until_ms`."""

    name: str
    from_ms: int
    until_ms: int


def windows_at(now_ms: int, newest_ms: int, business: BusinessTime) -> Iterator[Window]:
    """Every window that can be counted at `now_ms`, when the newest event of all is dated `newest_ms`."""
    yield from _buckets(_MINUTE_WINDOWS, MINUTE_MS, now_ms, newest_ms // MINUTE_MS - _MINUTES_KEPT + 1)
    yield from _buckets(_HOUR_WINDOWS, HOUR_MS, now_ms, newest_ms // HOUR_MS - _HOURS_KEPT + 1)
    oldest_day = business.day_of(newest_ms) - _DAYS_KEPT + _DAY
    for name, first, after_last in _days(business.day_of(now_ms)):
        if first >= oldest_day:
            yield Window(name, business.day_start_ms(first), business.day_start_ms(after_last))


def level_until_ms(now_ms: int, newest_ms: int, business: BusinessTime) -> int:
    """The end of the local day of `now_ms`, up to which levels are counted; 0 if the product knows none of that day."""
    today = business.day_of(now_ms)
    if today < business.day_of(newest_ms) - _DAYS_KEPT:
        return 0
    return business.day_start_ms(today + _DAY)


def is_past(now_ms: int, newest_ms: int, business: BusinessTime) -> bool:
    """Whether there are events of later days; an event may be a few minutes ahead."""
    is_earlier_day = business.day_of(now_ms) < business.day_of(newest_ms)
    return is_earlier_day and newest_ms // MINUTE_MS - now_ms // MINUTE_MS > _MINUTES_AHEAD


def _buckets(lengths: dict[str, int], size_ms: int, now_ms: int, oldest: int) -> Iterator[Window]:
    running = now_ms // size_ms
    for name, length in lengths.items():
        first = running - length + 1
        if first >= oldest:
            yield Window(name, first * size_ms, (running + 1) * size_ms)


def _days(today: date) -> Iterator[tuple[str, date, date]]:
    tomorrow = today + _DAY
    for name, length in _DAY_WINDOWS.items():
        yield name, tomorrow - timedelta(days=length), tomorrow
    month = today.replace(day=1)
    before = month_before(month)
    yield "mtd", month, tomorrow
    yield "prev_month", before, month
    full_days = (today - month).days
    if full_days:
        yield "prev_month_to_date", before, min(before + timedelta(days=full_days), month)
        yield "full_days_of_month", month, today
    # No series is shown in these and the one above: the growth of the MQLs compares with them.
    yield "month_before_prev", month_before(before), before
    yield "30d_before", tomorrow - timedelta(days=60), tomorrow - timedelta(days=30)
