"""The days of calendar periods."""

from datetime import date

import pytest

from stream_app.core.calendar import day_of
from stream_app.core.targets import MOST_DAYS, Period, days_of


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        (Period.MONTH, date(2026, 11, 26), date(2026, 11, 1), date(2026, 11, 30)),
        (Period.MONTH, date(2024, 2, 1), date(2024, 2, 1), date(2024, 2, 29)),
        (Period.QUARTER, date(2026, 11, 26), date(2026, 10, 1), date(2026, 12, 31)),
        (Period.QUARTER, date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        (Period.QUARTER, date(2026, 4, 1), date(2026, 4, 1), date(2026, 6, 30)),
        (Period.YEAR, date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 31)),
        (Period.YEAR, date(2026, 1, 1), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_that_of_the_calendar(period: Period, today: date, first: date, last: date) -> None:
    assert days_of(period, day_of(today)) == range(day_of(first), day_of(last) + 1)


def test_no_period_has_more_days_than_are_held() -> None:
    four_years = range(day_of(date(2024, 1, 1)), day_of(date(2028, 1, 1)))
    for period in Period:
        assert max(len(days_of(period, day)) for day in four_years) == MOST_DAYS[period]
