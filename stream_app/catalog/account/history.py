"""What is remembered to have happened to an account, in words; amounts in minor units."""

from stream_app.catalog.account.state import Account


def history(account: Account) -> list[tuple[int, str]]:
    """(at, what happened) by time."""
    lines = [
        (row.at, f"subscription {name}: {row.status}, {row.monthly} {row.currency} a month")
        for name, rows in account.subscriptions.items()
        for row in rows
    ]
    lines += [
        (row.at, f"opportunity {name}: {row.event} ({row.kind}), {row.amount} {row.currency}")
        for name, states in account.opportunities.items()
        for row in states
    ]
    lines += [(row.at, f"invoice {name}: {row.state}") for name, seen in account.invoices.items() for row in seen]
    return sorted(lines)
