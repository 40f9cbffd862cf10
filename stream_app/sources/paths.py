"""What stands at a path of JSON that somebody else wrote: whatever it is, to read it never fails."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""


def parsed(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """What JSON holds; None if it is none, or null."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def child(value: object, *path: str) -> dict[str, Any]:
    """The object at a path, empty if there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def children(value: object, *path: str) -> list[Any]:
    """The list at a path, empty if there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def text(value: object, *path: str) -> str:
    """The text at a path without space around it, empty if there is none."""
    found = at(value, *path)
    return found.strip() if isinstance(found, str) else ""


def integer(value: object, *path: str) -> int | None:
    """The whole number at a path, which may be written `12.0`; None if there is none."""
    found = at(value, *path)
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def at(value: object, *path: str) -> Any:  # noqa: ANN401 - any JSON
    """Whatever stands at a path; None if there is nothing."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def moment(milliseconds: int | None) -> str | None:
    """A time since 1970 as the contract writes it; None if no clock has shown it."""
    if milliseconds is None or not 0 < milliseconds <= _LAST_MS:
        return None
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of_seconds(seconds: int | None) -> str | None:
    """The same of whole seconds."""
    return None if seconds is None else moment(seconds * 1000)
