"""Which row of the event table an envelope becomes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
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
    "lead": "created stage_changed status_changed score_changed engaged erased merged",
    "program": "enrolled step_entered step_exited exited",
    "email": "sent delivered bounced opened clicked replied unsubscribed complained",
    "opportunity": "created changed won lost reopened deleted",
    "subscription": "started changed paused resumed canceled",
    "invoice": "payment_failed paid",
    "account": "merged",
    "spend": "recorded",
    "reach": "recorded",
    "survey": "responded",
}
_PLACES = {
    f"{family}.{kind}": (family, *_THINGS[family]) if family in _THINGS else (f"{family}.{kind}", f"{family}_id", None)
    for family, kinds in _KINDS.items()
    for kind in kinds.split()
}
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _whole(value: object) -> object:
    """Write 100.0 as 100, so that SQL divides whole numbers; what is infinite stands in no field that is read."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


_FUNNEL = ("lead", "mql", "sal", "sql", "opportunity", "customer")
_RANKED = (
    "program.enrolled program.step_entered program.step_exited program.exited",
    "opportunity.created opportunity.changed opportunity.won opportunity.deleted",
    "subscription.started subscription.changed subscription.paused subscription.resumed subscription.canceled",
)
_RANKS = {kind: rank for kinds in _RANKED for rank, kind in enumerate(kinds.split(), 1)}
_RANKS |= dict.fromkeys(("opportunity.lost", "opportunity.reopened"), _RANKS["opportunity.won"]) | {"lead.created": 0}
_LONGEST_SEQUENCE = 64


def rank(kind: str, data: Mapping[str, object]) -> int:
    """Return the rank of a type within one instant; stages are in the order of the funnel."""
    if kind == "lead.stage_changed":
        return _FUNNEL.index(str(data["to"])) + 1
    return _RANKS.get(kind, 1)


def sequence_key(sequence: object) -> str:
    """Return a text that sorts as sequences do: missing, then digits as numbers (equal ones as text), then text."""
    if sequence is None:
        return ""
    text = str(sequence)
    if text.isascii() and text.isdigit():
        return f"1{text.zfill(_LONGEST_SEQUENCE)}{text}"
    return f"2{text}"


class Row(NamedTuple):
    """One event as the table `record` holds it."""

    thing: str
    entity: str
    owner: str
    part: str
    source: str
    id: str
    type: str
    at_ms: int
    sequence: str
    rank: int
    data: str


class Intake:
    """Turns envelopes into rows, in log order: an erasure ends one life of a lead, what comes later is another lead."""

    def __init__(self) -> None:
        """Start at the beginning of the log: no lead is erased and nothing is merged yet."""
        self._lives: dict[str, int] = {}
        self._merged = {"lead_id": Merged(), "account_id": Merged()}

    def rows(self, events: Iterable[Mapping[str, object]]) -> Iterator[Row]:
        """Return the rows of valid envelopes; a merge has none. ValueError for a type that no contract knows."""
        for event in events:
            row = self._row(event)
            if row is not None:
                yield row

    def united(self) -> Iterator[tuple[str, str, str]]:
        """Return what kind of id each merged id is, the id, and the one that stands for all that it is merged with."""
        for entity, merged in self._merged.items():
            yield from ((entity, each, one) for each, one in merged.ones())

    def _row(self, event: Mapping[str, object]) -> Row | None:
        kind = str(event["type"])
        if kind not in _PLACES:
            message = f"no such event type: {kind}"
            raise ValueError(message)
        data = event["data"]
        if not isinstance(data, Mapping):
            message = f"the data of {kind} is no object"
            raise TypeError(message)
        thing, owner_field, part_field = _PLACES[kind]
        owner = self._life(owner_field, str(data[owner_field]))
        if kind.endswith(".merged"):
            self._merged[owner_field].unite(owner, self._life(owner_field, str(data["merged_id"])))
            return None
        if kind == _LEAD_ERASED:
            self._end(owner)
        return Row(
            thing,
            owner_field,
            owner,
            "" if part_field is None else str(data[part_field]),
            str(event.get("source") or ""),
            str(event["id"]),
            kind,
            instant_ms(str(event["time"])),
            sequence_key(event.get("sequence")),
            rank(kind, data),
            _to_json(_whole(data)),
        )

    def _life(self, field: str, name: str) -> str:
        life = self._lives.get(name, 0) if field == "lead_id" else 0
        # No identifier may contain "@", so a later life can never be taken for another lead.
        return f"{name}@{life}" if life else name

    def _end(self, owner: str) -> None:
        """End this life of a lead under all its ids."""
        for each in self._merged["lead_id"].with_(owner):
            name, _, life = each.partition("@")
            self._lives[name] = int(life or 0) + 1


class Merged:
    """Which names are one: those that were united, directly or over others."""

    def __init__(self) -> None:
        """Every name is one by itself."""
        self._groups: dict[str, set[str]] = {}

    def unite(self, left: str, right: str) -> None:
        """Make one of all that either name stands for."""
        whole = self.with_(left) | self.with_(right)
        self._groups |= dict.fromkeys(whole, whole)

    def with_(self, name: str) -> set[str]:
        """Return all names that are one with this one."""
        return self._groups.get(name, {name})

    def ones(self) -> Iterator[tuple[str, str]]:
        """Return each name that was united, with the one that stands for all of its group."""
        return ((name, min(group)) for name, group in self._groups.items())
