"""Spend, reach and survey answers: each the newest of its records by (time, id)."""

from collections.abc import Callable

from msgspec import Struct

from stream_app.catalog import events as e
from stream_app.core.calendar import day_of
from stream_app.core.envelope import Event
from stream_app.core.facts import Change, Fact, FoldSettings
from stream_app.core.timeline import FAR_FUTURE, Row, identity, join

_NO_SEGMENT = ("", "all")
"""`all` is no segment: it stands for all of them together, as in `lifecycle_nps{segment="all"}`."""


class SpendRow(Row, frozen=True):
    """A spend as recorded: minor units over the days from `first` to `last`, both included."""

    amount: int
    currency: str
    kind: str
    program: str
    channel: str
    campaign: str
    first: int
    last: int


class Spend(Struct, array_like=True):
    """The records of one spend."""

    id: str
    newest: int = 0
    oldest: int = FAR_FUTURE
    rows: list[SpendRow] = []


class ReachRow(Row, frozen=True):
    """A reach as recorded."""

    count: int
    day: int
    kind: str
    channel: str
    campaign: str


class Reach(Struct, array_like=True):
    """The records of one reach."""

    id: str
    newest: int = 0
    oldest: int = FAR_FUTURE
    rows: list[ReachRow] = []


class AnswerRow(Row, frozen=True):
    """An answer to a survey."""

    score: int
    segment: str
    theme: str


class Respondent(Struct, array_like=True):
    """The answers of one respondent."""

    id: str
    newest: int = 0
    oldest: int = FAR_FUTURE
    rows: list[AnswerRow] = []


def spend_facts(spend: Spend, settings: FoldSettings) -> list[Fact]:
    """The amount spread evenly over its days, remainders to the first ones."""
    if not spend.rows:
        return []
    row = spend.rows[-1]
    each, rest = divmod(row.amount, row.last - row.first + 1)
    series = ("spend", row.currency, row.kind, row.program, row.channel, row.campaign)
    shares = ((day, each + (day - row.first < rest)) for day in range(row.first, row.last + 1))
    return [(series, settings.calendar.start_of_day(day), share) for day, share in shares if share]


def reach_facts(reach: Reach, settings: FoldSettings) -> list[Fact]:
    """The count, dated at its day."""
    if not reach.rows:
        return []
    row = reach.rows[-1]
    return [(("reach", row.kind, row.channel, row.campaign), settings.calendar.start_of_day(row.day), row.count)]


def nps_facts(respondent: Respondent, _: FoldSettings) -> list[Fact]:
    """The newest answer by its class, with its segment and its theme."""
    if not respondent.rows:
        return []
    row = respondent.rows[-1]
    found = nps_class(row.score)
    return [(("nps_responses", found, row.segment), row.at, 1), (("nps_themes", row.theme, found), row.at, 1)]


def nps_class(score: int) -> str:
    """Promoter 9-10, passive 7-8, detractor 0-6: F. Reichheld, "The One Number You Need to Grow", HBR 2003."""
    if score >= 9:  # noqa: PLR2004
        return "promoter"
    return "passive" if score >= 7 else "detractor"  # noqa: PLR2004


def _merge_spend(spend: Spend, event: e.SpendRecorded, at: int, change: Change) -> bool:
    data = event.data
    change.track(spend_facts)
    row = SpendRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        amount=data.amount_minor,
        currency=data.currency,
        kind=data.kind,
        program=data.program_id or "none",
        channel=data.channel or "none",
        campaign=data.campaign_id or "none",
        first=day_of(data.period_start),
        last=day_of(data.period_end),
    )
    return join(spend.rows, row)


def _merge_reach(reach: Reach, event: e.ReachRecorded, at: int, change: Change) -> bool:
    data = event.data
    change.track(reach_facts)
    row = ReachRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        count=data.count,
        day=day_of(data.day),
        kind=data.kind,
        channel=data.channel or "none",
        campaign=data.campaign_id or "none",
    )
    return join(reach.rows, row)


def _merge_answer(respondent: Respondent, event: e.SurveyResponded, at: int, change: Change) -> bool:
    data = event.data
    change.track(nps_facts)
    row = AnswerRow(
        at,
        e.order_of(event),
        identity(event.id, event.source),
        score=data.score,
        segment="none" if data.segment is None or data.segment in _NO_SEGMENT else data.segment,
        theme=data.theme or "none",
    )
    return join(respondent.rows, row)


SPEND_MERGES: dict[type[Event], Callable[..., bool]] = {e.SpendRecorded: _merge_spend}
REACH_MERGES: dict[type[Event], Callable[..., bool]] = {e.ReachRecorded: _merge_reach}
SURVEY_MERGES: dict[type[Event], Callable[..., bool]] = {e.SurveyResponded: _merge_answer}


def too_late(record: Spend | Reach | Respondent, _: object, at: int, limit: int) -> bool:
    """A record is replaced by newer ones only: one that is older than what was forgotten changes nothing."""
    return at < limit and bool(record.rows)


def forget(record: Spend | Reach | Respondent, limit: int) -> None:
    """Keep the newest row whatever its age."""
    if record.oldest < limit:
        while len(record.rows) > 1 and record.rows[0].at < limit:
            del record.rows[0]
        record.oldest = record.rows[0].at
