"""What is remembered of an account."""

from msgspec import Struct

from stream_app.core.timeline import FAR_FUTURE, Row


class SubscriptionRow(Row, frozen=True):
    """A state of a subscription; `monthly` is what it is worth if it earns, in minor units."""

    status: str
    currency: str
    monthly: int
    reason: str


class OpportunityRow(Row, frozen=True):
    """A state of an opportunity; `event` is what brought it about, `amount` is in minor units."""

    event: str
    kind: str
    amount: int
    currency: str
    source: str
    channel: str
    campaign: str


class InvoiceRow(Row, frozen=True):
    """An invoice was `paid` or its payment `failed`."""

    state: str


class Account(Struct, array_like=True):
    """Everything that is remembered of an account; every list of rows is in order.

    `newest` is the time of its newest event, `oldest` a lower bound for what may be forgotten.
    """

    id: str
    newest: int = 0
    oldest: int = FAR_FUTURE
    subscriptions: dict[str, list[SubscriptionRow]] = {}
    opportunities: dict[str, list[OpportunityRow]] = {}
    invoices: dict[str, list[InvoiceRow]] = {}


def outcome(rows: list[OpportunityRow]) -> OpportunityRow | None:
    """The first event of the outcome (`won` or `lost`) that the newest won-or-lost event states; None while open."""
    decided = [row for row in rows if row.event in {"won", "lost"}]
    if not decided:
        return None
    return next(row for row in decided if row.event == decided[-1].event)
