"""What is remembered of an account."""

from msgspec import Struct

from stream_app.core.parts import Part, in_parts
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


@in_parts
class Account(Struct, array_like=True, dict=True):
    """Everything that is remembered of an account; every list of rows is in order.

    `ids` are its other ids, united by merges. `newest` is the time of its newest event, `oldest` a lower bound for what
    may be forgotten. What was found out about it may be kept beside it and is not stored.
    """

    id: str
    ids: list[str] = []
    newest: int = 0
    oldest: int = FAR_FUTURE
    subscriptions: Part[dict[str, list[SubscriptionRow]]] = {}
    opportunities: Part[dict[str, list[OpportunityRow]]] = {}
    invoices: Part[dict[str, list[InvoiceRow]]] = {}


def standing(rows: list[OpportunityRow]) -> list[OpportunityRow]:
    """The states that count: none while the newest is a deletion, which otherwise says nothing."""
    if rows and rows[-1].event == "deleted":
        return []
    return [row for row in rows if row.event != "deleted"]


def outcome(rows: list[OpportunityRow]) -> OpportunityRow | None:
    """The first event of the outcome that the newest states, after the last `reopened`; None while open."""
    decided: list[OpportunityRow] = []
    for row in rows:
        if row.event == "reopened":
            decided.clear()
        elif row.event in {"won", "lost"}:
            decided.append(row)
    return next((row for row in decided if row.event == decided[-1].event), None)
