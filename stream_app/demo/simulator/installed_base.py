"""The accounts that are customers already when the history begins."""

from collections.abc import Iterator

from stream_app.demo.simulator.billing import pick_currency, write_state
from stream_app.demo.simulator.customer import Customer, sign
from stream_app.demo.simulator.customer_life import months
from stream_app.demo.simulator.event_log import Diary, Draft
from stream_app.demo.simulator.identity import account_id, base_number, lead_id
from stream_app.demo.simulator.person import Life, meet
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rhythm import DAY, HOUR, MINUTE, MONTH, SECOND, pick_region
from stream_app.demo.simulator.rng import around, between, chance
from stream_app.demo.simulator.scenarios import Disturbance, cancels_at

_PER_LEAD_A_DAY = 11
_TERM = 540 * DAY


def base_size(plan: Plan) -> int:
    """Return how many accounts there are at the beginning: what such a flow of leads would have brought."""
    return max(3, round(plan.leads * _PER_LEAD_A_DAY / plan.days)) if plan.leads else 0


def base_life(plan: Plan, trouble: Disturbance, index: int) -> Iterator[tuple[int, list[Draft]]]:
    """Live the life of the index-th account of the installed base: its signing, then months within the history.

    Yields when the next month begins (ms) and what was written till then.
    """
    rng = chance(plan.seed, "base", index)
    number = base_number(index)
    life = Life(meet(rng, lead_id(plan.seed, number), pick_region(rng)), rng, Diary(f"{number:x}"), trouble)
    customer = sign(life, account_id(plan.seed, number), pick_currency(rng, life.person.region))
    signed = plan.first - between(rng, DAY, _TERM)
    age = (plan.first - signed) // MONTH + 1
    first_month = signed + age * MONTH
    _introduce(customer, plan.first - (plan.first - signed) * plan.backfill * DAY // _TERM + between(rng, 0, HOUR))
    customer.subscriptions[0].age = age
    customer.doomed_at = cancels_at(trouble, plan.seed, customer.account_id, signed)
    yield first_month, life.diary.take()
    yield from months(customer, first_month)


def _introduce(customer: Customer, at: int) -> None:
    """Write the contact and the subscription as a company would import them from its older systems."""
    life = customer.life
    life.person.score = 60
    contact = life.person.lead_id
    # Without the score: a worker forgets scores older than its horizon, and what it forgets must not depend on order.
    life.diary.write(at, "lead.created", {"lead_id": contact, "source": "migration", "is_import": True})
    at += around(life.rng, 10 * SECOND)
    life.diary.write(at, "lead.stage_changed", {"lead_id": contact, "to": "customer", "reason": "migration"})
    life.diary.write(at + SECOND, "lead.status_changed", {"lead_id": contact, "to": "converted"})
    write_state(life.diary, at + MINUTE, "subscription.started", customer.subscriptions[0])
