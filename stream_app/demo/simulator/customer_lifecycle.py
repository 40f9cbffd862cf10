"""The lifecycle of a customer: its first subscription, then months of invoices and sometimes a change."""

from collections.abc import Iterator

from stream_app.demo.simulator.billing import (
    ACTIVE,
    CANCELED,
    TRIALING,
    bill,
    cancel,
    write_state,
)
from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, MONTH, next_working_time
from stream_app.demo.simulator.company import NEWSLETTER
from stream_app.demo.simulator.contact import is_reachable, write_scores
from stream_app.demo.simulator.customer import SURVEY_EVERY, Customer
from stream_app.demo.simulator.deal import lose, win
from stream_app.demo.simulator.emails import Email, send_email
from stream_app.demo.simulator.event_log import Draft
from stream_app.demo.simulator.rng import happens, lognormal, uniform
from stream_app.demo.simulator.subscription_changes import change

_MAX_MONTHS_INACTIVE = 9
_ANSWERS = 0.4
_TRIAL = 0.15
_TRIAL_CONVERTS = 0.85
_TOP_ANSWER = 10
_THEMES = ("onboarding", "price", "reliability", "support")


def start_first_subscription(customer: Customer, at: int) -> int:
    """Start the first subscription of a new customer, some with a trial; return when (ms) its first month begins."""
    rng, event_log = customer.contact.rng, customer.contact.event_log
    subscription = customer.subscriptions[0]
    if not happens(rng, _TRIAL):
        write_state(event_log, at, "subscription.started", subscription)
        return at + MINUTE
    subscription.status = TRIALING
    write_state(event_log, at, "subscription.started", subscription)
    over = at + 14 * DAY
    if happens(rng, _TRIAL_CONVERTS):
        subscription.status = ACTIVE
        write_state(event_log, over, "subscription.changed", subscription)
    else:
        over -= uniform(rng, HOUR, 6 * DAY)
        cancel(event_log, over, subscription)
    return over + MINUTE


def monthly_lifecycle(customer: Customer, anchor: int) -> Iterator[tuple[int, list[Draft]]]:
    """Simulate month by month from `anchor` (ms), yielding when the next one begins and what was written till then."""
    while customer.months_inactive < _MAX_MONTHS_INACTIVE:
        finished_at = _renew_and_bill(customer, anchor)
        following = anchor + MONTH
        change(customer, max(finished_at + MINUTE, anchor + HOUR), following - HOUR)
        if not customer.months_inactive:
            _send_newsletter_and_survey(customer, anchor)
        for subscription in customer.subscriptions:
            subscription.age += 1
        kept = [subscription for subscription in customer.subscriptions if subscription.status != CANCELED]
        customer.subscriptions = kept or customer.subscriptions[-1:]
        anchor = following
        yield anchor, customer.contact.event_log.drain()


def _renew_and_bill(customer: Customer, anchor: int) -> int:
    """Renew and bill what is due; return when (ms) all of it is paid or canceled."""
    finished_at = anchor
    for subscription in customer.subscriptions:
        if subscription.status != ACTIVE or subscription.age % subscription.interval.months:
            continue
        if customer.renewal is not None and subscription is customer.subscriptions[0]:
            deal, is_won = customer.renewal
            customer.renewal = None
            if not is_won:
                lose(customer.contact, deal, anchor + MINUTE)
                cancel(customer.contact.event_log, anchor + 5 * MINUTE, subscription)
                finished_at = max(finished_at, anchor + 5 * MINUTE)
                continue
            win(customer.contact, deal, anchor + MINUTE)
        finished_at = max(
            finished_at, bill(customer.contact.event_log, customer.contact.rng, anchor + 10 * MINUTE, subscription)
        )
    return finished_at


def _send_newsletter_and_survey(customer: Customer, anchor: int) -> None:
    """Send the newsletter of the month; ask for a score every three months."""
    person, rng = customer.contact.person, customer.contact.rng
    at = next_working_time(rng, person.region, uniform(rng, anchor, anchor + 25 * DAY), 0.0)
    if is_reachable(person, at):
        send_email(customer.contact, Email(campaign_id=NEWSLETTER, audience="customer"), at)
        write_scores(customer.contact)
    if customer.subscriptions[0].age % SURVEY_EVERY == customer.survey_phase and happens(rng, _ANSWERS):
        feeling = 3.6 + 9.0 * customer.health + rng.gauss(0.0, 1.8)
        answer = {
            "respondent_id": f"r{person.lead_id}",
            "survey_id": "nps-quarterly",
            "score": min(max(round(feeling), 0), _TOP_ANSWER),
            "segment": customer.segment,
            "theme": _THEMES[customer.subscriptions[0].age // SURVEY_EVERY % len(_THEMES)],
        }
        answered = next_working_time(rng, person.region, at + lognormal(rng, 20 * HOUR, 1.0))
        customer.contact.event_log.write(answered, "survey.responded", answer)
