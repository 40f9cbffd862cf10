"""What a metric is: declared once, frozen; exposition, dashboards, rules and docs follow from it."""

from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.window import GRAIN_OF, Grain, Window

PREFIX = "lifecycle_"
SERIES_LIMIT = 1000
"""How many label combinations of a metric are shown, unless a setting says otherwise."""


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
    """A label. `values` is the closed set of its values, in order; None for an open set.

    `capped`: in combinations beyond the limit of the metric the value is shown as `other`. `months`: the values are
    months, and so many are shown, the running one and those before it; earlier ones are summed into the value
    `earlier`, or are not shown if that is empty.
    """

    name: str
    values: tuple[str, ...] | None = None
    capped: bool = False
    months: int = 0
    earlier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What every metric declares, however it is computed. `name` is without the prefix.

    `definition` is the sentence that users read, `formula` how the value is computed where the definition does not say
    it, `note` what users have to know besides. `labels` are all but `window`, whose values are `windows`.
    """

    name: str
    definition: str
    labels: tuple[Label, ...] = ()
    windows: tuple[Window, ...] = ()
    unit: Unit = Unit.COUNT
    section: str = "A"
    formula: str = ""
    note: str = ""

    @property
    def series(self) -> str:
        """The name that users script against."""
        return PREFIX + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Declaration):
    """A metric that is counted from facts.

    `zero_where` names a level with the same labels: wherever that stands, this metric is 0 rather than absent. Due
    times have one, the level that counts them.
    """

    kind: Kind
    bounds: tuple[float, ...] = ()
    internal: bool = False
    zero_where: str = ""

    @property
    def is_level(self) -> bool:
        """Whether its facts change what stands, rather than happen within windows."""
        return self.kind is Kind.LEVEL or (self.kind is Kind.HISTOGRAM and not self.windows)

    @property
    def grains(self) -> tuple[Grain, ...]:
        """The grains in which the metric's facts are kept, finest first."""
        kept = {GRAIN_OF[window] for window in self.windows}
        return tuple(grain for grain in Grain if grain in kept)
