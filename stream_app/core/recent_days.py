"""What happened on each of the last days, and what the levels were at their ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stream_app.core.limits import Labels
from stream_app.core.sums import Contents
from stream_app.spec.metric import Kind, Metric
from stream_app.spec.window import Grain

__all__ = ["RecentDays"]

_NOTHING: Contents = {}
_NO_AMOUNTS: Mapping[Labels, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentDays:
    """One state of the store: `days` in their order, of whose buckets and changes of levels nothing is missing.

    `levels` are those at the end of the last day.
    """

    days: range
    buckets: Mapping[int, Contents]
    levels: Contents
    level_changes: Mapping[int, Contents]

    def of(self, metric: Metric) -> list[Mapping[Labels, int]] | None:
        """The amounts of each day by label values, of a level those at its end; None for what is not kept by day."""
        if metric.kind is Kind.LEVEL:
            return list(self._levels(metric.name))[::-1]
        if metric.kind is Kind.FLOW and Grain.DAY in metric.grains:
            return [self.buckets.get(day, _NOTHING).get(metric.name, _NO_AMOUNTS) for day in self.days]
        return None

    def _levels(self, name: str) -> Iterator[Mapping[Labels, int]]:
        """The level at the end of each day, the last day first: what changed on a day is not in the one before."""
        level = dict(self.levels.get(name, _NO_AMOUNTS))
        for day in reversed(self.days):
            yield dict(level)
            for labels, amount in self.level_changes.get(day, _NOTHING).get(name, _NO_AMOUNTS).items():
                level[labels] = level.get(labels, 0) - amount
