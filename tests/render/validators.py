"""What accepts or rejects a record: the worker's decoder, and any JSON Schema validator with the rendered files."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import Decoder, Event, Rejected
from tests.render.house import ROOT

NOW = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)

_DECODER = Decoder(EVENT_TYPES)
_FORMATS = FormatChecker(formats=())


@dataclass(frozen=True)
class Record:
    """A record as it stands in the log."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = NOW


def decoded(value: object, headers: Sequence[tuple[str, bytes]] = ()) -> tuple[int, Event] | Rejected:
    """Give a record to the decoder; anything but bytes and None is written as JSON first."""
    record = Record(value if isinstance(value, bytes) or value is None else json.dumps(value).encode(), headers)
    return _DECODER.decode(record)


def rejected(value: object, headers: Sequence[tuple[str, bytes]] = ()) -> Rejected:
    """Give a record to the decoder, which must reject it."""
    found = decoded(value, headers)
    assert isinstance(found, Rejected)
    return found


def names(detail: str, path: str) -> bool:
    """Whether a `detail` names the field: by its path, or by its name and the path of the object that it belongs to."""
    parent, _, field = path.rpartition(".")
    return f"`{path}`" in detail or (f"`{field}`" in detail and (parent == "$" or f"`{parent}`" in detail))


def satisfies(value: Any, type_: str) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value is what the rendered schema of an event type asks for."""
    return bool(schema_of(type_).is_valid(value))


@cache
def schema_of(type_: str) -> Any:  # noqa: ANN401 - jsonschema has no public type for a validator that was extended
    """Return the validator of a committed schema file, formats asserted."""
    schema = json.loads((ROOT / "schemas" / f"{type_}.json").read_text("utf-8"))
    return _Validator(schema, format_checker=_FORMATS)


def _pattern(_: Any, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:  # noqa: ANN401
    # JSON Schema takes its patterns from ECMAScript, where `$` is the very end; Python's lets a line break follow.
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"no match of {pattern}")


_Validator = extend(Draft202012Validator, validators={"pattern": _pattern})


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


def _is_moment(value: object) -> bool:
    # RFC 3339 knows leap seconds, Python does not.
    return not isinstance(value, str) or bool(
        datetime.fromisoformat(re.sub(r"(:[0-9]{2}):60", r"\1:59", value.upper()))
    )


_FORMATS.checks("date", raises=ValueError)(_is_date)
_FORMATS.checks("date-time", raises=ValueError)(_is_moment)
