"""Two leads that are one person: everything that is remembered of both."""

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import message as messages
from stream_app.catalog.enrollment import Enrollment
from stream_app.catalog.lead.merge import score_of_created
from stream_app.catalog.lead.state import SCORE_OF_CREATED, Lead
from stream_app.catalog.message import Message
from stream_app.core.timeline import join_all


def unite(lead: Lead, other: Lead) -> None:
    """Add to a lead everything that is remembered of another one."""
    join_all(lead.created, other.created)
    join_all(lead.stages, other.stages)
    join_all(lead.statuses, other.statuses)
    join_all(lead.scores, [row for row in other.scores if row.activity != SCORE_OF_CREATED])
    score_of_created(lead)
    join_all(lead.engagements, other.engagements)
    join_all(lead.contacts, other.contacts)
    lead.beginnings = sorted({*lead.beginnings, *other.beginnings})
    for message_id, packed in other.messages.items():
        known = lead.messages.get(message_id)
        message = Message() if known is None else messages.unpack(known)
        messages.unite(message, messages.unpack(packed))
        lead.messages[message_id] = messages.pack(message)
    for enrollment_id, enrollment in other.enrollments.items():
        enrollments.unite(lead.enrollments.setdefault(enrollment_id, Enrollment()), enrollment)
