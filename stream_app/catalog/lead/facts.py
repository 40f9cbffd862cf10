"""What a lead contributes to the numbers, one function for each part of it that changes on its own."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from stream_app.catalog import enrollment as enrollments
from stream_app.catalog import message as messages
from stream_app.catalog.bounds import SCORE_BOUNDS, TRANSITION_BOUNDS
from stream_app.catalog.lead.follow_up import follow_up_facts
from stream_app.catalog.lead.outcomes import outcome_facts
from stream_app.catalog.lead.state import (
    Lead,
    ScoreRow,
    new_lead_at,
    not_ready_episodes,
    origin,
    program_at,
    stage_history,
)
from stream_app.core.calendar import month_after
from stream_app.core.deltas import SEPARATOR
from stream_app.core.facts import DAY_MS, Fact, FoldSettings, Series, negated
from stream_app.core.histogram import observation

TRANSITIONS = (("lead", "mql"), ("mql", "sql"), ("sql", "customer"))
MQL_COHORT_MS = 30 * DAY_MS


def stage_facts(lead: Lead, _: FoldSettings) -> list[Fact]:
    """New leads, entries into stages and the time between them, and the stages it was in."""
    found: list[Fact] = []
    created = new_lead_at(lead)
    if created is not None:
        found.append((("new_leads", *origin(lead)), created, 1))
    history = stage_history(lead)
    first: dict[str, int] = {}
    for at, stage in history:
        found += stage_entry(lead, first, at, stage)
    return found + _stays(lead, history)


def _stays(lead: Lead, history: list[tuple[int, str]]) -> list[Fact]:
    """The stages that the lead was in while it was not disqualified."""
    if not any(row.status == "disqualified" for row in lead.statuses):
        return _moves(history)
    changes: list[tuple[int, str, bool | None]] = [(at, stage, None) for at, stage in history]
    changes += [(row.at, "", row.status == "disqualified") for row in lead.statuses]
    stage, is_out = "", False
    moves: list[tuple[int, str]] = []
    # Within a moment the order makes no difference: what stands after it is the same.
    for at, entered, disqualified in sorted(changes, key=lambda change: change[0]):
        stage = entered or stage
        is_out = is_out if disqualified is None else disqualified
        moves.append((at, "" if is_out else stage))
    return _moves(moves)


def _moves(history: list[tuple[int, str]]) -> list[Fact]:
    """The changes of the number of leads in each stage; "" is none."""
    found: list[Fact] = []
    before = ""
    for at, stage in history:
        if stage != before:
            found += [(("leads_in_stage", name), at, sign) for name, sign in ((before, -1), (stage, 1)) if name]
            before = stage
    return found


def stage_entry(lead: Lead, first: dict[str, int], at: int, stage: str) -> list[Fact]:
    """What the next entry into a stage adds. `first` says when each stage was first entered; this entry is added."""
    if stage in first:
        return [(("stage_reentries", stage), at, 1)]
    first[stage] = at
    source, _, campaign = origin(lead)
    found: list[Fact] = [(("stage_entries", stage, source, campaign), at, 1)]
    for before, after in TRANSITIONS:
        # Of two stages that were entered in the same millisecond either may have come first.
        if stage in {before, after} and before in first and after in first and first[before] <= first[after]:
            series = ("stage_transition_seconds", f"{before}_{after}")
            found += observation(series, TRANSITION_BOUNDS, first[after], first[after] - first[before], 1000)
    if stage == "mql" and (created := new_lead_at(lead)) is not None and at - created <= MQL_COHORT_MS:
        found.append((("lead_mql_cohort",), created, 1))
    return found


def reopening_facts(lead: Lead, _: FoldSettings) -> list[Fact]:
    """The first engagement of each not-ready episode during which the lead was in a program."""
    found: list[Fact] = []
    if not lead.engagements or not lead.enrollments:
        return found
    for start, end in not_ready_episodes(lead):
        for row in lead.engagements:
            if start <= row.at < end and (program := program_at(lead, row.at)) is not None:
                found.append((("reopened_leads", program), row.at, 1))
                break
    return found


def score_facts(lead: Lead, _: FoldSettings) -> list[Fact]:
    """Differences between neighboring scores."""
    return score_differences(lead.scores)


def score_differences(scores: Iterable[ScoreRow]) -> list[Fact]:
    """Differences between scores that follow each other."""
    return [fact for earlier, later in pairwise(scores) for fact in score_difference(earlier, later)]


def score_difference(earlier: ScoreRow, later: ScoreRow) -> list[Fact]:
    """That the score changed, and by how much."""
    at, activity = later.at, later.activity or "unknown"
    found: list[Fact] = [(("score_changes", activity), at, 1)]
    if later.score != earlier.score:
        found.append((("score_delta", activity), at, later.score - earlier.score))
    return found


def new_lead_score_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """The score of a new lead from its creation to the end of that month, where it stays."""
    created = new_lead_at(lead)
    return [] if created is None else scores_since(created, lead.scores, settings)


def scores_since(created: int, scores: Sequence[ScoreRow], settings: FoldSettings) -> list[Fact]:
    """The score since the creation, of which each takes the place of the one before it."""
    first = max(bisect_right(scores, created, key=_moment) - 1, 0)
    end = bisect_left(scores, end_of_month(created, settings), lo=first, key=_moment)
    series = new_lead_score_series(created, settings)
    found: list[Fact] = []
    before: int | None = None
    for row in scores[first:end]:
        if row.score != before:
            at = max(created, row.at)
            if before is not None:
                found += negated(observation(series, SCORE_BOUNDS, at, before))
            found += observation(series, SCORE_BOUNDS, at, row.score)
            before = row.score
    return found


def _moment(row: ScoreRow) -> int:
    return row.at


def new_lead_score_series(created: int, settings: FoldSettings) -> Series:
    """The histogram of the scores of leads that were created in the same month."""
    return "new_lead_score", settings.calendar.month(created)


def end_of_month(at: int, settings: FoldSettings) -> int:
    """When the month of a moment ends, in milliseconds."""
    return settings.calendar.start_of_day(month_after(settings.calendar.day(at)))


def message_facts(lead: Lead, _: FoldSettings, message_id: str) -> list[Fact]:
    """See `message.facts`."""
    packed = lead.messages.get(message_id)
    return messages.facts(messages.unpack(packed)) if packed is not None else []


def enrollment_facts(lead: Lead, _: FoldSettings, enrollment_id: str) -> list[Fact]:
    """See `enrollment.facts`."""
    known = lead.enrollments.get(enrollment_id)
    return enrollments.facts(known, due_member(lead, enrollment_id)) if known else []


def due_member(lead: Lead, enrollment_id: str) -> str:
    """Names an enrollment in the sets of due times."""
    return f"{lead.id}{SEPARATOR}{enrollment_id}"


def due_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """The due times that name the lead: what an erasure retracts."""
    steps = [
        fact
        for enrollment_id in lead.enrollments
        for fact in enrollment_facts(lead, settings, enrollment_id)
        if fact[0][0] == "step_due_at"
    ]
    return steps + [fact for fact in follow_up_facts(lead, settings) if fact[0][0] == "mql_due_at"]


def all_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """Everything that the lead contributes."""
    found = [*stage_facts(lead, settings), *reopening_facts(lead, settings), *score_facts(lead, settings)]
    found += new_lead_score_facts(lead, settings)
    found += [*outcome_facts(lead, settings), *follow_up_facts(lead, settings)]
    for message_id in lead.messages:
        found += message_facts(lead, settings, message_id)
    for enrollment_id in lead.enrollments:
        found += enrollment_facts(lead, settings, enrollment_id)
    return found
