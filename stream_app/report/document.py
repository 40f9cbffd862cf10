"""What a review says, before it becomes a page: sections, answers, figures and charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stream_app.report.quantity import Quantity
from stream_app.spec.metric import Unit


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and the same in earlier months; None where there is none, or too little for one.

    `before` is the month before, `year_before` the same month of the year before; of a month that is running all three
    are of the same days. Of a share `low` and `high` are the ends of its 95 % interval; `cases` is how many it is of.
    """

    title: str
    quantity: Quantity
    unit: Unit
    now: float | None
    before: float | None = None
    year_before: float | None = None
    low: float | None = None
    high: float | None = None
    cases: float | None = None

    @property
    def currency(self) -> str:
        """Of money; empty for other units."""
        return dict(self.quantity.of.labels).get("currency", ("",))[0]


class ChartKind(StrEnum):
    """Bars of names, or lines over months."""

    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Line:
    """A value for each tick of the chart; None where there is none. `low` and `high` are the ends of intervals."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture in numbers."""

    kind: ChartKind
    title: str
    unit: Unit
    ticks: Sequence[str]
    lines: Sequence[Line]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `definitions` are name and text of the series behind the figures; `yardsticks` is what the source holds for usual;
    `cautions` say what is too small, not known, or may still change.
    """

    question: str
    sentences: Sequence[str]
    figures: Sequence[Figure]
    chart: Chart | None
    definitions: Sequence[tuple[str, str]]
    yardsticks: Sequence[str] = ()
    cautions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the review: nurture, convert or expand."""

    title: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Report:
    """The review of a month (`YYYY-MM`), as of `as_of` (milliseconds of the epoch).

    `period`, `before` and `year_before` name days, as in "October 2026" and "1 to 12 November 2026". `notes` are what a
    reader has to know first.
    """

    month: str
    timezone: str
    as_of: int
    is_running: bool
    period: str
    before: str
    year_before: str
    notes: Sequence[str]
    sections: Sequence[Section]
