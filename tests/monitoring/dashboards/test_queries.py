"""Every query, on a real Prometheus that scrapes the real exporter and a worker's registry."""

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stream_app.core.targets import Targets
from stream_app.monitoring.dashboards import WALL
from stream_app.monitoring.dashboards.convert import CONVERT
from stream_app.monitoring.dashboards.email import EMAIL
from stream_app.monitoring.dashboards.expand import EXPAND
from stream_app.monitoring.dashboards.nurture import NURTURE
from stream_app.monitoring.dashboards.pipeline import PIPELINE
from stream_app.render.dashboards import panels_by_id
from stream_app.spec.panel import Dashboard, Measure, Panel, Target
from stream_app.spec.promql import promql
from tests.monitoring.dashboards.cases import RENDERED, set_variables, targets
from tests.monitoring.dashboards.site import Queries, exporter, prometheus, wall_of
from tests.monitoring.dashboards.store_content import Company

EVERY = [
    pytest.param(panel, target, id=f"{dashboard.uid}: {panel.title} {letter}")
    for dashboard, panel, letter, target in targets()
]


@pytest.mark.parametrize(("panel", "target"), EVERY)
def test_a_target_has_data_or_may_have_none_by_design(queries: Queries, panel: Panel, target: Target) -> None:
    query = set_variables(promql(target.of))
    assert not queries.parse_error(query)
    found = queries.instant(query)
    assert found or target.empty, f"{panel.title}: {query}"
    assert not [each for each in found if math.isinf(float(each["value"][1]))]


def test_each_panel_of_sources_shows_what_a_gateway_counted(queries: Queries) -> None:
    (row,) = (row for row in PIPELINE.rows if row.title == "Sources")
    for panel in row.panels:
        for target in panel.targets:
            found = queries.instant(set_variables(promql(target.of)))
            assert {each["metric"]["source"] for each in found} == {"plain"}, panel.title


@pytest.mark.parametrize("board", [NURTURE, CONVERT, EMAIL, EXPAND], ids=lambda board: board.title)
def test_targets_are_what_the_wall_says(queries: Queries, company: Company, targets: Targets, board: Dashboard) -> None:
    with wall_of(company.settings, lambda: company.until, targets) as wall:
        values = wall.current().values["panels"]
    on_the_wall = {
        panel.measured.name: values[str(number)]["EUR" if panel.measured.measure is Measure.LEVEL else ""]["target"]
        for number, panel in panels_by_id(WALL)
        if panel.measured and panel.details == board.uid
    }
    (panel,) = board.rows[-1].panels
    for target, key in zip(panel.targets, ("goal", "soFar", "pace"), strict=False):
        found = queries.instant(set_variables(promql(target.of)))
        assert {(each["metric"]["tile"], each["metric"]["period"]): float(each["value"][1]) for each in found} == {
            (name, each["period"]): math.floor(each[key]) if key == "pace" else each[key]
            for name, each in on_the_wall.items()
        }
    assert on_the_wall


@pytest.mark.slow
def test_a_second_exporter_changes_no_panel(
    company: Company, targets: Targets, queries: Queries, tmp_path: Path
) -> None:
    """Every query of the dashboards, on a Prometheus that scrapes one exporter, and on one that scrapes two."""
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(exporter(company.settings, lambda: company.until, targets)) for _ in range(2)
        )
        twice = stack.enter_context(prometheus(tmp_path, {"stream-app-exporter": first, "another": second}))
        compared = 0
        for query in sorted(_of_business()):
            (once, again) = (_values(each.instant(set_variables(query))) for each in (queries, twice))
            assert again == pytest.approx(once), query
            compared += bool(once)
    assert compared > 80


def _of_business() -> set[str]:
    """Queries whose answer is the same whenever it is asked for."""
    expressions = {
        target["expr"]
        for dashboard in RENDERED.values()
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    }
    exported = {each for each in expressions if "lifecycle_" in each or "stream_app_target" in each}
    return {each for each in exported if "time()" not in each and "offset" not in each}


def _values(found: list[dict[str, Any]]) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(each["metric"].items())): float(each["value"][1]) for each in found}


def _searched(variable: dict[str, Any]) -> tuple[str, str, str]:
    return set_variables(variable["definition"]).removeprefix("label_values(").rstrip(")").partition(", ")


def test_variables_find_values(queries: Queries) -> None:
    for dashboard in RENDERED.values():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                series, _, label = _searched(variable)
                assert queries.instant(f"count by ({label}) ({series})"), variable["definition"]
