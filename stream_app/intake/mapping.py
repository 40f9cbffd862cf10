"""From a request to events: items by the source's adapter, and each event through the worker's own decoder.

An adapter is code of ours and may be wrong. What it raises, and what it makes that is no event, is parked as a bug: it
never reaches the topics of events, where the worker would count it as a dead letter and might stop its intake.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec

from stream_app.admin.produce import Routes
from stream_app.core.envelope import AT_SIGNS, MAX_VALUE_BYTES, UNPRINTABLE, Rejected, event_type
from stream_app.sources.source import (
    Context,
    Ignored,
    Incomplete,
    Item,
    Malformed,
    Outcome,
    Parked,
    Request,
    Source,
)

__all__ = [
    "LARGEST_ITEM_BYTES",
    "Mapped",
    "Mapping",
    "OutcomeReader",
    "Outgoing",
    "Result",
    "TooManyItems",
    "short_reason",
]

LARGEST_ITEM_BYTES = MAX_VALUE_BYTES
"""Of a larger item only its size and its hash are kept, and it is not mapped."""

_MALFORMED = "malformed"
_BUG = "bug"
_CONTRACT = "contract"
_TOO_LARGE = "too_large"
_TOO_MANY = "too_many_items"
_LONGEST_ID = 128
_HASH_DIGITS = 32
_FORBIDDEN = re.compile(f"[{AT_SIGNS}{UNPRINTABLE}]")


class Result(StrEnum):
    """What became of an item."""

    MAPPED = "mapped"
    PARKED = "parked"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event that the decoder takes: its topic, its record, its type, and when it happened in milliseconds."""

    topic: str
    key: bytes
    value: bytes
    type: str
    at: int


@dataclass(frozen=True, slots=True)
class Mapped:
    """What an item says. Of an item of several outcomes the worst counts: one part that is parked parks it."""

    item: Item
    events: tuple[Outgoing, ...] = ()
    parked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def result(self) -> Result:
        """What became of it."""
        if self.parked:
            return Result.PARKED
        return Result.MAPPED if self.events else Result.IGNORED

    @property
    def reason(self) -> str:
        """Why it is parked or ignored, each reason once; "" if all of it is mapped."""
        return "; ".join(dict.fromkeys(self.parked or (() if self.events else self.ignored)))


@dataclass(frozen=True, slots=True)
class TooManyItems:
    """A request that has more items than the source may send at once."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What the decoder reads: an event that came now."""

    value: bytes
    timestamp: int
    headers: Sequence[tuple[str, bytes]] = ()


class OutcomeReader:
    """Reads what adapters say: each event through the decoder. `refusal` is what an event that it refuses is."""

    def __init__(self, routes: Routes, refusal: str = _BUG) -> None:
        self._refusal = refusal
        self._decode = routes.decoder.decode
        self._targets = {
            kind: (topic, routes.key_of[kind], event_type(kind)) for kind, topic in routes.topic_of.items()
        }

    def read(self, item: Item, events: Callable[[], Iterable[Outcome]], now: int) -> Mapped:
        """What an item says by its `events`, as of `now` (milliseconds)."""
        try:
            return self._sorted(item, events(), now)
        except Exception as error:  # noqa: BLE001 - the text of an adapter's exception may hold what was posted
            return Mapped(item, parked=(f"{_BUG}: {type(error).__name__}",))

    def _sorted(self, item: Item, outcomes: Iterable[Outcome], now: int) -> Mapped:
        events: list[Outgoing] = []
        parked: list[str] = []
        ignored: list[str] = []
        incomplete: list[str] = []
        for each in outcomes:
            match each:
                case Parked(reason=reason, field=field):
                    parked.append(f"{reason}: {field}" if field else reason)
                case Ignored(reason=reason):
                    ignored.append(reason)
                case Incomplete(field=field):
                    incomplete.append(field)
                case _:
                    found = self._event(msgspec.json.encode(each), now)
                    if isinstance(found, Rejected):
                        parked.append(f"{self._refusal}: {found.cause}: {found.detail}")
                    else:
                        events.append(found)
        return Mapped(item, tuple(events), tuple(parked), tuple(ignored), tuple(incomplete))

    def _event(self, value: bytes, now: int) -> Outgoing | Rejected:
        decoded = self._decode(_Record(value, now))
        if isinstance(decoded, Rejected):
            return decoded
        at, event = decoded
        topic, key, kind = self._targets[type(event)]
        return Outgoing(topic, getattr(event.data, key).encode(), value, kind, at)


class Mapping:
    """Maps what one source posts. Holds no state: the same item gives the same events, whenever it is mapped."""

    def __init__(self, source: Source[Any], context: Context[Any], routes: Routes) -> None:
        self._source, self._context = source, context
        # Who sends events of the contract and breaks it has made the mistake, not the adapter.
        self._outcomes = OutcomeReader(routes, _CONTRACT if source.is_own else _BUG)

    def request(self, request: Request, received: int) -> list[Mapped] | TooManyItems:
        """Map all items of a request that came at `received` (milliseconds); one that cannot be split is an item."""
        try:
            items = self._source.split(request, received)
        except Exception as error:  # noqa: BLE001 - as above
            return [_whole(request, received, f"{_BUG}: {type(error).__name__}")]
        if isinstance(items, Malformed):
            return [_whole(request, received, f"{_MALFORMED}: {items.reason}")]
        if len(items) > self._source.limits.items:
            return TooManyItems()
        return [self.item(item) for item in items]

    def again(self, item: Item, now: int) -> list[Mapped]:
        """Map an item of the inbox again; what was in the future when it came may be past `now` (milliseconds)."""
        if not item.id.startswith(_WHOLE):
            return [self.item(item, now)]
        found = self.request(Request("POST", "", {}, item.raw), item.received)
        return [Mapped(item, parked=(_TOO_MANY,))] if isinstance(found, TooManyItems) else found

    def item(self, item: Item, now: int | None = None) -> Mapped:
        """Map one item, by default as of when it came."""
        safe = _with_safe_id(item)
        if len(safe.raw) > LARGEST_ITEM_BYTES:
            return Mapped(safe, parked=(_TOO_LARGE,))
        events = partial(self._source.events, safe, self._context)
        return self._outcomes.read(safe, events, safe.received if now is None else now)


def short_reason(reason: str) -> str:
    """A reason without its detail, of which there are few: `bug: invalid`, `stage`."""
    words = reason.split(": ")
    return ": ".join(words[:2] if words[0] in {_BUG, _CONTRACT} else words[:1])


_WHOLE = "request-"


def _whole(request: Request, received: int, reason: str) -> Mapped:
    """A request as one item."""
    item = Item(_WHOLE + _hash(request.body), request.body, received)
    return Mapped(item, parked=(_TOO_LARGE if len(request.body) > LARGEST_ITEM_BYTES else reason,))


def _with_safe_id(item: Item) -> Item:
    """The same under an id without an address in it, whatever the adapter says."""
    fine = 0 < len(item.id) <= _LONGEST_ID and not _FORBIDDEN.search(item.id)
    return item if fine else replace(item, id="hash-" + _hash(item.raw))


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:_HASH_DIGITS]
