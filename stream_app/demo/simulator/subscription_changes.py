"""What changes in a customer's subscriptions from one month to the next."""

from collections.abc import Callable

from stream_app.demo.simulator.billing import (
    ACTIVE,
    PAUSED,
    Line,
    Subscription,
    cancel,
    draw_add_on,
    draw_subscription,
    write_state,
    yearly_value,
)
from stream_app.demo.simulator.business_hours import DAY, MINUTE, SECOND, next_working_time
from stream_app.demo.simulator.company import TIERS
from stream_app.demo.simulator.customer import Customer
from stream_app.demo.simulator.deal import Deal, lose, negotiate, win
from stream_app.demo.simulator.rng import happens, lognormal, uniform

# Per month and account; health (0..1, 0.5 on average) bends the first and the third.
_CANCELLATION_SHARE = 0.014
_CONTRACTION_SHARE = 0.013
_EXPANSION_SHARE = 0.07
_CROSS_SELL_SHARE = 0.012
_PAUSE_SHARE = 0.014
_RESUMES = 0.65
_COMES_BACK = 0.06
_SOLD = 0.65
_THROUGH_SALES = 0.5
_MORE_SEATS = 0.65
_ADD_ON = 0.2
_RENEWAL_MONTH = 10
_YEAR = 12
_RENEWED = 0.9

_Change = Callable[[Customer, Subscription, int, int], None]


def change(customer: Customer, free: int, end: int) -> None:
    """Let at most one thing happen to a customer between two instants (ms), the second excluded."""
    if free >= end:
        return
    running = [subscription for subscription in customer.subscriptions if subscription.status == ACTIVE]
    if customer.churns_at is not None and customer.churns_at < end and running:
        _cancel_all(customer, running, max(customer.churns_at, free))
        return
    rng = customer.contact.rng
    at = next_working_time(rng, customer.contact.person.region, uniform(rng, free, free + (end - free) * 0.4))
    if not running:
        _resume_or_win_back(customer, at)
        return
    customer.months_inactive = 0
    subscription = running[int(rng.random() * len(running))]
    chosen = _choose(customer, subscription)
    if chosen is not None:
        chosen(customer, subscription, at, end)


def _choose(customer: Customer, subscription: Subscription) -> _Change | None:
    is_first = subscription is customer.subscriptions[0]
    is_renewing = is_first and customer.renewal is not None
    drawn = customer.contact.rng.random()
    changes: tuple[tuple[float, _Change], ...] = (
        (_EXPANSION_SHARE * (0.5 + customer.health), _expand),
        (_CONTRACTION_SHARE, _contract),
        (_CROSS_SELL_SHARE, _cross_sell),
        # What is about to be renewed is decided by the renewal.
        (0.0 if is_renewing else _CANCELLATION_SHARE * 2 * (1 - customer.health), _cancel),
        (0.0 if is_renewing else _PAUSE_SHARE, _pause),
    )
    for share, possible in changes:
        if drawn < share:
            return possible
        drawn -= share
    is_annual = subscription.interval.months == _YEAR
    return _renew if is_first and is_annual and subscription.age % _YEAR == _RENEWAL_MONTH else None


def _cancel_all(customer: Customer, running: list[Subscription], at: int) -> None:
    for subscription in running:
        at += lognormal(customer.contact.rng, 20 * SECOND)
        cancel(customer.contact.event_log, at, subscription)
    customer.churns_at = None
    customer.renewal = None


def _resume_or_win_back(customer: Customer, at: int) -> None:
    """Resume what is paused; win back who has left."""
    rng, event_log = customer.contact.rng, customer.contact.event_log
    last = customer.subscriptions[-1]
    if last.status == PAUSED:
        if happens(rng, _RESUMES):
            last.status = ACTIVE
            write_state(event_log, at, "subscription.resumed", last)
        return
    customer.months_inactive += 1
    if happens(rng, _COMES_BACK):
        again = draw_subscription(rng, customer.account_id, event_log.new_id("sub"), customer.currency)
        write_state(event_log, at, "subscription.started", again)
        customer.subscriptions.append(again)
        customer.months_inactive = 0


def _cancel(customer: Customer, subscription: Subscription, at: int, _end: int) -> None:
    cancel(customer.contact.event_log, at, subscription)


def _pause(customer: Customer, subscription: Subscription, at: int, _end: int) -> None:
    subscription.status = PAUSED
    write_state(customer.contact.event_log, at, "subscription.paused", subscription)


def _contract(customer: Customer, subscription: Subscription, at: int, _end: int) -> None:
    rng = customer.contact.rng
    if len(subscription.lines) > 1 and happens(rng, 0.5):
        subscription.lines = subscription.lines[:-1]
    else:
        first, *others = subscription.lines
        fewer = max(1, int(first.quantity * (0.6 + 0.35 * rng.random())))
        subscription.lines = [first._replace(quantity=fewer), *others]
    write_state(customer.contact.event_log, at, "subscription.changed", subscription)


def _expand(customer: Customer, subscription: Subscription, at: int, end: int) -> None:
    """Buy more; half of it goes through sales, as an opportunity that may be lost."""
    rng, event_log = customer.contact.rng, customer.contact.event_log
    lines, value = subscription.lines, yearly_value(subscription)
    subscription.lines = _more(customer, subscription)
    if not happens(rng, _THROUGH_SALES):
        write_state(event_log, at, "subscription.changed", subscription)
        return
    deal = _deal(customer, "upsell", max(0, yearly_value(subscription) - value))
    closed = _negotiate(customer, deal, at, end)
    if closed is None:
        subscription.lines = lines
    else:
        write_state(event_log, closed, "subscription.changed", subscription)


def _more(customer: Customer, subscription: Subscription) -> list[Line]:
    """Return the lines with more seats, an add-on or a better tier."""
    rng = customer.contact.rng
    first, *others = subscription.lines
    tiers = {tier.plan_id: tier.cents for tier in TIERS}
    better = next((tier for tier in TIERS if tier.cents > tiers.get(first.plan_id, tier.cents)), None)
    drawn = rng.random()
    if drawn < _MORE_SEATS:
        seats = first.quantity + max(1, int(first.quantity * (0.08 + 0.3 * rng.random())))
        return [first._replace(quantity=seats), *others]
    if drawn < _MORE_SEATS + _ADD_ON or better is None:
        return [*subscription.lines, draw_add_on(rng, subscription.currency, subscription.interval)]
    unit = round(first.unit_amount_minor * better.cents / tiers[first.plan_id])
    return [Line(better.plan_id, unit, first.quantity), *others]


def _cross_sell(customer: Customer, _subscription: Subscription, at: int, end: int) -> None:
    rng, event_log = customer.contact.rng, customer.contact.event_log
    second = draw_subscription(rng, customer.account_id, event_log.new_id("sub"), customer.currency)
    second.lines = [draw_add_on(rng, customer.currency, second.interval)]
    closed = _negotiate(customer, _deal(customer, "cross_sell", yearly_value(second)), at, end)
    if closed is not None:
        write_state(event_log, closed, "subscription.started", second)
        customer.subscriptions.append(second)


def _renew(customer: Customer, subscription: Subscription, at: int, _end: int) -> None:
    """Open the renewal two months before the term ends; the end of the term decides it."""
    deal = _deal(customer, "renewal", yearly_value(subscription))
    negotiate(customer.contact, deal, at, at + 20 * DAY)
    customer.renewal = deal, happens(customer.contact.rng, _RENEWED + 0.2 * (customer.health - 0.5))


def _deal(customer: Customer, kind: str, amount_minor: int) -> Deal:
    return Deal(
        account_id=customer.account_id,
        opportunity_id=customer.contact.event_log.new_id("opp"),
        kind=kind,
        amount_minor=amount_minor,
        currency=customer.currency,
        lead_id=customer.contact.person.lead_id,
    )


def _negotiate(customer: Customer, deal: Deal, at: int, end: int) -> int | None:
    """Decide a deal before `end`; return when (ms) what was sold begins, None if nothing was."""
    rng = customer.contact.rng
    closed = at + int((end - at) * (0.4 + 0.5 * rng.random()))
    negotiate(customer.contact, deal, at, closed)
    if not happens(rng, _SOLD):
        lose(customer.contact, deal, closed)
        return None
    win(customer.contact, deal, closed)
    return closed + MINUTE
