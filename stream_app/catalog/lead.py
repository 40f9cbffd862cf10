"""The Lead: how its events merge, and the facts that follow from it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from msgspec import Raw, Struct

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import events as e
from stream_app.catalog import message as messages
from stream_app.catalog.bounds import SCORE_BOUNDS, TRANSITION_BOUNDS
from stream_app.catalog.enrollment import Enrollment
from stream_app.catalog.message import Message
from stream_app.core.calendar import month_after
from stream_app.core.deltas import SEPARATOR
from stream_app.core.envelope import milliseconds
from stream_app.core.facts import DAY_MS, LEVEL, Change, Fact, FoldSettings
from stream_app.core.histogram import observation
from stream_app.core.timeline import FAR, identity, is_next, join

NO_SCORE = -(2**53)
_REOPENING = frozenset({messages.CLICKED, messages.REPLIED})
TRANSITIONS = (("lead", "mql"), ("mql", "sql"), ("sql", "customer"))
MQL_COHORT_MS = 30 * DAY_MS

SCORE_OF_CREATED = ""
"""The activity of the score in `lead.created`."""


Score = tuple[int, str, int, str]
"""(at, identity, score, activity)."""


class Lead(Struct, array_like=True, gc=False):
    """Everything that is remembered of a lead; every list holds rows (at, identity, ...) in order.

    `newest` is the time of its newest event, `oldest` a lower bound for what may be forgotten.
    """

    id: str
    newest: int = 0
    oldest: int = FAR
    created: list[tuple[int, str, str, str, str, int, bool]] = []
    stages: list[tuple[int, str, str]] = []
    statuses: list[tuple[int, str, str]] = []
    scores: list[Score] = []
    engagements: list[tuple[int, str]] = []
    messages: dict[str, Raw] = {}
    enrollments: dict[str, Enrollment] = {}


def stage_history(lead: Lead) -> list[tuple[int, str]]:
    """(at, stage) in time order, equal neighbors collapsed. The creation stands for an entry into `lead`."""
    rows = lead.stages
    if lead.created:
        at, name, *_ = lead.created[0]
        entered = next((row for row in rows if row[2] == "lead"), None)
        if entered is None or (at, name) < entered[:2]:
            rows = sorted([*rows, (at, name, "lead")])
    history: list[tuple[int, str]] = []
    current = ""
    for at, _, stage in rows:
        if stage != current:
            history.append((at, stage))
            current = stage
    return history


def new_lead_at(lead: Lead) -> int | None:
    """When the lead came to exist, imports aside."""
    for row in lead.created:
        if not row[6]:
            return row[0]
    return None


def stage_facts(lead: Lead, _rules: FoldSettings) -> list[Fact]:
    """New leads, entries into stages and the way between them, and the stage it is in."""
    found: list[Fact] = []
    created = new_lead_at(lead)
    if created is not None:
        found.append((("new_leads", *_source(lead)), created, 1))
    history = stage_history(lead)
    first: dict[str, int] = {}
    for at, stage in history:
        found += _entry(lead, first, at, stage)
    if history and not _is_disqualified(lead):
        found.append((("leads_in_stage", history[-1][1]), LEVEL, 1))
    return found


def _source(lead: Lead) -> tuple[str, str, str]:
    """Source, channel and campaign."""
    return lead.created[0][2:5] if lead.created else ("none", "none", "none")


def _is_disqualified(lead: Lead) -> bool:
    return bool(lead.statuses) and lead.statuses[-1][2] == "disqualified"


def _entry(lead: Lead, first: dict[str, int], at: int, stage: str) -> list[Fact]:
    """What the next entry into a stage adds; `first` says when each stage was first entered, and learns of this."""
    if stage in first:
        return [(("stage_reentries", stage), at, 1)]
    first[stage] = at
    source, _, campaign = _source(lead)
    found: list[Fact] = [(("stage_entries", stage, source, campaign), at, 1)]
    for before, after in TRANSITIONS:
        # Of two stages that were entered in the same millisecond either may have come first.
        if stage in {before, after} and before in first and after in first and first[before] <= first[after]:
            series = ("stage_transition_seconds", f"{before}_{after}")
            found += observation(series, TRANSITION_BOUNDS, first[after], first[after] - first[before], 1000)
    if stage == "mql" and (created := new_lead_at(lead)) is not None and at - created <= MQL_COHORT_MS:
        found.append((("lead_mql_cohort",), created, 1))
    return found


def _stage_increment(lead: Lead, row: tuple[int, str, str]) -> list[Fact] | None:
    """What a stage in order adds to `stage_facts`; None where it may change more than that."""
    at, name, stage = row
    if not is_next(lead.stages, row) or not lead.created or (at, name) <= lead.created[0][:2]:
        return None
    first: dict[str, int] = {}
    current = ""
    for since, current in stage_history(lead):
        first.setdefault(current, since)
    if stage == current:
        return []
    found = _entry(lead, first, at, stage)
    if not _is_disqualified(lead):
        found += [(("leads_in_stage", current), LEVEL, -1), (("leads_in_stage", stage), LEVEL, 1)]
    return found


def _not_ready_episodes(lead: Lead) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for at, _, status in lead.statuses:
        if status == "not_ready":
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, FAR


def _program_at(lead: Lead, at: int) -> str | None:
    running: list[tuple[int, str, str]] = []
    for each in lead.enrollments.values():
        begun, ended = each.first(enrollments.ENROLLED), each.first(enrollments.EXITED)
        if begun and begun[0] <= at and not (ended and ended[0] <= at):
            running.append((begun[0], begun[1], each.program))
    return max(running)[2] if running else None


def reopening_facts(lead: Lead, _rules: FoldSettings) -> list[Fact]:
    """The first engagement of each not-ready episode during which the lead was in a program."""
    found: list[Fact] = []
    if not lead.engagements or not lead.enrollments:
        return found
    for start, end in _not_ready_episodes(lead):
        for at, _ in lead.engagements:
            if start <= at < end and (program := _program_at(lead, at)) is not None:
                found.append((("reopened_leads", program), at, 1))
                break
    return found


def _engaged_since(lead: Lead, at: int) -> bool:
    """Whether the lead engaged then or later: only of such engagements a status or an enrollment could say more.

    That holds out of order as well, and for a copy: it takes the place of a later row or of none.
    """
    return bool(lead.engagements) and lead.engagements[-1][0] >= at


def score_facts(lead: Lead, _rules: FoldSettings) -> list[Fact]:
    """Differences between neighboring scores."""
    return [fact for earlier, later in pairwise(lead.scores) for fact in _difference(earlier, later)]


def _difference(earlier: Score, later: Score) -> list[Fact]:
    at, activity = later[0], later[3] or "unknown"
    found: list[Fact] = [(("score_changes", activity), at, 1)]
    if later[2] != earlier[2]:
        found.append((("score_delta", activity), at, later[2] - earlier[2]))
    return found


def _end_of_month(at: int, rules: FoldSettings) -> int:
    return rules.calendar.start_of_day(month_after(rules.calendar.day(at)))


def new_lead_score_facts(lead: Lead, rules: FoldSettings) -> list[Fact]:
    """The score of a new lead at the end of the month in which it was created."""
    created = new_lead_at(lead)
    if created is None or not lead.scores:
        return []
    end = _end_of_month(created, rules)
    index = bisect_right(lead.scores, end - 1, key=lambda row: row[0])
    return _new_lead_score(created, lead.scores[index - 1], rules) if index else []


def _new_lead_score(created: int, score: Score, rules: FoldSettings) -> list[Fact]:
    return observation(("new_lead_score", rules.calendar.month(created)), SCORE_BOUNDS, LEVEL, score[2])


def message_facts(lead: Lead, _: FoldSettings, message_id: str) -> list[Fact]:
    """See `message.facts`."""
    packed = lead.messages.get(message_id)
    return messages.facts(messages.unpack(packed)) if packed is not None else []


def enrollment_facts(lead: Lead, _: FoldSettings, enrollment_id: str) -> list[Fact]:
    """See `enrollment.facts`."""
    known = lead.enrollments.get(enrollment_id)
    return enrollments.facts(known, _member(lead, enrollment_id)) if known else []


def _member(lead: Lead, enrollment_id: str) -> str:
    """Names an enrollment in the sets of due times."""
    return f"{lead.id}{SEPARATOR}{enrollment_id}"


def _created(lead: Lead, event: e.LeadCreated, at: int, change: Change) -> bool:
    data = event.data
    change.track(stage_facts)
    change.track(new_lead_score_facts)
    name = identity(event.id, event.source)
    score = NO_SCORE if data.score is None else data.score
    row = (
        at,
        name,
        data.source or "unknown",
        data.channel or "none",
        data.campaign_id or "none",
        score,
        bool(data.is_import),
    )
    change.track(score_facts)
    fresh = join(lead.created, row)
    scored = next((row for row in lead.created if row[5] != NO_SCORE), None)
    lead.scores = [row for row in lead.scores if row[3] != SCORE_OF_CREATED]
    if scored:
        # By a name of its own: a `score_changed` of the same identity is no copy of this one.
        join(lead.scores, (scored[0], f"{scored[1]}\x00", scored[5], SCORE_OF_CREATED))
    return fresh


def _stage(lead: Lead, event: e.LeadStageChanged, at: int, change: Change) -> bool:
    row = (at, identity(event.id, event.source), event.data.to)
    if change.is_untracked(stage_facts):
        increment = _stage_increment(lead, row)
        if increment is not None:
            change.adds(increment)
            lead.stages.append(row)
            return True
        change.track(stage_facts)
    return join(lead.stages, row)


def _status(lead: Lead, event: e.LeadStatusChanged, at: int, change: Change) -> bool:
    row = (at, identity(event.id, event.source), event.data.to)
    if not is_next(lead.statuses, row) or _is_disqualified(lead) != (row[2] == "disqualified"):
        change.track(stage_facts)
    if _engaged_since(lead, at):
        change.track(reopening_facts)
    return join(lead.statuses, row)


def _score(lead: Lead, event: e.LeadScoreChanged, at: int, change: Change) -> bool:
    row = (at, identity(event.id, event.source), event.data.score, event.data.activity or "unknown")
    scores = lead.scores
    if scores and change.is_untracked(score_facts) and is_next(scores, row):
        change.adds(_difference(scores[-1], row))
        created = new_lead_at(lead)
        if (
            created is not None
            and change.is_untracked(new_lead_score_facts)
            and at < _end_of_month(created, change.rules)
        ):
            change.replaces(
                _new_lead_score(created, scores[-1], change.rules), _new_lead_score(created, row, change.rules)
            )
        scores.append(row)
        return True
    change.track(score_facts)
    change.track(new_lead_score_facts)
    return join(scores, row)


def _engaged(lead: Lead, event: e.LeadEngaged, at: int, change: Change) -> bool:
    if event.data.kind == "page_view":
        return True
    return _engagement(lead, at, identity(event.id, event.source), change)


def _engagement(lead: Lead, at: int, name: str, change: Change) -> bool:
    if _may_reopen(lead, at):
        change.track(reopening_facts)
    return join(lead.engagements, (at, name))


def _may_reopen(lead: Lead, at: int) -> bool:
    """Whether the lead may have been not ready at a moment or since; sure of the newest status only.

    If not, an engagement reopens nothing, out of order neither, and nor does the later copy whose place it may take.
    """
    return bool(lead.statuses) and (at < lead.statuses[-1][0] or lead.statuses[-1][2] == "not_ready")


def _mailed(code: int, lead: Lead, event: e.EmailEvent, at: int, change: Change) -> bool:
    data = event.data
    name = identity(event.id, event.source)
    if data.machine:
        code = messages.BY_MACHINE.get(code, code)
    if code in _REOPENING:
        _engagement(lead, at, name, change)
    row = (at, name, code)
    message_id = data.message_id
    packed = lead.messages.get(message_id)
    message = Message() if packed is None else messages.unpack(packed)
    if packed is None:
        change.begins(message_facts, message_id)
    elif change.is_untracked(message_facts, message_id):
        increment = messages.increment(message, row)
        if increment is not None:
            change.adds(increment)
            message.events.append(row)
            lead.messages[message_id] = messages.pack(message)
            return True
        change.track(message_facts, message_id)
    labels = (data.program_id or "none", data.step_id or "none", data.audience or "prospect")
    fresh = messages.merge(message, row, labels)
    lead.messages[message_id] = messages.pack(message)
    return fresh


def _enrollment_event(
    lead: Lead,
    event: Any,  # noqa: ANN401 - four classes with the same `data`
    at: int,
    change: Change,
    code: int,
    step: str = "",
    detail: int | str = "",
) -> bool:
    data: e.EnrollmentData = event.data
    enrollment_id = data.enrollment_id
    row = (at, identity(event.id, event.source), code, step, detail)
    enrollment = lead.enrollments.get(enrollment_id)
    if enrollment is None:
        change.begins(enrollment_facts, enrollment_id)
        enrollment = lead.enrollments[enrollment_id] = Enrollment()
    in_order = is_next(enrollment.events, row)
    if _engaged_since(lead, at) and not (step and in_order):
        change.track(reopening_facts)
    if change.is_untracked(enrollment_facts, enrollment_id):
        increment = enrollments.increment(enrollment, row, _member(lead, enrollment_id)) if in_order else None
        if increment is not None:
            change.adds(increment)
            enrollment.events.append(row)
            return True
        change.track(enrollment_facts, enrollment_id)
    return enrollments.merge(enrollment, row, data.program_id)


def _enrolled(lead: Lead, event: e.ProgramEnrolled, at: int, change: Change) -> bool:
    return _enrollment_event(lead, event, at, change, enrollments.ENROLLED)


def _entered(lead: Lead, event: e.ProgramStepEntered, at: int, change: Change) -> bool:
    data = event.data
    due = at + change.rules.step_limit_ms if data.due_at is None else milliseconds(data.due_at)
    return _enrollment_event(lead, event, at, change, enrollments.ENTERED, data.step_id, due)


def _left(lead: Lead, event: e.ProgramStepExited, at: int, change: Change) -> bool:
    return _enrollment_event(lead, event, at, change, enrollments.LEFT, event.data.step_id, event.data.outcome)


def _exited(lead: Lead, event: e.ProgramExited, at: int, change: Change) -> bool:
    return _enrollment_event(lead, event, at, change, enrollments.EXITED, "", event.data.outcome)


MERGES: dict[type[Any], Callable[..., bool]] = {
    e.LeadCreated: _created,
    e.LeadStageChanged: _stage,
    e.LeadStatusChanged: _status,
    e.LeadScoreChanged: _score,
    e.LeadEngaged: _engaged,
    e.ProgramEnrolled: _enrolled,
    e.ProgramStepEntered: _entered,
    e.ProgramStepExited: _left,
    e.ProgramExited: _exited,
    e.EmailSent: partial(_mailed, messages.SENT),
    e.EmailDelivered: partial(_mailed, messages.DELIVERED),
    e.EmailBounced: partial(_mailed, messages.BOUNCED),
    e.EmailOpened: partial(_mailed, messages.OPENED),
    e.EmailClicked: partial(_mailed, messages.CLICKED),
    e.EmailReplied: partial(_mailed, messages.REPLIED),
    e.EmailUnsubscribed: partial(_mailed, messages.UNSUBSCRIBED),
    e.EmailComplained: partial(_mailed, messages.COMPLAINED),
}

_FORGETTABLE = frozenset(MERGES) - {e.LeadCreated, e.LeadStageChanged, e.LeadStatusChanged}


def too_late(lead: Lead, event: Any, at: int, limit: int) -> bool:  # noqa: ANN401 - any event of a lead
    """Whether an event is of a kind that is forgotten at this age: a copy of it could not be told from a new one."""
    if at >= limit or type(event) not in _FORGETTABLE:
        return False
    return not (
        type(event).__struct_config__.tag.startswith("program.") and event.data.enrollment_id in lead.enrollments
    )


def forget(lead: Lead, limit: int) -> None:
    """Drop what is kept only to merge and is older than `limit`; what it contributed stays counted."""
    if lead.oldest >= limit:
        return
    lead.engagements = [row for row in lead.engagements if row[0] >= limit]
    stale = bisect_right(lead.scores, limit - 1, key=lambda row: row[0])
    lead.scores = lead.scores[max(stale - 1, 0) :]
    mailed = {name: messages.unpack(packed).events for name, packed in lead.messages.items()}
    mailed = {name: rows for name, rows in mailed.items() if rows[-1][0] >= limit}
    lead.messages = {name: lead.messages[name] for name in mailed}
    for enrollment_id in [name for name, each in lead.enrollments.items() if _is_over(each, limit)]:
        del lead.enrollments[enrollment_id]
    first_rows: list[tuple[Any, ...]] = [*lead.engagements[:1], *lead.scores[1:2]]
    first_rows += [rows[0] for rows in mailed.values()]
    first_rows += [each.events[0] for each in lead.enrollments.values()]
    lead.oldest = min((row[0] for row in first_rows), default=FAR)


def _is_over(enrollment: Enrollment, limit: int) -> bool:
    return enrollment.events[-1][0] < limit and enrollment.first(enrollments.EXITED) is not None


def due_facts(lead: Lead, rules: FoldSettings) -> list[Fact]:
    """The due times that name the lead: what an erasure takes back."""
    return [
        fact
        for enrollment_id in lead.enrollments
        for fact in enrollment_facts(lead, rules, enrollment_id)
        if fact[0][0] == "step_due_at"
    ]


def all_facts(lead: Lead, rules: FoldSettings) -> list[Fact]:
    """Everything that the lead contributes."""
    found = [*stage_facts(lead, rules), *reopening_facts(lead, rules), *score_facts(lead, rules)]
    found += new_lead_score_facts(lead, rules)
    for message_id in lead.messages:
        found += message_facts(lead, rules, message_id)
    for enrollment_id in lead.enrollments:
        found += enrollment_facts(lead, rules, enrollment_id)
    return found


def timeline(lead: Lead) -> list[tuple[int, str]]:
    """What is remembered to have happened, in words, by time."""
    told = [(row[0], f"created, source {row[2]}{', import' if row[6] else ''}") for row in lead.created]
    told += [(row[0], f"stage {row[2]}") for row in lead.stages]
    told += [(row[0], f"status {row[2]}") for row in lead.statuses]
    told += [(row[0], f"score {row[2]} ({row[3] or 'created'})") for row in lead.scores]
    for message_id, packed in lead.messages.items():
        message = messages.unpack(packed)
        told += [(at, f"message {message_id}: {messages.EVENT_NAMES[code]}") for at, _, code in message.events]
    for enrollment_id, enrollment in lead.enrollments.items():
        for at, _, code, step, detail in enrollment.events:
            what = " ".join(part for part in (enrollments.EVENT_NAMES[code], step) if part)
            told.append((at, f"enrollment {enrollment_id} in {enrollment.program}: {what}{_detail(code, detail)}"))
    return sorted(told)


def _detail(code: int, detail: int | str) -> str:
    return f" ({detail})" if code in {enrollments.LEFT, enrollments.EXITED} else ""
