"""What tiles of the wall should reach, on the boards that these tiles lead to."""

from stream_app.monitoring.dashboards.panels import table
from stream_app.monitoring.dashboards.wall import WALL
from stream_app.monitoring.units import COUNT, RATIO
from stream_app.spec.expression import Max, series_selector
from stream_app.spec.panel import Row, Target

_GOAL = "stream_app_target"
_NONE = "No target is set"


def goal(tile: str, **match: str) -> Target:
    """The goals of a tile as lines, one for each period."""
    of = Max(series_selector(_GOAL, tile=tile, **match), ("period",))
    return Target(of=of, legend="goal of the {{period}}", empty=f"{_NONE}.")


def targets_row(board: str, unit: str = COUNT, **match: str) -> Row:
    """The targets of the tiles that lead to a board, all in one unit. Shares have no pace."""
    panels = [panel for row in WALL.rows for panel in row.panels if panel.details == board]
    tiles = tuple(panel.measured.name for panel in panels if panel.measured)
    columns = {_GOAL: "Goal", f"{_GOAL}_reached": "So far"}
    if unit != RATIO:
        columns[f"{_GOAL}_pace"] = "At this pace"
    of = (Max(series_selector(series, tile=tiles, **match), ("tile", "period")) for series in columns)
    panel = table(
        "Targets of the running periods",
        "",
        *(Target(of=each, empty=f"{_NONE}.") for each in of),
        columns=tuple(columns.values()),
        unit=unit,
        empty=_NONE,
        description=(
            "What targets.toml says, and what the running month, quarter or year has: docs/wall.md. "
            "Of all sources, campaigns and programs, whatever is chosen above."
        ),
    )
    return Row(title="Targets", height=6, panels=(panel,))
