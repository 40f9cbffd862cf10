"""Business hours, weekdays and time zones of the simulated market. All instants are ms since the epoch."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import TypeAlias
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY + 10 * HOUR + 30 * MINUTE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3
_FRIDAY = 4
_OPENS = 7 * HOUR
_CLOSES = 19 * HOUR

_HOUR_SHARES = {7: 3, 8: 8, 9: 13, 10: 15, 11: 12, 12: 7, 13: 9, 14: 12, 15: 10, 16: 7, 17: 3, 18: 1}
_HOURS = tuple(hour for hour, share in _HOUR_SHARES.items() for _ in range(share))
_NIGHT_SHARE = 0.4
_WEEKEND_SHARE = 0.15


Region: TypeAlias = ZoneInfo
"""A market: the time zone in which its people work."""

EUROPE = ZoneInfo("Europe/Berlin")
AMERICA = ZoneInfo("America/New_York")
_EUROPEAN = 0.55


def choose_region(rng: Random) -> Region:
    """Draw the region of a company."""
    return EUROPE if rng.random() < _EUROPEAN else AMERICA


def instant(moment: datetime) -> int:
    """Return an aware datetime as whole ms since the epoch."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=4096)
def calendar_date(day: int) -> date:
    """Return the date of a day number (0 = 1970-01-01)."""
    return date.fromordinal(_FIRST_ORDINAL + day)


def day_number(day: date) -> int:
    """Return the number of a date (0 = 1970-01-01)."""
    return day.toordinal() - _FIRST_ORDINAL


@lru_cache(maxsize=8192)
def _offset_on(region: Region, day: int) -> int:
    noon = _EPOCH + timedelta(days=day, hours=12)
    return (noon.astimezone(region).utcoffset() or timedelta()) // timedelta(milliseconds=1)


def offset(region: Region, at: int) -> int:
    """Return the region's distance from UTC in ms; it changes at midnight UTC of the days on which clocks change."""
    return _offset_on(region, at // DAY)


def next_working_time(rng: Random, region: Region, at: int, off_hours_probability: float = 0.05) -> int:
    """Return the first working moment at or after `at`; or `at` itself with `off_hours_probability`."""
    shift = _offset_on(region, at // DAY)
    day, time_of_day = divmod(at + shift, DAY)
    weekday = (day + _EPOCH_WEEKDAY) % 7
    if weekday <= _FRIDAY and _OPENS <= time_of_day < _CLOSES:
        return at
    if rng.random() < off_hours_probability:
        return at
    if weekday > _FRIDAY:
        day += 7 - weekday
    elif time_of_day >= _CLOSES:
        day += 3 if weekday == _FRIDAY else 1
    return day * DAY + working_time(rng) - shift


def working_time(rng: Random) -> int:
    """Draw a time of day, in ms after midnight, as busy as an office is at that hour."""
    slot = rng.random() * len(_HOURS)
    index = int(slot)
    return int((_HOURS[index] + slot - index) * HOUR)


def _hour_of_week_shares() -> list[float]:
    """Weight each hour of the UTC week by what both regions do in it, in a winter week; they add up to 1."""
    weights = [_NIGHT_SHARE] * 168
    for region, share in ((EUROPE, _EUROPEAN), (AMERICA, 1 - _EUROPEAN)):
        shift = _offset_on(region, day_number(date(2026, 1, 15))) // HOUR
        for weekday in range(7):
            activity = 1.0 if weekday <= _FRIDAY else _WEEKEND_SHARE
            for hour, busy in _HOUR_SHARES.items():
                weights[(weekday * 24 + hour - shift) % 168] += share * activity * busy
    total = sum(weights)
    return [weight / total for weight in weights]


_SHARES = tuple(_hour_of_week_shares())
_PASSED = (0.0, *accumulate(_SHARES))
_FIRST_MONDAY = 4 * DAY


def activity_at(at: float) -> float:
    """Return the activity since the first Monday of 1970, in weeks: it hardly moves at night and on weekends."""
    week, rest = divmod(at - _FIRST_MONDAY, WEEK)
    hour, fraction = divmod(rest, HOUR)
    return week + _PASSED[int(hour)] + _SHARES[int(hour)] * fraction / HOUR


def instant_at_activity(activity: float) -> int:
    """Return the instant at which so much activity has passed: the inverse of `activity_at`."""
    week, rest = divmod(activity, 1.0)
    hour = min(bisect_right(_PASSED, rest) - 1, 167)
    return int(_FIRST_MONDAY + week * WEEK + hour * HOUR + (rest - _PASSED[hour]) / _SHARES[hour] * HOUR)
