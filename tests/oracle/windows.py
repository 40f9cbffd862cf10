"""The business calendar, the windows, and what the grains still keep."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .facts import EPOCH, milliseconds

MINUTE = 60 * 1000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FIXED = {
    # A fixed window: "5m = 5 minute-buckets, 1h = 60, 24h = 24 hour-buckets, 7d = 168, 30d = 30 day-buckets, 90d = 90"
    "5m": ("minute", 5),
    "1h": ("minute", 60),
    "24h": ("hour", 24),
    "7d": ("hour", 168),
    "30d": ("day", 30),
    "90d": ("day", 90),
}
# "180 minutes, 216 hours, 800 days, counted back in whole buckets from the one of the namespace's newest event, that
# one included"
KEPT = {"minute": 180, "hour": 216, "day": 800}


def local_day(at: int, zone: ZoneInfo) -> date:
    """Return the day of an instant in the business time zone."""
    return (EPOCH + timedelta(milliseconds=at)).astimezone(zone).date()


def first_instant(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a local day (where midnight is skipped, the instant of the skip)."""
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def end_of_day(at: int, zone: ZoneInfo) -> int:
    """Return the first instant of the local day after the one of an instant."""
    return first_instant(local_day(at, zone) + timedelta(days=1), zone)


def days_in_month(day: date) -> int:
    """Return how many days the month of a day has."""
    return monthrange(day.year, day.month)[1]


def month_before(day: date) -> date:
    """Return the 1st of the month before the one of a day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(day: date) -> date:
    """Return the 1st of the month after the one of a day."""
    return day.replace(day=1) + timedelta(days=days_in_month(day))


def month_name(at: int, zone: ZoneInfo) -> str:
    """Return the local month of an instant as `YYYY-MM`."""
    day = local_day(at, zone)
    return f"{day.year:04}-{day.month:02}"


def last_months(as_of: int, zone: ZoneInfo) -> list[str]:
    """Return "the last 13 months as `YYYY-MM`": the month of `as_of` and the twelve before it."""
    month = local_day(as_of, zone).replace(day=1)
    names = []
    for _ in range(13):
        names.append(f"{month.year:04}-{month.month:02}")
        month = month_before(month)
    return names


@dataclass(frozen=True)
class Window:
    """The buckets `first` to `last`, both included; minutes and hours of the epoch, days as ordinals of local days."""

    grain: str
    first: int
    last: int

    def contains(self, at: int, zone: ZoneInfo) -> bool:
        """Tell whether an instant is in one of the buckets."""
        return self.first <= bucket(at, self.grain, zone) <= self.last

    def begins(self, zone: ZoneInfo) -> int:
        """Return the first instant of the first bucket."""
        if self.grain == "minute":
            return self.first * MINUTE
        if self.grain == "hour":
            return self.first * HOUR
        return first_instant(date.fromordinal(self.first), zone)


def bucket(at: int, grain: str, zone: ZoneInfo) -> int:
    """Return the bucket of an instant: "The business time zone gives days and months only"."""
    if grain == "minute":
        return at // MINUTE
    if grain == "hour":
        return at // HOUR
    return local_day(at, zone).toordinal()


def window(name: str, as_of: int, zone: ZoneInfo) -> Window | None:
    """Return a window as of an instant; none where it is empty (`prev_month_to_date` on the 1st)."""
    if name in FIXED:
        # "A window ends with the bucket that is running at `now` (that bucket counts whole) and begins with the bucket
        # `length - 1` earlier."
        grain, length = FIXED[name]
        running = bucket(as_of, grain, zone)
        return Window(grain, running - (length - 1), running)
    today = local_day(as_of, zone)
    previous = month_before(today)
    if name == "mtd":
        # "`mtd` is the local days from the 1st of this month to today"
        return Window("day", today.replace(day=1).toordinal(), today.toordinal())
    if name == "prev_month":
        # "`prev_month` those of the month before"
        return Window("day", previous.toordinal(), previous.toordinal() + days_in_month(previous) - 1)
    if name == "prev_month_to_date":
        # "the first *n* days of the previous month where *n* is the number of full days of this month so far (day of
        # month - 1, never more than the previous month has; on the 1st it is empty and has no sample)"
        full_days = min(today.day - 1, days_in_month(previous))
        if full_days == 0:
            return None
        return Window("day", previous.toordinal(), previous.toordinal() + full_days - 1)
    message = f"no window is called {name!r}"
    raise ValueError(message)


def kept(candidate: Window, newest: int, zone: ZoneInfo) -> bool:
    """Tell whether the grain still keeps the window: "a window that reaches further back has no sample"."""
    return candidate.first > bucket(newest, candidate.grain, zone) - KEPT[candidate.grain]
