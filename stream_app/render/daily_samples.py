"""Curves of days in Grafana that have a line where there is one sample a day, such as those of `stream-app history`."""

import re
from collections.abc import Mapping
from typing import Any

from stream_app.spec.derived import Derived
from stream_app.spec.metric import PREFIX, Declaration
from stream_app.spec.panel import PanelType

_LONGEST_DAY = "25h"
"""A sample stands until the next: on the day on which clocks go back there are as many hours between them."""

_SELECTOR = re.compile(rf"(?P<series>{PREFIX}\w+)(?:{{[^{{}}]*}})?")

_RESTATED = "Late events restate past days: what Prometheus has of a day is as it was when it was scraped or imported."


def daily(panel: dict[str, Any], known: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return a panel, with curves that connect daily samples; `known` are the metrics by series."""
    if panel["type"] != PanelType.LINES:
        return panel
    targets = [target | {"expr": _lasting(target["expr"], known)} for target in panel["targets"]]
    if targets == panel["targets"]:
        return panel
    return panel | {"targets": targets, "description": f"{panel['description']}\n\n{_RESTATED}"}


def _lasting(promql: str, known: Mapping[str, Declaration]) -> str:
    def lasting(selector: re.Match[str]) -> str:
        declared = known.get(selector["series"])
        if isinstance(declared, Derived) and declared.is_of_now:
            return selector[0]
        return f"last_over_time({selector[0]}[{_LONGEST_DAY}])"

    return _SELECTOR.sub(lasting, promql)
