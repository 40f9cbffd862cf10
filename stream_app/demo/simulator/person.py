"""A contact: how somebody reacts, and what the score keepers saw of it."""

from dataclasses import dataclass, field
from random import Random

from stream_app.demo.simulator.event_log import Diary
from stream_app.demo.simulator.rhythm import Region
from stream_app.demo.simulator.scenarios import Disturbance

_APPLE_SHARE = 0.4
_PREFETCHED_SHARE = 0.75
_GATEWAY_SHARE = 0.12
_TOP_SCORE = 100


@dataclass(slots=True)
class Person:
    """A contact under its lead id.

    `warmth` multiplies every reaction (1.0 on average), `prefetched` is the probability that a mail program opens a
    message by itself, `behind_gateway` that a security gateway follows the links. No message is sent from
    `unreachable_from` (ms) on. `score` is the one last written, `moves` what has come since: when, by how much,
    through what.
    """

    lead_id: str
    region: Region
    warmth: float
    prefetched: float
    behind_gateway: bool
    unreachable_from: int | None = None
    score: int = 0
    moves: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Life:
    """Somebody who lives, the luck they have, what they leave behind, and what goes wrong around them."""

    person: Person
    rng: Random
    diary: Diary
    trouble: Disturbance


def meet(rng: Random, lead_id: str, region: Region) -> Person:
    """Draw a contact."""
    return Person(
        lead_id=lead_id,
        region=region,
        warmth=2.0 * rng.random(),
        prefetched=_PREFETCHED_SHARE if rng.random() < _APPLE_SHARE else 0.0,
        behind_gateway=rng.random() < _GATEWAY_SHARE,
    )


def is_reachable(person: Person, at: int) -> bool:
    """Tell whether a message may be sent to this person at that instant."""
    return person.unreachable_from is None or at < person.unreachable_from


def lose(person: Person, at: int) -> None:
    """Stop sending to this person from that instant on."""
    if person.unreachable_from is None or at < person.unreachable_from:
        person.unreachable_from = at


def write_scores(life: Life) -> None:
    """Write the contact's score changes since the last time down as absolute scores within 0..100."""
    person = life.person
    for at, change, activity in sorted(person.moves):
        moved = min(max(person.score + change, 0), _TOP_SCORE)
        if moved != person.score:
            person.score = moved
            life.diary.write(
                at, "lead.score_changed", {"lead_id": person.lead_id, "score": moved, "activity": activity}
            )
    person.moves.clear()
