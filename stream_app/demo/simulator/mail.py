"""What becomes of one e-mail: delivery, people, and machines that look like people."""

from dataclasses import dataclass

from stream_app.demo.simulator.event_log import Data, Diary
from stream_app.demo.simulator.person import Life, lose
from stream_app.demo.simulator.rhythm import DAY, HOUR, MINUTE, SECOND, at_work
from stream_app.demo.simulator.rng import around, between, chance, happens

_BOUNCE = 0.02
_HARD_BOUNCE = 0.55
# Per delivered message; multiplied by the warmth of the person, which is 1 on average.
_OPEN = 0.24
_CLICK_AFTER_OPEN = 0.155
_CLICK_UNSEEN = 0.004
_REPLY = 0.009
_OPEN_AGAIN = 0.22
_CLICK_AGAIN = 0.18
_UNSUBSCRIBE = 0.003
_COMPLAIN = 0.0005
_SCAN = 0.7
_NOTED_OPENS = 0.35

_WAVE_REACHES_BACK = 14 * DAY
_WAVE_SHARE = 0.7
_WAVE_LENGTH = 5 * HOUR


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: the part of a program, or of a campaign."""

    program_id: str | None = None
    step_id: str | None = None
    campaign_id: str | None = None
    audience: str = "prospect"


@dataclass(slots=True)
class Reaction:
    """When (ms) a person first clicked or replied, and when the address proved dead or unwilling; None: never."""

    clicked_at: int | None = None
    replied_at: int | None = None
    bounced_at: int | None = None
    unsubscribed_at: int | None = None


def send(life: Life, letter: Letter, at: int) -> Reaction:
    """Send a letter at that instant, write down what becomes of it, and tell the sender what the person did."""
    rng, diary = life.rng, life.diary
    message = _message(life, letter)
    reaction = Reaction()
    diary.write(at, "email.sent", {**message})
    arrived = at + around(rng, 4 * SECOND, 1.0)
    if happens(rng, _BOUNCE):
        hard = happens(rng, _HARD_BOUNCE)
        diary.write(arrived, "email.bounced", {**message, "bounce": "hard" if hard else "soft"})
        if hard:
            reaction.bounced_at = arrived
            lose(life.person, arrived)
        return reaction
    diary.write(arrived, "email.delivered", {**message})
    _machines(life, message, arrived)
    if life.trouble.bots_since is not None:
        _bot_wave(diary, message, arrived, life.trouble.bots_since)
    _engage(life, message, arrived, reaction)
    _object(life, message, arrived, reaction)
    return reaction


def _message(life: Life, letter: Letter) -> Data:
    message: Data = {"lead_id": life.person.lead_id, "message_id": life.diary.name("m")}
    if letter.program_id is not None:
        message["program_id"] = letter.program_id
    if letter.step_id is not None:
        message["step_id"] = letter.step_id
    if letter.campaign_id is not None:
        message["campaign_id"] = letter.campaign_id
    if letter.audience != "prospect":
        message["audience"] = letter.audience
    return message


def _machines(life: Life, message: Data, arrived: int) -> None:
    """Prefetch the pictures and follow the links, where the person's mail system does so."""
    rng, person = life.rng, life.person
    if person.prefetched and happens(rng, person.prefetched):
        life.diary.write(arrived + around(rng, 20 * MINUTE, 1.2), "email.opened", {**message, "machine": True})
    if person.behind_gateway and happens(rng, _SCAN):
        scanned = arrived + between(rng, 2 * SECOND, 50 * SECOND)
        life.diary.write(scanned, "email.clicked", {**message, "machine": True})


def _bot_wave(diary: Diary, message: Data, arrived: int, since: int) -> None:
    """Click and open from machines, now that the wave is on: also what was delivered some time ago."""
    if arrived < since - _WAVE_REACHES_BACK:
        return
    rng = chance("bots", arrived, message["message_id"])
    if not happens(rng, _WAVE_SHARE):
        return
    at = max(arrived, since + between(rng, 0, _WAVE_LENGTH))
    for _ in range(between(rng, 3, 9)):
        at += between(rng, 1 * SECOND, 20 * SECOND)
        diary.write(at, "email.clicked" if happens(rng, 0.75) else "email.opened", {**message, "machine": True})


def _engage(life: Life, message: Data, arrived: int, reaction: Reaction) -> None:
    rng, diary, person = life.rng, life.diary, life.person
    read = None
    if happens(rng, _OPEN * person.warmth):
        read = at_work(rng, person.region, arrived + around(rng, 2 * HOUR, 1.3), 0.3)
        diary.write(read, "email.opened", {**message})
        if happens(rng, _NOTED_OPENS):
            person.moves.append((read + SECOND, 1, "email_open"))
        if happens(rng, _OPEN_AGAIN):
            diary.write(read + around(rng, 5 * HOUR, 1.2), "email.opened", {**message})
    if happens(rng, _CLICK_UNSEEN * person.warmth if read is None else _CLICK_AFTER_OPEN):
        noticed = read or at_work(rng, person.region, arrived + around(rng, 3 * HOUR, 1.2), 0.3)
        reaction.clicked_at = clicked = noticed + around(rng, MINUTE)
        diary.write(clicked, "email.clicked", {**message})
        person.moves.append((clicked + SECOND, 5, "email_click"))
        if happens(rng, _CLICK_AGAIN):
            diary.write(clicked + around(rng, 2 * MINUTE), "email.clicked", {**message})
    if happens(rng, _REPLY * person.warmth):
        reaction.replied_at = replied = at_work(rng, person.region, (read or arrived) + around(rng, 3 * HOUR, 1.0))
        diary.write(replied, "email.replied", {**message})
        person.moves.append((replied + SECOND, 10, "email_reply"))


def _object(life: Life, message: Data, arrived: int, reaction: Reaction) -> None:
    rng, person = life.rng, life.person
    if happens(rng, _UNSUBSCRIBE):
        reaction.unsubscribed_at = left = at_work(rng, person.region, arrived + around(rng, 2 * HOUR, 1.0), 0.3)
        life.diary.write(left, "email.unsubscribed", {**message})
        person.moves.append((left + SECOND, -15, "unsubscribe"))
        lose(person, left)
    if happens(rng, _COMPLAIN):
        left = arrived + around(rng, 2 * HOUR, 1.0)
        life.diary.write(left, "email.complained", {**message})
        lose(person, left)
