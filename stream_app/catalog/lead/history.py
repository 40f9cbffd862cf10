"""What is remembered to have happened to a lead, in words."""

from collections.abc import Iterator

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import message as messages
from stream_app.catalog.enrollment import Enrollment, EnrollmentRow
from stream_app.catalog.history import Happened, in_order
from stream_app.catalog.lead.state import NO_SCORE, SCORE_OF_CREATED, CreatedRow, Lead


def history(lead: Lead) -> list[Happened]:
    """The events in the order that counts."""
    found = [Happened(row, _created(row)) for row in lead.created]
    stage = ""
    for entered in lead.stages:
        found.append(Happened(entered, f"stage {entered.stage}", "is in it already" if entered.stage == stage else ""))
        stage = entered.stage
    found += [Happened(row, f"status {row.status}") for row in lead.statuses]
    found += [Happened(r, f"score {r.score} ({r.activity})") for r in lead.scores if r.activity != SCORE_OF_CREATED]
    for message_id, packed in lead.messages.items():
        found += _of_message(message_id, messages.unpack(packed))
    for enrollment_id, enrollment in lead.enrollments.items():
        found += _of_enrollment(enrollment_id, enrollment)
    return in_order(found)


def _created(row: CreatedRow) -> str:
    score = "" if row.score == NO_SCORE else f", score {row.score}"
    return f"created, source {row.source}{score}{', import' if row.is_import else ''}"


def _of_message(message_id: str, message: messages.Message) -> Iterator[Happened]:
    for row in message.events:
        yield Happened(row, f"message {message_id}: {messages.EVENT_NAMES[row.code]}")


def _of_enrollment(enrollment_id: str, enrollment: Enrollment) -> Iterator[Happened]:
    inside: set[str] = set()
    known: set[str] = set()
    for row in enrollment.events:
        what = " ".join(part for part in (enrollments.EVENT_NAMES[row.code], row.step) if part)
        outcome = f" ({row.outcome})" if row.outcome else ""
        why = _ignored(enrollment, row, inside, known)
        yield Happened(row, f"enrollment {enrollment_id} in {enrollment.program}: {what}{outcome}", why)
        if row.code == enrollments.STEP_ENTERED:
            inside.add(row.step)
            known.add(row.step)
        elif row.code == enrollments.STEP_EXITED:
            inside.discard(row.step)
            known.add(row.step)


def _ignored(enrollment: Enrollment, row: EnrollmentRow, inside: set[str], known: set[str]) -> str:
    """Why an event counts for nothing; `inside` are the steps that it is in by then, `known` those it was ever in."""
    if row.code == enrollments.STEP_ENTERED:
        return "is in the step already" if row.step in inside else ""
    if row.code == enrollments.STEP_EXITED:
        return "is not in the step" if row.step in known and row.step not in inside else ""
    return "only the first counts" if row != enrollment.first(row.code) else ""
