"""One e-mail message of a lead: what happened to it, and the facts of that."""

from functools import cache
from typing import Annotated, cast

from msgspec import Raw, Struct, msgpack

from stream_app.core.facts import Change, Fact, Series
from stream_app.core.timeline import Row, is_next, join, join_all

STATES = ("sent", "delivered", "bounced", "soft_bounced", "opened", "clicked", "replied", "unsubscribed", "complained")
SENT, DELIVERED, BOUNCED, SOFT_BOUNCED, OPENED, CLICKED, REPLIED, UNSUBSCRIBED, COMPLAINED = range(len(STATES))
"""Codes of the states: their places in `STATES`."""

MACHINE_OPENED, MACHINE_CLICKED = 9, 10
"""Codes beyond the states: opens by a prefetcher and clicks by a scanner are events, but no state of the message."""

EVENT_NAMES = (*STATES, "opened by a machine", "clicked by a machine")

BY_MACHINE = {OPENED: MACHINE_OPENED, CLICKED: MACHINE_CLICKED}
"""Where a machine makes a difference: the code of what happened -> its code if a machine did it."""

_KIND = {OPENED: "opened", MACHINE_OPENED: "opened", CLICKED: "clicked", MACHINE_CLICKED: "clicked"}
_BOUNCES = frozenset({BOUNCED, SOFT_BOUNCED})
_ANY_BOUNCE = 1 << BOUNCED | 1 << SOFT_BOUNCED
_ARRIVED = frozenset({DELIVERED, OPENED, CLICKED, REPLIED, MACHINE_OPENED, MACHINE_CLICKED})


class MessageRow(Row, frozen=True):
    """Something happened to a message; `code` says what."""

    code: int


class Origin(Struct, array_like=True, frozen=True, order=True, gc=False):
    """The labels of a message and the event that states them; the smallest counts. `rank` is 0 for `sent`, else 1."""

    rank: int
    at: int
    order: str
    identity: str
    program: str
    step: str
    audience: str


_UNKNOWN_ORIGIN = Origin(9, 0, "", "", "", "", "")


class Message(Struct, array_like=True, gc=False):
    """What happened to a message, in order, and its labels: of the earliest `sent`, else of the earliest event."""

    origin: Origin = _UNKNOWN_ORIGIN
    events: list[MessageRow] = []


Packed = Annotated[Raw, Message]
"""An encoded message."""

_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(Message).decode


def pack(message: Message) -> Packed:
    """The message as its lead keeps it: most change no more, and would be encoded with every change of the lead."""
    return Raw(_encode(message))


def unpack(packed: Packed | Message) -> Message:
    """The message itself, which may be unpacked already while events are merged into its lead."""
    return packed if isinstance(packed, Message) else _decode(packed)


def unpacked_in(kept: dict[str, Packed], message_id: str, change: Change) -> Message | None:
    """A known message of a lead, which stays unpacked until all events of the change are merged."""
    packed: Packed | Message | None = kept.get(message_id)
    return keep_unpacked(kept, message_id, _decode(packed), change) if isinstance(packed, Raw) else packed


def keep_unpacked(kept: dict[str, Packed], message_id: str, message: Message, change: Change) -> Message:
    """Let a message of a lead stay unpacked until all events of the change are merged."""
    kept[message_id] = cast("Packed", message)
    change.pack_at_end(kept, message_id, pack)
    return message


def merge(message: Message, row: MessageRow, labels: tuple[str, str, str]) -> bool:
    """Add an event with its labels (program, step, audience); false for a duplicate."""
    if row.code == SENT or message.origin.rank > 0:
        message.origin = min(message.origin, _origin(row, labels))
    return join(message.events, row)


def unite(message: Message, other: Message) -> None:
    """Add everything that is remembered of the same message elsewhere."""
    message.origin = min(message.origin, other.origin)
    join_all(message.events, other.events)


def _origin(row: MessageRow, labels: tuple[str, str, str]) -> Origin:
    return Origin(0 if row.code == SENT else 1, row.at, row.order, row.identity, *labels)


def facts(message: Message) -> list[Fact]:
    """States by their own time and by send time, and every open and click."""
    origin = message.origin
    program, step, audience = origin.program, origin.step, origin.audience
    seen, sent, soft_bounced = 0, None, 0
    found: list[Fact] = []
    for row in message.events:
        at, code = row.at, row.code
        if code in _KIND:
            found.append((_event_series(code, program), at, 1))
        if not seen >> code & 1:
            seen |= 1 << code
            if code < MACHINE_OPENED and code != SOFT_BOUNCED:
                found.append((("email_messages", STATES[code], program, step, audience), at, 1))
            if code == SENT:
                sent = at
            elif code == SOFT_BOUNCED:
                soft_bounced = at
    if _only_softly_bounced(seen):
        found.append((("email_messages", STATES[SOFT_BOUNCED], program, step, audience), soft_bounced, 1))
    if sent is not None:
        found += [(("email_cohort", state, program, step, audience), sent, 1) for state in _proven(seen)]
        if _by_machine_only(seen):
            found.append((("email_cohort_machine_opens", program), sent, 1))
    return found


def increment(message: Message, row: MessageRow) -> list[Fact] | None:
    """What an event in order adds to `facts`; None where it may change more than that."""
    at, code = row.at, row.code
    if code == SENT or not is_next(message.events, row):
        return None
    seen, sent = 0, None
    for known in message.events:
        seen |= 1 << known.code
        if known.code == SENT and sent is None:
            sent = known.at
    origin = message.origin
    program, step, audience = origin.program, origin.step, origin.audience
    found: list[Fact] = []
    if code in _KIND:
        found.append((_event_series(code, program), at, 1))
    if seen >> code & 1:
        return found
    if code in _BOUNCES and seen & _ANY_BOUNCE:
        return None
    if code < MACHINE_OPENED:
        found.append((("email_messages", STATES[code], program, step, audience), at, 1))
    if sent is not None:
        now_seen = seen | 1 << code
        found += [(("email_cohort", state, program, step, audience), sent, 1) for state in _newly(seen, now_seen)]
        if change := _by_machine_only(now_seen) - _by_machine_only(seen):
            found.append((("email_cohort_machine_opens", program), sent, change))
    return found


def _event_series(code: int, program: str) -> Series:
    return "email_events", _KIND[code], "true" if code >= MACHINE_OPENED else "false", program


@cache
def _proven(seen: int) -> tuple[str, ...]:
    """The states of a message by the bits of the codes seen of it."""
    if any(seen >> code & 1 for code in _ARRIVED):
        seen |= 1 << DELIVERED
    if seen >> CLICKED & 1:
        seen |= 1 << OPENED
    if not _only_softly_bounced(seen):
        seen &= ~(1 << SOFT_BOUNCED)
    return tuple(state for code, state in enumerate(STATES) if seen >> code & 1)


@cache
def _newly(seen: int, now_seen: int) -> tuple[str, ...]:
    """The states that are proven now and were not before."""
    known = _proven(seen)
    return tuple(state for state in _proven(now_seen) if state not in known)


def _only_softly_bounced(seen: int) -> bool:
    return bool(seen >> SOFT_BOUNCED & 1) and not seen >> BOUNCED & 1


def _by_machine_only(seen: int) -> bool:
    return bool(seen >> MACHINE_OPENED & 1) and not (seen >> OPENED & 1 or seen >> CLICKED & 1)
