"""Values as people read them: units, grouped digits, no exponents."""

import math
from datetime import UTC, datetime
from itertools import pairwise

from stream_app.core.money import decimals
from stream_app.spec.metric import Unit

__all__ = ["duration_text", "number_text", "time_text", "value_text"]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SIGNIFICANT_DIGITS = 3


def time_text(at: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration_text(seconds: float) -> str:
    """A duration in the two largest units that fit: `3 d 4 h`."""
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 else ""
    for (size, unit), (smaller, of_rest) in pairwise(_UNITS):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{sign}{count:,} {unit}" + (f" {rest // smaller} {of_rest}" if rest >= smaller else "")
    return f"{number_text(seconds)} s"


def number_text(value: float) -> str:
    """A number with grouped digits: two decimals, more where it is so small that they would say nothing."""
    if not math.isfinite(value):
        return "no number" if math.isnan(value) else f"{'-' if value < 0 else ''}unlimited"
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    places = max(2, _SIGNIFICANT_DIGITS - 1 - magnitude)
    text = f"{value:,.{places}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def value_text(value: float, unit: Unit, currency: str = "") -> str:
    """The value of a sample, which is in the unit that users see: money in base units of `currency`."""
    if not math.isfinite(value):
        return number_text(value)
    match unit:
        case Unit.MONEY:
            text = f"{value:,.{decimals(currency)}f} {currency}"
        case Unit.SECONDS:
            text = duration_text(value)
        case Unit.RATIO:
            text = f"{number_text(value * 100)} %"
        case Unit.TIMESTAMP:
            text = time_text(round(value * 1000))
        case Unit.MONTHS | Unit.POINTS:
            text = f"{number_text(value)} {unit}"
        case Unit.COUNT:
            text = number_text(value)
    return text
