"""What is remembered of a lead."""

from collections.abc import Iterator

from msgspec import Struct

from stream_app.catalog.enrollment import ENROLLED, EXITED, Enrollment
from stream_app.catalog.message import Packed
from stream_app.core.parts import Part, in_parts
from stream_app.core.timeline import FAR_FUTURE, Row

NO_SCORE = -(2**53)
"""The score of a `lead.created` that states none; below every score."""

SCORE_OF_CREATED = ""
"""The activity of the score in `lead.created`."""


class CreatedRow(Row, frozen=True):
    """A `lead.created`; what it does not state is empty."""

    source: str
    channel: str
    campaign: str
    score: int
    is_import: bool


class StageRow(Row, frozen=True):
    """A `lead.stage_changed`."""

    stage: str


class StatusRow(Row, frozen=True):
    """A `lead.status_changed`."""

    status: str


class ScoreRow(Row, frozen=True):
    """A `lead.score_changed`, or the score of the earliest `lead.created` that states one."""

    score: int
    activity: str


class Beginning(Row, frozen=True):
    """The beginning of an enrollment."""

    program: str


@in_parts
class Lead(Struct, array_like=True, gc=False):
    """Everything that is remembered of a lead; every list of rows is in order.

    `ids` are its other ids, united by merges. `engagements` may reopen it, `contacts` are meetings and calls.
    `beginnings` are those of enrollments that are forgotten: stages are credited to them for good.
    `newest` is the time of its newest event, `oldest` a lower bound for what may be forgotten.
    """

    id: str
    ids: list[str] = []
    newest: int = 0
    oldest: int = FAR_FUTURE
    created: list[CreatedRow] = []
    stages: list[StageRow] = []
    statuses: list[StatusRow] = []
    scores: list[ScoreRow] = []
    engagements: list[Row] = []
    contacts: list[Row] = []
    messages: Part[dict[str, Packed]] = {}
    enrollments: Part[dict[str, Enrollment]] = {}
    beginnings: list[Beginning] = []


def new_lead_at(lead: Lead) -> int | None:
    """When the lead came to exist, imports excluded."""
    for row in lead.created:
        if not row.is_import:
            return row.at
    return None


def origin(lead: Lead) -> tuple[str, str, str]:
    """Source, channel and campaign, each of the earliest `lead.created` that states it."""
    source = channel = campaign = ""
    for row in lead.created:
        source, channel, campaign = source or row.source, channel or row.channel, campaign or row.campaign
    return source or ("unknown" if lead.created else "none"), channel or "none", campaign or "none"


def first_entry(lead: Lead, stage: str) -> int | None:
    """When the lead first entered a stage other than `lead`."""
    for row in lead.stages:
        if row.stage == stage:
            return row.at
    return None


def stage_history(lead: Lead) -> list[tuple[int, str]]:
    """(at, stage) in time order, equal neighbors collapsed. The creation stands for an entry into `lead`."""
    rows = lead.stages
    if lead.created:
        created = lead.created[0]
        entered = next((row for row in rows if row.stage == "lead"), None)
        if entered is None or _comes_first(created, entered):
            rows = sorted([*rows, StageRow(created.at, created.order, created.identity, "lead")])
    history: list[tuple[int, str]] = []
    current = ""
    for row in rows:
        if row.stage != current:
            current = row.stage
            history.append((row.at, current))
    return history


def _comes_first(row: Row, other: Row) -> bool:
    return (row.at, row.order, row.identity) < (other.at, other.order, other.identity)


def is_disqualified(lead: Lead) -> bool:
    """Whether the newest status says so."""
    return bool(lead.statuses) and lead.statuses[-1].status == "disqualified"


def not_ready_episodes(lead: Lead) -> Iterator[tuple[int, int]]:
    """(begin, end) of each episode in which the status was `not_ready`; the end is excluded."""
    start: int | None = None
    for row in lead.statuses:
        if row.status == "not_ready":
            start = row.at if start is None else start
        elif start is not None:
            yield start, row.at
            start = None
    if start is not None:
        yield start, FAR_FUTURE


def beginning(enrollment: Enrollment) -> Beginning | None:
    """The beginning of an enrollment, if it is known."""
    begun = enrollment.first(ENROLLED)
    return Beginning(begun.at, begun.order, begun.identity, enrollment.program) if begun else None


def program_at(lead: Lead, at: int) -> str | None:
    """The program of the latest enrollment that was running at a moment."""
    running: list[tuple[int, str, str, str]] = []
    for each in lead.enrollments.values():
        begun, ended = each.first(ENROLLED), each.first(EXITED)
        if begun and begun.at <= at and not (ended and ended.at <= at):
            running.append((begun.at, begun.order, begun.identity, each.program))
    return max(running)[3] if running else None
