"""Local days and months of the business time zone, as instants in milliseconds since the epoch."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_SECONDS = slice(17, 19)
_WEEKEND = (5, 6)


def instant_ms(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time with offset, finer digits cut off; ValueError if it has none.

    A leap second is the last millisecond of its minute.
    """
    if text[_SECONDS] == "60":
        return instant_ms(f"{text[:17]}59.999{text[19:].lstrip('.0123456789')}")
    at = datetime.fromisoformat(text.upper())
    if at.tzinfo is None:
        message = "a time without offset is no instant"
        raise ValueError(message)
    return (at - _EPOCH) // _MILLISECOND


def month_after(first: date) -> date:
    """Return the first day of the month after the one that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1)


def month_before(first: date) -> date:
    """Return the first day of the month before the one that begins on `first`."""
    return (first - timedelta(days=1)).replace(day=1)


def months_back(today: date, count: int) -> date:
    """Return the first day of the month that lies `count` months before the month of `today`."""
    first = today.replace(day=1)
    for _ in range(count):
        first = month_before(first)
    return first


class BusinessTime:
    """Days and months as the business reads them off its own clock."""

    def __init__(self, timezone: str) -> None:
        """Take an IANA zone name; ZoneInfoNotFoundError if there is no such zone."""
        self._zone = ZoneInfo(timezone)
        self.day_start_ms = lru_cache(maxsize=4096)(self._day_start_ms)
        self._month = lru_cache(maxsize=65_536)(self._month_of_minute)

    def day_of(self, at_ms: int) -> date:
        """Return the local day that contains the instant."""
        return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(self._zone).date()

    def day_text_start_ms(self, day: str) -> int:
        """Return the first instant of a local day written `YYYY-MM-DD`."""
        return self.day_start_ms(date.fromisoformat(day))

    def month_of(self, at_ms: int) -> str:
        """Return the local month that contains the instant, written `YYYY-MM`."""
        return f"{self._month(at_ms // 60_000):%Y-%m}"

    def month_start_ms(self, at_ms: int) -> int:
        """Return the first instant of the local month that contains the instant."""
        return self.day_start_ms(self._month(at_ms // 60_000))

    def next_month_start_ms(self, at_ms: int) -> int:
        """Return the first instant after the local month that contains the instant."""
        return self.day_start_ms(month_after(self._month(at_ms // 60_000)))

    def after_weekdays(self, at_ms: int, length_ms: int) -> int:
        """Return the instant at which so much time has passed since another one, if it passes from Monday to Friday."""
        day = self.day_of(at_ms)
        while True:
            end_ms = self.day_start_ms(day + timedelta(days=1))
            if day.weekday() not in _WEEKEND:
                if at_ms + length_ms <= end_ms:
                    return at_ms + length_ms
                length_ms -= end_ms - at_ms
            at_ms, day = end_ms, day + timedelta(days=1)

    def _month_of_minute(self, minute: int) -> date:
        return self.day_of(minute * 60_000).replace(day=1)

    def _day_start_ms(self, day: date) -> int:
        midnight = (datetime.combine(day, time(), self._zone) - _EPOCH) // _MILLISECOND
        if self.day_of(midnight - 1) < day:
            return midnight
        # A clock that jumped over midnight began this day before the instant that midnight would have been.
        low, high = midnight - _DAY_MS, midnight
        while high - low > 1:
            middle = (low + high) // 2
            if self.day_of(middle) < day:
                low = middle
            else:
                high = middle
        return high
