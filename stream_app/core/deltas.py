"""Cells: where a change of the numbers is written, as buckets, levels and due times."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stream_app.core.calendar import Calendar
from stream_app.core.facts import Delta, Series
from stream_app.core.windows import HOUR_MS, KEPT, MINUTE_MS, Bucket
from stream_app.spec.metric import Kind, Metric
from stream_app.spec.window import Grain

SEPARATOR = "\x1f"
"""Joins a metric's name and its label values into the field of a bucket; no label value contains it."""


@dataclass(slots=True)
class Cells:
    """Amounts to be added, by bucket and series, and due times to be set or removed.

    `level_changes` are those of the levels by the number of the day on which they happened.
    """

    buckets: dict[Bucket, dict[Series, int]] = field(default_factory=dict)
    levels: dict[Series, int] = field(default_factory=dict)
    level_changes: dict[int, dict[Series, int]] = field(default_factory=dict)
    due: dict[Series, int] = field(default_factory=dict)
    no_longer_due: set[Series] = field(default_factory=set)


class Bucketizer:
    """Spreads deltas over the grains that each metric keeps."""

    def __init__(self, metrics: Iterable[Metric], calendar: Calendar) -> None:
        self._grains = {metric.name: _grains(metric) for metric in metrics}
        self._due = {metric.name for metric in metrics if metric.kind is Kind.DUE}
        self._levels = {metric.name for metric in metrics if metric.is_level}
        self._calendar = calendar

    def cells(self, delta: Delta, newest: Mapping[Grain, int] | None = None) -> Cells:
        """Where a delta is written. `newest`: a running bucket of each grain; what it leaves behind is not written."""
        newest = newest or {}
        # While history is read nearly all minutes are behind, and nobody would ever read them.
        minutes_from = (newest.get(Grain.MINUTE, 0) - KEPT[Grain.MINUTE] + 1) * MINUTE_MS
        hours_from = (newest.get(Grain.HOUR, 0) - KEPT[Grain.HOUR] + 1) * HOUR_MS
        cells = Cells()
        level_changes: dict[int, dict[Series, int]] = defaultdict(dict)
        minutes: dict[int, dict[Series, int]] = defaultdict(dict)
        hours: dict[int, dict[Series, int]] = defaultdict(dict)
        days: dict[int, dict[Series, int]] = defaultdict(dict)
        due: dict[tuple[Series, int], int] = {}
        grains, day_of = self._grains, self._calendar.day
        for series, at, amount in delta:
            in_minutes, in_hours, in_days = grains[series[0]]
            if in_minutes and at >= minutes_from:
                amounts = minutes[at // MINUTE_MS]
                amounts[series] = amounts.get(series, 0) + amount
            if in_hours and at >= hours_from:
                amounts = hours[at // HOUR_MS]
                amounts[series] = amounts.get(series, 0) + amount
            if in_days:
                amounts = days[day_of(at)]
                amounts[series] = amounts.get(series, 0) + amount
            elif series[0] in self._levels:
                amounts = level_changes[day_of(at)]
                amounts[series] = amounts.get(series, 0) + amount
            elif series[0] in self._due:
                due[series, at] = due.get((series, at), 0) + amount
        cells.level_changes, cells.levels = _levels(level_changes)
        cells.due = {series: at for (series, at), amount in due.items() if amount > 0}
        cells.no_longer_due = {series for (series, _), amount in due.items() if amount < 0} - cells.due.keys()
        for grain, buckets in ((Grain.MINUTE, minutes), (Grain.HOUR, hours), (Grain.DAY, days)):
            for number, amounts in buckets.items():
                cells.buckets[grain, number] = amounts
        return cells


def _levels(by_day: Mapping[int, Mapping[Series, int]]) -> tuple[dict[int, dict[Series, int]], dict[Series, int]]:
    """The changes of levels that do not cancel out, by day, and what they add up to."""
    changes: dict[int, dict[Series, int]] = {}
    sums: dict[Series, int] = {}
    for day, amounts in by_day.items():
        for series, amount in amounts.items():
            if amount:
                changes.setdefault(day, {})[series] = amount
                sums[series] = sums.get(series, 0) + amount
    return changes, {series: amount for series, amount in sums.items() if amount}


def _grains(metric: Metric) -> tuple[bool, bool, bool]:
    return Grain.MINUTE in metric.grains, Grain.HOUR in metric.grains, Grain.DAY in metric.grains
