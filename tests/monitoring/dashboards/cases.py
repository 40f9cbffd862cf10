"""Every panel and target as a case of a test."""

import json
from collections.abc import Iterator
from typing import Any

from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import DASHBOARDS
from stream_app.render.dashboards import dashboards, panels_by_id, targets_by_ref_id
from stream_app.spec.panel import Dashboard, Panel, Target
from tests.render.house import CATALOG

RENDERED: dict[str, dict[str, Any]] = {each["uid"]: each for each in map(json.loads, dashboards(CATALOG).values())}
ALERTS = {alert.name for group in ALERTING.groups for alert in group.alerts}

VARIABLES = {
    "$job": ".*",
    "$instance": ".*",
    "$currency": "EUR",
    "$program": ".*",
    "$step": ".*",
    "$audience": ".*",
    "$source": ".*",
    "$campaign": ".*",
    "$topic": ".*",
    "$window": "30d",
    "$__rate_interval": "30s",
}


def targets() -> Iterator[tuple[Dashboard, Panel, str, Target]]:
    """Every target of every dashboard, with its letter."""
    for each in DASHBOARDS:
        for _, panel in panels_by_id(each):
            for letter, target in targets_by_ref_id(panel):
                yield each, panel, letter, target


def set_variables(query: str) -> str:
    """Do what rendering and Grafana do before the question."""
    query = ALERTING.thresholds.filled(query)
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query
