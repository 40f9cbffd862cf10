"""Opportunities: each event carries the whole new state."""

from dataclasses import dataclass

from stream_app.demo.simulator.business_hours import HOUR, MINUTE, next_working_time
from stream_app.demo.simulator.company import LOSS_REASONS, Campaign
from stream_app.demo.simulator.contact import Contact
from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.rng import happens, lognormal, uniform

_STAGES = ("discovery", "evaluation", "proposal", "negotiation")
_AMOUNT_CHANGES = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An opportunity to be: `amount_minor` is its first-year value in minor units of `currency`."""

    account_id: str
    opportunity_id: str
    kind: str
    amount_minor: int
    currency: str
    campaign: Campaign | None = None
    lead_id: str | None = None


def negotiate(contact: Contact, deal: Deal, opened: int, closed: int | None) -> None:
    """Write the opening and the steps in between, up to `closed` (ms), for a deal whose end is written separately.

    A deal without a close stays open after its last step. The last amount written is the deal's own.
    """
    rng, event_log = contact.rng, contact.event_log
    steps = uniform(rng, 1, 4)
    span = (closed - opened) if closed is not None else lognormal(rng, 200 * HOUR)
    amount = int(deal.amount_minor * (0.7 + 0.6 * rng.random())) if happens(rng, _AMOUNT_CHANGES) else deal.amount_minor
    event_log.write(opened, "opportunity.created", _state(deal, amount, _STAGES[0]))
    for number in range(1, steps + 1):
        if number == steps:
            amount = deal.amount_minor
        at = next_working_time(rng, contact.person.region, opened + span * number // (steps + 1))
        if closed is not None and at >= closed:
            break
        event_log.write(at, "opportunity.changed", _state(deal, amount, _STAGES[min(number, len(_STAGES) - 1)]))


def win(contact: Contact, deal: Deal, at: int) -> None:
    """Write that a deal is won."""
    contact.event_log.write(at, "opportunity.won", _state(deal, deal.amount_minor, "closed_won"))


def lose(contact: Contact, deal: Deal, at: int) -> str:
    """Write that a deal is lost; return the reason."""
    reason = LOSS_REASONS[int(contact.rng.random() * len(LOSS_REASONS))]
    contact.event_log.write(
        at, "opportunity.lost", {**_state(deal, deal.amount_minor, "closed_lost"), "reason": reason}
    )
    return reason


def close_time(contact: Contact, opened: int, cycle: float) -> int:
    """Draw when a deal that opened then is decided, after around `cycle` ms."""
    return next_working_time(
        contact.rng, contact.person.region, opened + max(lognormal(contact.rng, cycle), 30 * MINUTE)
    )


def _state(deal: Deal, amount: int, stage: str) -> Data:
    state: Data = {
        "account_id": deal.account_id,
        "opportunity_id": deal.opportunity_id,
        "kind": deal.kind,
        "amount_minor": amount,
        "currency": deal.currency,
        "stage": stage,
    }
    if deal.campaign is not None:
        state["source"] = deal.campaign.source
        state["channel"] = deal.campaign.channel
        state["campaign_id"] = deal.campaign.campaign_id
    if deal.lead_id is not None:
        state["lead_id"] = deal.lead_id
    return state
