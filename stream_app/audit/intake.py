"""Which row of the event table an envelope becomes."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from stream_app.audit.business_time import instant_ms

_LEAD_ERASED = "lead.erased"

# An identity (id, source) holds within the thing that an event is about: that thing, who owns it, and which one it is.
_THINGS: dict[str, tuple[str, str | None]] = {
    "program": ("lead_id", "enrollment_id"),
    "email": ("lead_id", "message_id"),
    "opportunity": ("account_id", "opportunity_id"),
    "subscription": ("account_id", "subscription_id"),
    "invoice": ("account_id", "invoice_id"),
    "spend": ("spend_id", None),
    "reach": ("reach_id", None),
    "survey": ("respondent_id", None),
}
_KINDS = {
    "lead": "created stage_changed status_changed score_changed engaged erased",
    "program": "enrolled step_entered step_exited exited",
    "email": "sent delivered bounced opened clicked replied unsubscribed complained",
    "opportunity": "created changed won lost",
    "subscription": "started changed paused resumed canceled",
    "invoice": "payment_failed paid",
    "spend": "recorded",
    "reach": "recorded",
    "survey": "responded",
}
_PLACES = {
    f"{family}.{kind}": (family, *_THINGS[family]) if family in _THINGS else (f"{family}.{kind}", "lead_id", None)
    for family, kinds in _KINDS.items()
    for kind in kinds.split()
}
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _whole(value: object) -> object:
    """Write 100.0 as 100, so that SQL divides whole numbers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


class Row(NamedTuple):
    """One event as the table `event` holds it."""

    thing: str
    owner: str
    part: str
    source: str
    id: str
    type: str
    at_ms: int
    data: str


class Intake:
    """Turns envelopes into rows, in log order: an erasure ends one life of a lead, what comes later is another lead."""

    def __init__(self) -> None:
        """Start at the beginning of the log: no lead is erased yet."""
        self._lives: dict[str, int] = {}

    def row(self, event: Mapping[str, object]) -> Row:
        """Return the row of a valid envelope; ValueError for a type that the contracts do not know."""
        kind = str(event["type"])
        if kind not in _PLACES:
            message = f"no such event type: {kind}"
            raise ValueError(message)
        data = event["data"]
        if not isinstance(data, Mapping):
            message = f"the data of {kind} is no object"
            raise TypeError(message)
        thing, owner_field, part_field = _PLACES[kind]
        owner = str(data[owner_field])
        if owner_field == "lead_id":
            owner = self._life(owner, ends=kind == _LEAD_ERASED)
        return Row(
            thing,
            owner,
            "" if part_field is None else str(data[part_field]),
            str(event.get("source") or ""),
            str(event["id"]),
            kind,
            instant_ms(str(event["time"])),
            _to_json(_whole(data)),
        )

    def _life(self, lead: str, *, ends: bool) -> str:
        life = self._lives.get(lead, 0)
        if ends:
            self._lives[lead] = life + 1
        # No identifier may contain "@", so a later life can never be taken for another lead.
        return f"{lead}@{life}" if life else lead
