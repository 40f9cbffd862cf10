"""From the bytes of a record to a typed event, or to the reason why it is none.

The envelope is CloudEvents 1.0, structured (the value is the whole event) or in binary mode (the attributes are `ce_…`
headers and the value is `data`): https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Never, Protocol, Union, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
Label = Annotated[str, Meta(max_length=64)] | None
FreeText = Annotated[str, Meta(max_length=1024, extra={"free_text": True})] | None
"""Text that is neither an identifier nor a label: it may contain anything, and goes nowhere."""

MAX_VALUE_BYTES = 256 * 1024
MAX_DEPTH = 64
"""How deeply arrays and objects may be nested in a value, fields that are ignored included."""

MAX_FUTURE_MS = 5 * 60 * 1000
FIRST_TIMESTAMP_MS = 946_684_800_000
"""The year 2000: a record timestamp before it comes from no clock, and nothing is judged by it."""
MAX_NAMED_VALUES = 20

AT_SIGNS = "@\uff20\ufe6b"
"""What stands for the @ of an e-mail address, the full-width and the small one included."""

UNPRINTABLE = "\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff"
"""Control characters, and those that are invisible or turn the direction of text: as ranges of a character class."""

_FLAT_BYTES = 5 * MAX_DEPTH
"""Objects alone need more bytes to be nested too deeply: each level takes `{"":` and `}`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AT, _BACKSLASH, _DELETE, _BRACE, _BRACKET = b"@\\\x7f{["

Cause = Literal["malformed", "invalid", "unknown_type", "future", "too_large", "pii_identifier", "bug"]
CAUSES: tuple[Cause, ...] = get_args(Cause)


class Event(Struct, tag_field="type", kw_only=True, gc=False):
    """Something that happened; each type adds its `data`."""

    id: Identifier
    time: Annotated[datetime, Meta(tz=True)]
    source: Annotated[str, Meta(max_length=1024)] = ""
    sequence: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    specversion: Literal["1.0"] = "1.0"
    data: Any


class Rejected(Struct, frozen=True):
    """Why a record is no event. `detail` names the field and the rule, never the value."""

    cause: Cause
    detail: str


class Record(Protocol):
    """What is read of a Kafka record."""

    @property
    def value(self) -> bytes | None:
        """None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """In the order of the producer."""

    @property
    def timestamp(self) -> int:
        """When it was written, in milliseconds."""


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, floored; -1 for all before 1970."""
    return max(-1, (moment - _EPOCH) // _MILLISECOND)


def event_type(kind: type[Event]) -> str:
    """The CloudEvents `type` of an event class."""
    return kind.__struct_config__.tag  # type: ignore[return-value]


class Decoder:
    """Decodes records of a fixed set of event types. Holds no state between records."""

    def __init__(self, types: Iterable[type[Event]]) -> None:
        self._types = {kind.__struct_config__.tag: kind for kind in types}
        self._union: Any = Union[tuple(self._types.values())]  # noqa: UP007
        self._decode = msgspec.json.Decoder(self._union).decode

    def decode(self, record: Record) -> tuple[int, Event] | Rejected:
        """Event time in milliseconds and the event, or why not.

        No clock is asked: a replay and every worker judge a record alike.
        """
        value, written = record.value, record.timestamp
        if value is None:
            return Rejected("malformed", "Expected a value, got a tombstone")
        if len(value) > MAX_VALUE_BYTES:
            return Rejected("too_large", f"Expected a value of at most {MAX_VALUE_BYTES} bytes")
        if record.headers and (attributes := _binary_mode(record.headers)):
            return attributes if isinstance(attributes, Rejected) else self._decode_binary(attributes, value, written)
        try:
            event = self._decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._decode_tolerantly(value, error, written)
        at = (event.time - _EPOCH) // _MILLISECOND  # `milliseconds`, inlined: this line runs for every event
        # A cheap filter before the real check: in ASCII only these bytes can stand for a forbidden character.
        # A byte is looked for as a number because that is a tenth of the work.
        if (
            at > written + MAX_FUTURE_MS
            or at < 0
            or _AT in value
            or _BACKSLASH in value
            or _DELETE in value
            or not value.isascii()
            or ((_BRACKET in value or len(value) > _FLAT_BYTES) and _is_too_deep(value))
        ):
            return _malformed(value) or _forbidden(event, at, written) or (at, event)
        return at, event

    def _decode_binary(self, attributes: dict[str, str], value: bytes, written: int) -> tuple[int, Event] | Rejected:
        data = _json(value)
        if isinstance(data, Rejected):
            return data
        return self._convert(attributes | {"data": data}, written)

    def _decode_tolerantly(self, value: bytes, error: Exception, written: int) -> tuple[int, Event] | Rejected:
        """Read what JSON Schema allows and the fast decoder does not: 1e5 where an integer stands, a leap second."""
        envelope = _json(value)
        if isinstance(envelope, Rejected):
            return envelope
        if not isinstance(envelope, dict):
            return _not_an_object(envelope)
        if _TOLERABLE.match(str(error)):
            return self._convert(envelope, written)
        return self._reason(envelope, error)

    def _convert(self, envelope: dict[str, Any], written: int) -> tuple[int, Event] | Rejected:
        try:
            event = msgspec.convert(_normalized(envelope), self._union)
        except (msgspec.ValidationError, RecursionError) as error:
            return self._reason(envelope, error)
        at = milliseconds(event.time)
        return _forbidden(event, at, written) or (at, event)

    def _reason(self, envelope: dict[str, Any], error: Exception) -> Rejected:
        kind = envelope.get("type")
        if isinstance(kind, str) and kind not in self._types:
            return Rejected("unknown_type", "`$.type` is none of the known event types")
        message = str(error)
        if (
            message.startswith("Invalid") and " value " in message
        ):  # msgspec quotes the value in these two messages only
            path = message.rpartition("`$.")[2].rstrip("`")
            known = _allowed(self._types[kind], path) if isinstance(kind, str) else ()
            rule = (
                f"one of {', '.join(known)}" if 0 < len(known) <= MAX_NAMED_VALUES else "a value that the schema knows"
            )
            message = f"Expected {rule} - at `$.{path}`"
        return Rejected("invalid", message)


_INDEX = re.compile(r"\[[^]]*\]")


def _binary_mode(headers: Sequence[tuple[str, bytes]]) -> dict[str, str] | Rejected:
    """The attributes in `ce_` headers; empty if the value is the whole event."""
    found = {name: value for name, value in headers if value is not None}
    if not found.keys() & {"ce_id", "ce_type"} or found.get("content-type", b"").lower().startswith(_STRUCTURED):
        return {}
    attributes = {}
    for name, value in found.items():
        if name.startswith("ce_"):
            try:
                attributes[name[3:]] = value.decode()
            except UnicodeDecodeError:
                return Rejected("malformed", f"Expected UTF-8 - in the header `{name}`")
    return attributes


_STRUCTURED = b"application/cloudevents"
_MISTAKEN = (
    (b"\xef\xbb\xbf", "The value begins with a byte order mark: write UTF-8 without one"),
    (b"\x00", "The value is in Confluent's wire format (a zero byte and a schema id): produce JSON without a registry"),
    (
        b"\x1f\x8b",
        "The value is compressed with gzip: let the producer's `compression.type` do that, or send plain JSON",
    ),
)


def envelope_of(record: Record) -> dict[str, Any]:
    """The envelope of a record that was decoded, as parsed JSON."""
    parsed: dict[str, Any] = _json(record.value or b"")
    attributes = _binary_mode(record.headers)
    return {**attributes, "data": parsed} if attributes and not isinstance(attributes, Rejected) else parsed


def _json(value: bytes) -> Any:  # noqa: ANN401 - any JSON
    for head, detail in _MISTAKEN:
        if value.startswith(head):
            return Rejected("malformed", detail)
    if not value.strip():
        return Rejected("malformed", "The value is empty: send a JSON object")
    try:
        parsed = msgspec.json.decode(value)
    except msgspec.ValidationError:
        return _malformed(value) or _json_of_any_size(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _NOT_JSON
    except RecursionError:
        return _TOO_DEEP
    return _malformed(value) or parsed


_NOT_JSON = Rejected("malformed", "The value is not JSON in UTF-8")
_TOO_DEEP = Rejected("malformed", f"The value is nested more than {MAX_DEPTH} levels deep")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_LEVELS = bytes.maketrans(b"{}", b"[]")
_NO_LEVELS = bytes(set(range(256)) - set(b"[]{}"))


def _malformed(value: bytes) -> Rejected | None:
    """What the decoder does not see in fields that it ignores."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return _NOT_JSON
    return _TOO_DEEP if _is_too_deep(value) else None


def _is_too_deep(value: bytes) -> bool:
    """Whether valid JSON is nested more than `MAX_DEPTH` levels deep; for most values their brackets are too few."""
    if value.count(_BRACE) + value.count(_BRACKET) <= MAX_DEPTH:
        return False
    levels = _STRING.sub(b"", value).translate(_LEVELS, _NO_LEVELS)
    for _ in range(MAX_DEPTH):
        levels = levels.replace(b"[]", b"")
    return bool(levels)


def _json_of_any_size(value: bytes) -> Any:  # noqa: ANN401 - any JSON
    """JSON with numbers that no float holds: they are infinite, so that no field of ours takes them."""
    try:
        parsed = json.loads(value, parse_int=_integer, parse_constant=_refuse)
        json.dumps(parsed, ensure_ascii=False).encode()
    except ValueError:  # or half of a surrogate pair
        return _NOT_JSON
    return parsed


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


_LONGEST_INTEGER = 1000


def _refuse(_: str) -> Never:
    raise ValueError


def _not_an_object(envelope: object) -> Rejected:
    if isinstance(envelope, list):
        return Rejected("malformed", "The value is a JSON array: send one event per record")
    return Rejected("malformed", "The value is not a JSON object")


_TOLERABLE = re.compile("Expected `int[^,]*, got `float`|Invalid RFC3339")
_LEAP_SECOND = re.compile(r"([0-9-]{10}[Tt ][0-9]{2}:[0-9]{2}):60(?:\.[0-9]+)?([Zz]|[+-][0-9:]+)")


_MOMENTS = frozenset({"time", "due_at"})


def _moment(value: Any) -> Any:  # noqa: ANN401 - any JSON
    leap = _LEAP_SECOND.fullmatch(value) if isinstance(value, str) else None
    return f"{leap[1]}:59.999{leap[2]}" if leap else value


def _normalized(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same with whole numbers as integers, and a leap second as the last millisecond of its minute."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _moment(each) if key in _MOMENTS else _normalized(each) for key, each in value.items()}
    return [_normalized(each) for each in value] if isinstance(value, list) else value


def _allowed(kind: type[Struct], path: str) -> tuple[str, ...]:
    """The values that a `Literal` field at a dotted path such as `data.items[0].interval` takes."""
    hint: Any = kind
    for name in _INDEX.sub("", path).split("."):
        hints = get_type_hints(_struct_of(hint))
        if name not in hints:  # `type`, given twice
            return ()
        hint = hints[name]
    literals = [hint, *get_args(hint)]
    return next(get_args(each) for each in literals if get_args(each) and isinstance(get_args(each)[0], str))


def _struct_of(hint: Any) -> Any:  # noqa: ANN401 - type hints have no useful type of their own
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    return next(inner for inner in map(_struct_of, get_args(hint)) if inner is not None)


def _forbidden(event: Event, at: int, written: int) -> Rejected | None:
    if at < 0:
        return Rejected("invalid", "Expected a moment after 1970 - at `$.time`")
    if at > written + MAX_FUTURE_MS and written >= FIRST_TIMESTAMP_MS:
        return Rejected("future", "Expected a moment at most 5 min ahead of the record's timestamp - at `$.time`")
    for path, text in [("$.id", event.id), ("$.sequence", event.sequence or ""), *_texts(event.data, "$.data")]:
        if _AT_SIGN.search(text):
            return Rejected("pii_identifier", f"Expected an identifier without @ - at `{path}`")
        if _UNPRINTABLE.search(text):
            return Rejected("invalid", f"Expected text without control characters - at `{path}`")
    return None


_AT_SIGN = re.compile(f"[{AT_SIGNS}]")
_UNPRINTABLE = re.compile(f"[{UNPRINTABLE}]")


@cache
def free_text_fields(kind: type[Struct]) -> frozenset[str]:
    """The fields of a struct that hold free text."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if hint == FreeText)


def _texts(data: Struct, path: str) -> Iterator[tuple[str, str]]:
    """Identifiers and labels with their paths, without free text."""
    free = free_text_fields(type(data))
    for field in data.__struct_fields__:
        value = getattr(data, field)
        if isinstance(value, str) and field not in free:
            yield f"{path}.{field}", value
        elif isinstance(value, list):
            for index, each in enumerate(value):
                yield from _texts(each, f"{path}.{field}[{index}]")
