"""Every query, on a real Prometheus that scrapes the real exporter and a worker's registry."""

import math

import pytest

from stream_app.spec.panel import Panel, Target
from stream_app.spec.promql import promql
from tests.monitoring.dashboards.cases import RENDERED, set_variables, targets
from tests.monitoring.dashboards.site import Queries

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


def test_variables_find_values(queries: Queries) -> None:
    for dashboard in RENDERED.values():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                series, _, label = variable["definition"].removeprefix("label_values(").rstrip(")").partition(", ")
                assert queries.instant(f"count by ({label}) ({series})"), variable["definition"]
