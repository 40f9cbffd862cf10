"""When people and their automations are at work, where no past weeks say it."""

from dataclasses import dataclass
from datetime import date

from stream_app.spec.alert import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Hours of work, in local time.

    `weekdays` count from 0 for Sunday, as PromQL does; `begin` and `end` are minutes of the day. `utc_offsets` are all
    minutes by which local time is ahead of UTC within a year: what is not at work by each of them is not at work.
    """

    weekdays: tuple[int, int] = (1, 5)
    begin: int = 9 * 60
    end: int = 17 * 60
    utc_offsets: tuple[int, ...] = (0,)
    holidays: tuple[date, ...] = ()


def working_time(calendar: WorkCalendar) -> str:
    """Return an expression that has a value in working time only."""
    at_work = "\nand\n".join(_at_work(calendar, offset) for offset in calendar.utc_offsets)
    holidays = [_holiday(each, offset) for each in calendar.holidays for offset in calendar.utc_offsets]
    return "\nunless\n".join((at_work, *holidays))


def _local(function: str, offset: int) -> str:
    return f"{function}(vector(time() + {offset * 60}))" if offset else f"{function}()"


def _at_work(calendar: WorkCalendar, offset: int) -> str:
    first, last = calendar.weekdays
    minutes = f"({_local('hour', offset)} * 60 + {_local('minute', offset)})"
    return (
        f"({minutes} >= {calendar.begin} < {calendar.end})\nand ({_local('day_of_week', offset)} >= {first} <= {last})"
    )


def _holiday(day: date, offset: int) -> str:
    parts = (("year", day.year), ("month", day.month), ("day_of_month", day.day))
    return f"({' and '.join(f'{_local(name, offset)} == {value}' for name, value in parts)})"


WORKING_TIME = "calendar:working_time:minutes"
"""The series that has a value, the minute of the day, in working time only."""


def recording(calendar: WorkCalendar) -> Recording:
    """Return the rule that records it, for other rules of the same group."""
    return Recording(name=WORKING_TIME, expr=working_time(calendar))
