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

Field = str
"""A series as the field of a bucket or of the levels. Its hash is computed once, that of a tuple each time."""

series_field = SEPARATOR.join
"""The field of a series: the metric's name and its label values."""


def series_of(field: Field) -> Series:
    """The series of a field."""
    return tuple(field.split(SEPARATOR))


_MOST_KNOWN = 50_000
"""How many series are known at a time."""


@dataclass(slots=True)
class Cells:
    """Amounts to be added, by bucket and field, and due times to be set or removed.

    `level_changes` are those of the levels by the number of the day on which they happened.
    """

    buckets: dict[Bucket, dict[Field, int]] = field(default_factory=dict)
    levels: dict[Field, int] = field(default_factory=dict)
    level_changes: dict[int, dict[Field, int]] = field(default_factory=dict)
    due: dict[Series, int] = field(default_factory=dict)
    no_longer_due: set[Series] = field(default_factory=set)


class Bucketizer:
    """Spreads deltas over the grains that each metric keeps."""

    def __init__(self, metrics: Iterable[Metric], calendar: Calendar) -> None:
        self._written = {metric.name: _written(metric) for metric in metrics}
        self._due = {metric.name for metric in metrics if metric.kind is Kind.DUE}
        self._known: dict[Series, tuple[Field, bool, bool, bool, bool]] = {}
        self._calendar = calendar

    def cells(self, delta: Delta, newest: Mapping[Grain, int] | None = None) -> Cells:
        """Where a delta is written. `newest`: a running bucket of each grain; what it leaves behind is not written."""
        newest = newest or {}
        # While history is read nearly all minutes are behind, and nobody would ever read them.
        minutes_from = (newest.get(Grain.MINUTE, 0) - KEPT[Grain.MINUTE] + 1) * MINUTE_MS
        hours_from = (newest.get(Grain.HOUR, 0) - KEPT[Grain.HOUR] + 1) * HOUR_MS
        cells = Cells()
        level_changes: dict[int, dict[Field, int]] = defaultdict(dict)
        minutes: dict[int, dict[Field, int]] = defaultdict(dict)
        hours: dict[int, dict[Field, int]] = defaultdict(dict)
        days: dict[int, dict[Field, int]] = defaultdict(dict)
        due: dict[tuple[Series, int], int] = {}
        known, day_of = self._known, self._calendar.day
        if len(known) > _MOST_KNOWN:
            known.clear()
        for series, at, amount in delta:
            written = known.get(series)
            if written is None:
                if series[0] in self._due:
                    # It names what falls due: few recur.
                    due[series, at] = due.get((series, at), 0) + amount
                    continue
                written = known[series] = (series_field(series), *self._written[series[0]])
            name, in_minutes, in_hours, in_days, is_level = written
            if in_minutes and at >= minutes_from:
                amounts = minutes[at // MINUTE_MS]
                amounts[name] = amounts.get(name, 0) + amount
            if in_hours and at >= hours_from:
                amounts = hours[at // HOUR_MS]
                amounts[name] = amounts.get(name, 0) + amount
            if in_days:
                amounts = days[day_of(at)]
                amounts[name] = amounts.get(name, 0) + amount
            elif is_level:
                amounts = level_changes[day_of(at)]
                amounts[name] = amounts.get(name, 0) + amount
        cells.level_changes, cells.levels = _levels(level_changes)
        cells.due = {series: at for (series, at), amount in due.items() if amount > 0}
        cells.no_longer_due = {series for (series, _), amount in due.items() if amount < 0} - cells.due.keys()
        grains = {Grain.MINUTE: minutes, Grain.HOUR: hours, Grain.DAY: days}
        cells.buckets = {(grain, each): amounts for grain, found in grains.items() for each, amounts in found.items()}
        return cells


def _levels(by_day: Mapping[int, Mapping[Field, int]]) -> tuple[dict[int, dict[Field, int]], dict[Field, int]]:
    """The changes of levels that do not cancel out, by day, and what they add up to."""
    changes: dict[int, dict[Field, int]] = {}
    sums: dict[Field, int] = {}
    for day, amounts in by_day.items():
        for name, amount in amounts.items():
            if amount:
                changes.setdefault(day, {})[name] = amount
                sums[name] = sums.get(name, 0) + amount
    return changes, {name: amount for name, amount in sums.items() if amount}


def _written(metric: Metric) -> tuple[bool, bool, bool, bool]:
    """Whether a metric is written in minutes, in hours, in days, and as a level."""
    return Grain.MINUTE in metric.grains, Grain.HOUR in metric.grains, Grain.DAY in metric.grains, metric.is_level
