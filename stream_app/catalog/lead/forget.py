"""What a lead forgets when it is older than the horizon, and which events come too late for that reason."""

from bisect import bisect_left, insort
from collections.abc import Sequence

from stream_app.catalog import events as e
from stream_app.catalog import message as messages
from stream_app.catalog.enrollment import EXITED, Enrollment
from stream_app.catalog.lead.state import Lead, beginning
from stream_app.core.envelope import Event
from stream_app.core.timeline import FAR_FUTURE, Row, forget_first

_NEVER_FORGOTTEN = (e.LeadCreated, e.LeadStageChanged, e.LeadStatusChanged)


def too_late(lead: Lead, event: Event, at: int, limit: int) -> bool:
    """Whether an event is of a kind that is forgotten at this age: a copy of it could not be told from a new one."""
    if at >= limit or isinstance(event, _NEVER_FORGOTTEN):
        return False
    return not (isinstance(event.data, e.EnrollmentData) and event.data.enrollment_id in lead.enrollments)


def forget(lead: Lead, limit: int) -> None:
    """Drop what is kept only to merge and is older than `limit`; what it contributed stays counted."""
    if lead.oldest >= limit:
        return
    forget_first(lead.engagements, _before(lead.engagements, limit))
    forget_first(lead.scores, max(_before(lead.scores, limit) - 1, 0))
    mailed = {name: messages.unpack(packed).events for name, packed in lead.messages.items()}
    mailed = {name: rows for name, rows in mailed.items() if rows[-1].at >= limit}
    lead.messages = {name: lead.messages[name] for name in mailed}
    for enrollment_id in [name for name, each in lead.enrollments.items() if _is_over(each, limit)]:
        begun = beginning(lead.enrollments.pop(enrollment_id))
        if begun:
            insort(lead.beginnings, begun)
    earliest = [row.at for row in (*lead.engagements[:1], *lead.scores[1:2])]
    earliest += [rows[0].at for rows in mailed.values()]
    earliest += [each.events[0].at for each in lead.enrollments.values()]
    lead.oldest = min(earliest, default=FAR_FUTURE)


def _before(rows: Sequence[Row], limit: int) -> int:
    """How many rows are older."""
    return bisect_left(rows, limit, key=lambda row: row.at)


def _is_over(enrollment: Enrollment, limit: int) -> bool:
    return enrollment.events[-1].at < limit and enrollment.first(EXITED) is not None
