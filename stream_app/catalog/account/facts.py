"""What an account contributes to the numbers, one function for each part of it that changes on its own."""

from stream_app.catalog.account.mrr import first_payment, mrr_facts
from stream_app.catalog.account.state import Account, outcome, standing
from stream_app.core.facts import LEVEL, Fact, FoldSettings


def opportunity_facts(account: Account, _: FoldSettings, opportunity_id: str) -> list[Fact]:
    """One opportunity: created, won or lost, booked, or still open."""
    rows = standing(account.opportunities.get(opportunity_id, []))
    if not rows:
        return []
    newest, decision = rows[-1], outcome(rows)
    kind, amount, currency = newest.kind, newest.amount, newest.currency
    found: list[Fact] = [(("opportunities", "created", kind), rows[0].at, 1)]
    if decision is None:
        found.append((("open_pipeline", currency, kind), LEVEL, amount))
    else:
        found.append((("opportunities", decision.event, kind), decision.at, 1))
        if decision.event == "won":
            series = ("bookings", currency, kind, newest.source, newest.channel, newest.campaign)
            found.append((series, decision.at, amount))
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
