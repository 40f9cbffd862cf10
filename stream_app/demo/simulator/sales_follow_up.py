"""Sales follows up a qualified lead: stage by stage to a deal, or back."""

import zlib
from dataclasses import dataclass

from stream_app.demo.simulator.billing import choose_currency, yearly_value
from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, SECOND, next_working_time
from stream_app.demo.simulator.customer import Customer, draw_customer
from stream_app.demo.simulator.deal import Deal, close_time, lose, negotiate, win
from stream_app.demo.simulator.prospect import Prospect, write_engagement, write_stage, write_status
from stream_app.demo.simulator.rng import happens, lognormal

_OVERLOOKED_OF = 20
_NOTICED_AFTER = 6 * DAY
_ACCEPTED = 0.82
_SQL_OF_ACCEPTED = 0.50
_OPPORTUNITY_OF_SQL = 0.88
_WON_OF_OPPORTUNITY = 0.29
_PHONED = 0.5
_DEMOTED = 0.6
_CYCLE = 18 * DAY


@dataclass(frozen=True, slots=True)
class FollowUpResult:
    """How it ended: at `ended_at` (ms), with a customer or with the reason why not."""

    ended_at: int
    customer: Customer | None = None
    reason: str = "no_response"


def is_overlooked(lead_id: str) -> bool:
    """Whether sales forgets about a lead that qualifies: one in twenty, whatever else is drawn."""
    return zlib.crc32(lead_id.encode()) % _OVERLOOKED_OF == 0


def follow_up(prospect: Prospect, at: int) -> FollowUpResult:
    """Log the follow-up of a lead that qualifies at that instant (ms), and return its result."""
    rng, region = prospect.contact.rng, prospect.contact.person.region
    write_stage(prospect, at, "mql", "score_threshold" if happens(rng, 0.7) else "demo_request")
    if is_overlooked(prospect.contact.person.lead_id):
        return FollowUpResult(at + _NOTICED_AFTER)
    at = next_working_time(rng, region, at + lognormal(rng, 5 * HOUR, 0.9))
    write_status(prospect, at, "working")
    if happens(rng, _PHONED):
        write_engagement(prospect, at + lognormal(rng, 30 * MINUTE), "call", 5)
    if not happens(rng, _ACCEPTED):
        return _give_up(prospect, at + lognormal(rng, 4 * DAY), "rejected_by_sales", "lead")
    at = next_working_time(rng, region, at + lognormal(rng, 16 * HOUR, 0.8))
    write_stage(prospect, at, "sal")
    if not happens(rng, _SQL_OF_ACCEPTED):
        return _give_up(prospect, at + lognormal(rng, 10 * DAY), "no_response", "mql" if happens(rng, 0.3) else "lead")
    met = next_working_time(rng, region, at + lognormal(rng, 3 * DAY, 0.7))
    write_engagement(prospect, met, "meeting", 20)
    at = met + lognormal(rng, 2 * HOUR)
    write_stage(prospect, at, "sql", "discovery_call")
    if not happens(rng, _OPPORTUNITY_OF_SQL):
        return _give_up(prospect, at + lognormal(rng, 8 * DAY), "no_budget", "mql")
    return _sell(prospect, next_working_time(rng, region, at + lognormal(rng, 30 * HOUR, 0.8)))


def _sell(prospect: Prospect, at: int) -> FollowUpResult:
    contact, person = prospect.contact, prospect.contact.person
    customer = draw_customer(contact, prospect.account_id, choose_currency(contact.rng, person.region))
    deal = Deal(
        account_id=prospect.account_id,
        opportunity_id=contact.event_log.new_id("opp"),
        kind="new_business",
        amount_minor=yearly_value(customer.subscriptions[0]),
        currency=customer.currency,
        campaign=prospect.campaign,
        lead_id=person.lead_id,
    )
    write_stage(prospect, at, "opportunity")
    closed = close_time(contact, at + DAY, _CYCLE)
    negotiate(contact, deal, at + lognormal(contact.rng, 20 * SECOND), closed)
    if not happens(contact.rng, _WON_OF_OPPORTUNITY):
        return _give_up(prospect, closed + MINUTE, lose(contact, deal, closed), "lead")
    win(contact, deal, closed)
    write_stage(prospect, closed + lognormal(contact.rng, 5 * SECOND), "customer")
    write_status(prospect, closed + lognormal(contact.rng, 9 * SECOND), "converted")
    return FollowUpResult(closed, customer)


def _give_up(prospect: Prospect, at: int, reason: str, back_to: str) -> FollowUpResult:
    """Let go of a lead; most fall back to an earlier stage."""
    at = next_working_time(prospect.contact.rng, prospect.contact.person.region, at)
    if happens(prospect.contact.rng, _DEMOTED):
        write_stage(prospect, at, back_to, "recycled")
    return FollowUpResult(at, reason=reason)
