"""How events merge into a lead. Each function returns false for a duplicate."""

from collections.abc import Callable
from functools import partial

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import events as e
from stream_app.catalog import message as messages
from stream_app.catalog.enrollment import Enrollment, EnrollmentRow
from stream_app.catalog.lead.facts import (
    due_member,
    enrollment_facts,
    message_facts,
    new_lead_score_facts,
    reopening_facts,
    score_difference,
    score_facts,
    stage_facts,
)
from stream_app.catalog.lead.follow_up import (
    contact_may_follow_up,
    follow_up_facts,
    may_be_followed_up,
    stage_may_follow_up,
    status_may_follow_up,
)
from stream_app.catalog.lead.increments import (
    engaged_since,
    may_reopen,
    new_lead_score_increment,
    new_lead_score_replacement,
    score_replacement,
    stage_increment,
)
from stream_app.catalog.lead.outcomes import beginning_outcomes, outcome_facts, stage_outcomes
from stream_app.catalog.lead.state import (
    NO_SCORE,
    SCORE_OF_CREATED,
    Beginning,
    CreatedRow,
    Lead,
    ScoreRow,
    StageRow,
    StatusRow,
    is_disqualified,
)
from stream_app.catalog.message import Message, MessageRow
from stream_app.core.envelope import Event, milliseconds
from stream_app.core.facts import Change
from stream_app.core.timeline import Row, append, identity, is_known, is_next, join

_CONTACTS = frozenset({"meeting", "call"})
_REOPENING = frozenset({messages.CLICKED, messages.REPLIED})


def _merge_created(lead: Lead, event: e.LeadCreated, at: int, change: Change) -> bool:
    data = event.data
    change.track(stage_facts)
    change.track(new_lead_score_facts)
    change.track(score_facts)
    change.track(follow_up_facts)
    row = CreatedRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        source=data.source or "",
        channel=data.channel or "",
        campaign=data.campaign_id or "",
        score=NO_SCORE if data.score is None else data.score,
        is_import=bool(data.is_import),
    )
    fresh = join(lead.created, row)
    score_of_created(lead)
    return fresh


def score_of_created(lead: Lead) -> None:
    """Let the earliest `lead.created` that states a score give the first one."""
    scored = next((row for row in lead.created if row.score != NO_SCORE), None)
    lead.scores = [row for row in lead.scores if row.activity != SCORE_OF_CREATED]
    if scored:
        # By an identity of its own: a `score_changed` of the same identity is no copy of this one.
        join(lead.scores, ScoreRow(scored.at, scored.order, f"{scored.identity}\x00", scored.score, SCORE_OF_CREATED))


def _merge_stage(lead: Lead, event: e.LeadStageChanged, at: int, change: Change) -> bool:
    row = StageRow(at, e.order_of_stage(event), identity(event.id, event.source), event.data.to)
    if change.is_untracked(stage_facts):
        increment = stage_increment(lead, row)
        if increment is not None:
            change.add(increment)
            if stage_may_follow_up(lead, row):
                change.track(follow_up_facts)
            if change.is_untracked(outcome_facts):
                change.add(stage_outcomes(lead, row.stage, at, change.settings))
            append(lead.stages, row)
            return True
        change.track(stage_facts)
    change.track(follow_up_facts)
    change.track(outcome_facts)
    return join(lead.stages, row)


def _merge_status(lead: Lead, event: e.LeadStatusChanged, at: int, change: Change) -> bool:
    row = StatusRow(at, e.order_of(event), identity(event.id, event.source), event.data.to)
    in_order = is_next(lead.statuses, row)
    if not in_order or is_disqualified(lead) != (row.status == "disqualified"):
        change.track(stage_facts)
    if engaged_since(lead, at):
        change.track(reopening_facts)
    if status_may_follow_up(lead, row) if in_order else may_be_followed_up(lead):
        change.track(follow_up_facts)
    return join(lead.statuses, row)


def _merge_score(lead: Lead, event: e.LeadScoreChanged, at: int, change: Change) -> bool:
    data = event.data
    row = ScoreRow(at, e.order_of(event), identity(event.id, event.source), data.score, data.activity or "unknown")
    scores = lead.scores
    if scores and change.is_untracked(score_facts) and is_next(scores, row):
        change.add(score_difference(scores[-1], row))
        if change.is_untracked(new_lead_score_facts):
            change.add(new_lead_score_increment(lead, row, change.settings))
        append(scores, row)
        return True
    if is_known(scores, row):
        change.track(score_facts)
        change.track(new_lead_score_facts)
    else:
        if change.is_untracked(score_facts):
            change.replace(*score_replacement(scores, row))
        if change.is_untracked(new_lead_score_facts):
            change.replace(*new_lead_score_replacement(lead, row, change.settings))
    return join(scores, row)


def _merge_engaged(lead: Lead, event: e.LeadEngaged, at: int, change: Change) -> bool:
    kind = event.data.kind
    if kind == "page_view":
        return True
    row = Row(at, e.order_of(event), identity(event.id, event.source))
    if kind in _CONTACTS:
        in_order = is_next(lead.contacts, row)
        if contact_may_follow_up(lead, row) if in_order else may_be_followed_up(lead):
            change.track(follow_up_facts)
        join(lead.contacts, row)
    return _merge_engagement(lead, row, change)


def _merge_engagement(lead: Lead, row: Row, change: Change) -> bool:
    if may_reopen(lead, row.at):
        change.track(reopening_facts)
    return join(lead.engagements, row)


def _merge_email(code: int, lead: Lead, event: e.EmailEvent, at: int, change: Change) -> bool:
    data = event.data
    if data.machine:
        code = messages.BY_MACHINE.get(code, code)
    if code == messages.BOUNCED and data.bounce == "soft":
        code = messages.SOFT_BOUNCED
    row = MessageRow(at, e.order_of(event), identity(event.id, event.source), code)
    if code in _REOPENING:
        _merge_engagement(lead, Row(at, row.order, row.identity), change)
    message_id, known = data.message_id, lead.messages
    message = messages.unpacked_in(known, message_id, change)
    if message is None:
        message = messages.keep_unpacked(known, message_id, Message(), change)
        change.track_new(message_facts, message_id)
    elif change.is_untracked(message_facts, message_id):
        increment = messages.increment(message, row)
        if increment is not None:
            change.add(increment)
            append(message.events, row)
            return True
        change.track(message_facts, message_id)
    labels = (data.program_id or "none", data.step_id or "none", data.audience or "prospect")
    return messages.merge(message, row, labels)


def _merge_enrollment(lead: Lead, data: e.EnrollmentData, row: EnrollmentRow, change: Change) -> bool:
    enrollment_id = data.enrollment_id
    enrollment = lead.enrollments.get(enrollment_id)
    is_new = enrollment is None
    if enrollment is None:
        change.track_new(enrollment_facts, enrollment_id)
        enrollment = lead.enrollments[enrollment_id] = Enrollment()
    in_order = is_next(enrollment.events, row)
    if (row.code == enrollments.ENROLLED or not in_order) and change.is_untracked(outcome_facts):
        begun = Beginning(row.at, row.order, row.identity, data.program_id)
        outcomes = beginning_outcomes(lead, begun) if is_new else None
        if outcomes is None:
            change.track(outcome_facts)
        else:
            change.add(outcomes)
    if engaged_since(lead, row.at) and not (row.step and in_order):
        change.track(reopening_facts)
    if change.is_untracked(enrollment_facts, enrollment_id):
        increment = enrollments.increment(enrollment, row, due_member(lead, enrollment_id)) if in_order else None
        if increment is not None:
            change.add(increment)
            append(enrollment.events, row)
            return True
        change.track(enrollment_facts, enrollment_id)
    return enrollments.merge(enrollment, row, data.program_id)


def _merge_enrolled(lead: Lead, event: e.ProgramEnrolled, at: int, change: Change) -> bool:
    audience = event.data.audience or "prospect"
    row = EnrollmentRow(
        at, e.order_of(event), identity(event.id, event.source), enrollments.ENROLLED, audience=audience
    )
    return _merge_enrollment(lead, event.data, row, change)


def _merge_step_entered(lead: Lead, event: e.ProgramStepEntered, at: int, change: Change) -> bool:
    data = event.data
    due = at + change.settings.step_limit_ms if data.due_at is None else milliseconds(data.due_at)
    row = EnrollmentRow(
        at, e.order_of(event), identity(event.id, event.source), enrollments.STEP_ENTERED, data.step_id, due
    )
    return _merge_enrollment(lead, data, row, change)


def _merge_step_exited(lead: Lead, event: e.ProgramStepExited, at: int, change: Change) -> bool:
    data = event.data
    row = EnrollmentRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        enrollments.STEP_EXITED,
        data.step_id,
        outcome=data.outcome,
    )
    return _merge_enrollment(lead, data, row, change)


def _merge_exited(lead: Lead, event: e.ProgramExited, at: int, change: Change) -> bool:
    data = event.data
    row = EnrollmentRow(
        at, e.order_of(event), identity(event.id, event.source), enrollments.EXITED, outcome=data.outcome
    )
    return _merge_enrollment(lead, data, row, change)


MERGES: dict[type[Event], Callable[..., bool]] = {
    e.LeadCreated: _merge_created,
    e.LeadStageChanged: _merge_stage,
    e.LeadStatusChanged: _merge_status,
    e.LeadScoreChanged: _merge_score,
    e.LeadEngaged: _merge_engaged,
    e.ProgramEnrolled: _merge_enrolled,
    e.ProgramStepEntered: _merge_step_entered,
    e.ProgramStepExited: _merge_step_exited,
    e.ProgramExited: _merge_exited,
    e.EmailSent: partial(_merge_email, messages.SENT),
    e.EmailDelivered: partial(_merge_email, messages.DELIVERED),
    e.EmailBounced: partial(_merge_email, messages.BOUNCED),
    e.EmailOpened: partial(_merge_email, messages.OPENED),
    e.EmailClicked: partial(_merge_email, messages.CLICKED),
    e.EmailReplied: partial(_merge_email, messages.REPLIED),
    e.EmailUnsubscribed: partial(_merge_email, messages.UNSUBSCRIBED),
    e.EmailComplained: partial(_merge_email, messages.COMPLAINED),
}
