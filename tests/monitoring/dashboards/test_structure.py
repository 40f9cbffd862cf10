"""Dashboards as Grafana will read them."""

import re
from itertools import combinations
from typing import Any

import pytest

from stream_app.monitoring.dashboards import DASHBOARDS, WALL
from stream_app.render.dashboards import COLORS, COLUMNS, panels_by_id, targets_by_ref_id
from stream_app.spec.condition import Status
from stream_app.spec.panel import PanelType
from tests.monitoring.dashboards.cases import ALERTS, RENDERED
from tests.monitoring.dashboards.store_content import posted

# What people have bookmarked and alerts link to: never changed.
UIDS = {
    "stream-app-wall": "Lifecycle wall",
    "stream-app-nurture": "Nurture",
    "stream-app-convert": "Convert",
    "stream-app-expand": "Expand",
    "stream-app-email": "E-mail",
    "stream-app-pipeline": "Pipeline health",
}
EVERY = pytest.mark.parametrize("dashboard", RENDERED.values(), ids=RENDERED)

# A row of Grafana's grid is 30 pixels and the gap between two is 8; the margins of a kiosk are below 32.
SCREEN_ROWS = (1080 - 64 + 8) // 38


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All but the headings of rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def overlap(left: dict[str, int], right: dict[str, int]) -> bool:
    return (
        left["x"] < right["x"] + right["w"]
        and right["x"] < left["x"] + left["w"]
        and left["y"] < right["y"] + right["h"]
        and right["y"] < left["y"] + left["h"]
    )


def test_uids_and_titles_are_those_that_links_lead_to() -> None:
    assert {uid: dashboard["title"] for uid, dashboard in RENDERED.items()} == UIDS


@EVERY
def test_a_dashboard_loads_in_grafana_11_to_13(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] in {41, 42}
    assert "id" not in dashboard
    assert dashboard["description"]


@EVERY
def test_ids_are_unique(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


@EVERY
def test_panels_lie_in_the_grid_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= COLUMNS for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


@EVERY
def test_every_panel_and_target_asks_the_chosen_datasource(dashboard: dict[str, Any]) -> None:
    wanted = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels_of(dashboard):
        assert panel["datasource"] == wanted
        assert panel["targets"]
        assert all(target["datasource"] == wanted for target in panel["targets"])
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert all(each["datasource"] == wanted for each in variables.values() if each["type"] == "query")


@EVERY
def test_every_panel_has_a_description_a_unit_and_a_text_for_no_data(dashboard: dict[str, Any]) -> None:
    for panel in panels_of(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        assert len(panel["description"]) > 20, panel["title"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["thresholds"]["steps"][0]["value"] is None


def test_a_rate_without_a_value_says_what_there_may_be_none_of() -> None:
    empty = {
        panel["title"]: panel["fieldConfig"]["defaults"]["noValue"] for panel in panels_of(RENDERED["stream-app-wall"])
    }
    assert empty["Human click rate, 7 days"] == "No data yet, or nothing delivered in 7 days"
    assert empty["New leads, 24 h"] == "No data yet"


@EVERY
def test_every_variable_is_used_and_every_used_one_is_there(dashboard: dict[str, Any]) -> None:
    declared = {each["name"] for each in dashboard["templating"]["list"]} - {"datasource", "runbooks", "exporter"}
    queries = " ".join(target["expr"] for panel in panels_of(dashboard) for target in panel["targets"])
    known = {"job", "instance", "currency", "program", "step", "audience", "source", "campaign", "topic", "window"}
    assert declared == {name for name in known if f"${name}" in queries}


@EVERY
def test_no_rate_is_taken_of_what_is_counted_in_windows(dashboard: dict[str, Any]) -> None:
    for panel in panels_of(dashboard):
        for target in panel["targets"]:
            assert not ("lifecycle_" in target["expr"] and ("rate(" in target["expr"] or "increase(" in target["expr"]))


@EVERY
def test_links_lead_to_dashboards_and_runbooks_that_exist(dashboard: dict[str, Any]) -> None:
    anchors = {name.lower() for name in ALERTS}
    for panel in panels_of(dashboard):
        for link in panel["links"]:
            if link["title"] == "Runbook":
                assert link["url"].removeprefix("${runbooks}#") in anchors
            else:
                assert link["url"].removeprefix("/d/").partition("?")[0] in UIDS


def test_panels_link_to_details_and_runbooks() -> None:
    assert all(panel.details for _, panel in panels_by_id(WALL))
    for each in DASHBOARDS:
        assert any(panel.runbook for _, panel in panels_by_id(each)), each.title


@EVERY
def test_a_query_is_of_the_processes_that_are_chosen(dashboard: dict[str, Any]) -> None:
    for panel in panels_of(dashboard):
        for target in panel["targets"]:
            # What rules record has colons, and no instance.
            series = re.findall(r"(?<![\w:])(?:lifecycle|stream_app)_\w+", target["expr"])
            assert target["expr"].count('{job=~"$job", instance=~"$instance"') == len(series), target["expr"]
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert all(variables[name]["multi"] and variables[name]["includeAll"] for name in ("job", "instance"))


@EVERY
def test_every_process_that_is_scraped_can_be_chosen(dashboard: dict[str, Any]) -> None:
    gateway = {family.name for family in posted().registry.collect()}
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    for name in ("job", "instance"):
        (series,) = re.findall(r"\bstream_app_\w+", variables[name]["definition"])
        assert series in gateway


@EVERY
def test_links_out_of_grafana_begin_with_an_address(dashboard: dict[str, Any]) -> None:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["exporter"]["query"].startswith("http://")
    for link in _row_links(dashboard):
        path, _, labels = link.removeprefix("${exporter}").partition("?")
        assert path == "/detail/step"
        assert labels == "program=${__data.fields.program:percentencode}&step=${__data.fields.step:percentencode}"


def _row_links(dashboard: dict[str, Any]) -> list[str]:
    return [
        link["url"]
        for panel in panels_of(dashboard)
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "links"
        for link in each["value"]
    ]


def test_rows_of_steps_lead_to_who_is_in_them() -> None:
    linked = {uid for uid, dashboard in RENDERED.items() if _row_links(dashboard)}
    assert linked == {"stream-app-wall", "stream-app-nurture"}


def test_the_mrr_tile_of_the_wall_is_one_number() -> None:
    (mrr,) = (panel for panel in panels_of(RENDERED["stream-app-wall"]) if panel["title"].startswith("MRR"))
    assert sum(not target["hide"] for target in mrr["targets"]) == 1
    assert mrr["options"]["textMode"] == "auto"


def test_a_budget_is_not_colored_like_a_breach_of_it() -> None:
    """Its value is its own threshold, which would color it."""
    (churn,) = (panel for panel in panels_of(RENDERED["stream-app-wall"]) if "churn" in panel["title"])
    (budget,) = (target["refId"] for target in churn["targets"] if target["legendFormat"] == "budget")
    properties = {
        each["id"]: each["value"]
        for override in churn["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == budget
        for each in override["properties"]
    }
    assert properties["color"] == {"mode": "fixed", "fixedColor": COLORS[Status.PLAIN]}


def test_the_wall_fits_one_screen_and_has_at_most_12_panels() -> None:
    wall = RENDERED["stream-app-wall"]
    panels = panels_of(wall)
    assert len(panels) == len(wall["panels"]) <= 12
    assert max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) <= SCREEN_ROWS
    assert sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels) == COLUMNS * 26
    assert wall["refresh"] == "5s"


def test_a_table_names_the_value_of_each_target() -> None:
    for each in DASHBOARDS:
        for _, panel in panels_by_id(each):
            if panel.type is PanelType.TABLE:
                assert len(panel.columns) == len(targets_by_ref_id(panel)), panel.title
