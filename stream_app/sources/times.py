"""Times as sources write them, as the `time` of the contract: UTC, RFC 3339, in whole milliseconds."""

import math
import re
from datetime import UTC, datetime, timedelta

from stream_app.sources.fields import number

_OFFSET = re.compile(r"[Tt ].*(?:[Zz]|[+-]\d{2}:?\d{2})$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""


def moment(value: object) -> str | None:
    """An RFC 3339 text with an offset; None if it is none."""
    if not isinstance(value, str) or not _OFFSET.search(value):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return _text((found - _EPOCH) // _MILLISECOND)


def moment_of_seconds(value: object) -> str | None:
    """Seconds since 1970, whole or not, a number or a text; None if they are none, or of no clock's."""
    seconds = number(value)
    # A float of seconds has no exact milliseconds.
    return None if seconds is None else moment_of_milliseconds(round(seconds * 1000, 3))


def moment_of_milliseconds(value: object) -> str | None:
    """Milliseconds since 1970, a number or a text, floored; None if they are none, or of no clock's."""
    milliseconds = number(value)
    return None if milliseconds is None else _text(math.floor(milliseconds))


def milliseconds_of(when: str) -> int:
    """One of our times in milliseconds since 1970."""
    return (datetime.fromisoformat(when) - _EPOCH) // _MILLISECOND


def _text(milliseconds: int) -> str | None:
    if not 0 < milliseconds <= _LAST_MS:
        return None
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
