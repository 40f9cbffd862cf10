"""What stands at a path of JSON that somebody else wrote: whatever it is, to read it never fails."""

from typing import Any

import orjson


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
