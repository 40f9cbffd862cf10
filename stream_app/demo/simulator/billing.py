"""Subscriptions and invoices: each event carries the whole new state."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from stream_app.demo.simulator.business_hours import AMERICA, DAY, EUROPE, HOUR, MINUTE, SECOND, Region
from stream_app.demo.simulator.company import ADD_ONS, METERED_PLAN, PRICE_FACTORS, TIERS
from stream_app.demo.simulator.event_log import Data, EventLog
from stream_app.demo.simulator.rng import happens, lognormal, uniform

ACTIVE = "active"
PAUSED = "paused"
CANCELED = "canceled"
PAST_DUE = "past_due"
TRIALING = "trialing"

# (currency, upper end of its share)
_CURRENCIES = {
    EUROPE: (("EUR", 0.78), ("GBP", 0.93), ("USD", 1.0)),
    AMERICA: (("USD", 0.93), ("EUR", 0.96), ("JPY", 1.0)),
}
_DISCOUNTS = (5, 10, 10, 15, 20)
_PAYMENT_FAILS = 0.045
_RECOVERED = 0.75
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Interval:
    """A billing interval, what it costs against a month, and how many months lie between invoices."""

    name: str
    count: int
    price_factor: float
    months: int


_MONTHLY = Interval("month", 1, 1.0, 1)
_ANNUAL = Interval("year", 1, 10.0, 12)
# (upper end of the share, interval)
_INTERVALS = (
    (0.55, _MONTHLY),
    (0.88, _ANNUAL),
    (0.94, Interval("quarter", 1, 2.85, 3)),
    (0.97, Interval("week", 4, 0.93, 1)),
    (0.99, Interval("month", 6, 5.5, 6)),
    (1.0, Interval("day", 30, 0.99, 1)),
)


class Line(NamedTuple):
    """A licensed line of a subscription."""

    plan_id: str
    unit_amount_minor: int
    quantity: int


@dataclass(slots=True)
class Subscription:
    """The current state of a subscription. `age` is how many months it has run, `discount` is percent forever."""

    account_id: str
    subscription_id: str
    currency: str
    interval: Interval
    lines: list[Line]
    metered: bool
    discount: int
    status: str = ACTIVE
    age: int = 0


def choose_currency(rng: Random, region: Region) -> str:
    """Draw the currency in which an account of a region pays."""
    drawn = rng.random()
    return next(currency for currency, upper in _CURRENCIES[region] if drawn < upper)


def draw_subscription(rng: Random, account_id: str, subscription_id: str, currency: str) -> Subscription:
    """Draw what a new customer buys."""
    drawn = rng.random()
    interval = next(candidate for upper, candidate in _INTERVALS if drawn < upper)
    tier = TIERS[min(int(rng.random() * rng.random() * 1.6 * len(TIERS)), len(TIERS) - 1)]
    lines = [Line(tier.plan_id, price(tier.cents, currency, interval), uniform(rng, tier.seats[0], tier.seats[1] + 1))]
    if happens(rng, 0.25):
        lines.append(draw_add_on(rng, currency, interval))
    discount = _DISCOUNTS[int(rng.random() * len(_DISCOUNTS))] if happens(rng, 0.25) else 0
    return Subscription(account_id, subscription_id, currency, interval, lines, happens(rng, 0.15), discount)


def draw_add_on(rng: Random, currency: str, interval: Interval) -> Line:
    """Draw a line that is bought on top."""
    product = ADD_ONS[int(rng.random() * len(ADD_ONS))]
    low, high = product.seats
    return Line(product.plan_id, price(product.cents, currency, interval), uniform(rng, low, high + 1))


def price(cents: int, currency: str, interval: Interval) -> int:
    """Return the price per interval in minor units of the currency, from the monthly price in US cents."""
    return round(cents * PRICE_FACTORS[currency] * interval.price_factor)


def yearly_value(subscription: Subscription) -> int:
    """Return what a subscription brings in a year, in minor units."""
    periods = 12 / subscription.interval.months
    gross = sum(line.quantity * line.unit_amount_minor for line in subscription.lines)
    return round(gross * periods * (100 - subscription.discount) / 100)


def write_state(
    event_log: EventLog, at: int, event_type: str, subscription: Subscription, reason: str | None = None
) -> None:
    """Write the whole present state of a subscription under an event type; the status only where it says more."""
    interval = subscription.interval
    items: list[Data] = []
    for line in subscription.lines:
        item: Data = {"plan_id": line.plan_id, "unit_amount_minor": line.unit_amount_minor, "interval": interval.name}
        if line.quantity != 1:
            item["quantity"] = line.quantity
        if interval.count != 1:
            item["interval_count"] = interval.count
        items.append(item)
    if subscription.metered:
        items.append({"plan_id": METERED_PLAN, "unit_amount_minor": 2, "interval": "month", "usage": "metered"})
    state: Data = {
        "account_id": subscription.account_id,
        "subscription_id": subscription.subscription_id,
        "currency": subscription.currency,
        "items": items,
        "status": subscription.status,
    }
    if subscription.discount:
        state["discount_percent_forever"] = subscription.discount
    if reason is not None:
        state["reason"] = reason
    event_log.write(at, event_type, state)


def cancel(event_log: EventLog, at: int, subscription: Subscription, reason: str = "voluntary") -> None:
    """End a subscription."""
    subscription.status = CANCELED
    write_state(event_log, at, "subscription.canceled", subscription, reason)


def bill(event_log: EventLog, rng: Random, at: int, subscription: Subscription) -> int:
    """Send the invoice of a period and collect it; return when (ms) the matter is settled, one way or the other."""
    invoice: Data = {
        "account_id": subscription.account_id,
        "invoice_id": event_log.new_id("in"),
        "subscription_id": subscription.subscription_id,
        "amount_minor": yearly_value(subscription) * subscription.interval.months // 12,
        "currency": subscription.currency,
    }
    at += lognormal(rng, 40 * MINUTE, 1.0)
    if not happens(rng, _PAYMENT_FAILS):
        event_log.write(at, "invoice.paid", invoice)
        return at
    event_log.write(at, "invoice.payment_failed", invoice)
    subscription.status = PAST_DUE
    write_state(event_log, at + 2 * SECOND, "subscription.changed", subscription)
    recovers_after = uniform(rng, 1, _RETRIES + 1) if happens(rng, _RECOVERED) else None
    for retry in range(1, _RETRIES + 1):
        at += uniform(rng, 60 * HOUR, 80 * HOUR)
        if retry == recovers_after:
            event_log.write(at, "invoice.paid", {**invoice})
            subscription.status = ACTIVE
            write_state(event_log, at + 2 * SECOND, "subscription.changed", subscription)
            return at + 2 * SECOND
        event_log.write(at, "invoice.payment_failed", {**invoice})
    at += DAY
    cancel(event_log, at, subscription, "involuntary")
    return at
