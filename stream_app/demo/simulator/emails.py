"""One e-mail: delivery, reactions of the person, and opens and clicks by machines."""

from dataclasses import dataclass

from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, SECOND, next_working_time
from stream_app.demo.simulator.contact import Contact, stop_sending
from stream_app.demo.simulator.event_log import Data, EventLog
from stream_app.demo.simulator.rng import happens, lognormal, seeded_rng, uniform

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
class Email:
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


def send_email(contact: Contact, email: Email, at: int) -> Reaction:
    """Send an e-mail at that instant, log what happens to it, and return how the person reacted."""
    rng, event_log = contact.rng, contact.event_log
    message = _message(contact, email)
    reaction = Reaction()
    event_log.write(at, "email.sent", {**message})
    arrived = at + lognormal(rng, 4 * SECOND, 1.0)
    if happens(rng, _BOUNCE):
        hard = happens(rng, _HARD_BOUNCE)
        event_log.write(arrived, "email.bounced", {**message, "bounce": "hard" if hard else "soft"})
        if hard:
            reaction.bounced_at = arrived
            stop_sending(contact.person, arrived)
        return reaction
    event_log.write(arrived, "email.delivered", {**message})
    _open_and_click_by_machine(contact, message, arrived)
    if contact.scenario.bots_since is not None:
        _bot_wave(event_log, message, arrived, contact.scenario.bots_since)
    _engage(contact, message, arrived, reaction)
    _unsubscribe_or_complain(contact, message, arrived, reaction)
    return reaction


def _message(contact: Contact, email: Email) -> Data:
    message: Data = {"lead_id": contact.person.lead_id, "message_id": contact.event_log.new_id("m")}
    if email.program_id is not None:
        message["program_id"] = email.program_id
    if email.step_id is not None:
        message["step_id"] = email.step_id
    if email.campaign_id is not None:
        message["campaign_id"] = email.campaign_id
    if email.audience != "prospect":
        message["audience"] = email.audience
    return message


def _open_and_click_by_machine(contact: Contact, message: Data, arrived: int) -> None:
    """Prefetch the pictures and follow the links, where the person's mail system does so."""
    rng, person = contact.rng, contact.person
    if person.prefetch_probability and happens(rng, person.prefetch_probability):
        contact.event_log.write(
            arrived + lognormal(rng, 20 * MINUTE, 1.2), "email.opened", {**message, "machine": True}
        )
    if person.behind_gateway and happens(rng, _SCAN):
        scanned = arrived + uniform(rng, 2 * SECOND, 50 * SECOND)
        contact.event_log.write(scanned, "email.clicked", {**message, "machine": True})


def _bot_wave(event_log: EventLog, message: Data, arrived: int, since: int) -> None:
    """Click and open from machines, now that the wave is on: also what was delivered some time ago."""
    if arrived < since - _WAVE_REACHES_BACK:
        return
    rng = seeded_rng("bots", arrived, message["message_id"])
    if not happens(rng, _WAVE_SHARE):
        return
    at = max(arrived, since + uniform(rng, 0, _WAVE_LENGTH))
    for _ in range(uniform(rng, 3, 9)):
        at += uniform(rng, 1 * SECOND, 20 * SECOND)
        event_log.write(at, "email.clicked" if happens(rng, 0.75) else "email.opened", {**message, "machine": True})


def _engage(contact: Contact, message: Data, arrived: int, reaction: Reaction) -> None:
    rng, event_log, person = contact.rng, contact.event_log, contact.person
    read = None
    if happens(rng, _OPEN * person.responsiveness):
        read = next_working_time(rng, person.region, arrived + lognormal(rng, 2 * HOUR, 1.3), 0.3)
        event_log.write(read, "email.opened", {**message})
        if happens(rng, _NOTED_OPENS):
            person.score_changes.append((read + SECOND, 1, "email_open"))
        if happens(rng, _OPEN_AGAIN):
            event_log.write(read + lognormal(rng, 5 * HOUR, 1.2), "email.opened", {**message})
    if happens(rng, _CLICK_UNSEEN * person.responsiveness if read is None else _CLICK_AFTER_OPEN):
        noticed = read or next_working_time(rng, person.region, arrived + lognormal(rng, 3 * HOUR, 1.2), 0.3)
        reaction.clicked_at = clicked = noticed + lognormal(rng, MINUTE)
        event_log.write(clicked, "email.clicked", {**message})
        person.score_changes.append((clicked + SECOND, 5, "email_click"))
        if happens(rng, _CLICK_AGAIN):
            event_log.write(clicked + lognormal(rng, 2 * MINUTE), "email.clicked", {**message})
    if happens(rng, _REPLY * person.responsiveness):
        reaction.replied_at = replied = next_working_time(
            rng, person.region, (read or arrived) + lognormal(rng, 3 * HOUR, 1.0)
        )
        event_log.write(replied, "email.replied", {**message})
        person.score_changes.append((replied + SECOND, 10, "email_reply"))


def _unsubscribe_or_complain(contact: Contact, message: Data, arrived: int, reaction: Reaction) -> None:
    rng, person = contact.rng, contact.person
    if happens(rng, _UNSUBSCRIBE):
        reaction.unsubscribed_at = left = next_working_time(
            rng, person.region, arrived + lognormal(rng, 2 * HOUR, 1.0), 0.3
        )
        contact.event_log.write(left, "email.unsubscribed", {**message})
        person.score_changes.append((left + SECOND, -15, "unsubscribe"))
        stop_sending(person, left)
    if happens(rng, _COMPLAIN):
        left = arrived + lognormal(rng, 2 * HOUR, 1.0)
        contact.event_log.write(left, "email.complained", {**message})
        stop_sending(person, left)
