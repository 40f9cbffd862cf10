"""A contact: how a person reacts to messages, and the lead score."""

from dataclasses import dataclass, field
from random import Random

from stream_app.demo.simulator.business_hours import Region
from stream_app.demo.simulator.event_log import EventLog
from stream_app.demo.simulator.scenarios import ActiveScenario

_APPLE_SHARE = 0.4
_PREFETCHED_SHARE = 0.75
_GATEWAY_SHARE = 0.12
_TOP_SCORE = 100


@dataclass(slots=True)
class Person:
    """A contact under its lead id.

    `responsiveness` multiplies the probability of every reaction (1.0 on average). A mail program opens a message by
    itself with `prefetch_probability`; a security gateway follows the links if `behind_gateway`. No message is sent
    from `unreachable_from` (ms) on. `score` is the one last written, `score_changes` what has come since: when, by
    how much, through what.
    """

    lead_id: str
    region: Region
    responsiveness: float
    prefetch_probability: float
    behind_gateway: bool
    unreachable_from: int | None = None
    score: int = 0
    score_changes: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, with the random source, the event log and the scenario that its lifecycle uses."""

    person: Person
    rng: Random
    event_log: EventLog
    scenario: ActiveScenario


def draw_person(rng: Random, lead_id: str, region: Region) -> Person:
    """Draw a person at random."""
    return Person(
        lead_id=lead_id,
        region=region,
        responsiveness=2.0 * rng.random(),
        prefetch_probability=_PREFETCHED_SHARE if rng.random() < _APPLE_SHARE else 0.0,
        behind_gateway=rng.random() < _GATEWAY_SHARE,
    )


def is_reachable(person: Person, at: int) -> bool:
    """Tell whether a message may be sent to this person at that instant."""
    return person.unreachable_from is None or at < person.unreachable_from


def stop_sending(person: Person, at: int) -> None:
    """Stop sending to this person from that instant on."""
    if person.unreachable_from is None or at < person.unreachable_from:
        person.unreachable_from = at


def write_scores(contact: Contact) -> None:
    """Write the contact's score changes since the last time down as absolute scores within 0..100."""
    person = contact.person
    for at, change, activity in sorted(person.score_changes):
        moved = min(max(person.score + change, 0), _TOP_SCORE)
        if moved != person.score:
            person.score = moved
            contact.event_log.write(
                at, "lead.score_changed", {"lead_id": person.lead_id, "score": moved, "activity": activity}
            )
    person.score_changes.clear()
