"""What an event says, which copies of it stand, and the three shapes in which the definitions count things."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

Labels = frozenset[tuple[str, str]]
Key = tuple[str, Labels]
Order = tuple[int, tuple[int, int, str], int, str, str]
Item = TypeVar("Item")
Group = TypeVar("Group")

NONE = "none"
UNKNOWN = "unknown"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Return the moment as whole milliseconds: "truncated (floored) to the millisecond when read"."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def instant(text: str) -> int:
    """Read an RFC 3339 time with offset."""
    # A leap second is "the last millisecond of that minute".
    moment = datetime.fromisoformat(re.sub(r"(:[0-9]{2}):60(\.[0-9]+)?", r"\1:59.999", text.upper()))
    if moment.tzinfo is None:
        message = f"no offset in {text!r}"
        raise ValueError(message)
    return milliseconds(moment)


@dataclass(frozen=True)
class Event:
    """One envelope."""

    at: int
    id: str
    source: str
    type: str
    data: Mapping[str, Any]
    sequence: str | None = None

    @property
    def order(self) -> Order:
        """Return the order.

        "*Earlier*, *newest* and every tie-break go by (`time`, `sequence`, rank of the type, `id`, `source`)".
        """
        return (self.at, sequence_order(self.sequence), self.rank, self.id, self.source)

    @property
    def rank(self) -> int:
        """Return the rank of its type; "two `stage_changed` of one instant: in the order of the funnel"."""
        if self.type == "lead.stage_changed":
            return FUNNEL.index(self.data["to"]) + 1
        return RANKS.get(self.type, 1)

    @property
    def content(self) -> str:
        """Return what the event says, as text that can be compared."""
        return json.dumps([self.type, self.data], sort_keys=True)

    @property
    def thing(self) -> tuple[str, ...]:
        """Return the thing the event is about, "which is where duplicates are found"."""
        family = self.type.split(".")[0]
        # Of a lead as such, what is told of its stage and of its score are different things.
        return (self.type if family == "lead" else family, *(str(self.data[name]) for name in THINGS[family]))

    def label(self, name: str, default: str = NONE) -> str:
        """Return a label's value: "An absent value is `none`", "An empty label value is an absent one"."""
        return str(self.data.get(name) or default)


FUNNEL = ("lead", "mql", "sal", "sql", "opportunity", "customer")
# "`lead.created` before everything else of the lead; `subscription.started` < `changed` < `paused` < `resumed` <
# `canceled`; `opportunity.created` < `changed` < `won` = `lost` = `reopened` < `deleted`; `program.enrolled` <
# `step_entered` < `step_exited` < `exited`"
RANKS: Mapping[str, int] = {
    "lead.created": 0,
    "program.enrolled": 1,
    "program.step_entered": 2,
    "program.step_exited": 3,
    "program.exited": 4,
    "opportunity.created": 1,
    "opportunity.changed": 2,
    "opportunity.won": 3,
    "opportunity.lost": 3,
    "opportunity.reopened": 3,
    "opportunity.deleted": 4,
    "subscription.started": 1,
    "subscription.changed": 2,
    "subscription.paused": 3,
    "subscription.resumed": 4,
    "subscription.canceled": 5,
}


def sequence_order(sequence: str | None) -> tuple[int, int, str]:
    """Return the order of a sequence: "missing, then digits only (as numbers, equal ones as text), then [...] text"."""
    if sequence is None:
        return (0, 0, "")
    if re.fullmatch("[0-9]+", sequence):
        return (1, int(sequence), sequence)
    return (2, 0, sequence)


THINGS: Mapping[str, tuple[str, ...]] = {
    "lead": ("lead_id",),
    "program": ("lead_id", "enrollment_id"),
    "email": ("lead_id", "message_id"),
    "opportunity": ("account_id", "opportunity_id"),
    "subscription": ("account_id", "subscription_id"),
    "invoice": ("account_id", "invoice_id"),
    "spend": ("spend_id",),
    "reach": ("reach_id",),
    "survey": ("respondent_id",),
}


def read(envelope: Mapping[str, Any]) -> Event:
    """Read one envelope; a `source` that is left out is empty."""
    return Event(
        at=instant(envelope["time"]),
        id=envelope["id"],
        source=envelope.get("source") or "",
        type=envelope["type"],
        data=envelope["data"],
        sequence=envelope.get("sequence"),
    )


def distinct(events: Iterable[Event]) -> list[Event]:
    """Leave one event per identity.

    "(`id`, `source`) identifies an event *within the thing it is about* [...] A copy has no effect. If two records of
    one identity differ, the one with the smaller (`time`, content) stands, whichever came first."
    """
    copies = grouped(events, lambda event: (event.thing, event.id, event.source))
    standing = [min(same, key=lambda event: (event.at, event.content)) for same in copies.values()]
    return sorted(standing, key=lambda event: (*event.order, event.thing))


def grouped(items: Iterable[Item], group_of: Callable[[Item], Group]) -> dict[Group, list[Item]]:
    """Group items, keeping their order."""
    groups: dict[Group, list[Item]] = defaultdict(list)
    for item in items:
        groups[group_of(item)].append(item)
    return dict(groups)


def of_type(events: Iterable[Event], *types: str) -> list[Event]:
    """Return the events of these types."""
    return [event for event in events if event.type in types]


def earliest(events: Iterable[Event]) -> Event | None:
    """Return the earliest event by its order, if there is any."""
    return min(events, key=lambda event: event.order, default=None)


def newest(events: Iterable[Event]) -> Event | None:
    """Return the newest event by its order, if there is any."""
    return max(events, key=lambda event: event.order, default=None)


@dataclass(frozen=True)
class Fact:
    """One fact of section A, dated; `value` is what it adds to its series (a count of 1, an amount, a difference)."""

    series: str
    at: int
    labels: Labels
    value: int = 1


@dataclass(frozen=True)
class Level:
    """One contribution to a level of section B; contributions to the same series and labels are added up."""

    series: str
    labels: Labels
    value: int = 1


@dataclass(frozen=True)
class Observation:
    """One observation of a windowed distribution of section C."""

    series: str
    at: int
    labels: Labels
    value: int


def fact(series: str, at: int, value: int = 1, /, **labels: str) -> Fact:
    """Write a fact down."""
    return Fact(series, at, frozenset(labels.items()), value)


def level(series: str, value: int = 1, /, **labels: str) -> Level:
    """Write a contribution to a level down."""
    return Level(series, frozenset(labels.items()), value)


def observation(series: str, at: int, value: int, /, **labels: str) -> Observation:
    """Write an observation down."""
    return Observation(series, at, frozenset(labels.items()), value)
