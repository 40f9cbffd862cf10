"""What a dashboard shows: panels, their queries, and the checks that the page makes by itself."""

from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.expression import Expression
from stream_app.spec.window import Grain, Window


class Role(StrEnum):
    """What a value is to its panel."""

    VALUE = "value"
    """What the panel is about."""
    BEFORE = "before"
    """The same a while ago, to compare with."""
    MONTH = "month"
    """The month so far."""
    PACE = "pace"
    """Growth of this month, day for day, against the last."""
    TYPICAL = "typical"
    """What is usual."""
    BUDGET = "budget"
    """What the value should stay below."""
    PART = "part"
    """What moved the value."""
    ENTRIES = "entries"
    """What came in lately."""
    BALANCE = "balance"
    """The whole that the value is a part of."""
    LATE = "late"
    """For how long, in seconds."""


class Status(StrEnum):
    """What a value means."""

    PLAIN = "plain"
    GOOD = "good"
    WATCH = "watch"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query. `empty` says why it may have no answer though all is well; a hidden one is for the page alone."""

    of: Expression
    legend: str = ""
    role: Role = Role.VALUE
    hidden: bool = False
    empty: str = ""
    unit: str = ""
    """If it is not the panel's."""
    words: tuple[tuple[float, str, Status], ...] = ()
    """Words that are shown instead of these values."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition that the page judges by itself: whatever the expression finds is wrong.

    `says` follows the value, `well` is said when nothing is found.
    """

    title: str
    well: str
    of: Expression
    says: str
    status: Status = Status.ALARM
    unit: str = "locale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel. `about` is the series whose definition describes it, `says` what is to be added to that."""

    title: str
    type: PanelType
    targets: tuple[Target, ...]
    unit: str
    about: str = ""
    says: str = ""
    width: int = 6
    steps: tuple[tuple[float, Status], ...] = ()
    empty: str = "No data yet"
    to: str = ""
    """The dashboard that tells more."""
    runbook: str = ""
    """The alert in whose runbook to read on."""
    spark: Spark | None = None
    checks: tuple[Check, ...] = ()
    columns: tuple[str, ...] = ()
    """Names of the values of a table, one per target."""
    stacked: bool = False


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
    says: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    refresh: str = "30s"
    since: str = "now-24h"
