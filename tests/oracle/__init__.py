"""The brute-force recount: every series of sections A, B and C, straight from the definitions.

It shares nothing with the product. Quotations in the docstrings are from `docs/definitions.md`, `docs/decisions.md` and
the event contracts in `docs/events.md`, so that one can be laid beside the other. It is written to be obvious, not
to be fast: every series walks over all events of each lead, message, enrollment or account again.

It is a function of the *set* of events. `lead.erased`, the one event whose effect depends on when it arrives, is
taken as having arrived after everything else of its lead.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from . import accounts, leads, messages, outcomes, programs, records
from .facts import Event, Fact, Level, Observation, distinct, grouped, instant, milliseconds, read
from .follow_up import follow_up_flows, follow_up_seconds, mql_due_times, mql_waiting
from .merges import is_merge, united
from .samples import WINDOWS, Samples, add_up, cap, histogram, in_units, with_label
from .settings import FollowUp, RecountSettings
from .windows import MINUTE, Window, end_of_day, kept, window

__all__ = ["FollowUp", "answerable", "recount"]

Envelope = Mapping[str, Any]

ALL_WINDOWS = ("5m", "1h", "24h", "7d", "30d", "90d", "mtd", "prev_month", "prev_month_to_date")
SCORE = "lifecycle_new_lead_score"
AHEAD = 5
"""By how many minutes an event may be ahead of its record."""
DEFAULT_FOLLOW_UP = FollowUp()


def answerable(name: str, events: Iterable[Envelope], as_of: datetime, timezone: str = "UTC") -> bool:
    """Tell whether a window has samples at all.

    It has none where it is empty (`prev_month_to_date` on the 1st) and where it begins before what its grain keeps:
    "(180 minutes, 216 hours, 800 days, counted back in whole buckets from the one of the namespace's newest event, that
    one included): a window that reaches further back has no sample, because a wrong number is worse than none". Without
    any event nothing limits it.
    """
    zone = ZoneInfo(timezone)
    candidate = window(name, milliseconds(as_of), zone)
    newest = newest_of(events)
    return candidate is not None and (newest is None or kept(candidate, newest, zone))


def newest_of(events: Iterable[Envelope]) -> int | None:
    """Return when the newest event was, if there is any; of a merge "its `time` counts for nothing"."""
    return max((instant(event["time"]) for event in events if not is_merge(event["type"])), default=None)


def is_past(events: Iterable[Envelope], as_of: int, zone: ZoneInfo) -> bool:
    """Tell whether there are events of later days.

    "What was due on a past day is not known." An event may be up to five minutes ahead: that alone makes no day past.
    """
    newest = newest_of(events)
    return newest is not None and newest >= end_of_day(as_of, zone) and newest // MINUTE - as_of // MINUTE > AHEAD


def recount(
    events: Iterable[Envelope],
    *,
    as_of: datetime,
    timezone: str = "UTC",
    step_limit: timedelta = timedelta(days=7),
    credit: timedelta = timedelta(days=90),
    follow_up: FollowUp = DEFAULT_FOLLOW_UP,
    swap_grace: timedelta = timedelta(minutes=60),
    series_limit: int = 1000,
    kept_from: None = None,
) -> dict[tuple[str, frozenset[tuple[str, str]]], float | int]:
    """Return the value of every sample of sections A, B and C; one that is 0 may be left out, one without answer is.

    Levels are those at the end of the local day of `as_of`.
    """
    del kept_from  # nothing is defined for it yet
    envelopes = list(events)
    zone, now = ZoneInfo(timezone), milliseconds(as_of)
    windows: dict[str, Window] = {}
    for name in ALL_WINDOWS:
        candidate = window(name, now, zone)
        if candidate is not None and answerable(name, envelopes, as_of, timezone):
            windows[name] = candidate
    everything = united(read(envelope) for envelope in envelopes)
    erased = {str(event.data["lead_id"]) for event in everything if event.type == "lead.erased"}
    standing = distinct(event for event in everything if event.type != "lead.erased")
    rules = RecountSettings(
        zone=zone,
        step_limit=step_limit // timedelta(milliseconds=1),
        credit=credit // timedelta(milliseconds=1),
        follow_up=follow_up,
        swap_grace=swap_grace // timedelta(milliseconds=1),
    )

    samples: Samples = {}
    samples |= windowed_sums(flows(standing, rules), windows, zone)
    samples |= add_up(((item.series, item.labels), item.value) for item in levels(standing, windows, rules, as_of=now))
    if not is_past(envelopes, now, zone):
        samples |= add_up(
            ((item.series, item.labels), item.value) for item in due_times(standing, erased, rules, as_of=now)
        )
    samples |= windowed_histograms(durations(standing, rules), windows, zone)
    by_then = [event for event in standing if event.at < end_of_day(now, zone)]
    for cohort, scores in leads.new_lead_scores(leads.by_lead(by_then), as_of=now, zone=zone).items():
        if scores:
            samples |= histogram(SCORE, frozenset({("cohort", cohort)}), scores, unit=1)
    return {
        (series, labels): in_units(series, labels, amount)
        for (series, labels), amount in cap(samples, series_limit).items()
    }


def flows(events: list[Event], rules: RecountSettings) -> Iterator[Fact]:
    """Return every fact of section A, in the order of its table."""
    zone, step_limit = rules.zone, rules.step_limit
    of_leads, of_accounts = leads.by_lead(events), accounts.by_account(events, swap_grace=rules.swap_grace)
    yield from leads.new_leads(of_leads)
    yield from leads.stage_entries(of_leads)
    yield from leads.stage_reentries(of_leads)
    yield from leads.reopened_leads(of_leads)
    yield from leads.mql_cohort(of_leads)
    yield from messages.email_messages(events)
    yield from messages.email_events(events)
    yield from messages.email_cohort(events)
    yield from messages.cohort_machine_opens(events)
    yield from programs.enrollment_flows(of_leads)
    yield from programs.step_flows(of_leads, step_limit=step_limit)
    yield from leads.score_changes(of_leads)
    yield from accounts.opportunity_flows(of_accounts)
    yield from accounts.new_customers(of_accounts)
    yield from accounts.lost_customers(of_accounts)
    yield from accounts.lost_opening_customers(of_accounts, zone=zone)
    yield from accounts.mrr_movements(of_accounts)
    yield from accounts.invoices(of_accounts)
    yield from records.reach(events, zone=zone)
    yield from records.spend(events, zone=zone)
    yield from records.nps_responses(events)
    yield from records.nps_themes(events)
    yield from outcomes.program_outcomes(of_leads, credit=rules.credit)
    yield from follow_up_flows(of_leads, rules)


def levels(
    events: list[Event], windows: Mapping[str, Window], rules: RecountSettings, *, as_of: int
) -> Iterator[Level]:
    """Return every contribution to the levels of section B at the end of the day of `as_of`, in the order of its table.

    "What stood at the end of a day follows from the events until then": from those alone, unless a later event says
    what became of a stay in a step, where an MQL came from, or that an account without MRR had changed plans.
    """
    zone, until = rules.zone, end_of_day(as_of, rules.zone)
    by_then = [event for event in events if event.at < until]
    of_leads, leads_then = leads.by_lead(events), leads.by_lead(by_then)
    of_accounts = accounts.by_account(events, swap_grace=rules.swap_grace)
    accounts_then = accounts.by_account(by_then, swap_grace=rules.swap_grace)
    yield from leads.leads_in_stage(leads_then)
    yield from programs.program_balance(leads_then)
    yield from programs.step_balance(of_leads, until)
    yield from accounts.mrr_levels(of_accounts, until)
    yield from accounts.mrr_aside(accounts_then)
    yield from accounts.opening_balances(of_accounts, windows, zone=zone, until=until)
    yield from accounts.cohorts(of_accounts, as_of=as_of, zone=zone, until=until)
    yield from accounts.open_pipeline(accounts_then)
    yield from mql_waiting(of_leads, rules, until)


def due_times(events: list[Event], erased: set[str], rules: RecountSettings, *, as_of: int) -> Iterator[Level]:
    """Return what is overdue, and the due times."""
    of_leads = leads.by_lead(events)
    yield from programs.step_overdue(of_leads, erased, as_of=as_of, step_limit=rules.step_limit)
    yield from programs.step_due_times(of_leads, erased, step_limit=rules.step_limit)
    yield from mql_due_times(of_leads, erased, rules, as_of=as_of)


def durations(events: list[Event], rules: RecountSettings) -> Iterator[Observation]:
    """Return every observation of the windowed distributions of section C."""
    of_leads = leads.by_lead(events)
    yield from leads.stage_transitions(of_leads)
    yield from programs.step_dwells(of_leads)
    yield from outcomes.program_mql_seconds(of_leads, credit=rules.credit)
    yield from follow_up_seconds(of_leads, rules)


def windowed_sums(facts: Iterable[Fact], windows: Mapping[str, Window], zone: ZoneInfo) -> Samples:
    """Count the facts dated in each window: "each is the number of facts dated in the window"."""
    return add_up(
        ((item.series, with_label(item.labels, "window", name)), item.value)
        for item in facts
        for name in WINDOWS[item.series]
        if name in windows and windows[name].contains(item.at, zone)
    )


def windowed_histograms(observations: Iterable[Observation], windows: Mapping[str, Window], zone: ZoneInfo) -> Samples:
    """Return the distributions of the observations dated in each window."""
    samples: Samples = {}
    for (series, labels), own in grouped(observations, lambda item: (item.series, item.labels)).items():
        for name in WINDOWS[series]:
            values = [item.value for item in own if name in windows and windows[name].contains(item.at, zone)]
            if values:
                samples |= histogram(series, with_label(labels, "window", name), values, unit=1000)
    return samples
