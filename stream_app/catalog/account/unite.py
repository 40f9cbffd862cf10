"""Two accounts that are one company: everything that is remembered of both."""

from stream_app.catalog.account.increments import forget_paying
from stream_app.catalog.account.state import Account
from stream_app.core.timeline import join_all


def unite(account: Account, other: Account) -> None:
    """Add to an account everything that is remembered of another one."""
    forget_paying(account)
    for subscription_id, states in other.subscriptions.items():
        join_all(account.subscriptions.setdefault(subscription_id, []), states)
    for opportunity_id, deals in other.opportunities.items():
        join_all(account.opportunities.setdefault(opportunity_id, []), deals)
    for invoice_id, invoices in other.invoices.items():
        join_all(account.invoices.setdefault(invoice_id, []), invoices)
