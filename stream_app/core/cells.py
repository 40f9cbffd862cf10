"""Cells: where a change of the numbers is written, as buckets, levels and due times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream_app.core.calendar import Calendar
from stream_app.core.facts import LEVEL, Delta, Series
from stream_app.core.metric import Kind, Metric
from stream_app.core.windows import HOUR_MS, MINUTE_MS, Bucket, Grain

SEPARATOR = "\x1f"
"""Joins a metric's name and its label values into the field of a bucket; no label value contains it."""


@dataclass(slots=True)
class Cells:
    """Amounts to be added, by bucket and series, and due times to be set or taken back."""

    buckets: dict[Bucket, dict[Series, int]] = field(default_factory=dict)
    levels: dict[Series, int] = field(default_factory=dict)
    due: dict[Series, int] = field(default_factory=dict)
    no_longer_due: set[Series] = field(default_factory=set)


def cells_of(delta: Delta, metrics: Mapping[str, Metric], calendar: Calendar) -> Cells:
    """Spread a delta over the grains that its metrics keep."""
    cells = Cells()
    buckets = cells.buckets
    for (series, at), amount in delta.items():
        if not amount:
            continue
        metric = metrics[series[0]]
        if at == LEVEL:
            cells.levels[series] = cells.levels.get(series, 0) + amount
        elif metric.kind is Kind.DUE:
            if amount > 0:
                cells.due[series] = at
            else:
                cells.no_longer_due.add(series)
        else:
            for grain in metric.grains:
                if grain is Grain.MINUTE:
                    bucket = (grain, at // MINUTE_MS)
                elif grain is Grain.HOUR:
                    bucket = (grain, at // HOUR_MS)
                else:
                    bucket = (grain, calendar.day(at))
                amounts = buckets.get(bucket)
                if amounts is None:
                    amounts = buckets[bucket] = {}
                amounts[series] = amounts.get(series, 0) + amount
    cells.no_longer_due -= cells.due.keys()
    return cells
