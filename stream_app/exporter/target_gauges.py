"""The targets of `targets.toml` for Prometheus, with the very numbers that the wall shows."""

import math
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from stream_app.core.targets import Targets
from stream_app.exporter.wall import Current

_LABELS = ("tile", "period", "currency")


class TargetGauges(Collector):
    """Says nothing while the store does not answer: a goal beside no number would look like one that is missed."""

    def __init__(self, targets: Targets, current: Callable[[], Current]) -> None:
        self._targets, self._current = targets, current

    def collect(self) -> Iterator[Metric]:
        """The goals, what is reached of them, and what their periods end with."""
        try:
            reached = self._current().reached
        except (RedisError, OSError, TimeoutError):
            return  # `stream_app_redis_up` tells
        goals, so_far, paces = _families()
        for (tile, currency), target in self._targets.items():
            labels = (tile, target.period, currency)
            found = reached[tile, currency]
            goals.add_metric(labels, target.goal)
            if found.so_far is not None:
                so_far.add_metric(labels, found.so_far)
            if found.pace is not None:
                # As on the wall: what is rounded up could look like a target that is met.
                paces.add_metric(labels, math.floor(found.pace))
        yield from (goals, so_far, paces)


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "stream_app_target",
            "What a tile should reach by the end of the running period: a count, a share, or base units of a currency.",
            labels=_LABELS,
        ),
        GaugeMetricFamily(
            "stream_app_target_reached", "What the running period of a target has so far.", labels=_LABELS
        ),
        GaugeMetricFamily(
            "stream_app_target_pace",
            "What the period ends with if each of its days is like its full days so far; none of a share.",
            labels=_LABELS,
        ),
    )
