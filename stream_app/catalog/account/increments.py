"""What an event changes in the facts of an account, known without computing them again."""

from msgspec import Struct

from stream_app.catalog.account.mrr import ASIDE, Earned, aside, earned_series, first_payment, movement_of
from stream_app.catalog.account.state import Account, SubscriptionRow
from stream_app.core.facts import Fact, FoldSettings


class Paying(Struct, gc=False):
    """An account that pays, after the newest change of a subscription."""

    at: int
    earned: Earned
    cohort: str


_PAYING = "paying"


def paying(account: Account, settings: FoldSettings) -> Paying | None:
    """The account as it is now; None if it does not pay.

    It is found out once: `subscription_increment` keeps it up to date, and what else alters subscriptions has to call
    `forget_paying`.
    """
    known = account.__dict__
    if _PAYING not in known:
        known[_PAYING] = _paying(account, settings)
    found: Paying | None = known[_PAYING]
    return found


def forget_paying(account: Account) -> None:
    """Let `paying` look at all subscriptions again."""
    account.__dict__.pop(_PAYING, None)


def _paying(account: Account, settings: FoldSettings) -> Paying | None:
    newest = [rows[-1] for rows in account.subscriptions.values()]
    earned = Earned.of(newest)
    paid = first_payment(account) if earned.is_paying else None
    return None if paid is None else Paying(max(row.at for row in newest), earned, settings.calendar.month(paid))


def subscription_increment(now: Paying, rows: list[SubscriptionRow], row: SubscriptionRow) -> list[Fact] | None:
    """What a change of a subscription in order adds to `mrr_facts`; None where it may change more than that.

    `now` is altered: it is the account after that change. An account that goes on paying gains and loses no customer.
    """
    if row.at <= now.at or any(known.identity == row.identity for known in rows):
        return None
    earned = Earned(now.earned.mrr.copy(), now.earned.earning.copy())
    before = rows[-1:]
    for known in before:
        earned.subtract(known)
    earned.add(row)
    if not earned.is_paying:
        return None
    found: list[Fact] = []
    for currency in now.earned.mrr | earned.mrr:
        old, new = now.earned.mrr.get(currency, 0), earned.mrr.get(currency, 0)
        if old == new:
            continue
        if old == 0:
            # It is new or a reactivation.
            return None
        found.append((("mrr_movement", currency, movement_of(old, new, earned_before=True)), row.at, abs(new - old)))
        found += [(series, row.at, new - old) for series in earned_series(currency, now.cohort)]
    found += [aside(known, row.at, -1) for known in before if known.status in ASIDE]
    if row.status in ASIDE:
        found.append(aside(row, row.at))
    now.at, now.earned = row.at, earned
    return found
