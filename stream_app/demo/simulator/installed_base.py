"""The accounts that are customers already when the history begins."""

from collections.abc import Iterator

from stream_app.demo.simulator.billing import choose_currency, write_state
from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, MONTH, SECOND, choose_region
from stream_app.demo.simulator.contact import Contact, draw_person
from stream_app.demo.simulator.customer import Customer, draw_customer
from stream_app.demo.simulator.customer_lifecycle import monthly_lifecycle
from stream_app.demo.simulator.event_log import Draft, EventLog
from stream_app.demo.simulator.identity import account_id, base_number, lead_id
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import lognormal, seeded_rng, uniform
from stream_app.demo.simulator.scenarios import ActiveScenario, cancels_at

_PER_LEAD_A_DAY = 11
_TERM = 540 * DAY


def base_size(plan: Plan) -> int:
    """Return how many accounts there are at the beginning: what such a flow of leads would have brought."""
    return max(3, round(plan.leads * _PER_LEAD_A_DAY / plan.days)) if plan.leads else 0


def installed_account_lifecycle(plan: Plan, scenario: ActiveScenario, index: int) -> Iterator[tuple[int, list[Draft]]]:
    """Simulate the index-th account of the installed base: its import, then months within the history.

    Yields when the next month begins (ms) and what was written till then.
    """
    rng = seeded_rng(plan.seed, "base", index)
    number = base_number(index)
    contact = Contact(
        draw_person(rng, lead_id(plan.seed, number), choose_region(rng)), rng, EventLog(f"{number:x}"), scenario
    )
    customer = draw_customer(contact, account_id(plan.seed, number), choose_currency(rng, contact.person.region))
    signed = plan.first - uniform(rng, DAY, _TERM)
    age = (plan.first - signed) // MONTH + 1
    first_month = signed + age * MONTH
    _import_account(customer, plan.first - (plan.first - signed) * plan.backfill * DAY // _TERM + uniform(rng, 0, HOUR))
    customer.subscriptions[0].age = age
    customer.churns_at = cancels_at(scenario, plan.seed, customer.account_id, signed)
    yield first_month, contact.event_log.drain()
    yield from monthly_lifecycle(customer, first_month)


def _import_account(customer: Customer, at: int) -> None:
    """Write the contact and the subscription as a company would import them from its older systems."""
    contact = customer.contact
    contact.person.score = 60
    contact_id = contact.person.lead_id
    # Without the score: a worker forgets scores older than its horizon, and what it forgets must not depend on order.
    contact.event_log.write(at, "lead.created", {"lead_id": contact_id, "source": "migration", "is_import": True})
    at += lognormal(contact.rng, 10 * SECOND)
    contact.event_log.write(at, "lead.stage_changed", {"lead_id": contact_id, "to": "customer", "reason": "migration"})
    contact.event_log.write(at + SECOND, "lead.status_changed", {"lead_id": contact_id, "to": "converted"})
    write_state(contact.event_log, at + MINUTE, "subscription.started", customer.subscriptions[0])
