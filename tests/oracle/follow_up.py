"""Whether sales follows up: an MQL falls due, and is followed up by the first thing that sales does with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .facts import EPOCH, Event, Fact, Level, Observation, earliest, fact, level, milliseconds, observation
from .settings import FollowUp, RecountSettings
from .stages import first_entries, origin, stage_history

ByLead = Mapping[str, list[Event]]

SATURDAY = 5


@dataclass(frozen=True)
class Mql:
    """A lead that became an MQL."""

    lead: str
    source: str
    at: int
    due: int
    followed_up: Event | None


def outcome(event: Event) -> str | None:
    """Return what an event of a lead means for its follow-up.

    "a stage `sal` `sql` `opportunity` `customer` (outcome `accepted`), a status `working` (`worked`), `disqualified` or
    `not_ready` (`rejected`), an engagement `meeting` or `call` (`worked`)".
    """
    if event.type == "lead.stage_changed" and event.data["to"] in ("sal", "sql", "opportunity", "customer"):
        return "accepted"
    if event.type == "lead.status_changed":
        return {"working": "worked", "disqualified": "rejected", "not_ready": "rejected"}.get(event.data["to"])
    if event.type == "lead.engaged" and event.data["kind"] in ("meeting", "call"):
        return "worked"
    return None


def due_time(at: int, rule: FollowUp, zone: ZoneInfo) -> int:
    """Return when an MQL falls due, by the hours of all days or of weekdays only."""
    left = timedelta(hours=rule.hours)
    moment = EPOCH + timedelta(milliseconds=at)
    if not rule.weekdays_only:
        return milliseconds(moment + left)
    while True:
        local = moment.astimezone(zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
        today = timedelta(milliseconds=milliseconds(midnight) - milliseconds(moment))
        if local.weekday() < SATURDAY:
            if left <= today:
                return milliseconds(moment + left)
            left -= today
        moment += today


def mqls(leads: ByLead, rules: RecountSettings) -> Iterator[Mql]:
    """Return every MQL: its "first entry into `mql`", its due time and what follows it up."""
    for name, lead in leads.items():
        at = first_entries(stage_history(lead)).get("mql")
        if at is not None:
            answers = [event for event in lead if event.at >= at and outcome(event) is not None]
            due = due_time(at, rules.follow_up, rules.zone)
            yield Mql(name, source_of(lead), at, due, earliest(answers))


def source_of(lead: Sequence[Event]) -> str:
    """Return the lead's source."""
    return origin(lead)[0]


def follow_up_flows(leads: ByLead, rules: RecountSettings) -> Iterator[Fact]:
    """`lifecycle_mql_follow_ups`, "dated at them"; `lifecycle_mql_due` and `lifecycle_mql_on_time` at the due time."""
    for mql in mqls(leads, rules):
        yield fact("lifecycle_mql_due", mql.due, source=mql.source)
        if mql.followed_up is None:
            continue
        said = outcome(mql.followed_up)
        assert said is not None  # only such events follow up
        yield fact("lifecycle_mql_follow_ups", mql.followed_up.at, outcome=said, source=mql.source)
        if mql.followed_up.at <= mql.due:
            yield fact("lifecycle_mql_on_time", mql.due, source=mql.source)


def follow_up_seconds(leads: ByLead, rules: RecountSettings) -> Iterator[Observation]:
    """`lifecycle_mql_follow_up_seconds`: "entry to follow-up"."""
    for mql in mqls(leads, rules):
        if mql.followed_up is not None:
            name = "lifecycle_mql_follow_up_seconds"
            yield observation(name, mql.followed_up.at, mql.followed_up.at - mql.at, source=mql.source)


def mql_waiting(leads: ByLead, rules: RecountSettings, until: int) -> Iterator[Level]:
    """`lifecycle_mql_waiting`: "not followed up yet", right before an instant."""
    for mql in mqls(leads, rules):
        if mql.at < until and (mql.followed_up is None or mql.followed_up.at >= until):
            yield level("lifecycle_mql_waiting", source=mql.source)


def mql_due_times(leads: ByLead, erased: set[str], rules: RecountSettings, *, as_of: int) -> Iterator[Level]:
    """`lifecycle_mql_overdue`, `_oldest_due_...`: "not followed up yet; of those past due"."""
    for mql in mqls(leads, rules):
        if mql.followed_up is None and mql.lead not in erased:
            yield level("lifecycle_mql_oldest_due_timestamp_seconds", mql.due, source=mql.source)
            if mql.due < as_of:
                yield level("lifecycle_mql_overdue", source=mql.source)
