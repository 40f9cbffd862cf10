"""What an event changes in the facts of a lead, known without computing them again."""

from bisect import bisect_left

from stream_app.catalog.bounds import SCORE_BOUNDS
from stream_app.catalog.lead.facts import (
    end_of_month,
    new_lead_score_series,
    score_differences,
    scores_since,
    stage_entry,
)
from stream_app.catalog.lead.state import (
    Lead,
    ScoreRow,
    StageRow,
    is_disqualified,
    new_lead_at,
    stage_history,
)
from stream_app.core.facts import Fact, FoldSettings, negated
from stream_app.core.histogram import observation
from stream_app.core.timeline import is_next


def stage_increment(lead: Lead, row: StageRow) -> list[Fact] | None:
    """What a stage in order adds to `stage_facts`; None where it may change more than that."""
    if not is_next(lead.stages, row) or not lead.created:
        return None
    created = lead.created[0]
    if (row.at, row.order, row.identity) <= (created.at, created.order, created.identity):
        return None
    if lead.statuses and lead.statuses[-1].at > row.at and _was_disqualified(lead):
        return None
    first: dict[str, int] = {}
    current = ""
    for since, current in stage_history(lead):
        first.setdefault(current, since)
    if row.stage == current:
        return []
    found = stage_entry(lead, first, row.at, row.stage)
    if not is_disqualified(lead):
        found += [(("leads_in_stage", current), row.at, -1), (("leads_in_stage", row.stage), row.at, 1)]
    return found


def _was_disqualified(lead: Lead) -> bool:
    return any(row.status == "disqualified" for row in lead.statuses)


def score_replacement(scores: list[ScoreRow], row: ScoreRow) -> tuple[list[Fact], list[Fact]]:
    """What a score of a new identity changes in `score_facts`, wherever it belongs: what is there before, and after."""
    before, after = _neighbors(scores, row)
    return score_differences(before), score_differences(after)


def new_lead_score_replacement(lead: Lead, row: ScoreRow, settings: FoldSettings) -> tuple[list[Fact], list[Fact]]:
    """What a score of a new identity changes in `new_lead_score_facts`, as above."""
    created = new_lead_at(lead)
    if created is None:
        return [], []
    before, after = _neighbors(lead.scores, row)
    return scores_since(created, before, settings), scores_since(created, after, settings)


def new_lead_score_increment(lead: Lead, row: ScoreRow, settings: FoldSettings) -> list[Fact]:
    """What a score in order, which is not the first, adds to `new_lead_score_facts`."""
    created = new_lead_at(lead)
    if created is None or row.at >= end_of_month(created, settings):
        return []
    before, after = lead.scores[-1].score, row.score
    if before == after:
        return []
    series, at = new_lead_score_series(created, settings), max(created, row.at)
    return negated(observation(series, SCORE_BOUNDS, at, before)) + observation(series, SCORE_BOUNDS, at, after)


def _neighbors(scores: list[ScoreRow], row: ScoreRow) -> tuple[list[ScoreRow], list[ScoreRow]]:
    """The scores on both sides of the place where one belongs, without it and with it."""
    place = bisect_left(scores, row)
    earlier, later = scores[max(place - 1, 0) : place], scores[place : place + 1]
    return [*earlier, *later], [*earlier, row, *later]


def engaged_since(lead: Lead, at: int) -> bool:
    """Whether the lead engaged then or later: only then can a status or an enrollment change `reopening_facts`.

    That holds out of order as well, and for a copy: it takes the place of a later row or of none.
    """
    return bool(lead.engagements) and lead.engagements[-1].at >= at


def may_reopen(lead: Lead, at: int) -> bool:
    """Whether the lead may have been not ready at a moment or since; sure of the newest status only.

    If not, an engagement reopens nothing, out of order neither, and nor does the later copy whose place it may take.
    """
    return bool(lead.statuses) and (at < lead.statuses[-1].at or lead.statuses[-1].status == "not_ready")
