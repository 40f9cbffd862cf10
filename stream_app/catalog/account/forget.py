"""What an account forgets when it is older than the horizon: its invoices."""

from stream_app.catalog import events as e
from stream_app.catalog.account.state import Account
from stream_app.core.envelope import Event
from stream_app.core.timeline import FAR_FUTURE


def too_late(_: Account, event: Event, at: int, limit: int) -> bool:
    """Whether an event is about an invoice that may have been forgotten."""
    return at < limit and isinstance(event, e.InvoicePaid | e.InvoicePaymentFailed)


def forget(account: Account, limit: int) -> None:
    """Drop invoices whose last event is older than `limit`."""
    if account.oldest >= limit:
        return
    account.invoices = {name: rows for name, rows in account.invoices.items() if rows[-1].at >= limit}
    account.oldest = min((rows[0].at for rows in account.invoices.values()), default=FAR_FUTURE)
