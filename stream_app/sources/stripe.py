"""Stripe: subscriptions and invoices of its billing, as events of the API versions up to endive (2026-09-30).

https://docs.stripe.com/api/events/object, https://docs.stripe.com/billing/subscriptions/webhooks
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from stream_app.sources.amounts import LARGEST_AMOUNT, currency_code, from_stripe
from stream_app.sources.identity import event_id, hashed
from stream_app.sources.paths import at, child, integer, parsed, text
from stream_app.sources.source import (
    Context,
    Event,
    Hmac,
    Ignored,
    Incomplete,
    Item,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Request,
    Source,
    SourceSettings,
)
from stream_app.sources.stripe_prices import currency_of, discount, items, lines
from stream_app.sources.times import moment_of_seconds
from stream_app.sources.unmapped import UnmappedError


class StripeSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[sources.stripe]` may say."""

    pause_collection: Literal["paused", "active"] = "paused"
    """What a subscription is while Stripe collects nothing for it and voids or writes off its invoices."""
    unpaid: Literal["canceled", "past_due"] = "canceled"
    """What a subscription is after all retries failed, if Stripe is set to leave it unpaid."""
    discounts: Literal["park", "ignore"] = "park"
    """What becomes of a subscription whose discount is only named in the payload: `ignore` makes MRR too high."""
    prices: dict[str, int] = msgspec.field(default_factory=dict)
    """Price id -> the amount of one unit in minor units, for prices whose amount is not in the payload."""


_SUBSCRIPTION_TYPES = {
    "customer.subscription.created": "subscription.started",
    "customer.subscription.updated": "subscription.changed",
    "customer.subscription.paused": "subscription.paused",
    "customer.subscription.resumed": "subscription.resumed",
    "customer.subscription.deleted": "subscription.canceled",
}
_INVOICE_TYPES = {"invoice.paid": "invoice.paid", "invoice.payment_failed": "invoice.payment_failed"}
_CUSTOMER_TYPES = frozenset({"customer.created", "customer.updated"})
_MAPPED = _SUBSCRIPTION_TYPES.keys() | _INVOICE_TYPES.keys() | _CUSTOMER_TYPES

RANKS = {"trialing": "1", "active": "2", "past_due": "3", "unpaid": "4", "paused": "5", "canceled": "6"}
"""The order of the states of one second, which is all that Stripe's clock shows."""

_INVOLUNTARY = frozenset({"payment_failed", "payment_disputed"})
_ACCOUNT = re.compile(r"[A-Za-z0-9_]{1,64}")


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The one event of a request."""
    event = parsed(request.body)
    if not isinstance(event, dict):
        return Malformed("not a JSON object")
    identifier = text(event, "id")
    return [Item(event_id(identifier) if identifier else f"h-{hashed(request.body)}", request.body, received)]


def events(item: Item, context: Context[StripeSettings]) -> list[Outcome]:
    """What an event of Stripe says."""
    return outcomes(parsed(item.raw), context)


def outcomes(event: object, context: Context[StripeSettings]) -> list[Outcome]:
    """The same of an event that was parsed."""
    try:
        return _outcomes(event, context)
    except UnmappedError as error:
        return [error.outcome]


def _outcomes(event: object, context: Context[StripeSettings]) -> list[Outcome]:
    kind = text(event, "type")
    name = kind.removeprefix("v1.")
    if not kind:
        raise UnmappedError(Parked("not_an_event", "type"))
    if name not in _MAPPED:
        raise UnmappedError(Ignored("type"))
    refuse_tests(event, child(event, "data", "object"), context.settings)
    if name != kind or text(event, "object") == "v2.core.event":
        raise UnmappedError(Parked("thin_event", "data"))
    found = child(event, "data", "object")
    if not found:
        raise UnmappedError(Parked("object", "data.object"))
    if name in _SUBSCRIPTION_TYPES:
        return _subscription(event, found, context)
    if name in _INVOICE_TYPES:
        return _invoice(event, found, context)
    return _customer(event, found, context)


def refuse_tests(event: object, found: Mapping[str, Any], settings: StripeSettings) -> None:
    """End the mapping of what is no live data."""
    livemode = at(event, "livemode") if at(event, "livemode") is not None else at(found, "livemode")
    if livemode is False and not settings.test:
        raise UnmappedError(Ignored("test"))


def _subscription(event: object, found: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    kind = _SUBSCRIPTION_TYPES[text(event, "type")]
    is_over = kind == "subscription.canceled"
    state, rank, reason = state_of(found, context.settings, is_over=is_over)
    ended = moment_of_seconds(integer(found, "ended_at")) if is_over else None
    data, incomplete = subscription_data(found, context)
    data |= {"status": state} | ({"reason": reason} if reason else {})
    return [_event(event, kind, data, time=ended, sequence=rank), *incomplete]


def state_of(found: Mapping[str, Any], settings: StripeSettings, *, is_over: bool) -> tuple[str, str, str]:
    """A subscription's status for us, its rank within a second, and if canceled why."""
    status = text(found, "status")
    if status in {"incomplete", "incomplete_expired"}:  # no customer yet, and the latter will never be one
        raise UnmappedError(Ignored(status))
    status = "canceled" if is_over else status
    if status not in RANKS:
        raise UnmappedError(Parked("status", "data.object.status"))
    pauses = text(found, "pause_collection", "behavior") in {"void", "mark_uncollectible"}
    if pauses and status in {"active", "past_due"} and settings.pause_collection == "paused":
        status = "paused"
    if status == "unpaid":
        return settings.unpaid, RANKS[status], "involuntary" if settings.unpaid == "canceled" else ""
    if status != "canceled":
        return status, RANKS[status], ""
    is_involuntary = text(found, "cancellation_details", "reason") in _INVOLUNTARY
    return status, RANKS[status], "involuntary" if is_involuntary else "voluntary"


def subscription_data(
    found: Mapping[str, Any], context: Context[StripeSettings]
) -> tuple[dict[str, Any], list[Incomplete]]:
    """The whole state of a subscription but for its status."""
    stated = text(found, "metadata", context.account_key)
    account = account_id(found, stated, context)
    currency = currency_of(found)
    prices = lines(found, currency, context.settings.prices)
    reduced = discount(found, prices, currency, ignore=context.settings.discounts == "ignore")
    data: dict[str, Any] = {
        "account_id": account,
        "subscription_id": required_id(found),
        "currency": currency,
        "items": items(prices),
    }
    if reduced.percent:
        data["discount_percent_forever"] = reduced.percent
    return data, [*reduced.incomplete, *([] if stated else [Incomplete("account_id")])]


def account_id(found: Mapping[str, Any], stated: str, context: Context[StripeSettings]) -> str:
    """Our id of an account: what metadata states, else Stripe's own of the customer."""
    if stated:
        return (context.person(stated) if "@" in stated else None) or event_id(stated)
    # Customers that are accounts, since 2025, have their id elsewhere.
    customer = text(found, "customer") or text(found, "customer", "id") or text(found, "customer_account")
    if not customer:
        raise UnmappedError(Parked("customer", "data.object.customer"))
    return event_id(f"st-{customer}")


def required_id(found: Mapping[str, Any]) -> str:
    """The id of an object."""
    identifier = text(found, "id")
    if not identifier:
        raise UnmappedError(Parked("id", "data.object.id"))
    return event_id(identifier)


def _invoice(event: object, found: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    kind = _INVOICE_TYPES[text(event, "type")]
    is_paid = kind == "invoice.paid"
    data = invoice_data(found, "amount_paid" if is_paid else "amount_due", context)
    paid_at = moment_of_seconds(integer(found, "status_transitions", "paid_at")) if is_paid else None
    return [_event(event, kind, data, time=paid_at)]


def invoice_data(found: Mapping[str, Any], amount: str, context: Context[StripeSettings]) -> dict[str, Any]:
    """What an invoice says, with one of its amounts."""
    currency = currency_code(at(found, "currency"))
    if currency is None:
        raise UnmappedError(Parked("currency", "data.object.currency"))
    minor = from_stripe(at(found, amount), currency)
    if minor is None or not 0 <= minor <= LARGEST_AMOUNT:
        raise UnmappedError(Parked("amount", f"data.object.{amount}"))
    data = {
        "account_id": account_id(found, _stated_account(found, context), context),
        "invoice_id": required_id(found),
        "amount_minor": round(minor),
        "currency": currency,
    }
    if subscription := subscription_of(found):
        data["subscription_id"] = subscription
    return data


def _stated_account(found: Mapping[str, Any], context: Context[StripeSettings]) -> str:
    """The account in the metadata of the invoice's subscription, of which an invoice has a copy, or in its own."""
    key = context.account_key
    return (
        text(found, "parent", "subscription_details", "metadata", key)
        or text(found, "subscription_details", "metadata", key)
        or text(found, "metadata", key)
    )


def subscription_of(found: Mapping[str, Any]) -> str:
    """The subscription of an invoice, where it stands since basil (2025-03-31) or stood before; else empty."""
    for path in (("parent", "subscription_details", "subscription"), ("subscription",)):
        if identifier := text(found, *path) or text(found, *path, "id"):
            return event_id(identifier)
    return ""


def _customer(event: object, found: dict[str, Any], context: Context[StripeSettings]) -> list[Outcome]:
    stated = text(found, "metadata", context.account_key)
    if not stated:
        raise UnmappedError(Ignored("no_account_in_metadata"))
    own, account = event_id(f"st-{required_id(found)}"), account_id(found, stated, context)
    if own == account:
        raise UnmappedError(Ignored("no_account_in_metadata"))
    merged = _event(event, "account.merged", {"account_id": account, "merged_id": own})
    # A customer changes often, and each time it is the same fact.
    return [merged | {"id": event_id(f"merged:{own}:{account}")}]


def _event(
    event: object, kind: str, data: dict[str, Any], *, time: str | None = None, sequence: str | None = None
) -> Event:
    identifier = text(event, "id")
    if not identifier:
        raise UnmappedError(Parked("id", "id"))
    at_time = time or moment_of_seconds(integer(event, "created"))
    if at_time is None:
        raise UnmappedError(Parked("time", "created"))
    return envelope(event, event_id(identifier), kind, at_time, data, sequence)


def envelope(
    owner: object, identifier: str, kind: str, time: str, data: dict[str, Any], sequence: str | None = None
) -> Event:
    """An event of ours; `owner` says by `account` and `livemode` whose data it is."""
    account = text(owner, "account")
    place = account if _ACCOUNT.fullmatch(account) else "test" if at(owner, "livemode") is False else "live"
    return {
        "specversion": "1.0",
        "id": identifier,
        "source": f"/stripe/{place}",
        "type": kind,
        "time": time,
        **({"sequence": sequence} if sequence else {}),
        "data": data,
    }


READS = (
    Read(
        "customer.subscription.created",
        "subscription.started",
        "the whole state; `incomplete` and `incomplete_expired` are ignored: nobody is a customer yet",
    ),
    Read("customer.subscription.updated", "subscription.changed", "the whole state"),
    Read("customer.subscription.paused", "subscription.paused"),
    Read("customer.subscription.resumed", "subscription.resumed"),
    Read("customer.subscription.deleted", "subscription.canceled", "at `ended_at`, else at `created`"),
    Read("invoice.paid", "invoice.paid", "at `status_transitions.paid_at`, with `amount_paid`"),
    Read("invoice.payment_failed", "invoice.payment_failed", "with `amount_due`; all attempts are one invoice"),
    Read("customer.created, customer.updated", "account.merged", "where the customer's metadata names the account"),
    Read("customer.subscription.trial_will_end", "", "nothing has happened yet"),
    Read("invoice.payment_succeeded", "", "Stripe sends `invoice.paid` as well"),
    Read("v1.customer.subscription.updated and other thin events", "", "parked `thin_event`: they carry no object"),
    Read("everything else", ""),
    Read(
        "data.object.status",
        "status",
        "`trialing`, `active`, `past_due`, `paused`, `canceled` as they are; `unpaid` by the setting of that name",
    ),
    Read(
        "data.object.pause_collection",
        "status",
        "`paused` if its behavior is `void` or `mark_uncollectible`, by the setting; `keep_as_draft` changes nothing",
    ),
    Read("data.object.cancel_at_period_end", "", "it earns until the end"),
    Read("data.object.cancellation_details.reason", "reason", "`payment_failed`, `payment_disputed` are involuntary"),
    Read("data.object.metadata.account_id", "account_id", "else `st-` and the customer's id"),
    Read("data.object.items.data[].price.id", "items[].plan_id"),
    Read(
        "data.object.items.data[].price.unit_amount",
        "items[].unit_amount_minor",
        "else `unit_amount_decimal` times the quantity, else the same of `plan`; ISK, UGX and MGA in ISO's minor units",
    ),
    Read("data.object.items.data[].price.tiers", "items[].unit_amount_minor", "if expanded, else the table `prices`"),
    Read("data.object.items.data[].price.transform_quantity", "items[].quantity", "in packages, rounded up or down"),
    Read("data.object.items.data[].price.recurring", "items[].interval, interval_count, usage", "each item its own"),
    Read("data.object.items.data[].quantity", "items[].quantity", "null is 1"),
    Read(
        "data.object.discounts[].coupon",
        "discount_percent_forever",
        "those that last forever, one after the other; an amount is a part of what is licensed",
    ),
    Read("invoice.parent.subscription_details.subscription", "subscription_id", "before basil `invoice.subscription`"),
    Read("account", "source", "the connected account: `/stripe/acct_...`; else `/stripe/live` or `/stripe/test`"),
)
"""What is read of Stripe."""

MISSING = (
    Missing(
        "discount_percent_forever",
        "Since API version 2025-03-31.basil discounts are ids only, since 2025-09-30.clover coupons are, too: MRR and"
        " ARPA would be too high by the discount",
        "give the endpoint the API version `2025-02-24.acacia`; else such subscriptions are parked (`discount`), or"
        ' with `discounts = "ignore"` counted in full',
    ),
    Missing(
        "discounts of single items, coupons for some products",
        "the contract has one percentage for the whole subscription",
        'they are parked (`item_discount`), or with `discounts = "ignore"` counted in full',
    ),
    Missing(
        "discounts of a customer",
        "they are not in the subscription: MRR is too high by them",
        "put them on the subscription",
    ),
    Missing(
        "amounts of tiered prices",
        "`unit_amount` is null and tiers are not in events: MRR is unknown",
        "name the amounts under `prices` in `sources.toml`; else they are parked (`price_amount`)",
    ),
    Missing(
        "more than 10 items",
        "a subscription's items are a page of 10: MRR would be too low",
        "they are parked (`many_items`)",
    ),
    Missing(
        "account_id",
        "a subscription names a customer of Stripe only: with a CRM, one company is two accounts and counts twice, at"
        " the win and at the first MRR",
        "set `metadata.account_id` on subscriptions, or on customers, to the id that the CRM's events use",
    ),
)
"""What Stripe does not send."""

STEPS = (
    (
        "In the Stripe Dashboard open **Workbench**, tab **Webhooks**, and choose **Create an event destination**"
        " (**Add destination** if there is one already)."
    ),
    (
        "Under **Events from** choose **Your account**, as **API version** `2025-02-24.acacia` if it is offered: it is"
        " the last one that says how large discounts are. If it is not, create the destination by"
        " `curl https://api.stripe.com/v1/webhook_endpoints -u sk_live_...: -d api_version=2025-02-24.acacia"
        " -d url=https://in.example.com/in/stripe -d 'enabled_events[]=customer.subscription.created'` and one more"
        " `enabled_events[]` for each of the events below."
    ),
    (
        "Select these events: `customer.subscription.created`, `customer.subscription.updated`,"
        " `customer.subscription.paused`, `customer.subscription.resumed`, `customer.subscription.deleted`,"
        " `invoice.paid`, `invoice.payment_failed`, `customer.created`, `customer.updated`. Leave the payload style"
        " at **Snapshot**."
    ),
    "Choose **Webhook endpoint**, and as **Endpoint URL** `https://in.example.com/in/stripe`.",
    (
        "Open the new destination, choose **Reveal** under **Signing secret**, and write the `whsec_...` into the file"
        " that `secret_file` of `[sources.stripe]` names."
    ),
    "Have your checkout set `metadata.account_id` of each subscription to the id that the CRM uses for the company.",
)
"""How Stripe is set up: https://docs.stripe.com/webhooks."""

STRIPE = Source(
    name="stripe",
    title="Stripe",
    signature=Hmac(
        header="stripe-signature",
        digest="sha256",
        encoding="hex",
        signed=("timestamp", "=.", "body"),
        part="v1",
        timestamp_part="t",
        tolerance_s=300,
    ),
    settings=StripeSettings,
    split=split,
    events=events,
    reads=READS,
    missing=MISSING,
    newest_version="2025-02-24.acacia",
    version=lambda item: text(parsed(item.raw), "api_version"),
    steps=STEPS,
)
