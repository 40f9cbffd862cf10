"""The MRR of an account over time: its movements, lost customers, and the levels that they change."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct

from stream_app.catalog.account.state import Account, SubscriptionRow
from stream_app.core.calendar import first_of_month
from stream_app.core.facts import Fact, FoldSettings, Series
from stream_app.core.timeline import FAR_FUTURE

_EARNING = frozenset({"active", "past_due"})
ASIDE = {"past_due": "mrr_at_risk", "paused": "mrr_paused"}
"""Status -> the level to which a subscription in it is added."""


class Instant(Struct, frozen=True, gc=False):
    """An account's MRR right after a moment at which a subscription changed; minor units by currency."""

    at: int
    mrr: dict[str, int]
    is_paying: bool
    """Whether the account is a customer."""
    loss_reason: str
    """Why the newest of the canceled subscriptions was canceled; empty while it is paying."""


class Earned(Struct, gc=False):
    """What subscriptions are worth together; minor units by currency. A currency is there while one earns in it."""

    mrr: dict[str, int] = {}
    earning: dict[str, int] = {}
    """How many earn, by currency."""

    @classmethod
    def of(cls, rows: Iterable[SubscriptionRow]) -> "Earned":
        """What subscriptions in these states are worth together."""
        # A loop of its own, as an account may have very many.
        mrr: dict[str, int] = {}
        earning: dict[str, int] = {}
        for row in rows:
            if row.status in _EARNING:
                currency = row.currency
                if currency in mrr:
                    mrr[currency] += row.monthly
                    earning[currency] += 1
                else:
                    mrr[currency], earning[currency] = row.monthly, 1
        return cls(mrr, earning)

    @property
    def is_paying(self) -> bool:
        """Whether that is more than nothing."""
        return any(self.mrr.values())

    def add(self, row: SubscriptionRow) -> None:
        """Count a subscription in this state."""
        if row.status in _EARNING:
            currency = row.currency
            self.mrr[currency] = self.mrr.get(currency, 0) + row.monthly
            self.earning[currency] = self.earning.get(currency, 0) + 1

    def subtract(self, row: SubscriptionRow) -> None:
        """Count it no more."""
        if row.status not in _EARNING:
            return
        currency = row.currency
        self.earning[currency] -= 1
        if self.earning[currency]:
            self.mrr[currency] -= row.monthly
        else:
            del self.earning[currency], self.mrr[currency]


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


def first_payment(account: Account) -> int | None:
    """When the account first had MRR: when the first of its subscriptions had, as none is worth less than nothing."""
    first: int | None = None
    for rows in account.subscriptions.values():
        # A subscription pays nothing before its first state.
        if (first is None or rows[0].at < first) and (paid := _first_payment(rows)) is not None:
            first = paid if first is None else min(first, paid)
    return first


def _first_payment(rows: list[SubscriptionRow]) -> int | None:
    """When a subscription first earned something at the end of an instant."""
    for place, row in enumerate(rows, 1):
        if row.monthly and row.status in _EARNING and (place == len(rows) or row.at < rows[place].at):
            return row.at
    return None


def _instants(account: Account) -> Iterator[Instant]:
    """The account's MRR after each instant; all changes of equal time are one instant. Linear in the changes."""
    changes = sorted((row.at, row, name) for name, rows in account.subscriptions.items() for row in rows)
    standing: dict[str, SubscriptionRow] = {}
    canceled: list[tuple[str, SubscriptionRow]] = []
    earned = Earned()
    for (at, row, name), (until, _, _) in pairwise([*changes, _END]):
        before = standing.get(name)
        if before is not None:
            earned.subtract(before)
        standing[name] = row
        earned.add(row)
        if row.status == "canceled":
            canceled.append((name, row))
        if at < until:
            is_paying = earned.is_paying
            yield Instant(at, earned.mrr.copy(), is_paying, "" if is_paying else _loss_reason(canceled, standing))


_END = FAR_FUTURE, SubscriptionRow(FAR_FUTURE, "", "", "", "", 0, ""), ""


def _loss_reason(canceled: list[tuple[str, SubscriptionRow]], standing: dict[str, SubscriptionRow]) -> str:
    """The reason of the newest cancellation that still stands; those that no longer do are dropped for good."""
    while canceled:
        name, row = canceled[-1]
        if standing[name] is row:
            return row.reason
        canceled.pop()
    return "voluntary"


def mrr_facts(account: Account, settings: FoldSettings) -> list[Fact]:
    """MRR movements, lost customers, and the changes of the levels."""
    found = _aside(account)
    earned: set[str] = set()
    lost_months: set[str] = set()
    before = Instant(FAR_FUTURE, {}, is_paying=False, loss_reason="")
    # Nothing is earned before the first payment.
    cohort = ""
    levels: dict[str, tuple[Series, Series]] = {}
    history = mrr_history(account, settings)
    for now in history:
        if now.is_paying and not cohort:
            cohort = settings.calendar.month(now.at)
        for currency in before.mrr | now.mrr:
            old, new = before.mrr.get(currency, 0), now.mrr.get(currency, 0)
            if old != new:
                movement = movement_of(old, new, earned_before=currency in earned)
                found.append((("mrr_movement", currency, movement), now.at, abs(new - old)))
                of_all, of_cohort = levels.get(currency) or levels.setdefault(currency, earned_series(currency, cohort))
                found.append((of_all, now.at, new - old))
                found.append((of_cohort, now.at, new - old))
                earned.add(currency)
        if before.is_paying and not now.is_paying:
            found.append((("lost_customers", now.loss_reason), now.at, 1))
            month = settings.calendar.month(now.at)
            if month not in lost_months and _paid_at_start_of_month(history, now.at, settings):
                lost_months.add(month)
                found.append((("lost_opening_customers",), now.at, 1))
        if now.is_paying != before.is_paying:
            change = 1 if now.is_paying else -1
            series: tuple[Series, ...] = ("customer_change",), ("customers",), ("cohort_customers", cohort)
            found += [(each, now.at, change) for each in series]
        before = now
    return found


def earned_series(currency: str, cohort: str) -> tuple[Series, Series]:
    """The levels that MRR is part of."""
    return ("mrr", currency), ("cohort_mrr", cohort, currency)


def movement_of(before: int, after: int, *, earned_before: bool) -> str:
    """What a change of the MRR in a currency is."""
    if before == 0:
        return "reactivation" if earned_before else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def _paid_at_start_of_month(history: list[Instant], at: int, settings: FoldSettings) -> bool:
    start = settings.calendar.start_of_day(first_of_month(settings.calendar.day(at)))
    earlier = bisect_left(history, start, key=lambda instant: instant.at)
    return earlier > 0 and history[earlier - 1].is_paying


def _aside(account: Account) -> list[Fact]:
    """What is on past-due subscriptions, and what paused ones would add."""
    found: list[Fact] = []
    for rows in account.subscriptions.values():
        for place, row in enumerate(rows, 1):
            if row.status in ASIDE:
                found.append(aside(row, row.at))
                found += [aside(row, later.at, -1) for later in rows[place : place + 1]]
    return found


def aside(row: SubscriptionRow, at: int, sign: int = 1) -> Fact:
    """What a subscription in a state of `ASIDE` adds to its level at a moment."""
    return (ASIDE[row.status], row.currency), at, sign * row.monthly
