"""Days on which nobody is there: `2026-12-25`, `2026-12-24/2027-01-01`, and every year's `12-25`."""

from datetime import date

# It has a 29th of February.
_ANY_YEAR = 2000


def days_of(holiday: str) -> tuple[date, date, bool]:
    """Return the first and the last day, and whether they come every year. Raises ValueError."""
    begin, _, end = holiday.partition("/")
    (first, yearly), (last, yearly_end) = _day(begin), _day(end or begin)
    if yearly != yearly_end:
        message = "one of both days has no year"
        raise ValueError(message)
    if last < first:
        message = "it ends before it begins"
        raise ValueError(message)
    return first, last, yearly


def _day(text: str) -> tuple[date, bool]:
    yearly = text.count("-") == 1
    return date.fromisoformat(f"{_ANY_YEAR}-{text}" if yearly else text), yearly
