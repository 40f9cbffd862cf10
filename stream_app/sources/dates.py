"""Dates and times as files have them: often without a zone, which must be stated then and is never guessed."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from stream_app.sources.fields import text
from stream_app.sources.source import Parked
from stream_app.sources.times import moment, moment_of_milliseconds, moment_of_seconds

_SECONDS, _MILLISECONDS = 9, 12
"""From how many digits on a number is a moment in seconds (since 1973), and one in milliseconds (since 1973)."""


def check_zone(name: str) -> None:
    """Raise ValueError if there is no such time zone; an empty name is none."""
    if name and _zone(name) is None:
        msg = "Expected an IANA time zone such as Europe/Vienna"
        raise ValueError(msg)


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def moment_in(value: object, zone_name: str, pattern: str = "") -> str | None:
    """A date or time as our `time`; None if it is none.

    It is RFC 3339, seconds or milliseconds since 1970, or a local time if a zone is named; a date is its first instant.
    `pattern` is that of `strptime` for what is not ISO 8601.
    """
    found = text(value)
    if found is None:
        return None
    if found.isascii() and found.isdigit() and len(found) >= _SECONDS:
        return moment_of_milliseconds(found) if len(found) >= _MILLISECONDS else moment_of_seconds(found)
    return moment(found) or _local(found, zone_name, pattern)


def no_moment(value: object, zone_name: str, field: str, pattern: str = "") -> Parked:
    """Why a value is no moment: `time_zone` if it would be one in a zone that nobody named, else `time`."""
    is_local = not zone_name and moment_in(value, "UTC", pattern) is not None
    return Parked("time_zone" if is_local else "time", field)


def day_in(value: object, pattern: str = "") -> str | None:
    """A day as `YYYY-MM-DD`; None if it is none."""
    found = text(value)
    parsed = _parsed(found, pattern) if found else None
    return parsed.date().isoformat() if parsed else None


def _local(found: str, zone_name: str, pattern: str) -> str | None:
    parsed, zone = _parsed(found, pattern), _zone(zone_name) if zone_name else None
    if parsed is None or zone is None or parsed.tzinfo is not None:
        return None
    try:
        return moment(parsed.replace(tzinfo=zone).astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        return None


def _parsed(found: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(found, pattern) if pattern else datetime.fromisoformat(found)  # noqa: DTZ007 - a zone is put in later
    except ValueError:
        return None
