"""Accounts: opportunities, subscriptions, MRR and its movements, customers, invoices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from .facts import NONE, Event, Fact, Level, Order, earliest, fact, grouped, level, newest, of_type
from .windows import Window, first_instant, last_months, local_day, month_name

Amounts = Mapping[str, int]

# Months in an interval: "Normalization to a month: day 30.4375, week 4.348125, month 1, quarter 1/3, year 1/12"
MONTHS = {
    "day": Fraction("30.4375"),
    "week": Fraction("4.348125"),
    "month": Fraction(1),
    "quarter": Fraction(1, 3),
    "year": Fraction(1, 12),
}
# Where a status is left out: "Default status by type: `started` `changed` `resumed` -> `active`, `paused` ->
# `paused`, `canceled` -> `canceled`."
DEFAULT_STATUS = {
    "subscription.started": "active",
    "subscription.changed": "active",
    "subscription.resumed": "active",
    "subscription.paused": "paused",
    "subscription.canceled": "canceled",
}


@dataclass(frozen=True)
class Account:
    """One account with all its events; `swap_grace` in milliseconds."""

    events: tuple[Event, ...]
    swap_grace: int

    @property
    def states(self) -> "list[State]":
        """Return all states of all its subscriptions: "An explicit status wins over the type"."""
        return states(self.events)

    @property
    def history(self) -> "list[tuple[int, Amounts]]":
        """Return the MRR per currency after each instant at which a subscription state changes, swaps left out.

        "A return of an account's MRR (all currencies) to 0 that is followed within the swap grace [...] by MRR above 0
        is no churn: the account's state before the return is compared with its state at the instant where it is above
        0 again".
        """
        all_states = self.states
        raw = [(at, mrr(all_states, at)) for at in instants(all_states)]
        kept: list[tuple[int, Amounts]] = []
        for index, (at, amounts) in enumerate(raw):
            if not pays(amounts):
                # The return to 0 that this instant belongs to.
                fall = index
                while fall > 0 and not pays(raw[fall - 1][1]):
                    fall -= 1
                again = next((later for later, then in raw[index:] if pays(then)), None)
                if fall > 0 and again is not None and again - raw[fall][0] <= self.swap_grace:
                    continue
            kept.append((at, amounts))
        return kept

    def mrr_before(self, until: int) -> Amounts:
        """Return the MRR per currency right before an instant."""
        return next((amounts for at, amounts in reversed(self.history) if at < until), {})

    @property
    def changes(self) -> "list[tuple[int, Amounts, Amounts]]":
        """Return each instant of the history with the MRR before and after it."""
        before: Amounts = {}
        found = []
        for at, after in self.history:
            found.append((at, before, after))
            before = after
        return found

    @property
    def gains(self) -> list[int]:
        """Return the instants at which the MRR, all currencies together, rises above 0."""
        return [at for at, before, after in self.changes if not pays(before) and pays(after)]

    @property
    def losses(self) -> list[int]:
        """Return the instants at which the MRR, all currencies together, returns to 0."""
        return [at for at, before, after in self.changes if pays(before) and not pays(after)]


ByAccount = Mapping[str, Account]


def by_account(events: Sequence[Event], *, swap_grace: int) -> ByAccount:
    """Group what is about an account."""
    families = ("opportunity", "subscription", "invoice")
    of_accounts = [event for event in events if event.type.split(".")[0] in families]
    by_name = grouped(of_accounts, lambda event: str(event.data["account_id"]))
    return {name: Account(tuple(own), swap_grace) for name, own in by_name.items()}


# --- opportunities ---


@dataclass(frozen=True)
class Opportunity:
    """One opportunity of an account: "an opportunity's amount and labels from its newest event"."""

    events: tuple[Event, ...]

    @property
    def created(self) -> Event:
        """Return "its earliest event of any type"."""
        return min(self.events, key=lambda event: event.order)

    @property
    def state(self) -> Event:
        """Return its newest event."""
        return max(self.events, key=lambda event: event.order)

    @property
    def outcome(self) -> Event | None:
        """Return the event that dates the outcome.

        "the newest of `won`, `lost`, `reopened` decides; `reopened` = neither won nor lost [...] `won`/`lost` are dated
        at the first event of that outcome after the last `reopened`."
        """
        says_which = newest(of_type(self.events, "opportunity.won", "opportunity.lost", "opportunity.reopened"))
        if says_which is None or says_which.type == "opportunity.reopened":
            return None
        reopened = newest(of_type(self.events, "opportunity.reopened"))
        alike = of_type(self.events, says_which.type)
        return earliest([event for event in alike if reopened is None or event.order > reopened.order])

    @property
    def won(self) -> Event | None:
        """Return the event that dates the win, if the outcome is one."""
        outcome = self.outcome
        return outcome if outcome is not None and outcome.type == "opportunity.won" else None

    @property
    def kind(self) -> str:
        """Return its kind."""
        return self.state.label("kind")


def opportunities(account: Account) -> list[Opportunity]:
    """Return the opportunities of an account.

    "`opportunity.deleted`: while it is the newest event of the opportunity, that opportunity contributes nothing
    anywhere." Otherwise it says nothing.
    """
    own = [event for event in account.events if event.type.startswith("opportunity.")]
    found = []
    for events in grouped(own, lambda event: str(event.data["opportunity_id"])).values():
        last = newest(events)
        if last is not None and last.type != "opportunity.deleted":
            found.append(Opportunity(tuple(event for event in events if event.type != "opportunity.deleted")))
    return found


def opportunity_flows(accounts: ByAccount) -> Iterator[Fact]:
    """`lifecycle_opportunities`: `created`, `won`, `lost`; `lifecycle_bookings`: "dated at the win"."""
    for account in accounts.values():
        for opportunity in opportunities(account):
            kind, outcome, state = opportunity.kind, opportunity.outcome, opportunity.state
            yield fact("lifecycle_opportunities", opportunity.created.at, state="created", kind=kind)
            if outcome is not None:
                which = outcome.type.removeprefix("opportunity.")
                yield fact("lifecycle_opportunities", outcome.at, state=which, kind=kind)
            if opportunity.won is not None:
                yield fact(
                    "lifecycle_bookings",
                    opportunity.won.at,
                    int(state.data["amount_minor"]),
                    currency=state.label("currency"),
                    kind=kind,
                    source=state.label("source"),
                    channel=state.label("channel"),
                    campaign=state.label("campaign_id"),
                )


def open_pipeline(accounts: ByAccount) -> Iterator[Level]:
    """`lifecycle_open_pipeline`: "amount of opportunities neither won nor lost"."""
    for account in accounts.values():
        for opportunity in opportunities(account):
            if opportunity.outcome is None:
                state = opportunity.state
                amount = int(state.data["amount_minor"])
                currency = state.label("currency")
                yield level("lifecycle_open_pipeline", amount, currency=currency, kind=opportunity.kind)


# --- subscriptions ---


def exact(number: float | str) -> Fraction:
    """Return a number as it is written in the record (33.3 is 333/10)."""
    return Fraction(str(number))


@dataclass(frozen=True)
class State:
    """One state of a subscription, as one event transfers it."""

    at: int
    order: Order
    subscription: str
    status: str
    reason: str
    currency: str
    amount: int
    """What its items are worth in a month, in minor units, whatever the status."""

    @property
    def counts(self) -> bool:
        """Tell whether it is MRR: "subscriptions whose status is `active` or `past_due`"."""
        return self.status in ("active", "past_due")


def monthly_amount(event: Event) -> int:
    """Return the sum of the items, "rounded half-even to the minor unit **per item**".

    "`quantity x unit_amount x normalization x (1 - discount_percent_forever/100)` over licensed items"; "each divided
    by interval_count".
    """
    discount = exact(event.data.get("discount_percent_forever") or 0)
    total = 0
    for item in event.data["items"]:
        if (item.get("usage") or "licensed") == "metered":
            continue
        quantity = item.get("quantity")
        interval_count = item.get("interval_count")
        amount = (
            exact(1 if quantity is None else quantity)
            * exact(item["unit_amount_minor"])
            * MONTHS[item["interval"]]
            / exact(1 if interval_count is None else interval_count)
            * (1 - discount / 100)
        )
        total += round(amount)  # a Fraction is rounded half-even, exactly
    return total


def states(account: Sequence[Event]) -> list[State]:
    """Return all states of all subscriptions of an account: "An explicit status wins over the type"."""
    return [
        State(
            at=event.at,
            order=event.order,
            subscription=str(event.data["subscription_id"]),
            status=event.data.get("status") or DEFAULT_STATUS[event.type],
            reason=event.label("reason", "voluntary"),
            currency=event.label("currency"),
            amount=monthly_amount(event),
        )
        for event in account
        if event.type.startswith("subscription.")
    ]


def standing(all_states: Sequence[State], until: int | None) -> list[State]:
    """Return the newest state of each subscription at an instant (that instant included), or of all time."""
    past = [state for state in all_states if until is None or state.at <= until]
    return [max(own, key=lambda state: state.order) for own in grouped(past, lambda s: s.subscription).values()]


def mrr(all_states: Sequence[State], until: int | None) -> Amounts:
    """Return the MRR of an account per currency at an instant (that instant included), or now."""
    amounts: dict[str, int] = {}
    for state in standing(all_states, until):
        if state.counts:
            amounts[state.currency] = amounts.get(state.currency, 0) + state.amount
    return amounts


def pays(amounts: Amounts) -> bool:
    """Tell whether MRR is above 0 in any currency."""
    return any(amount > 0 for amount in amounts.values())


def instants(all_states: Sequence[State]) -> list[int]:
    """Return "each instant at which any of its subscription states changes (all changes with equal `time` are one)"."""
    return sorted({state.at for state in all_states})


def mrr_movements(accounts: ByAccount) -> Iterator[Fact]:
    """`lifecycle_mrr_movement`.

    "**Movements** compare an account's MRR before and after each instant [...]: 0→x first time `new`; 0→x later
    `reactivation`; up `expansion`; down `contraction`; x→0 `churn`. Movement amounts are positive." "Currencies are
    separate."
    """
    for account in accounts.values():
        for currency in sorted({state.currency for state in account.states}):
            paid_ever = False
            for at, all_before, all_after in account.changes:
                before, after = all_before.get(currency, 0), all_after.get(currency, 0)
                if before == after:
                    continue
                if before == 0:
                    movement = "reactivation" if paid_ever else "new"
                elif after == 0:
                    movement = "churn"
                else:
                    movement = "expansion" if after > before else "contraction"
                paid_ever = True
                yield fact("lifecycle_mrr_movement", at, abs(after - before), currency=currency, movement=movement)


def new_customers(accounts: ByAccount) -> Iterator[Fact]:
    """`lifecycle_new_customers`.

    "the earlier of its first won `new_business` opportunity and the first time its MRR is above 0; once, ever";
    labels "of the earliest won `new_business` opportunity if it was won at or before that instant, else `none`".
    """
    for account in accounts.values():
        first_gain = min(account.gains, default=None)
        # The first one is "the one with the earliest win by (`time`, `id`)"
        wins = [
            (opportunity.won.order, opportunity.state)
            for opportunity in opportunities(account)
            if opportunity.won is not None and opportunity.kind == "new_business"
        ]
        first_win = min(
            wins, key=lambda win: (win[0], win[1].label("source"), win[1].label("campaign_id")), default=None
        )
        won_at = None if first_win is None else first_win[0][0]
        became = min([at for at in (first_gain, won_at) if at is not None], default=None)
        if became is None:
            continue
        source, campaign = NONE, NONE
        if first_win is not None and first_win[0][0] <= became:
            source, campaign = first_win[1].label("source"), first_win[1].label("campaign_id")
        yield fact("lifecycle_new_customers", became, source=source, campaign=campaign)


def tie_break(state: State) -> tuple[object, ...]:
    """Order states: "Then what they say decides"."""
    return (state.order, state.currency, state.amount, state.reason)


def lost_customers(accounts: ByAccount) -> Iterator[Fact]:
    """`lifecycle_lost_customers`.

    "an account's MRR, all currencies together, returns to 0; dated then; reason = that of the newest canceled
    subscription state at that instant (default `voluntary`)": "among the subscriptions whose newest state at that
    instant is `canceled`, the newest".
    """
    for account in accounts.values():
        for at in account.losses:
            canceled = [state for state in standing(account.states, at) if state.status == "canceled"]
            newest_canceled = max(canceled, key=tie_break, default=None)
            reason = "voluntary" if newest_canceled is None else newest_canceled.reason
            yield fact("lifecycle_lost_customers", at, reason=reason)


def lost_opening_customers(accounts: ByAccount, *, zone: ZoneInfo) -> Iterator[Fact]:
    """`lifecycle_lost_opening_customers`.

    "of those, accounts that had MRR > 0 at the start of the month of the loss; once per account and month".
    """
    for account in accounts.values():
        for own in grouped(account.losses, lambda at: month_name(at, zone)).values():
            first_loss = min(own)
            month_start = first_instant(local_day(first_loss, zone).replace(day=1), zone)
            opening = [amounts for at, amounts in account.history if at < month_start]
            if opening and pays(opening[-1]):
                yield fact("lifecycle_lost_opening_customers", first_loss)


def invoices(accounts: ByAccount) -> Iterator[Fact]:
    """`lifecycle_invoices`: "once per invoice and state, at the first such event"."""
    for account in accounts.values():
        own = [event for event in account.events if event.type.startswith("invoice.")]
        for invoice in grouped(own, lambda event: str(event.data["invoice_id"])).values():
            for state, event_type in (("paid", "invoice.paid"), ("failed", "invoice.payment_failed")):
                first = earliest(of_type(invoice, event_type))
                if first is not None:
                    yield fact("lifecycle_invoices", first.at, state=state)


# --- levels ---


def mrr_levels(accounts: ByAccount, until: int) -> Iterator[Level]:
    """`lifecycle_mrr`, `lifecycle_customers`: "accounts with MRR > 0 in any currency"."""
    for account in accounts.values():
        amounts = account.mrr_before(until)
        for currency, amount in amounts.items():
            yield level("lifecycle_mrr", amount, currency=currency)
        if pays(amounts):
            yield level("lifecycle_customers")


def mrr_aside(accounts: ByAccount) -> Iterator[Level]:
    """`lifecycle_mrr_at_risk` / `lifecycle_mrr_paused`.

    "the part on past_due subscriptions; what paused subscriptions would add".
    """
    for account in accounts.values():
        for state in standing(account.states, None):
            if state.status == "past_due":
                yield level("lifecycle_mrr_at_risk", state.amount, currency=state.currency)
            if state.status == "paused":
                yield level("lifecycle_mrr_paused", state.amount, currency=state.currency)


def opening_mrr(
    accounts: ByAccount, windows: Sequence[Window], *, name: str, zone: ZoneInfo, until: int
) -> Iterator[Level]:
    """`lifecycle_mrr_opening`: "level now minus the movements dated in" the windows, per account and currency."""
    for account in accounts.values():
        for currency in sorted({state.currency for state in account.states}):
            opening = account.mrr_before(until).get(currency, 0)
            for at, before, after in account.changes:
                if any(window.contains(at, zone) for window in windows):
                    opening -= after.get(currency, 0) - before.get(currency, 0)
            yield level("lifecycle_mrr_opening", opening, currency=currency, window=name)


def opening_customers(
    accounts: ByAccount, windows: Sequence[Window], *, name: str, zone: ZoneInfo, until: int
) -> Iterator[Level]:
    """`lifecycle_customers_opening`: "Customers likewise with their gains and losses"."""
    for account in accounts.values():
        opening = 1 if pays(account.mrr_before(until)) else 0
        for at in account.gains:
            if any(window.contains(at, zone) for window in windows):
                opening -= 1
        for at in account.losses:
            if any(window.contains(at, zone) for window in windows):
                opening += 1
        yield level("lifecycle_customers_opening", opening, window=name)


def opening_balances(
    accounts: ByAccount, windows: Mapping[str, Window], *, zone: ZoneInfo, until: int
) -> Iterator[Level]:
    """`lifecycle_mrr_opening` / `lifecycle_customers_opening`.

    "Opening balances: level now minus the movements dated in this month (`mtd`), and minus those of this and the
    previous month (`prev_month`)." A balance whose windows have no answer has none.
    """
    for name, months in (("mtd", ("mtd",)), ("prev_month", ("mtd", "prev_month"))):
        if all(month in windows for month in months):
            retracted_months = [windows[month] for month in months]
            yield from opening_mrr(accounts, retracted_months, name=name, zone=zone, until=until)
            yield from opening_customers(accounts, retracted_months, name=name, zone=zone, until=until)


def cohorts(accounts: ByAccount, *, as_of: int, zone: ZoneInfo, until: int) -> Iterator[Level]:
    """`lifecycle_cohort_customers` / `lifecycle_cohort_mrr`.

    "customers and MRR now by the month in which the account's MRR first rose above 0: the last 13 months as `YYYY-MM`,
    before that `older`".
    """
    named = last_months(as_of, zone)
    for account in accounts.values():
        first_gain = min(account.gains, default=None)
        if first_gain is None:
            continue
        month = month_name(first_gain, zone)
        cohort = "older" if month < min(named) else month
        amounts = account.mrr_before(until)
        for currency, amount in amounts.items():
            yield level("lifecycle_cohort_mrr", amount, cohort=cohort, currency=currency)
        if pays(amounts):
            yield level("lifecycle_cohort_customers", cohort=cohort)
