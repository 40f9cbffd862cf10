"""The Account: subscriptions and their MRR, opportunities, invoices, and the facts that follow from them."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from msgspec import Struct

from stream_app.catalog import events as e
from stream_app.catalog.subscription import monthly_minor
from stream_app.core.calendar import first_of_month
from stream_app.core.facts import LEVEL, Change, Fact, FoldSettings
from stream_app.core.timeline import FAR, identity, join

_DEFAULT_STATUS = {"paused": "paused", "canceled": "canceled"}
_EARNING = frozenset({"active", "past_due"})

State = tuple[int, str, str, str, int, str]
"""A subscription's state: (at, identity, status, currency, monthly minor units if it were active, reason)."""

Deal = tuple[int, str, str, str, int, str, str, str, str]
"""An opportunity's state: (at, identity, event, kind, amount, currency, source, channel, campaign)."""


class Account(Struct, array_like=True):
    """Everything that is remembered of an account; every list holds rows (at, identity, ...) in order."""

    id: str
    newest: int = 0
    oldest: int = FAR
    subscriptions: dict[str, list[State]] = {}
    opportunities: dict[str, list[Deal]] = {}
    invoices: dict[str, list[tuple[int, str, str]]] = {}


class Instant(Struct):
    """An account's MRR right after a moment at which a subscription changed; minor units by currency."""

    at: int
    mrr: dict[str, int]
    states: dict[str, State]

    @property
    def paying(self) -> bool:
        """Whether the account is a customer."""
        return any(self.mrr.values())


def mrr_history(account: Account) -> Iterator[Instant]:
    """The account's MRR after each instant; all changes of equal time are one instant."""
    changes = sorted((row, name) for name, rows in account.subscriptions.items() for row in rows)
    states: dict[str, State] = {}
    for at, group in groupby(changes, key=lambda change: change[0][0]):
        states |= {name: row for row, name in group}
        yield Instant(at, _sum(states, _EARNING), dict(states))


def _sum(states: dict[str, State], statuses: frozenset[str]) -> dict[str, int]:
    total: dict[str, int] = {}
    for _, _, status, currency, monthly, _ in states.values():
        if status in statuses:
            total[currency] = total.get(currency, 0) + monthly
    return total


def _movement(before: int, after: int, *, earned_before: bool) -> str:
    if before == 0:
        return "reactivation" if earned_before else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def mrr_facts(account: Account, rules: FoldSettings) -> list[Fact]:
    """MRR movements, lost customers, and the levels that stand at the end of them."""
    found: list[Fact] = []
    earned: set[str] = set()
    lost_months: set[str] = set()
    before = Instant(FAR, {}, {})
    cohort: str | None = None
    history = list(mrr_history(account))
    for now in history:
        for currency in sorted(before.mrr.keys() | now.mrr.keys()):
            old, new = before.mrr.get(currency, 0), now.mrr.get(currency, 0)
            if old != new:
                movement = _movement(old, new, earned_before=currency in earned)
                found.append((("mrr_movement", currency, movement), now.at, abs(new - old)))
                earned.add(currency)
        if now.paying and cohort is None:
            cohort = rules.calendar.month(now.at)
        if before.paying and not now.paying:
            found.append((("lost_customers", _loss_reason(now)), now.at, 1))
            month = rules.calendar.month(now.at)
            if month not in lost_months and _paid_at_start_of_month(history, now.at, rules):
                lost_months.add(month)
                found.append((("lost_opening_customers",), now.at, 1))
        if now.paying != before.paying:
            found.append((("customer_change",), now.at, 1 if now.paying else -1))
        before = now
    return found + _levels(before, cohort)


def _levels(last: Instant, cohort: str | None) -> list[Fact]:
    found: list[Fact] = [(("mrr", currency), LEVEL, amount) for currency, amount in last.mrr.items()]
    at_risk, paused = _sum(last.states, frozenset({"past_due"})), _sum(last.states, frozenset({"paused"}))
    found += [(("mrr_at_risk", currency), LEVEL, amount) for currency, amount in at_risk.items()]
    found += [(("mrr_paused", currency), LEVEL, amount) for currency, amount in paused.items()]
    if last.paying and cohort is not None:
        found.append((("customers",), LEVEL, 1))
        found.append((("cohort_customers", cohort), LEVEL, 1))
        found += [(("cohort_mrr", cohort, currency), LEVEL, amount) for currency, amount in last.mrr.items()]
    return found


def _loss_reason(now: Instant) -> str:
    canceled = [state for state in now.states.values() if state[2] == "canceled"]
    return max(canceled)[5] if canceled else "voluntary"


def _paid_at_start_of_month(history: list[Instant], at: int, rules: FoldSettings) -> bool:
    start = rules.calendar.start_of_day(first_of_month(rules.calendar.day(at)))
    before = [instant for instant in history if instant.at < start]
    return bool(before) and before[-1].paying


def outcome(deals: list[Deal]) -> tuple[str, int, str] | None:
    """(won or lost, when it first was, identity of that event), by the newest won-or-lost event."""
    decided = [row for row in deals if row[2] in {"won", "lost"}]
    if not decided:
        return None
    verdict = decided[-1][2]
    return next((verdict, row[0], row[1]) for row in decided if row[2] == verdict)


def opportunity_facts(account: Account, _rules: FoldSettings, opportunity_id: str) -> list[Fact]:
    """One opportunity: created, won or lost, booked, or still open."""
    deals = account.opportunities.get(opportunity_id)
    if not deals:
        return []
    _, _, _, kind, amount, currency, source, channel, campaign = deals[-1]
    found: list[Fact] = [(("opportunities", "created", kind), deals[0][0], 1)]
    decision = outcome(deals)
    if decision is None:
        found.append((("open_pipeline", currency, kind), LEVEL, amount))
    else:
        found.append((("opportunities", decision[0], kind), decision[1], 1))
        if decision[0] == "won":
            found.append((("bookings", currency, kind, source, channel, campaign), decision[1], amount))
    return found


def new_customer_facts(account: Account, _: FoldSettings) -> list[Fact]:
    """When the account became a customer: its first won new business or its first MRR, whichever was earlier."""
    wins = []
    for deals in account.opportunities.values():
        decision = outcome(deals)
        if decision and decision[0] == "won" and deals[-1][3] == "new_business":
            wins.append((decision[1], decision[2], deals[-1][6], deals[-1][8]))
    won = min(wins, default=None)
    paid = next((instant.at for instant in mrr_history(account) if instant.paying), None)
    if paid is None and won is None:
        return []
    if won is not None and (paid is None or won[0] <= paid):
        return [(("new_customers", won[2], won[3]), won[0], 1)]
    return [(("new_customers", "none", "none"), paid or 0, 1)]


def invoice_facts(account: Account, _: FoldSettings, invoice_id: str) -> list[Fact]:
    """An invoice was paid or its payment failed, each at the first such event."""
    first: dict[str, int] = {}
    for at, _name, state in account.invoices.get(invoice_id, []):
        first.setdefault(state, at)
    return [(("invoices", state), at, 1) for state, at in first.items()]


def _subscribed(kind: str, account: Account, event: e.SubscriptionEvent, at: int, change: Change) -> bool:
    data = event.data
    change.track(mrr_facts)
    change.track(new_customer_facts)
    status = data.status or _DEFAULT_STATUS.get(kind, "active")
    monthly = monthly_minor(data.items, data.discount_percent_forever or 0)
    row = (at, identity(event.id, event.source), status, data.currency, monthly, data.reason or "voluntary")
    return join(account.subscriptions.setdefault(data.subscription_id, []), row)


def _dealt(kind: str, account: Account, event: e.OpportunityEvent, at: int, change: Change) -> bool:
    data = event.data
    change.track(opportunity_facts, data.opportunity_id)
    change.track(new_customer_facts)
    row = (
        at,
        identity(event.id, event.source),
        kind,
        data.kind,
        data.amount_minor,
        data.currency,
        data.source or "none",
        data.channel or "none",
        data.campaign_id or "none",
    )
    return join(account.opportunities.setdefault(data.opportunity_id, []), row)


def _invoiced(state: str, account: Account, event: Any, at: int, change: Change) -> bool:  # noqa: ANN401
    data: e.InvoiceData = event.data
    change.track(invoice_facts, data.invoice_id)
    row = (at, identity(event.id, event.source), state)
    return join(account.invoices.setdefault(data.invoice_id, []), row)


MERGES: dict[type[Any], Callable[..., bool]] = {
    e.SubscriptionStarted: partial(_subscribed, "started"),
    e.SubscriptionChanged: partial(_subscribed, "changed"),
    e.SubscriptionPaused: partial(_subscribed, "paused"),
    e.SubscriptionResumed: partial(_subscribed, "resumed"),
    e.SubscriptionCanceled: partial(_subscribed, "canceled"),
    e.OpportunityCreated: partial(_dealt, "created"),
    e.OpportunityChanged: partial(_dealt, "changed"),
    e.OpportunityWon: partial(_dealt, "won"),
    e.OpportunityLost: partial(_dealt, "lost"),
    e.InvoicePaid: partial(_invoiced, "paid"),
    e.InvoicePaymentFailed: partial(_invoiced, "failed"),
}


def too_late(_: Account, event: Any, at: int, limit: int) -> bool:  # noqa: ANN401
    """Only invoices are forgotten."""
    return at < limit and isinstance(event, e.InvoicePaid | e.InvoicePaymentFailed)


def forget(account: Account, limit: int) -> None:
    """Drop invoices whose last event is older than `limit`."""
    if account.oldest >= limit:
        return
    account.invoices = {name: rows for name, rows in account.invoices.items() if rows[-1][0] >= limit}
    account.oldest = min((rows[0][0] for rows in account.invoices.values()), default=FAR)


def all_facts(account: Account, rules: FoldSettings) -> list[Fact]:
    """Everything that the account contributes."""
    found = [*mrr_facts(account, rules), *new_customer_facts(account, rules)]
    for opportunity_id in account.opportunities:
        found += opportunity_facts(account, rules, opportunity_id)
    for invoice_id in account.invoices:
        found += invoice_facts(account, rules, invoice_id)
    return found


def timeline(account: Account) -> list[tuple[int, str]]:
    """What is remembered to have happened, in words, by time; amounts in minor units."""
    told = [
        (row[0], f"subscription {name}: {row[2]}, {row[4]} {row[3]} a month")
        for name, rows in account.subscriptions.items()
        for row in rows
    ]
    told += [
        (row[0], f"opportunity {name}: {row[2]} ({row[3]}), {row[4]} {row[5]}")
        for name, rows in account.opportunities.items()
        for row in rows
    ]
    told += [(row[0], f"invoice {name}: {row[2]}") for name, rows in account.invoices.items() for row in rows]
    return sorted(told)
