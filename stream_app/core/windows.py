"""Which buckets a window is the sum of at a given moment, and which buckets are kept."""

from dataclasses import dataclass
from functools import cache

from stream_app.core.calendar import Calendar, date_of, first_of_month, month_before
from stream_app.spec.window import GRAIN_OF, Grain, Window

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


KEPT: dict[Grain, int] = {Grain.MINUTE: 3 * 60, Grain.HOUR: 9 * 24, Grain.DAY: 800}
"""How many buckets of a grain are kept, counted back from the newest event of the namespace."""

Bucket = tuple[Grain, int]
"""A grain and the number of the bucket since the epoch."""


_FIXED = {Window.M5: 5, Window.H1: 60, Window.H24: 24, Window.D7: 168, Window.D30: 30, Window.D90: 90}


@dataclass(frozen=True, slots=True)
class Clock:
    """The buckets that are running at a moment."""

    now: int
    minute: int
    hour: int
    day: int

    @classmethod
    def at(cls, now: int, calendar: Calendar) -> "Clock":
        """The clock at epoch milliseconds."""
        return cls(now, now // MINUTE_MS, now // HOUR_MS, calendar.day(now))

    def running(self, grain: Grain) -> int:
        """The number of the bucket of a grain that is running."""
        return {Grain.MINUTE: self.minute, Grain.HOUR: self.hour, Grain.DAY: self.day}[grain]


def span(window: Window, clock: Clock) -> range:  # noqa: PLR0911 - a table with one case per window
    """The numbers of the buckets (of the window's grain) that the window sums; empty when it has no day yet."""
    if window in _FIXED:
        running = clock.running(GRAIN_OF[window])
        return range(running - _FIXED[window] + 1, running + 1)
    first = first_of_month(clock.day)
    previous = month_before(clock.day)
    if window is Window.MTD:
        return range(first, clock.day + 1)
    if window is Window.FULL_DAYS_MTD:
        return range(first, clock.day)
    if window is Window.PREV_MONTH:
        return range(previous, first)
    if window is Window.PREV_MONTH_TO_DATE:
        full_days = date_of(clock.day).day - 1
        return range(previous, min(previous + full_days, first))
    if window is Window.MONTH_BEFORE_PREV:
        return range(month_before(previous), previous)
    return range(clock.day - 59, clock.day - 29)  # D30_BEFORE


_LEAP_CYCLE_DAYS = 4 * 365 + 1


@cache
def longest_window_days() -> int:
    """How many days any window reaches back at most, today included, whatever day it is.

    Opening balances reach no further: they are levels minus what `PREV_MONTH` and `MTD` sum.
    """
    windows = [window for window in Window if GRAIN_OF[window] is Grain.DAY]
    clocks = [Clock(0, 0, 0, day) for day in range(_LEAP_CYCLE_DAYS)]
    spans = ((clock.day, span(window, clock)) for clock in clocks for window in windows)
    return max(day - buckets.start + 1 for day, buckets in spans if buckets)


def answerable(window: Window, clock: Clock, newest: Clock | None) -> bool:
    """Whether all buckets of the window are still kept, the newest event being at `newest`; false if it has none."""
    buckets = span(window, clock)
    if not buckets:
        return False
    grain = GRAIN_OF[window]
    return newest is None or buckets.start > newest.running(grain) - KEPT[grain]


def kept_days(most: int, clock: Clock, newest: Clock | None) -> range:
    """The last days, at most so many and the running one included, of which nothing is deleted yet.

    The newest event is at `newest`; none if the clock stands where nothing is kept.
    """
    first = clock.day - most + 1
    if newest is not None:
        first = max(first, newest.day - KEPT[Grain.DAY] + 1)
    return range(first, clock.day + 1)
