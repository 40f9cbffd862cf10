"""From the bytes of a record to a typed event, or to the reason why it is none.

The envelope is CloudEvents 1.0, structured (the value is the whole event) or in binary mode (the attributes are `ce_…`
headers and the value is `data`): https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
Label = Annotated[str, Meta(max_length=64)] | None

MAX_VALUE_BYTES = 256 * 1024
MAX_FUTURE_MS = 5 * 60 * 1000
MAX_NAMED_VALUES = 20

FREE_TEXT = frozenset({"reason", "stage"})
"""Fields of `data` whose text is neither an identifier nor a label: it may contain anything."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AT, _BACKSLASH = b"@\\"

Cause = Literal["malformed", "invalid", "unknown_type", "future", "too_large", "pii_identifier"]
CAUSES: tuple[Cause, ...] = get_args(Cause)


class Event(Struct, tag_field="type", kw_only=True, gc=False):
    """Something that happened; each type adds its `data`."""

    id: Identifier
    time: Annotated[datetime, Meta(tz=True)]
    source: Annotated[str, Meta(max_length=1024)] = ""
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

    def decode(self, record: Record, now: int) -> tuple[int, Event] | Rejected:
        """Event time in milliseconds and the event, or why not. `now` is the worker's clock in milliseconds."""
        value = record.value
        if value is None:
            return Rejected("malformed", "Expected a value, got a tombstone")
        if len(value) > MAX_VALUE_BYTES:
            return Rejected("too_large", f"Expected a value of at most {MAX_VALUE_BYTES} bytes")
        if record.headers and (attributes := _binary_mode(record.headers)):
            return self._decode_binary(attributes, value, now)
        try:
            event = self._decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._explain(value, error)
        at = (event.time - _EPOCH) // _MILLISECOND  # `milliseconds`, inlined: this line runs for every event
        # In JSON a control character is an escape, an `@` may be one: a cheap filter before the real check. (A byte is
        # looked for as a number because that is a tenth of the work.)
        if at > now + MAX_FUTURE_MS or at < 0 or _AT in value or _BACKSLASH in value:
            return _forbidden(event, at, now) or (at, event)
        return at, event

    def _decode_binary(self, attributes: dict[str, str], value: bytes, now: int) -> tuple[int, Event] | Rejected:
        try:
            data = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Rejected("malformed", "The value is not JSON")
        envelope = attributes | {"data": data}
        try:
            event = msgspec.convert(envelope, self._union)
        except (msgspec.ValidationError, RecursionError) as error:
            return self._reason(envelope, error)
        at = milliseconds(event.time)
        return _forbidden(event, at, now) or (at, event)

    def _explain(self, value: bytes, error: Exception) -> Rejected:
        try:
            envelope = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Rejected("malformed", "The value is not JSON in UTF-8")
        except RecursionError:
            return Rejected("malformed", "The value is nested too deeply")
        return self._reason(envelope, error)

    def _reason(self, envelope: object, error: Exception) -> Rejected:
        if not isinstance(envelope, dict):
            return Rejected("malformed", "The value is not a JSON object")
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


def _binary_mode(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    attributes = {
        name[3:]: value.decode("utf-8", "replace")
        for name, value in headers
        if name.startswith("ce_") and value is not None
    }
    return attributes if "type" in attributes or "id" in attributes else {}


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


def _forbidden(event: Event, at: int, now: int) -> Rejected | None:
    if at < 0:
        return Rejected("invalid", "Expected a moment after 1970 - at `$.time`")
    if at > now + MAX_FUTURE_MS:
        return Rejected("future", "Expected a moment at most 5 min ahead of the worker's clock - at `$.time`")
    for path, text in [("$.id", event.id), *_texts(event.data, "$.data")]:
        if "@" in text:
            return Rejected("pii_identifier", f"Expected an identifier without @ - at `{path}`")
        if _CONTROL.search(text):
            return Rejected("invalid", f"Expected text without control characters - at `{path}`")
    return None


_CONTROL = re.compile(r"[\x00-\x1f]")


def _texts(data: Struct, path: str) -> Iterator[tuple[str, str]]:
    """Identifiers and labels with their paths; free text (`reason`, an opportunity's `stage`) is none of them."""
    for field in data.__struct_fields__:
        value = getattr(data, field)
        if isinstance(value, str) and field not in FREE_TEXT:
            yield f"{path}.{field}", value
        elif isinstance(value, list):
            for index, each in enumerate(value):
                yield from _texts(each, f"{path}.{field}[{index}]")
