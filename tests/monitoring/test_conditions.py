"""A condition on the wall and its alert: one threshold, one severity, and the page finds what the alert fires for."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from stream_app.catalog.metrics import BY_NAME
from stream_app.core.windows import Clock
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.alerts.steps import NURTURE_STEP_BLOCKED
from stream_app.monitoring.dashboards import DASHBOARDS, WALL
from stream_app.render.dashboards import panels_by_id
from stream_app.render.evaluation import vector
from stream_app.render.wall import WallData, wall_values
from stream_app.spec.condition import Condition, Status
from stream_app.spec.expression import Arithmetic, Expression, Filter, MonthElapsed, Number, SetOperation
from stream_app.spec.panel import Panel
from stream_app.spec.promql import promql
from stream_app.spec.window import Grain
from tests.monitoring.alerts.stories import ROOT, STORIES
from tests.monitoring.alerts.story import Story
from tests.monitoring.story_on_page import context_of

CONDITIONS = [condition for _, panel in panels_by_id(WALL) for condition in panel.conditions]
RULES = {
    rule["alert"]: rule
    for path in (ROOT / "prometheus/rules").glob("*.yml")
    for group in YAML(typ="safe").load(path.read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
STATUS_OF_SEVERITY = {"critical": "alarm", "warning": "watch", "info": "plain"}
FIRING = [
    pytest.param(condition, story, id=f"{story.alert} {story.name}")
    for condition in CONDITIONS
    for stories in STORIES.values()
    for story in stories
    if story.alert == condition.name and story.firing is not None
]


def on_the_page() -> dict[str, dict[str, Any]]:
    """What the page is given of every condition, by name."""
    data = WallData(samples=[], buckets={grain: {} for grain in Grain}, clock=Clock(0, 0, 0, 0), metrics=BY_NAME)
    panels = wall_values(WALL, data, {})["panels"].values()
    return {each["name"]: each for panel in panels for each in panel[""].get("conditions", ())}


def test_the_critical_block_of_a_step_is_on_the_wall() -> None:
    assert {"NurtureStepBlocked", "NurtureStepOverdue", "GrossMrrChurnHigh"} <= set(on_the_page())


@pytest.mark.parametrize("name", on_the_page())
def test_a_condition_on_the_wall_has_the_status_of_its_alert(name: str) -> None:
    assert on_the_page()[name]["status"] == STATUS_OF_SEVERITY[RULES[name]["labels"]["severity"]]


def thresholds(expression: Expression) -> set[float]:
    """Every number that an expression compares with, or that a bound is made from."""
    match expression:
        case Filter(of, _, bound):
            return thresholds(of) | {bound}
        case SetOperation(left, _, right) | Arithmetic(left, _, right):
            return thresholds(left) | thresholds(right)
        case MonthElapsed(least):
            return {least}
        case Number(value):
            return {value}
    return set()


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each.name)
def test_a_condition_on_the_wall_has_the_thresholds_of_its_alert(condition: Condition) -> None:
    numbers = {float(each) for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", RULES[condition.name]["expr"])}
    wanted = thresholds(condition.instant) - {0}
    assert wanted
    assert wanted <= numbers


@pytest.mark.parametrize(("condition", "story"), FIRING)
def test_the_page_finds_what_an_alert_fires_for(condition: Condition, story: Story) -> None:
    found = [dict(labels) for labels in vector(condition.instant, context_of(story))]
    assert found == [dict(re.findall(r'(\w+)="([^"]*)"', story.firing or ""))]


# The page itself says that data is stale, has what advanced while Prometheus was away, and cannot see an import.
ELSEWHERE = {
    "stays quiet while the data is stale",
    "stays quiet after a restart of Prometheus that missed what advanced",
    "stays quiet when history is imported",
}
NOT_FIRING = [
    pytest.param(story, id=story.name)
    for story in STORIES["steps"]
    if story.alert == "NurtureStepBlocked" and story.firing is None and story.name not in ELSEWHERE
]


@pytest.mark.parametrize("story", NOT_FIRING)
def test_the_page_finds_no_blocked_step_where_nobody_is_paged(story: Story) -> None:
    assert vector(NURTURE_STEP_BLOCKED.instant, context_of(story)) == {}


PANELS = {
    f"{dashboard.uid}: {panel.title}": panel
    for dashboard in DASHBOARDS
    for _, panel in panels_by_id(dashboard)
    if panel.steps
}


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_the_worst_color_of_a_panel_is_the_severity_of_its_alert(panel: Panel) -> None:
    worst = [status for _, status in panel.steps if status in {Status.WATCH, Status.ALARM}][-1]
    assert worst.value == STATUS_OF_SEVERITY[RULES[panel.runbook]["labels"]["severity"]]


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_panels_of_one_alert_turn_the_same_color_at_the_same_value(panel: Panel) -> None:
    first = next(each for each in PANELS.values() if each.runbook == panel.runbook)
    assert _worse_than_good(panel) == _worse_than_good(first)


def _worse_than_good(panel: Panel) -> list[tuple[float, Status]]:
    return [(value, status) for value, status in panel.steps if status is not Status.GOOD]


def test_a_firing_alert_has_the_color_of_its_severity_in_grafana() -> None:
    (panel,) = (panel for _, panel in panels_by_id(WALL) if panel.title == "Firing alerts")
    colors = {
        severity: target.status
        for target in panel.targets
        for severity in re.findall(r'severity="(\w+)"', promql(target.of))
    }
    assert colors == {severity: Status(status) for severity, status in STATUS_OF_SEVERITY.items()}


def test_every_condition_on_the_wall_is_an_alert() -> None:
    alerts = {alert.name: alert for group in ALERTING.groups for alert in group.alerts}
    for condition in CONDITIONS:
        assert alerts[condition.name] == condition.alert
