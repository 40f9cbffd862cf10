"""What is remembered to have happened to an account, in words; amounts in base units."""

from collections.abc import Iterator

from stream_app.catalog.account.state import Account, OpportunityRow, outcome
from stream_app.catalog.history import Happened, in_order
from stream_app.core.money import amount_text


def history(account: Account) -> list[Happened]:
    """The events in the order that counts."""
    found = [
        Happened(
            row,
            f"subscription {name}: {row.status}, {amount_text(row.monthly, row.currency)} a month",
            money=(row.monthly, row.currency),
        )
        for name, rows in account.subscriptions.items()
        for row in rows
    ]
    for name, states in account.opportunities.items():
        found += _of_opportunity(name, states)
    found += [Happened(row, f"invoice {name}: {row.state}") for name, seen in account.invoices.items() for row in seen]
    return in_order(found)


def _of_opportunity(name: str, rows: list[OpportunityRow]) -> Iterator[Happened]:
    reopened = max((number for number, row in enumerate(rows) if row.event == "reopened"), default=-1)
    for number, row in enumerate(rows):
        if row.event == "deleted":
            yield Happened(row, f"opportunity {name}: deleted", "" if row is rows[-1] else "a newer event stands")
            continue
        why = ""
        if rows[-1].event == "deleted":
            why = "deleted"
        elif row.event in {"won", "lost"} and row is not outcome(rows):
            why = _not_the_outcome(rows, row, was_reopened=number < reopened)
        what = f"opportunity {name}: {row.event} ({row.kind}), {amount_text(row.amount, row.currency)}"
        yield Happened(row, what, why, (row.amount, row.currency))


def _not_the_outcome(rows: list[OpportunityRow], row: OpportunityRow, *, was_reopened: bool) -> str:
    if was_reopened:
        return "reopened later"
    decided = outcome(rows)
    return "only the first counts" if decided and decided.event == row.event else "a newer outcome stands"
