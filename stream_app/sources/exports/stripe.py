"""History of Stripe: subscriptions, invoices and events as its API lists them.

https://docs.stripe.com/api/subscriptions/list, https://docs.stripe.com/api/invoices/list,
https://docs.stripe.com/api/events/list
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from stream_app.sources.amounts import LARGEST_AMOUNT, from_stripe
from stream_app.sources.export import Export, Row
from stream_app.sources.identity import event_id
from stream_app.sources.paths import at, child, children, integer, text
from stream_app.sources.source import Context, Event, Ignored, Incomplete, Missing, Outcome, Parked, Read
from stream_app.sources.stripe import (
    RANKS,
    STRIPE,
    StripeSettings,
    envelope,
    invoice_data,
    outcomes,
    refuse_tests,
    state_of,
    subscription_data,
    subscription_of,
)
from stream_app.sources.stripe_prices import INTERVALS, Line, discount, items
from stream_app.sources.times import moment_of_seconds
from stream_app.sources.unmapped import UnmappedError

_DAY = 86_400
_DAYS_OF_MONTH = Fraction("30.436875")
_SHORTEST_MONTH, _MONTHS_OF_YEAR = 28, 12
_LONGEST_MONTHS = 120

_Mapping = Callable[[dict[str, Any], Context[StripeSettings]], list[Outcome]]


def _rows_of(kind: str, mapping: _Mapping) -> Callable[[Row, Context[StripeSettings]], list[Outcome]]:
    """What a row that is an object of the API says; fields are named as they stand in the row."""

    def events(row: Row, context: Context[StripeSettings]) -> list[Outcome]:
        found = dict(row)
        try:
            if text(found, "object") != kind:
                return [Parked(f"not_an_object_{kind}", "object")]
            refuse_tests(found, found, context.settings)
            made = mapping(found, context)
        except UnmappedError as error:
            made = [error.outcome]
        return [_in_row(each) for each in made]

    return events


def _in_row(outcome: Outcome) -> Outcome:
    return (
        replace(outcome, field=outcome.field.removeprefix("data.object.")) if isinstance(outcome, Parked) else outcome
    )


def _subscription(found: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    """The begin of a subscription, the end of its trial, its state if it is neither good nor over, and its end."""
    state, rank, reason = state_of(found, context.settings, is_over=False)
    data, incomplete = subscription_data(found, context)
    identifier = data["subscription_id"]
    start = integer(found, "start_date") or integer(found, "created")
    trial_end = _trial_end(found, start)
    ended = integer(found, "ended_at") or integer(found, "canceled_at") if text(found, "status") == "canceled" else None
    if text(found, "status") == "canceled" and ended is None:
        raise UnmappedError(Parked("time", "ended_at"))

    def event(kind: str, name: str, seconds: int | None, status: str, sequence: str, **more: str) -> Event:
        time = moment_of_seconds(seconds)
        if time is None:
            raise UnmappedError(Parked("time", "start_date"))
        return envelope(found, event_id(name), kind, time, data | {"status": status} | more, sequence)

    begin = "active" if trial_end is None else "trialing"
    made: list[Outcome] = [event("subscription.started", f"start:{identifier}", start, begin, RANKS[begin])]
    is_after_trial = text(found, "status") != "trialing" and (ended is None or trial_end is None or trial_end < ended)
    if trial_end is not None and is_after_trial:
        made.append(event("subscription.changed", f"trial_end:{identifier}", trial_end, "active", RANKS["active"]))
    if ended is not None:
        name = f"cancel:{identifier}"
        made.append(event("subscription.canceled", name, ended, state, rank, reason=reason))
    elif state not in {"active", "trialing"}:
        stated = integer(found, "status_details", "paused", "transitioned_at") if state == "paused" else None
        since = max(start or 0, trial_end or 0, _period_start(found)) if stated is None else stated
        name = f"state:{text(found, 'status')}:{identifier}:{since}"
        more = {"reason": reason} if reason else {}
        made.append(event("subscription.changed", name, since, state, rank, **more))
        incomplete += [Incomplete("status")] if stated is None else []
    return [*made, *incomplete]


def _trial_end(found: dict[str, Any], start: int | None) -> int | None:
    """When the trial that a subscription began with ends; trials that were granted later are not seen."""
    trial_start, trial_end = integer(found, "trial_start"), integer(found, "trial_end")
    is_at_begin = start is not None and trial_end is not None and (trial_start or start) <= start < trial_end
    return trial_end if is_at_begin else None


def _period_start(found: dict[str, Any]) -> int:
    """When the current period began: since basil (2025-03-31) each item has its own."""
    of_items = [integer(each, "current_period_start") for each in children(found, "items", "data")]
    return max((each for each in [integer(found, "current_period_start"), *of_items] if each is not None), default=0)


def _invoice(found: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    """That an invoice was paid, and what its subscription was for the period that it is for."""
    if text(found, "status") != "paid":
        raise UnmappedError(Ignored("not_paid") if text(found, "status") else Parked("status", "status"))
    data = invoice_data(found, "amount_paid", context)
    paid_at = moment_of_seconds(integer(found, "status_transitions", "paid_at") or integer(found, "created"))
    if paid_at is None:
        raise UnmappedError(Parked("time", "status_transitions.paid_at"))
    paid = envelope(found, event_id(f"paid:{data['invoice_id']}"), "invoice.paid", paid_at, data)
    try:
        return [paid, *_state_of_period(found, data, context)]
    except UnmappedError as error:
        return [paid, error.outcome]


def _state_of_period(found: dict[str, Any], invoice: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    subscription = subscription_of(found)
    if not subscription:
        return []
    if at(found, "lines", "has_more") is True:
        raise UnmappedError(Parked("many_lines", "lines.has_more"))
    regular = [each for each in children(found, "lines", "data") if _is_regular(each, found, subscription)]
    if not regular:
        return []
    lines = [_line(each, invoice["currency"]) for each in regular]
    time = moment_of_seconds(min(integer(each, "period", "start") or 0 for each in regular))
    if time is None:
        raise UnmappedError(Parked("time", "lines.data.period.start"))
    holder = {"discount": at(found, "discount"), "discounts": at(found, "discounts"), "items": {"data": regular}}
    reduced = discount(holder, lines, invoice["currency"], ignore=context.settings.discounts == "ignore")
    data = {
        "account_id": invoice["account_id"],
        "subscription_id": subscription,
        "currency": invoice["currency"],
        "items": items(lines),
        "status": "active",
    }
    if reduced.percent:
        data["discount_percent_forever"] = reduced.percent
    identifier = event_id(f"period:{invoice['invoice_id']}:{subscription}")
    state = envelope(found, identifier, "subscription.changed", time, data, RANKS["active"])
    return [state, *reduced.incomplete]


def _is_regular(line: object, invoice: dict[str, Any], subscription: str) -> bool:
    """Whether a line is the price of a period that begins: no proration, and no usage of a period that ended."""
    details = child(line, "parent", "subscription_item_details")
    of = text(details, "subscription") or text(line, "subscription") or text(line, "subscription", "id")
    is_proration = at(details, "proration") is True or at(line, "proration") is True
    is_metered = "metered" in {text(line, "price", "recurring", "usage_type"), text(line, "plan", "usage_type")}
    end, invoiced = integer(line, "period", "end"), integer(invoice, "period_end")
    is_in_arrears = end is not None and invoiced is not None and end <= invoiced
    is_item = text(line, "type") == "invoiceitem"
    return event_id(of) == subscription and not (is_proration or is_metered or is_in_arrears or is_item)


def _line(line: dict[str, Any], currency: str) -> Line:
    """The amount is that of all units: in a trial it is 0, whatever the price is."""
    price = child(line, "price") or child(line, "pricing", "price_details", "price")
    identifier = text(price, "id") or text(line, "pricing", "price_details", "price") or text(line, "plan", "id")
    if not identifier:
        raise UnmappedError(Parked("price", "lines.data.pricing.price_details.price"))
    amount = from_stripe(at(line, "amount"), currency)
    if amount is None or not 0 <= amount <= LARGEST_AMOUNT:
        raise UnmappedError(Parked("amount", "lines.data.amount"))
    recurring = child(price, "recurring") or child(line, "plan")
    interval, count = text(recurring, "interval"), integer(recurring, "interval_count") or 1
    if interval not in INTERVALS or not 1 <= count <= _LONGEST_MONTHS:
        interval, count = _interval_of(line)
    return Line(event_id(identifier), Fraction(round(amount)), 1, interval, count)


def _interval_of(line: dict[str, Any]) -> tuple[str, int]:
    """The interval of a price by the length of the period that is paid: since basil a line does not state it."""
    start, end = integer(line, "period", "start"), integer(line, "period", "end")
    days = round((end - start) / _DAY) if start is not None and end is not None and 0 < end - start < 10**10 else 0
    if 0 < days < _SHORTEST_MONTH:
        return ("week", days // 7) if days % 7 == 0 else ("day", days)
    months = round(days / _DAYS_OF_MONTH)
    if not 0 < months <= _LONGEST_MONTHS or abs(days - months * _DAYS_OF_MONTH) > 3:  # noqa: PLR2004 - 28 days of February
        raise UnmappedError(Parked("interval", "lines.data.period"))
    return ("year", months // _MONTHS_OF_YEAR) if months % _MONTHS_OF_YEAR == 0 else ("month", months)


def _event(row: Row, context: Context[StripeSettings]) -> list[Outcome]:
    return outcomes(dict(row), context)


_DISCOUNTS = Missing(
    "discount_percent_forever",
    "Discounts are ids unless they were expanded: MRR would be too high by them",
    "export with `expand[]=data.discounts`; else such rows are parked (`discount`), or with"
    ' `discounts = "ignore"` counted in full',
)
_NO_ACCOUNT = next(each for each in STRIPE.missing if each.field == "account_id")

STRIPE_SUBSCRIPTIONS: Export[StripeSettings] = Export(
    name="stripe-subscriptions",
    title="All subscriptions: `GET /v1/subscriptions?status=all&limit=100&expand[]=data.discounts` with the header"
    " `Stripe-Version: 2025-02-24.acacia`, all pages. Without `status=all` the canceled ones are missing.",
    source=STRIPE.name,
    settings=StripeSettings,
    events=_rows_of("subscription", _subscription),
    reads=(
        Read("start_date", "subscription.started", "`trialing` if it began with a trial, else `active`"),
        Read("trial_end", "subscription.changed", "to `active`, where a trial is over"),
        Read("ended_at, canceled_at", "subscription.canceled", "with the reason of `cancellation_details`"),
        Read(
            "status past_due, unpaid, paused; pause_collection",
            "subscription.changed",
            "at `status_details.paused.transitioned_at`, else at the begin of the current period",
        ),
        Read("status incomplete, incomplete_expired", ""),
        Read("items, discounts, metadata, customer, currency", "as of the webhooks", "as they are today, all along"),
    ),
    missing=(
        Missing(
            "movements",
            "upgrades and downgrades between the begin and today are unknown: every state has today's items, and a"
            " later export with other items does not replace those of the first",
            "import `stripe-invoices`, too: it has a state for every period that was paid",
        ),
        Missing(
            "status",
            "since when a subscription is past due or unpaid (before endive: or paused) is unknown: it counts from the"
            " current period on",
            "none; live events have the moment",
        ),
        _DISCOUNTS,
        _NO_ACCOUNT,
    ),
)
STRIPE_INVOICES: Export[StripeSettings] = Export(
    name="stripe-invoices",
    title="Paid invoices: `GET /v1/invoices?status=paid&limit=100&expand[]=data.discounts` with the header"
    " `Stripe-Version: 2025-02-24.acacia`, all pages.",
    source=STRIPE.name,
    settings=StripeSettings,
    events=_rows_of("invoice", _invoice),
    reads=(
        Read("status_transitions.paid_at", "invoice.paid", "invoices that are not paid are left out"),
        Read(
            "lines.data[] but prorations, usage and single items",
            "subscription.changed",
            "at the begin of the period: what the subscription was worth then",
        ),
        Read("lines.data[].amount", "items[].unit_amount_minor", "of all units, so that trials are 0"),
        Read("lines.data[].price.recurring", "items[].interval", "else by the length of the period"),
    ),
    missing=(
        Missing(
            "movements",
            "changes within a period count from the next period on",
            "import `stripe-events` for the last 30 days, which has every state",
        ),
        _DISCOUNTS,
    ),
)
STRIPE_EVENTS: Export[StripeSettings] = Export(
    name="stripe-events",
    title="Events of the last 30 days: `GET /v1/events?limit=100`, all pages; they are what the webhook posts.",
    source=STRIPE.name,
    settings=StripeSettings,
    events=_event,
    reads=STRIPE.reads,
    missing=STRIPE.missing,
)
