"""What a metric is: declared once, frozen; exposition, dashboards, rules and docs follow from it."""

from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.window import GRAIN_OF, Grain, Window

PREFIX = "lifecycle_"


class Kind(StrEnum):
    """How the facts of a metric become samples."""

    FLOW = "flow"
    """Summed over windows by event time."""
    LEVEL = "level"
    """Stands until the entity changes."""
    HISTOGRAM = "histogram"
    """Observations; the last part of a field is the index of a bound or `sum`. Windowed if the metric has windows."""
    DUE = "due"
    """Due times, kept in a sorted set per series and counted against the clock on read."""


class Unit(StrEnum):
    """The unit of the value that users see."""

    COUNT = "count"
    MONEY = "money"
    """Minor units inside, base units of the label `currency` outside."""
    SECONDS = "seconds"
    """Milliseconds inside."""
    POINTS = "points"
    RATIO = "ratio"
    MONTHS = "months"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Label:
    """A label. `values` is the closed set of its values, in order; None for an open set, which is capped when read."""

    name: str
    values: tuple[str, ...] | None = None
    capped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One declared metric. `name` is without the prefix, `definition` the sentence that users read.

    `zero_where` names a level with the same labels: wherever that stands, this metric is 0 rather than absent.
    """

    name: str
    kind: Kind
    definition: str
    labels: tuple[Label, ...] = ()
    windows: tuple[Window, ...] = ()
    unit: Unit = Unit.COUNT
    bounds: tuple[float, ...] = ()
    note: str = ""
    section: str = "A"
    internal: bool = False
    zero_where: str = ""

    @property
    def series(self) -> str:
        """The name that users script against."""
        return PREFIX + self.name

    @property
    def grains(self) -> tuple[Grain, ...]:
        """The grains in which the metric's facts are kept, finest first."""
        kept = {GRAIN_OF[window] for window in self.windows}
        return tuple(grain for grain in Grain if grain in kept)
