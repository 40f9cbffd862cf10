"""One e-mail message of a lead: what happened to it, and the facts of that."""

from msgspec import Struct

from stream_app.core.facts import Fact
from stream_app.core.timeline import join

STATES = ("sent", "delivered", "bounced", "opened", "clicked", "replied", "unsubscribed", "complained")
SENT, DELIVERED, OPENED, CLICKED, REPLIED = map(STATES.index, ("sent", "delivered", "opened", "clicked", "replied"))
MACHINE_OPENED, MACHINE_CLICKED = 8, 9
"""Codes beyond the states: opens by a prefetcher and clicks by a scanner are events, but no state of the message."""

EVENT_NAMES = (*STATES, "opened by a machine", "clicked by a machine")

_KIND = {OPENED: "opened", MACHINE_OPENED: "opened", CLICKED: "clicked", MACHINE_CLICKED: "clicked"}
_ARRIVED = frozenset({DELIVERED, OPENED, CLICKED, REPLIED, MACHINE_OPENED, MACHINE_CLICKED})

_UNKNOWN_ORIGIN = (9, 0, "", "", "", "")


class Message(Struct, array_like=True, gc=False):
    """`events` are rows (at, identity, code); `origin` gives the labels: of the earliest `sent`, else event."""

    origin: tuple[int, int, str, str, str, str] = _UNKNOWN_ORIGIN
    events: list[tuple[int, str, int]] = []


def code_of(state: str, *, machine: bool) -> int:
    """The code under which a message remembers an event."""
    if machine and state in {"opened", "clicked"}:
        return MACHINE_OPENED if state == "opened" else MACHINE_CLICKED
    return STATES.index(state)


def merge(message: Message, row: tuple[int, str, int], labels: tuple[str, str, str]) -> bool:
    """Add an event with its labels (program, step, audience); false for a duplicate."""
    at, name, code = row
    origin = (0 if code == SENT else 1, at, name, *labels)
    message.origin = min(message.origin, origin)
    return join(message.events, row)


def facts(message: Message) -> list[Fact]:
    """States by their own time and by send time, and every open and click."""
    _, _, _, program, step, audience = message.origin
    first: dict[int, int] = {}
    found: list[Fact] = []
    for at, _, code in message.events:
        if code in _KIND:
            machine = "true" if code >= MACHINE_OPENED else "false"
            found.append((("email_events", _KIND[code], machine, program), at, 1))
        if code not in first:
            first[code] = at
            if code < MACHINE_OPENED:
                found.append((("email_messages", STATES[code], program, step, audience), at, 1))
    if SENT in first:
        sent = first[SENT]
        proven = set(first)
        if not _ARRIVED.isdisjoint(first):
            proven.add(DELIVERED)
        if CLICKED in first:
            proven.add(OPENED)
        found += [
            (("email_cohort", STATES[code], program, step, audience), sent, 1)
            for code in proven
            if code < MACHINE_OPENED
        ]
        if MACHINE_OPENED in first and OPENED not in first and CLICKED not in first:
            found.append((("email_cohort_machine_opens", program), sent, 1))
    return found
