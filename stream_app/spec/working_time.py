"""When people and their automations are at work, where no past weeks say it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from stream_app.spec.alert import Recording
from stream_app.spec.holidays import days_of
from stream_app.spec.notification import BusinessHours

_SUNDAY_FIRST = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

_RULES_OF_NOW = 2037
"""A year for which the time zone database has the present rules of every zone."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """The first and the last of some days in a row; `yearly` ones come every year, whatever year is given."""

    first: date
    last: date
    yearly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Hours of work, in local time.

    `weekdays` count from 0 for Sunday, as PromQL does; `begin` and `end` are minutes of the day. `utc_offsets` are all
    minutes by which local time is ahead of UTC within a year, because PromQL knows UTC alone: what is not at work by
    each of them is not at work, and what is a holiday by one of them is one.
    """

    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    begin: int = 9 * 60
    end: int = 17 * 60
    utc_offsets: tuple[int, ...] = (0,)
    holidays: tuple[Holiday, ...] = ()


AS_SHIPPED = WorkCalendar()
"""Monday to Friday, 09:00 to 17:00 UTC."""


def work_calendar(hours: BusinessHours | None) -> WorkCalendar:
    """Return the hours of work of an installation; what is shipped if it says none."""
    if hours is None:
        return AS_SHIPPED
    return WorkCalendar(
        weekdays=tuple(number for number, name in enumerate(_SUNDAY_FIRST) if name in hours.days),
        begin=_minute(hours.begin),
        end=_minute(hours.end),
        utc_offsets=_utc_offsets(hours.timezone),
        holidays=tuple(Holiday(*days_of(each)) for each in hours.holidays),
    )


def _minute(clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    return hour * 60 + minute


def _utc_offsets(timezone: str) -> tuple[int, ...]:
    zone, first = ZoneInfo(timezone), datetime(_RULES_OF_NOW, 1, 1, 12, tzinfo=UTC)
    offsets = {(first + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(365)}
    return tuple(sorted(int(each.total_seconds()) // 60 for each in offsets if each is not None))


def _in_year(day: date) -> int:
    return day.month * 100 + day.day


WORKING_TIME = "calendar:working_time:minutes"
"""The series that has a value, the minute of the day, in working time only."""

NO_HOLIDAY = "calendar:no_holiday:bool"
"""The series that has a value on every day but on holidays."""


def recordings(calendar: WorkCalendar) -> tuple[Recording, ...]:
    """Return the rules that record when people are at work, for other rules of the same group."""
    holidays = [_holiday(each, offset) for each in calendar.holidays for offset in calendar.utc_offsets]
    no_holiday = "\nunless\n".join(("vector(1)", *holidays))
    at_work = "\nand\n".join(_at_work(calendar, offset) for offset in calendar.utc_offsets)
    return (
        Recording(name=NO_HOLIDAY, expr=no_holiday),
        Recording(name=WORKING_TIME, expr=f"{at_work}\nand {NO_HOLIDAY}"),
    )


def is_holiday(calendar: WorkCalendar, now: float) -> bool:
    """Whether the second since 1970 is on a holiday, as `NO_HOLIDAY` has it."""
    return any(_is_within(each, _local(now, offset)) for each in calendar.holidays for offset in calendar.utc_offsets)


def is_working_time(calendar: WorkCalendar, now: float) -> bool:
    """Whether people are at work at a second since 1970, as `WORKING_TIME` has it."""
    there = (_local(now, offset) for offset in calendar.utc_offsets)
    return not is_holiday(calendar, now) and all(
        calendar.begin <= local.hour * 60 + local.minute < calendar.end and local.isoweekday() % 7 in calendar.weekdays
        for local in there
    )


def _local(now: float, offset: int) -> datetime:
    return datetime.fromtimestamp(now + offset * 60, UTC)


def _is_within(holiday: Holiday, local: datetime) -> bool:
    if holiday.yearly:
        return _in_year(holiday.first) <= _in_year(local) <= _in_year(holiday.last)
    return holiday.first <= local.date() <= holiday.last


def _then(offset: int) -> str:
    return f"vector(time() + {offset * 60})" if offset else ""


def _at_work(calendar: WorkCalendar, offset: int) -> str:
    minutes = f"(hour({_then(offset)}) * 60 + minute({_then(offset)}))"
    weekday = f"day_of_week({_then(offset)})"
    days = " or ".join(f"{weekday} >= {first} <= {last}" for first, last in _runs(calendar.weekdays))
    return f"({minutes} >= {calendar.begin} < {calendar.end})\nand ({days})"


def _runs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of numbers that follow each other."""
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after != before + 1)]
    ends = [*(before for before, after in pairwise(numbers) if after != before + 1), numbers[-1]]
    yield from zip(starts, ends, strict=True)


def _holiday(holiday: Holiday, offset: int) -> str:
    if holiday.yearly:
        day = f"(month({_then(offset)}) * 100 + day_of_month({_then(offset)}))"
        return f"({day} >= {_in_year(holiday.first)} <= {_in_year(holiday.last)})"
    begin, end = _midnight(holiday.first), _midnight(holiday.last + timedelta(days=1))
    return f"(vector(time()) >= {begin - offset * 60} < {end - offset * 60})"


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
