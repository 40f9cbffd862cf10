"""The days that a review is about, and those that it compares with."""

from dataclasses import dataclass
from datetime import date

from stream_app.core.calendar import date_of, day_of, first_of_month, month_after, month_of, months_before


class NoPeriodError(Exception):
    """There is nothing to report on; the text says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of one month, from its 1st to `last`, as numbers of days. `is_running`: the month has further ones."""

    first: int
    last: int

    @property
    def month(self) -> str:
        """`YYYY-MM`."""
        return month_of(self.first)

    @property
    def is_running(self) -> bool:
        """Whether the month goes on after these days."""
        return self.last + 1 < month_after(self.first)

    @property
    def text(self) -> str:
        """As people write it: "October 2026", "1 to 12 November 2026"."""
        month = date_of(self.first).strftime("%B %Y")
        return f"1 to {date_of(self.last).day} {month}" if self.is_running else month

    def earlier(self, months: int) -> "Period":
        """The same days of an earlier month; of a whole month the whole earlier one."""
        first = first_day(months_before(self.month, months))
        end = month_after(first) - 1
        return Period(first, min(end, first + self.last - self.first) if self.is_running else end)


def first_day(month: str) -> int:
    """The number of the 1st of `YYYY-MM`. Raises ValueError."""
    return day_of(date.fromisoformat(f"{month}-01"))


def last_complete_month(today: int) -> str:
    """`YYYY-MM` of the month before the one of today."""
    return month_of(first_of_month(today) - 1)


def period(month: str, today: int) -> Period:
    """The days of a month that are over. Raises NoPeriodError."""
    try:
        first = first_day(month)
        # It is compared with the year before; there is no year 0.
        first_day(months_before(month, 12))
    except ValueError:
        message = "no such month; one looks like 2026-10"
        raise NoPeriodError(message) from None
    if first > today:
        message = f"{month} has not begun"
        raise NoPeriodError(message)
    last = min(today, month_after(first)) - 1
    if last < first:
        message = f"no day of {month} is over yet; there is something to report from tomorrow on"
        raise NoPeriodError(message)
    return Period(first, last)
