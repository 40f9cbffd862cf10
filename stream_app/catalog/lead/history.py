"""What is remembered to have happened to a lead, in words."""

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import message as messages
from stream_app.catalog.lead.state import Lead


def history(lead: Lead) -> list[tuple[int, str]]:
    """(at, what happened) by time."""
    lines = [(row.at, f"created, source {row.source}{', import' if row.is_import else ''}") for row in lead.created]
    lines += [(row.at, f"stage {row.stage}") for row in lead.stages]
    lines += [(row.at, f"status {row.status}") for row in lead.statuses]
    lines += [(row.at, f"score {row.score} ({row.activity or 'created'})") for row in lead.scores]
    for message_id, packed in lead.messages.items():
        rows = messages.unpack(packed).events
        lines += [(row.at, f"message {message_id}: {messages.EVENT_NAMES[row.code]}") for row in rows]
    for enrollment_id, enrollment in lead.enrollments.items():
        for event in enrollment.events:
            what = " ".join(part for part in (enrollments.EVENT_NAMES[event.code], event.step) if part)
            outcome = f" ({event.outcome})" if event.outcome else ""
            lines.append((event.at, f"enrollment {enrollment_id} in {enrollment.program}: {what}{outcome}"))
    return sorted(lines)
