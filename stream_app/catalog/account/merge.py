"""How events merge into an account. Each function returns false for a duplicate."""

from collections.abc import Callable
from functools import partial

from stream_app.catalog import events as e
from stream_app.catalog.account.facts import invoice_facts, new_customer_facts, opportunity_facts
from stream_app.catalog.account.increments import forget_paying, paying, subscription_increment
from stream_app.catalog.account.mrr import mrr_facts
from stream_app.catalog.account.state import Account, InvoiceRow, OpportunityRow, SubscriptionRow
from stream_app.catalog.subscription import monthly_minor
from stream_app.core.envelope import Event
from stream_app.core.facts import Change
from stream_app.core.timeline import append, identity, join

_DEFAULT_STATUS = {"paused": "paused", "canceled": "canceled"}
"""Event -> status where none is stated; `active` for all others."""


def _merge_subscription(kind: str, account: Account, event: e.SubscriptionEvent, at: int, change: Change) -> bool:
    data = event.data
    row = SubscriptionRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        status=data.status or _DEFAULT_STATUS.get(kind, "active"),
        currency=data.currency,
        monthly=monthly_minor(data.items, data.discount_percent_forever or 0),
        reason=data.reason or "voluntary",
    )
    rows = account.subscriptions.get(data.subscription_id, [])
    if change.is_untracked(mrr_facts) and (now := paying(account, change.settings)) is not None:
        increment = subscription_increment(now, rows, row)
        if increment is not None:
            change.add(increment)
            account.subscriptions[data.subscription_id] = rows
            append(rows, row)
            return True
    change.track(mrr_facts)
    change.track(new_customer_facts)
    forget_paying(account)
    account.subscriptions[data.subscription_id] = rows
    return join(rows, row)


def _merge_opportunity(kind: str, account: Account, event: e.OpportunityEvent, at: int, change: Change) -> bool:
    data = event.data
    change.track(opportunity_facts, data.opportunity_id)
    change.track(new_customer_facts)
    row = OpportunityRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        event=kind,
        kind=data.kind,
        amount=data.amount_minor,
        currency=data.currency,
        source=data.source or "none",
        channel=data.channel or "none",
        campaign=data.campaign_id or "none",
    )
    return join(account.opportunities.setdefault(data.opportunity_id, []), row)


def _merge_deletion(account: Account, event: e.OpportunityDeleted, at: int, change: Change) -> bool:
    opportunity_id = event.data.opportunity_id
    change.track(opportunity_facts, opportunity_id)
    change.track(new_customer_facts)
    row = OpportunityRow(at, e.order_of(event), identity(event.id, event.source), "deleted", "", 0, "", "", "", "")
    return join(account.opportunities.setdefault(opportunity_id, []), row)


def _merge_invoice(
    state: str, account: Account, event: e.InvoicePaid | e.InvoicePaymentFailed, at: int, change: Change
) -> bool:
    data = event.data
    change.track(invoice_facts, data.invoice_id)
    row = InvoiceRow(at, e.order_of(event), identity(event.id, event.source), state)
    return join(account.invoices.setdefault(data.invoice_id, []), row)


MERGES: dict[type[Event], Callable[..., bool]] = {
    e.SubscriptionStarted: partial(_merge_subscription, "started"),
    e.SubscriptionChanged: partial(_merge_subscription, "changed"),
    e.SubscriptionPaused: partial(_merge_subscription, "paused"),
    e.SubscriptionResumed: partial(_merge_subscription, "resumed"),
    e.SubscriptionCanceled: partial(_merge_subscription, "canceled"),
    e.OpportunityCreated: partial(_merge_opportunity, "created"),
    e.OpportunityChanged: partial(_merge_opportunity, "changed"),
    e.OpportunityWon: partial(_merge_opportunity, "won"),
    e.OpportunityLost: partial(_merge_opportunity, "lost"),
    e.OpportunityReopened: partial(_merge_opportunity, "reopened"),
    e.OpportunityDeleted: _merge_deletion,
    e.InvoicePaid: partial(_merge_invoice, "paid"),
    e.InvoicePaymentFailed: partial(_merge_invoice, "failed"),
}
