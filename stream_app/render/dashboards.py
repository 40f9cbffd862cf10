"""Grafana dashboards as classic JSON, from declared ones.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.daily_samples import daily
from stream_app.render.dashboard_queries import DashboardQueries
from stream_app.render.metric_page import exported
from stream_app.spec.condition import Status
from stream_app.spec.metric import Declaration
from stream_app.spec.panel import Dashboard, Panel, PanelType, Target, TargetKind, Variable
from stream_app.spec.promql import promql
from stream_app.spec.threshold import Thresholds

SCHEMA_VERSION = 41
COLUMNS = 24
TAG = "stream-app"

# Told apart by those who see no red or no green, too; every status is said in words as well.
COLORS = {Status.PLAIN: "#D5DCE6", Status.GOOD: "#4CB5A5", Status.WATCH: "#F2B13C", Status.ALARM: "#FF5A36"}

_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

EXPORTER = "http://127.0.0.1:9464"
"""Where the exporter's pages are reached if no address is set."""

Node = dict[str, Any]

_SCRAPED = "stream_app_build_info"
"""A series that exporters, workers and gateways have."""

_PROCESSES = (
    Variable(name="job", title="Job", series=_SCRAPED, label="job", several=True),
    Variable(name="instance", title="Instance", series=f'{_SCRAPED}{{job=~"$job"}}', label="instance", several=True),
)


def dashboards(catalog: Catalog) -> Rendered:
    """Return the file of every dashboard."""
    known = {each.series: each for each in exported(catalog)}
    links = Addresses(catalog.alerting.runbooks, catalog.alerting.exporter) if catalog.alerting else Addresses()
    queries = DashboardQueries(catalog)
    own = catalog.alerting.thresholds if catalog.alerting else Thresholds({})

    def text(declared: Dashboard) -> str:
        node = dashboard(with_thresholds(declared, own), known, links, queries)
        return own.filled(json.dumps(node, indent=2, ensure_ascii=False)) + "\n"

    return {
        f"grafana/dashboards/{each.uid.removeprefix('stream-app-')}.json": text(each) for each in catalog.dashboards
    }


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the links out of Grafana begin: the page of the runbooks, and the exporter."""

    runbooks: str = ""
    exporter: str = ""


def dashboard(
    declared: Dashboard,
    known: Mapping[str, Declaration],
    links: Addresses | None = None,
    queries: Callable[[str], str] | None = None,
) -> Node:
    """Return a dashboard as Grafana imports it; `known` are the metrics by series, `queries` finishes a query.

    Without `queries` it is of one exporter: the queries are as they are declared, and there is no choice of processes.
    """
    variables = (*declared.variables, *(_PROCESSES if queries else ()))
    of_days = declared.since.endswith("d")
    return {
        "uid": declared.uid,
        "title": declared.title,
        "description": declared.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "style": "dark",
        "timezone": "",
        "refresh": declared.refresh,
        "time": {"from": declared.since, "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "30s", "1m", "5m"]},
        "annotations": {"list": []},
        "templating": {"list": [*_sources(links or Addresses()), *map(_variable, variables)]},
        "links": [_menu()],
        "panels": [daily(node, known) if of_days else node for node in _panels(declared, known, queries or str)],
    }


def with_thresholds(declared: Dashboard, own: Thresholds) -> Dashboard:
    """Return a dashboard whose colors change where the thresholds of an installation are."""
    rows = (replace(row, panels=tuple(_with_steps(panel, own) for panel in row.panels)) for row in declared.rows)
    return replace(declared, rows=tuple(rows))


def _with_steps(panel: Panel, own: Thresholds) -> Panel:
    return replace(panel, steps=tuple((own.of(value, {}), status) for value, status in panel.steps))


def panels_by_id(declared: Dashboard) -> list[tuple[int, Panel]]:
    """Return the panels of a dashboard with their ids."""
    return list(enumerate((panel for row in declared.rows for panel in row.panels), start=1))


def targets_by_ref_id(panel: Panel) -> list[tuple[str, Target]]:
    """Return the targets of a panel with their `refId`."""
    return list(zip(ascii_uppercase, panel.targets, strict=False))


def _panels(declared: Dashboard, known: Mapping[str, Declaration], queries: Callable[[str], str]) -> Iterator[Node]:
    numbers = iter(panels_by_id(declared))
    top, heads = 0, len(panels_by_id(declared))
    for row in declared.rows:
        if row.title:
            heads += 1
            yield {
                "id": heads,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
            }
            top += 1
        left = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top = 0, top + row.height
            number, _ = next(numbers)
            place = {"x": left, "y": top, "w": panel.width, "h": row.height}
            yield {"id": number, "gridPos": place} | _panel(panel, known, queries)
            left += panel.width
        top += row.height


def _panel(panel: Panel, known: Mapping[str, Declaration], queries: Callable[[str], str]) -> Node:
    return {
        "type": panel.type.value,
        "title": panel.title,
        "description": _description(panel, known),
        "datasource": _DATASOURCE,
        "targets": [_target(letter, target, panel, queries) for letter, target in targets_by_ref_id(panel)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": list(_overrides(panel))},
        "options": _options(panel),
        "transformations": _transformations(panel),
        "links": _links(panel),
    }


def _description(panel: Panel, known: Mapping[str, Declaration]) -> str:
    about = known[panel.about] if panel.about else None
    parts = (
        about.definition if about else "",
        f"Formula: {about.formula}." if about and about.formula else "",
        about.note if about else "",
        panel.description,
        _limits(panel),
    )
    return "\n\n".join(part for part in parts if part)


def _limits(panel: Panel) -> str:
    named = {Status.GOOD: "good", Status.WATCH: "amber, watch", Status.ALARM: "red, alarm"}
    steps = [f"{named[status]} from {_shown(value, panel.unit)}" for value, status in panel.steps if status in named]
    return f"Colors: {'; '.join(steps)}." if steps else ""


def _shown(value: float, unit: str) -> str:
    return f"{value * 100:g} %" if unit == "percentunit" else f"{value:g}{' s' if unit == 's' else ''}"


def _target(letter: str, target: Target, panel: Panel, queries: Callable[[str], str]) -> Node:
    table = panel.type is PanelType.TABLE
    at_once = table or panel.type is PanelType.BARS
    return {
        "refId": letter,
        "datasource": _DATASOURCE,
        "editorMode": "code",
        "expr": queries(promql(target.of)),
        "legendFormat": target.legend or "__auto",
        "format": "table" if table else "time_series",
        "instant": at_once,
        "range": not at_once,
        "hide": target.hidden,
    }


def _defaults(panel: Panel) -> Node:
    steps = [{"value": None, "color": COLORS[Status.PLAIN]}] + [
        {"value": value, "color": COLORS[status]} for value, status in panel.steps
    ]
    lines = panel.type is PanelType.LINES
    node: Node = {
        "unit": panel.unit,
        "noValue": no_value(panel),
        "color": {"mode": "palette-classic" if lines else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [],
    }
    if lines:
        node["custom"] = {
            "lineWidth": 2,
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
        }
    return node


def no_value(panel: Panel) -> str:
    """Return what Grafana shows without a value: it cannot know whether an event has come."""
    if not panel.nothing:
        return panel.empty
    return f"{panel.empty}, or {panel.nothing[0].lower()}{panel.nothing[1:]}"


def _overrides(panel: Panel) -> Iterator[Node]:
    for letter, target in targets_by_ref_id(panel):
        matcher: Node = {"id": "byFrameRefID", "options": letter}
        if panel.columns:
            matcher = {"id": "byName", "options": panel.columns[ord(letter) - ord("A")]}
        properties: list[Node] = []
        if target.unit:
            properties.append({"id": "unit", "value": target.unit})
        status = Status.PLAIN if target.kind is TargetKind.LIMIT else target.status
        if status:
            properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": COLORS[status]}})
        if target.words:
            words = {f"{value:g}": {"text": text, "color": COLORS[status]} for value, text, status in target.words}
            properties.append({"id": "mappings", "value": [{"type": "value", "options": words}]})
        if panel.type is PanelType.TABLE and panel.steps and letter == "A":
            properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
        if properties:
            yield {"matcher": matcher, "properties": properties}
    if panel.row_page:
        yield {"matcher": {"id": "byName", "options": panel.row_labels[-1]}, "properties": [_row_link(panel)]}


def _row_link(panel: Panel) -> Node:
    values = "&".join(f"{label}=${{__data.fields.{label}:percentencode}}" for label in panel.row_labels)
    link = {"title": "Details", "url": f"${{exporter}}{panel.row_page}?{values}", "targetBlank": True}
    return {"id": "links", "value": [link]}


def _options(panel: Panel) -> Node:
    reduced = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto"}
    match panel.type:
        case PanelType.TILE:
            return reduced | {
                "colorMode": "value",
                "graphMode": "area" if panel.spark else "none",
                "justifyMode": "auto",
                "textMode": "auto" if _shown_values(panel) == 1 else "value_and_name",
                "wideLayout": True,
            }
        case PanelType.BARS:
            return reduced | {
                "orientation": "horizontal",
                "displayMode": "basic",
                "valueMode": "text",
                "showUnfilled": True,
                "sizing": "auto",
                "minVizHeight": 16,
                "minVizWidth": 8,
            }
        case PanelType.TABLE:
            order = [{"displayName": panel.columns[0], "desc": True}] if panel.columns else []
            return {"showHeader": True, "cellHeight": "md", "sortBy": order}
        case PanelType.LINES:
            return {
                "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "calcs": ["lastNotNull"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }


def _shown_values(panel: Panel) -> int:
    return sum(not target.hidden for target in panel.targets)


def _transformations(panel: Panel) -> list[Node]:
    if panel.type is not PanelType.TABLE:
        return []
    alone = len(panel.targets) == 1
    renamed = {
        "Value" if alone else f"Value #{letter}": name
        for (letter, _), name in zip(targets_by_ref_id(panel), panel.columns, strict=True)
    }
    hidden = dict.fromkeys(("Time", "__name__", "instance", "job"), True)
    joined: list[Node] = [] if alone else [{"id": "merge", "options": {}}]
    return [*joined, {"id": "organize", "options": {"excludeByName": hidden, "renameByName": renamed}}]


def _links(panel: Panel) -> list[Node]:
    links: list[Node] = []
    if panel.details:
        links.append({"title": "Details", "url": f"/d/{panel.details}?${{__url_time_range}}&${{__all_variables}}"})
    if panel.runbook:
        links.append({"title": "Runbook", "url": f"${{runbooks}}#{panel.runbook.lower()}", "targetBlank": True})
    return links


def _sources(links: Addresses) -> list[Node]:
    return [
        {
            "name": "datasource",
            "label": "Prometheus",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "regex": "",
            "hide": 0,
            "includeAll": False,
            "multi": False,
            "options": [],
            "current": {},
        },
        _constant("runbooks", links.runbooks),
        _constant("exporter", links.exporter or EXPORTER),
    ]


def _constant(name: str, value: str) -> Node:
    return {
        "name": name,
        "type": "constant",
        "query": value,
        "hide": 2,
        "skipUrlSync": True,
        "current": {"text": value, "value": value},
    }


def _variable(variable: Variable) -> Node:
    node: Node = {
        "name": variable.name,
        "label": variable.title,
        "hide": 0,
        "includeAll": variable.several,
        "multi": variable.several,
    }
    if variable.several:
        node |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
    elif variable.start:
        node |= {"current": {"text": variable.start, "value": variable.start}}
    if variable.values:
        options = [{"text": value, "value": value, "selected": value == variable.start} for value in variable.values]
        return node | {"type": "custom", "query": ",".join(variable.values), "options": options}
    query = f"label_values({variable.series}, {variable.label})"
    return node | {
        "type": "query",
        "datasource": _DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "options": [],
    }


def _menu() -> Node:
    return {
        "title": "Dashboards",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "icon": "external link",
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }
