"""The kinds of panels that the detail dashboards are made of, and what their variables choose from."""

from typing import Any

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.metrics import BY_NAME
from stream_app.catalog.ratios import RATIOS
from stream_app.monitoring.units import COUNT, RATIO, SECONDS
from stream_app.spec.alert import FRESH_SECONDS
from stream_app.spec.condition import Status, Steps
from stream_app.spec.expression import Expression, RawPromQL
from stream_app.spec.metric import PREFIX, Unit
from stream_app.spec.panel import Panel, PanelType, Target, Variable

DATA_AGE_STEPS: Steps = ((0, Status.GOOD), (30, Status.WATCH), (FRESH_SECONDS, Status.ALARM))

DATA_AGE = (
    "Seconds since all events in the log were last seen applied, for the partition that is furthest behind. "
    f"While it is not known, or {FRESH_SECONDS} and more, no number of this product is to be trusted."
)

UIDS = {area: f"stream-app-{area}" for area in ("wall", "nurture", "convert", "expand", "email", "pipeline")}

_UNITS = {
    Unit.COUNT: COUNT,
    Unit.MONEY: COUNT,
    Unit.SECONDS: SECONDS,
    Unit.POINTS: "none",
    Unit.RATIO: RATIO,
    Unit.MONTHS: "suffix: months",
    Unit.TIMESTAMP: "dateTimeFromNow",
}
_UNIT_OF = {each.name: each.unit for each in BY_NAME.values()} | {each.name: each.unit for each in (*DERIVED, *RATIOS)}

PROGRAM = Variable(name="program", title="Program", series="lifecycle_program_balance", label="program", several=True)
STEP = Variable(name="step", title="Step", series="lifecycle_step_balance", label="step", several=True)
AUDIENCE = Variable(name="audience", title="Audience", series="lifecycle_email_cohort", label="audience", several=True)
SOURCE = Variable(name="source", title="Source", series="lifecycle_new_leads", label="source", several=True)
CAMPAIGN = Variable(name="campaign", title="Campaign", series="lifecycle_new_leads", label="campaign", several=True)
CURRENCY = Variable(name="currency", title="Currency", series="lifecycle_mrr", label="currency", start="EUR")
WINDOW = Variable(name="window", title="Window", values=("30d", "mtd", "prev_month"), start="30d")
TOPIC = Variable(name="topic", title="Topic", series="stream_app_events_total", label="topic", several=True)


def unit_of(name: str) -> str:
    """Grafana's unit of a metric."""
    return _UNITS[_UNIT_OF[name]]


def _panel(panel_type: PanelType, title: str, name: str, targets: tuple[Target, ...], more: dict[str, Any]) -> Panel:
    about = {"about": PREFIX + name, "unit": unit_of(name)} if name else {}
    return Panel(title=title, type=panel_type, targets=targets, **{**about, **more})


def lines(title: str, name: str, *targets: Target, **more: Any) -> Panel:  # noqa: ANN401 - fields of a panel
    """Curves over time."""
    return _panel(PanelType.LINES, title, name, targets, {"width": 12, **more})


def tile(title: str, name: str, *targets: Target, **more: Any) -> Panel:  # noqa: ANN401 - fields of a panel
    """A number, or a few."""
    return _panel(PanelType.TILE, title, name, targets, {"width": 4, **more})


def bars(title: str, name: str, *targets: Target, **more: Any) -> Panel:  # noqa: ANN401 - fields of a panel
    """Numbers side by side, as they are now."""
    return _panel(PanelType.BARS, title, name, targets, {"width": 12, **more})


def table(title: str, name: str, *targets: Target, **more: Any) -> Panel:  # noqa: ANN401 - fields of a panel
    """Numbers by their labels, as they are now."""
    return _panel(PanelType.TABLE, title, name, targets, {"width": 24, **more})


def by(of: Expression, legend: str, empty: str = "") -> Target:
    """A value for each labeling, named by its labels."""
    return Target(of=of, legend=legend, empty=empty)


def quantile(share: float, name: str, label: str, *, unit: str = "", **match: str) -> Target:
    """A quantile of a distribution by a label. The buckets count a window: no rate is taken of them."""
    tests = ", ".join(f'{each}=~"{value}"' for each, value in match.items())
    buckets = f"sum by (le, {label}) ({PREFIX}{name}_bucket{{{tests}}})"
    return Target(
        of=RawPromQL(f"histogram_quantile({share:g}, {buckets})"),
        legend=f"{{{{{label}}}}} {share:.0%}",
        unit=unit,
    )
