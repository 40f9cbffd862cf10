"""What a company has set itself to reach, and the days in which it wants to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stream_app.core.calendar import date_of, day_of


class Period(StrEnum):
    """A calendar period of the business time zone."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}

MOST_DAYS = {Period.MONTH: 31, Period.QUARTER: 92, Period.YEAR: 366}
"""How many days a period has at most."""


@dataclass(frozen=True, slots=True)
class PeriodTarget:
    """What is to be reached in each period: a count, a share, or money in base units of its currency."""

    goal: float
    period: Period


Targets = Mapping[tuple[str, str], PeriodTarget]
"""Targets by the name of what is measured and the currency, which is empty for what is not money."""


def days_of(period: Period, day: int) -> range:
    """The numbers of the days of the period in which a day lies."""
    length = MONTHS[period]
    date = date_of(day)
    first = date.replace(month=(date.month - 1) // length * length + 1, day=1)
    months = first.year * 12 + first.month - 1 + length
    return range(day_of(first), day_of(first.replace(year=months // 12, month=months % 12 + 1)))
