"""What a dashboard shows: panels, their queries, and the conditions that the page tests by itself."""

from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.condition import Condition, Status, Steps
from stream_app.spec.expression import Expression
from stream_app.spec.window import Grain, Window


class TargetKind(StrEnum):
    """What a value is to its panel; the page draws each kind in its own way."""

    VALUE = "value"
    """What the panel is about."""
    PREVIOUS = "previous"
    """The value of an earlier time, to compare with."""
    MONTH_TO_DATE = "month_to_date"
    """The month so far."""
    GROWTH = "growth"
    """Growth of this month, day for day, against the last."""
    TYPICAL = "typical"
    """What is usual."""
    LIMIT = "limit"
    """What the value should stay below."""
    INCREASE = "increase"
    """What has raised the value."""
    DECREASE = "decrease"
    """What has lowered the value."""
    STATE = "state"
    """A state, shown in words."""
    ENTRIES = "entries"
    """What came in lately."""
    TOTAL = "total"
    """The whole that the value is a part of."""
    LATENESS = "lateness"
    """For how long, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query. `empty` says why it may have no answer though all is well; a hidden one is for the page alone."""

    of: Expression
    legend: str = ""
    kind: TargetKind = TargetKind.VALUE
    hidden: bool = False
    empty: str = ""
    unit: str = ""
    """If it is not the panel's."""
    words: tuple[tuple[float, str, Status], ...] = ()
    """Words that are shown instead of these values."""
    status: Status | None = None
    """What any value means, if that does not depend on the value."""


class PanelType(StrEnum):
    """How a panel looks; the value is Grafana's type."""

    TILE = "stat"
    BARS = "bargauge"
    TABLE = "table"
    LINES = "timeseries"


class Curve(StrEnum):
    """How buckets become a curve."""

    BARS = "bars"
    LINE = "line"
    LEVEL = "level"
    """The level now, less what moved since each bucket."""
    RUNNING = "running"
    """Summed up from the first bucket on, per the base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """A small curve of buckets: the last `count`, or those of a window.

    `of` is computed from each bucket as if it were a window. `before` adds the curve of as many buckets earlier.
    """

    of: Expression
    grain: Grain
    span: int | Window
    caption: str
    curve: Curve = Curve.BARS
    base: Expression | None = None
    before: int = 0


class Measure(StrEnum):
    """What a number says of a period."""

    COUNT = "count"
    """What came in it."""
    SHARE = "share"
    """A share of what came in it."""
    LEVEL = "level"
    """What there is at its end, in one currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What may have a target: `name` is its table in `targets.toml`.

    `of` is computed from the sums over the period's days as if these were a window; of a level it is what moved.
    """

    name: str
    measure: Measure
    of: Expression
    level: Expression | None = None
    """The level now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel. `about` is the series whose definition describes it, `description` is added to that."""

    title: str
    type: PanelType
    targets: tuple[Target, ...]
    unit: str
    about: str = ""
    description: str = ""
    width: int = 6
    steps: Steps = ()
    empty: str = "No data yet"
    details: str = ""
    """The uid of the dashboard with more about it."""
    runbook: str = ""
    """The alert whose runbook it links to."""
    spark: Spark | None = None
    conditions: tuple[Condition, ...] = ()
    """Shown by the page instead of the targets."""
    columns: tuple[str, ...] = ()
    """Names of the values of a table, one per target."""
    row_page: str = ""
    """The path of the exporter's page about a row of a table, which takes the labels of the row."""
    row_labels: tuple[str, ...] = ()
    """The labels that a row is about; the last carries the link."""
    stacked: bool = False
    suffix: str = ""
    """What follows the value on the page, such as `$currency`."""
    measured: Measured | None = None
    families: tuple[str, ...] = ()
    """The events that it is about, by the last part of their topic."""
    nothing: str = ""
    """Shown instead of `empty` once an event of its families has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels side by side, in units of Grafana's grid of 24 columns; they wrap. A title makes it a section."""

    panels: tuple[Panel, ...]
    height: int = 8
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice on a dashboard: the values of a label of a series, or of a fixed list."""

    name: str
    title: str
    series: str = ""
    label: str = ""
    values: tuple[str, ...] = ()
    several: bool = False
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard; `uid` is its address and never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    refresh: str = "30s"
    since: str = "now-24h"

    @property
    def measured(self) -> dict[str, Measured]:
        """What of it may have targets, by name."""
        return {panel.measured.name: panel.measured for row in self.rows for panel in row.panels if panel.measured}
