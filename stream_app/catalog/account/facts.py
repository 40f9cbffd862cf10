"""What an account contributes to the numbers, one function for each part of it that changes on its own."""

from stream_app.catalog.account.mrr import first_payment, mrr_facts
from stream_app.catalog.account.state import Account, OpportunityRow, outcome, standing
from stream_app.core.facts import Fact, FoldSettings, Series


def opportunity_facts(account: Account, _: FoldSettings, opportunity_id: str) -> list[Fact]:
    """One opportunity: created, won or lost, booked, or still open."""
    known = account.opportunities.get(opportunity_id, [])
    found = _open_pipeline(known)
    rows = standing(known)
    if not rows:
        return found
    newest, decision = rows[-1], outcome(rows)
    kind, amount, currency = newest.kind, newest.amount, newest.currency
    found.append((("opportunities", "created", kind), rows[0].at, 1))
    if decision is not None:
        found.append((("opportunities", decision.event, kind), decision.at, 1))
        if decision.event == "won":
            series = ("bookings", currency, kind, newest.source, newest.channel, newest.campaign)
            found.append((series, decision.at, amount))
    return found


def _open_pipeline(rows: list[OpportunityRow]) -> list[Fact]:
    """What the opportunity was worth while it was open, as each of its states said at its time."""
    found: list[Fact] = []
    amount, is_decided = 0, False
    series: Series = ("open_pipeline",)
    for row in rows:
        if row.event != "deleted":
            is_decided = row.event in {"won", "lost"} or (is_decided and row.event != "reopened")
        is_open = not is_decided and row.event != "deleted"
        before, series, amount = (series, amount), ("open_pipeline", row.currency, row.kind), row.amount * is_open
        if before != (series, amount):
            found += [(name, row.at, change) for name, change in ((before[0], -before[1]), (series, amount)) if change]
    return found


def new_customer_facts(account: Account, _: FoldSettings) -> list[Fact]:
    """When the account became a customer: its first won new business or its first MRR, whichever was earlier."""
    wins: list[tuple[int, str, str, str, str]] = []
    for rows in map(standing, account.opportunities.values()):
        decision = outcome(rows)
        newest = rows[-1] if rows else None
        if decision and newest and decision.event == "won" and newest.kind == "new_business":
            wins.append((decision.at, decision.order, decision.identity, newest.source, newest.campaign))
    paid = first_payment(account)
    if wins:
        won, _order, _identity, source, campaign = min(wins)
        if paid is None or won <= paid:
            return [(("new_customers", source, campaign), won, 1)]
    return [] if paid is None else [(("new_customers", "none", "none"), paid, 1)]


def invoice_facts(account: Account, _: FoldSettings, invoice_id: str) -> list[Fact]:
    """An invoice was paid or its payment failed, each at the first such event."""
    first: dict[str, int] = {}
    for row in account.invoices.get(invoice_id, []):
        first.setdefault(row.state, row.at)
    return [(("invoices", state), at, 1) for state, at in first.items()]


def all_facts(account: Account, settings: FoldSettings) -> list[Fact]:
    """Everything that the account contributes."""
    found = [*mrr_facts(account, settings), *new_customer_facts(account, settings)]
    for opportunity_id in account.opportunities:
        found += opportunity_facts(account, settings, opportunity_id)
    for invoice_id in account.invoices:
        found += invoice_facts(account, settings, invoice_id)
    return found
