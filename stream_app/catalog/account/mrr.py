"""The MRR of an account over time: its movements, lost customers, and the levels at the end of them."""

from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from stream_app.catalog.account.state import Account, SubscriptionRow
from stream_app.core.calendar import first_of_month
from stream_app.core.facts import LEVEL, Fact, FoldSettings
from stream_app.core.timeline import FAR_FUTURE

_EARNING = frozenset({"active", "past_due"})


class Instant(Struct):
    """An account's MRR right after a moment at which a subscription changed; minor units by currency."""

    at: int
    mrr: dict[str, int]
    states: dict[str, SubscriptionRow]

    @property
    def is_paying(self) -> bool:
        """Whether the account is a customer."""
        return any(self.mrr.values())


def mrr_history(account: Account, settings: FoldSettings) -> list[Instant]:
    """The account's MRR after each instant, without the instants at which it paid nothing between two plans."""
    kept: list[Instant] = []
    for instant in _instants(account):
        if instant.is_paying:
            fall = len(kept)
            while fall and not kept[fall - 1].is_paying:
                fall -= 1
            # What it paid before it fell to nothing is compared with what it pays again.
            if 0 < fall < len(kept) and instant.at - kept[fall].at <= settings.swap_grace_ms:
                del kept[fall:]
        kept.append(instant)
    return kept


def _instants(account: Account) -> Iterator[Instant]:
    """The account's MRR after each instant; all changes of equal time are one instant."""
    changes = sorted((row, name) for name, rows in account.subscriptions.items() for row in rows)
    states: dict[str, SubscriptionRow] = {}
    for at, group in groupby(changes, key=lambda change: change[0].at):
        states |= {name: row for row, name in group}
        yield Instant(at, _sum(states, _EARNING), dict(states))


def _sum(states: dict[str, SubscriptionRow], statuses: frozenset[str]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in states.values():
        if row.status in statuses:
            total[row.currency] = total.get(row.currency, 0) + row.monthly
    return total


def mrr_facts(account: Account, settings: FoldSettings) -> list[Fact]:
    """MRR movements, lost customers, and the levels at the end of them."""
    found: list[Fact] = []
    earned: set[str] = set()
    lost_months: set[str] = set()
    before = Instant(FAR_FUTURE, {}, {})
    cohort: str | None = None
    history = mrr_history(account, settings)
    for now in history:
        for currency in sorted(before.mrr.keys() | now.mrr.keys()):
            old, new = before.mrr.get(currency, 0), now.mrr.get(currency, 0)
            if old != new:
                movement = _movement(old, new, earned_before=currency in earned)
                found.append((("mrr_movement", currency, movement), now.at, abs(new - old)))
                earned.add(currency)
        if now.is_paying and cohort is None:
            cohort = settings.calendar.month(now.at)
        if before.is_paying and not now.is_paying:
            found.append((("lost_customers", _loss_reason(now)), now.at, 1))
            month = settings.calendar.month(now.at)
            if month not in lost_months and _paid_at_start_of_month(history, now.at, settings):
                lost_months.add(month)
                found.append((("lost_opening_customers",), now.at, 1))
        if now.is_paying != before.is_paying:
            found.append((("customer_change",), now.at, 1 if now.is_paying else -1))
        before = now
    return found + _levels(before, cohort)


def _movement(before: int, after: int, *, earned_before: bool) -> str:
    if before == 0:
        return "reactivation" if earned_before else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def _loss_reason(now: Instant) -> str:
    canceled = [row for row in now.states.values() if row.status == "canceled"]
    return max(canceled).reason if canceled else "voluntary"


def _paid_at_start_of_month(history: list[Instant], at: int, settings: FoldSettings) -> bool:
    start = settings.calendar.start_of_day(first_of_month(settings.calendar.day(at)))
    before = [instant for instant in history if instant.at < start]
    return bool(before) and before[-1].is_paying


def _levels(last: Instant, cohort: str | None) -> list[Fact]:
    found: list[Fact] = [(("mrr", currency), LEVEL, amount) for currency, amount in last.mrr.items()]
    at_risk, paused = _sum(last.states, frozenset({"past_due"})), _sum(last.states, frozenset({"paused"}))
    found += [(("mrr_at_risk", currency), LEVEL, amount) for currency, amount in at_risk.items()]
    found += [(("mrr_paused", currency), LEVEL, amount) for currency, amount in paused.items()]
    if last.is_paying and cohort is not None:
        found.append((("customers",), LEVEL, 1))
        found.append((("cohort_customers", cohort), LEVEL, 1))
        found += [(("cohort_mrr", cohort, currency), LEVEL, amount) for currency, amount in last.mrr.items()]
    return found
