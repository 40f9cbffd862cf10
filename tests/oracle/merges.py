"""Which ids are one person or one company: what `lead.merged` and `account.merged` connect."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .facts import Event

FIELDS: Mapping[str, str] = {"lead.merged": "lead_id", "account.merged": "account_id"}


def is_merge(event_type: str) -> bool:
    """Tell whether events of a type unite two ids."""
    return event_type in FIELDS


def united(events: Iterable[Event]) -> list[Event]:
    """Return the events with every id replaced by the smallest that is connected with it, without the merges.

    "All ids that merges connect, directly or over others, are **one** entity whose events are the union of theirs."
    """
    everything = list(events)
    smallest = {field: _smallest(everything, kind, field) for kind, field in FIELDS.items()}
    return [
        replace(
            event,
            data={
                name: smallest[name].get(value, value) if name in smallest else value
                for name, value in event.data.items()
            },
        )
        for event in everything
        if not is_merge(event.type)
    ]


def _smallest(events: Iterable[Event], kind: str, field: str) -> dict[str, str]:
    pairs = [(event.data[field], event.data["merged_id"]) for event in events if event.type == kind]
    found = {each: each for pair in pairs for each in pair}
    for _ in found:  # a chain of n ids is through after n rounds
        for left, right in pairs:
            found[left] = found[right] = min(found[left], found[right])
    return found
