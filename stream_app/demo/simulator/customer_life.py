"""The life of a customer: signing, then months of invoices, and now and then a change."""

from collections.abc import Iterator

from stream_app.demo.simulator.billing import (
    ACTIVE,
    CANCELED,
    TRIALING,
    bill,
    cancel,
    write_state,
)
from stream_app.demo.simulator.change import change
from stream_app.demo.simulator.company import NEWSLETTER
from stream_app.demo.simulator.customer import SURVEY_EVERY, Customer
from stream_app.demo.simulator.deal import lose, win
from stream_app.demo.simulator.event_log import Draft
from stream_app.demo.simulator.mail import Letter, send
from stream_app.demo.simulator.person import is_reachable, write_scores
from stream_app.demo.simulator.rhythm import DAY, HOUR, MINUTE, MONTH, at_work
from stream_app.demo.simulator.rng import around, between, happens

_MONTHS_GONE = 9
_ANSWERS = 0.4
_TRIAL = 0.15
_TRIAL_CONVERTS = 0.85
_TOP_ANSWER = 10


def begin(customer: Customer, at: int) -> int:
    """Start the first subscription of a new customer, some with a trial; return when (ms) its first month begins."""
    rng, diary = customer.life.rng, customer.life.diary
    subscription = customer.subscriptions[0]
    if not happens(rng, _TRIAL):
        write_state(diary, at, "subscription.started", subscription)
        return at + MINUTE
    subscription.status = TRIALING
    write_state(diary, at, "subscription.started", subscription)
    over = at + 14 * DAY
    if happens(rng, _TRIAL_CONVERTS):
        subscription.status = ACTIVE
        write_state(diary, over, "subscription.changed", subscription)
    else:
        over -= between(rng, HOUR, 6 * DAY)
        cancel(diary, over, subscription)
    return over + MINUTE


def months(customer: Customer, anchor: int) -> Iterator[tuple[int, list[Draft]]]:
    """Live on month by month from `anchor` (ms), yielding when the next one begins and what was written till then."""
    while customer.months_gone < _MONTHS_GONE:
        settled = _collect(customer, anchor)
        following = anchor + MONTH
        change(customer, max(settled + MINUTE, anchor + HOUR), following - HOUR)
        if not customer.months_gone:
            _keep_in_touch(customer, anchor)
        for subscription in customer.subscriptions:
            subscription.age += 1
        kept = [subscription for subscription in customer.subscriptions if subscription.status != CANCELED]
        customer.subscriptions = kept or customer.subscriptions[-1:]
        anchor = following
        yield anchor, customer.life.diary.take()


def _collect(customer: Customer, anchor: int) -> int:
    """Renew and bill what is due; return when (ms) all of it is settled."""
    settled = anchor
    for subscription in customer.subscriptions:
        if subscription.status != ACTIVE or subscription.age % subscription.interval.months:
            continue
        if customer.renewal is not None and subscription is customer.subscriptions[0]:
            deal, is_won = customer.renewal
            customer.renewal = None
            if not is_won:
                lose(customer.life, deal, anchor + MINUTE)
                cancel(customer.life.diary, anchor + 5 * MINUTE, subscription)
                settled = max(settled, anchor + 5 * MINUTE)
                continue
            win(customer.life, deal, anchor + MINUTE)
        settled = max(settled, bill(customer.life.diary, customer.life.rng, anchor + 10 * MINUTE, subscription))
    return settled


def _keep_in_touch(customer: Customer, anchor: int) -> None:
    """Send the newsletter of the month; ask for a score every three months."""
    person, rng = customer.life.person, customer.life.rng
    at = at_work(rng, person.region, between(rng, anchor, anchor + 25 * DAY), 0.0)
    if is_reachable(person, at):
        send(customer.life, Letter(campaign_id=NEWSLETTER, audience="customer"), at)
        write_scores(customer.life)
    if customer.subscriptions[0].age % SURVEY_EVERY == customer.survey_phase and happens(rng, _ANSWERS):
        feeling = 3.6 + 9.0 * customer.health + rng.gauss(0.0, 1.8)
        answer = {
            "respondent_id": f"r{person.lead_id}",
            "survey_id": "nps-quarterly",
            "score": min(max(round(feeling), 0), _TOP_ANSWER),
            "segment": customer.segment,
        }
        answered = at_work(rng, person.region, at + around(rng, 20 * HOUR, 1.0))
        customer.life.diary.write(answered, "survey.responded", answer)
