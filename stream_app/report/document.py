"""What a monthly report says, before it becomes a page: questions, answers, figures, charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from stream_app.spec.metric import Unit


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the report: a sample of `kpis`, and the same sample of earlier months.

    `series` and `labels` name the sample, `value` has its unit; None: the store has no such sample. `before` is the
    month before, `year_before` the same month of the last year, both over the same days where the month is running.
    `margin` is half the width of a 95 % interval (`low`, `high` where it is not symmetric).
    """

    title: str
    series: str
    labels: tuple[tuple[str, str], ...]
    unit: Unit
    value: float | None
    before: float | None = None
    year_before: float | None = None
    low: float | None = None
    high: float | None = None
    sample_size: int | None = None


class ChartKind(Enum):
    """How a chart is drawn: bars by name, or a line by day or month."""

    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Line:
    """A named row of values, one for each of the chart's `ticks`; None leaves a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: `text` says the same in words, for who does not see it."""

    kind: ChartKind
    title: str
    unit: Unit
    ticks: Sequence[str]
    lines: Sequence[Line]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: sentences with the numbers in them, the figures behind them, at most one chart.

    `definitions` are texts of the catalog; `yardsticks` say what the source holds for usual; `cautions` say what is
    too small or not known.
    """

    question: str
    sentences: Sequence[str]
    figures: Sequence[Figure]
    chart: Chart | None
    definitions: Sequence[str]
    yardsticks: Sequence[str]
    cautions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the review: nurture, convert or expand."""

    title: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Report:
    """The review of one month (`YYYY-MM`), as of `as_of` (milliseconds of the epoch), in the time zone `timezone`.

    `period` and `compared_with` name in words the days that are reported and those they are compared with.
    `notes` are what the reader has to know first: the month is running, the store is empty, it has three days only.
    """

    month: str
    as_of: int
    timezone: str
    is_running: bool
    period: str
    compared_with: str
    notes: Sequence[str]
    sections: Sequence[Section]
