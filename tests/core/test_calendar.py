"""Days and months of the business time zone."""

from datetime import UTC, date, datetime

import pytest

from stream_app.core.calendar import (
    Calendar,
    date_of,
    day_of,
    first_of_month,
    month_after,
    month_before,
    month_of,
    months_before,
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-03-01T00:00:00", date(2026, 3, 1)),
        ("UTC", "2026-02-28T23:59:59", date(2026, 2, 28)),
        ("Europe/Berlin", "2026-02-28T23:00:00", date(2026, 3, 1)),
        ("America/New_York", "2026-03-01T04:59:59", date(2026, 2, 28)),
        ("America/New_York", "2026-03-01T05:00:00", date(2026, 3, 1)),
        ("Asia/Kathmandu", "2026-02-28T18:14:59", date(2026, 2, 28)),
        ("Asia/Kathmandu", "2026-02-28T18:15:00", date(2026, 3, 1)),
    ],
)
def test_a_moment_falls_on_the_local_day(zone: str, moment: str, day: date) -> None:
    assert date_of(Calendar(zone).day(at(moment))) == day


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", date(2026, 3, 1), "2026-03-01T00:00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00:00"),
        # On this day clocks went from 23:59:59 to 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00"),
        # On this day clocks went back at midnight, from 00:00 to 23:00 of the day before.
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00:00"),
    ],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: date, start: str) -> None:
    calendar = Calendar(zone)
    assert calendar.start_of_day(day_of(day)) == at(start)
    assert calendar.day(at(start)) == day_of(day)
    assert calendar.day(at(start) - 1) == day_of(day) - 1


def test_a_month_is_that_of_the_local_day() -> None:
    assert Calendar("UTC").month(at("2026-02-28T23:30:00")) == "2026-02"
    assert Calendar("Europe/Berlin").month(at("2026-02-28T23:30:00")) == "2026-03"


def test_months_follow_each_other_over_the_end_of_a_year() -> None:
    day = day_of(date(2026, 1, 31))
    assert month_of(day) == "2026-01"
    assert date_of(first_of_month(day)) == date(2026, 1, 1)
    assert date_of(month_before(day)) == date(2025, 12, 1)
    assert date_of(month_after(day)) == date(2026, 2, 1)
    assert months_before("2026-01", 1) == "2025-12"
    assert months_before("2026-01", 13) == "2024-12"
    assert months_before("2026-01", 0) == "2026-01"
