"""Whether sales follows up: an MQL falls due, and is followed up by the first thing that sales does with it."""

from stream_app.catalog.bounds import FOLLOW_UP_BOUNDS
from stream_app.catalog.lead.state import Lead, StageRow, StatusRow, first_entry, origin
from stream_app.core.facts import Fact, FoldSettings
from stream_app.core.histogram import observation
from stream_app.core.timeline import Row

FOLLOW_UP_OUTCOMES = ("accepted", "worked", "rejected")

_OF_STAGE = dict.fromkeys(("sal", "sql", "opportunity", "customer"), "accepted")
_OF_STATUS = {"working": "worked", "disqualified": "rejected", "not_ready": "rejected"}


def follow_up_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """When an MQL falls due, and how it was followed up or that it waits."""
    entered = first_entry(lead, "mql")
    if entered is None:
        return []
    source = origin(lead)[0]
    due = due_time(entered, settings)
    found: list[Fact] = [(("mql_due", source), due, 1), (("mql_waiting", source), entered, 1)]
    done = _follow_up(lead, entered)
    if done is None:
        return [*found, (("mql_due_at", source, lead.id), due, 1)]
    row, outcome = done
    at = row.at
    found.append((("mql_waiting", source), at, -1))
    found.append((("mql_follow_ups", outcome, source), at, 1))
    if at <= due:
        found.append((("mql_on_time", source), due, 1))
    return found + observation(("mql_follow_up_seconds", source), FOLLOW_UP_BOUNDS, at, at - entered, 1000)


def may_be_followed_up(lead: Lead) -> bool:
    """Whether the lead has been an MQL: only then can what sales does change `follow_up_facts`."""
    return first_entry(lead, "mql") is not None


def stage_may_follow_up(lead: Lead, row: StageRow) -> bool:
    """Whether a stage in order changes `follow_up_facts`."""
    if row.stage == "mql":
        return not may_be_followed_up(lead)
    return row.stage in _OF_STAGE and contact_may_follow_up(lead, row)


def status_may_follow_up(lead: Lead, row: StatusRow) -> bool:
    """Whether a status in order changes `follow_up_facts`."""
    return row.status in _OF_STATUS and contact_may_follow_up(lead, row)


def contact_may_follow_up(lead: Lead, row: Row) -> bool:
    """Whether a meeting or a call in order, or anything else that sales does, changes `follow_up_facts`."""
    entered = first_entry(lead, "mql")
    if entered is None or row.at < entered:
        return False
    done = _follow_up(lead, entered)
    return done is None or _place(row) < _place(done[0])


def due_time(entered: int, settings: FoldSettings) -> int:
    """When an MQL falls due that was entered at a moment (milliseconds)."""
    if settings.follow_up_weekdays:
        return settings.calendar.after_weekdays(entered, settings.follow_up_ms)
    return entered + settings.follow_up_ms


def _follow_up(lead: Lead, entered: int) -> tuple[Row, str] | None:
    """The first thing that sales did at or after a moment, and its outcome."""
    firsts: list[tuple[Row, str]] = []
    for stage in lead.stages:
        if stage.at >= entered and stage.stage in _OF_STAGE:
            firsts.append((stage, _OF_STAGE[stage.stage]))
            break
    for status in lead.statuses:
        if status.at >= entered and status.status in _OF_STATUS:
            firsts.append((status, _OF_STATUS[status.status]))
            break
    for contact in lead.contacts:
        if contact.at >= entered:
            firsts.append((contact, "worked"))
            break
    if not firsts:
        return None
    return min(firsts, key=lambda first: _place(first[0]))


def _place(row: Row) -> tuple[int, str, str]:
    return row.at, row.order, row.identity
