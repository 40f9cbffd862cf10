"""What sales makes of a qualified lead: stage by stage to a deal, or out again."""

from dataclasses import dataclass

from stream_app.demo.simulator.billing import pick_currency, yearly_value
from stream_app.demo.simulator.customer import Customer, sign
from stream_app.demo.simulator.deal import Deal, close_time, lose, negotiate, win
from stream_app.demo.simulator.prospect import Prospect, write_engagement, write_stage, write_status
from stream_app.demo.simulator.rhythm import DAY, HOUR, MINUTE, SECOND, at_work
from stream_app.demo.simulator.rng import around, happens

_ACCEPTED = 0.82
_SQL_OF_ACCEPTED = 0.50
_OPPORTUNITY_OF_SQL = 0.88
_WON_OF_OPPORTUNITY = 0.29
_PHONED = 0.5
_DEMOTED = 0.6
_CYCLE = 18 * DAY


@dataclass(frozen=True, slots=True)
class Pursuit:
    """How it ended: at `ended_at` (ms), with a customer or with the reason why not."""

    ended_at: int
    customer: Customer | None = None
    reason: str = "no_response"


def pursue(prospect: Prospect, at: int) -> Pursuit:
    """Write down what comes of a lead that qualifies at that instant (ms)."""
    rng, region = prospect.life.rng, prospect.life.person.region
    write_stage(prospect, at, "mql", "score_threshold" if happens(rng, 0.7) else "demo_request")
    at = at_work(rng, region, at + around(rng, 5 * HOUR, 0.9))
    write_status(prospect, at, "working")
    if happens(rng, _PHONED):
        write_engagement(prospect, at + around(rng, 30 * MINUTE), "call", 5)
    if not happens(rng, _ACCEPTED):
        return _give_up(prospect, at + around(rng, 4 * DAY), "rejected_by_sales", "lead")
    at = at_work(rng, region, at + around(rng, 16 * HOUR, 0.8))
    write_stage(prospect, at, "sal")
    if not happens(rng, _SQL_OF_ACCEPTED):
        return _give_up(prospect, at + around(rng, 10 * DAY), "no_response", "mql" if happens(rng, 0.3) else "lead")
    met = at_work(rng, region, at + around(rng, 3 * DAY, 0.7))
    write_engagement(prospect, met, "meeting", 20)
    at = met + around(rng, 2 * HOUR)
    write_stage(prospect, at, "sql", "discovery_call")
    if not happens(rng, _OPPORTUNITY_OF_SQL):
        return _give_up(prospect, at + around(rng, 8 * DAY), "no_budget", "mql")
    return _sell(prospect, at_work(rng, region, at + around(rng, 30 * HOUR, 0.8)))


def _sell(prospect: Prospect, at: int) -> Pursuit:
    life, person = prospect.life, prospect.life.person
    customer = sign(life, prospect.account_id, pick_currency(life.rng, person.region))
    deal = Deal(
        account_id=prospect.account_id,
        opportunity_id=life.diary.name("opp"),
        kind="new_business",
        amount_minor=yearly_value(customer.subscriptions[0]),
        currency=customer.currency,
        campaign=prospect.campaign,
        lead_id=person.lead_id,
    )
    write_stage(prospect, at, "opportunity")
    closed = close_time(life, at + DAY, _CYCLE)
    negotiate(life, deal, at + around(life.rng, 20 * SECOND), closed)
    if not happens(life.rng, _WON_OF_OPPORTUNITY):
        return _give_up(prospect, closed + MINUTE, lose(life, deal, closed), "lead")
    win(life, deal, closed)
    write_stage(prospect, closed + around(life.rng, 5 * SECOND), "customer")
    write_status(prospect, closed + around(life.rng, 9 * SECOND), "converted")
    return Pursuit(closed, customer)


def _give_up(prospect: Prospect, at: int, reason: str, back_to: str) -> Pursuit:
    """Let go of a lead; most fall back to an earlier stage."""
    at = at_work(prospect.life.rng, prospect.life.person.region, at)
    if happens(prospect.life.rng, _DEMOTED):
        write_stage(prospect, at, back_to, "recycled")
    return Pursuit(at, reason=reason)
