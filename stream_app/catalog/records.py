"""Spend, reach and survey answers: each the newest of its records by (time, id)."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from stream_app.catalog import events as e
from stream_app.core.calendar import day_of
from stream_app.core.facts import Change, Fact, FoldSettings
from stream_app.core.timeline import FAR, identity, join


class Spend(Struct, array_like=True):
    """Rows (at, identity, amount, currency, kind, program, channel, campaign, first day, last day)."""

    id: str
    newest: int = 0
    oldest: int = FAR
    rows: list[tuple[int, str, int, str, str, str, str, str, int, int]] = []


class Reach(Struct, array_like=True):
    """Rows (at, identity, count, day, kind, channel, campaign)."""

    id: str
    newest: int = 0
    oldest: int = FAR
    rows: list[tuple[int, str, int, int, str, str, str]] = []


class Respondent(Struct, array_like=True):
    """Rows (at, identity, score)."""

    id: str
    newest: int = 0
    oldest: int = FAR
    rows: list[tuple[int, str, int]] = []


def spend_facts(spend: Spend, rules: FoldSettings) -> list[Fact]:
    """The amount spread evenly over its days, remainders to the first ones."""
    if not spend.rows:
        return []
    _, _, amount, currency, kind, program, channel, campaign, first, last = spend.rows[-1]
    each, rest = divmod(amount, last - first + 1)
    series = ("spend", currency, kind, program, channel, campaign)
    shares = ((day, each + (day - first < rest)) for day in range(first, last + 1))
    return [(series, rules.calendar.start_of_day(day), share) for day, share in shares if share]


def reach_facts(reach: Reach, rules: FoldSettings) -> list[Fact]:
    """The count, dated at its day."""
    if not reach.rows:
        return []
    _, _, count, day, kind, channel, campaign = reach.rows[-1]
    return [(("reach", kind, channel, campaign), rules.calendar.start_of_day(day), count)]


def nps_facts(respondent: Respondent, _: FoldSettings) -> list[Fact]:
    """The newest answer and its class."""
    if not respondent.rows:
        return []
    at, _name, score = respondent.rows[-1]
    return [(("nps_responses", nps_class(score)), at, 1)]


def nps_class(score: int) -> str:
    """Promoter 9-10, passive 7-8, detractor 0-6: F. Reichheld, "The One Number You Need to Grow", HBR 2003."""
    if score >= 9:  # noqa: PLR2004
        return "promoter"
    return "passive" if score >= 7 else "detractor"  # noqa: PLR2004


def _spent(spend: Spend, event: e.SpendRecorded, at: int, change: Change) -> bool:
    data = event.data
    change.track(spend_facts)
    row = (
        at,
        identity(event.id, event.source),
        data.amount_minor,
        data.currency,
        data.kind,
        data.program_id or "none",
        data.channel or "none",
        data.campaign_id or "none",
        day_of(data.period_start),
        day_of(data.period_end),
    )
    return join(spend.rows, row)


def _reached(reach: Reach, event: e.ReachRecorded, at: int, change: Change) -> bool:
    data = event.data
    change.track(reach_facts)
    row = (
        at,
        identity(event.id, event.source),
        data.count,
        day_of(data.day),
        data.kind,
        data.channel or "none",
        data.campaign_id or "none",
    )
    return join(reach.rows, row)


def _answered(respondent: Respondent, event: e.SurveyResponded, at: int, change: Change) -> bool:
    change.track(nps_facts)
    return join(respondent.rows, (at, identity(event.id, event.source), event.data.score))


SPEND_MERGES: dict[type[Any], Callable[..., bool]] = {e.SpendRecorded: _spent}
REACH_MERGES: dict[type[Any], Callable[..., bool]] = {e.ReachRecorded: _reached}
SURVEY_MERGES: dict[type[Any], Callable[..., bool]] = {e.SurveyResponded: _answered}


def too_late(record: Spend | Reach | Respondent, _: object, at: int, limit: int) -> bool:
    """A record is replaced by newer ones only: one that is older than what was forgotten changes nothing."""
    return at < limit and bool(record.rows)


def forget(record: Spend | Reach | Respondent, limit: int) -> None:
    """Keep the newest row whatever its age."""
    if record.oldest < limit:
        while len(record.rows) > 1 and record.rows[0][0] < limit:
            del record.rows[0]
        record.oldest = record.rows[0][0]
