"""Days and months of the business time zone."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_QUARTER_MS = 15 * 60 * 1000
_CACHED_QUARTERS = 200_000
_CACHED_DAYS = 10_000
_SATURDAY = 5


class Calendar:
    """Business days as whole numbers (days since 1970-01-01) and months as `YYYY-MM`, from epoch milliseconds."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.zone = ZoneInfo(timezone)
        self._days: dict[int, int] = {}
        self._starts: dict[int, int] = {}

    def day(self, at: int) -> int:
        """The local day on which a moment falls."""
        # Offsets of all zones since 1972 are whole quarters of an hour, so a quarter never spans two days.
        quarter = at // _QUARTER_MS
        day = self._days.get(quarter)
        if day is None:
            if len(self._days) >= _CACHED_QUARTERS:
                self._days.clear()
            day = self._days[quarter] = self.local(at).toordinal() - _EPOCH_ORDINAL
        return day

    def local(self, at: int) -> datetime:
        """A moment on the local clock."""
        return datetime.fromtimestamp(at // 1000, self.zone)

    def month(self, at: int) -> str:
        """The local month in which a moment falls, `YYYY-MM`."""
        return month_of(self.day(at))

    def start_of_day(self, day: int) -> int:
        """Epoch milliseconds of the first instant of a local day."""
        start = self._starts.get(day)
        if start is None:
            if len(self._starts) >= _CACHED_DAYS:
                self._starts.clear()
            start = self._starts[day] = self._find_start(day)
        return start

    def after_weekdays(self, at: int, length: int) -> int:
        """The moment at which so many milliseconds have passed since another one that lie on weekdays."""
        day = self.day(at)
        while True:
            end = self.start_of_day(day + 1)
            if date_of(day).weekday() < _SATURDAY:
                if at + length <= end:
                    return at + length
                length -= end - at
            at, day = end, day + 1

    def _find_start(self, day: int) -> int:
        midnight = datetime.combine(date_of(day), datetime.min.time(), self.zone)
        start = int(midnight.timestamp()) * 1000
        # A zone that skips midnight when summer begins: the day starts at the first minute that exists.
        while self.day(start) < day:
            start += _QUARTER_MS
        while self.day(start - 1) >= day:
            start -= _QUARTER_MS
        return start


def date_of(day: int) -> date:
    """The calendar date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def day_of(moment: date) -> int:
    """The day number of a calendar date."""
    return moment.toordinal() - _EPOCH_ORDINAL


@lru_cache(maxsize=4096)
def month_of(day: int) -> str:
    """`YYYY-MM` of a day number."""
    return date_of(day).strftime("%Y-%m")


def first_of_month(day: int) -> int:
    """The day number of the 1st of the month that contains a day."""
    return day_of(date_of(day).replace(day=1))


def month_before(day: int) -> int:
    """The day number of the 1st of the month before the one that contains a day."""
    return first_of_month(first_of_month(day) - 1)


def months_before(month: str, count: int) -> str:
    """`YYYY-MM`, `count` months earlier."""
    year, number = int(month[:4]), int(month[5:])
    index = year * 12 + number - 1 - count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


@lru_cache(maxsize=4096)
def month_after(day: int) -> int:
    """The day number of the 1st of the month after the one that contains a day."""
    return first_of_month(first_of_month(day) + 31)
