"""The samples of a moment, and what figures are made of them."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from stream_app.core.samples import Sample
from stream_app.report.margin import wilson
from stream_app.report.quantity import LEAST_CASES, Quantity, Selector

_OF_THE_MONTH = ("mtd", "30d", None)
"""Windows that lie in the month, and none, which levels have."""

_SPREAD = frozenset({"lifecycle_spend"})
"""What is spread over days on which nothing has happened yet."""


class Past:
    """The samples as of a moment. `ratios` are the names of series whose samples cannot be added up."""

    def __init__(self, samples: Iterable[Sample], ratios: frozenset[str]) -> None:
        self._ratios = ratios
        self._by_name: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for each in samples:
            self._by_name[each.name].append((dict(each.labels), each.value))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened in the month, and nothing is there."""
        return not any(
            value
            for name, found in self._by_name.items()
            if name not in self._ratios and name not in _SPREAD
            for labels, value in found
            if labels.get("window") in _OF_THE_MONTH
        )

    def names(self, of: Selector, label: str) -> list[str]:
        """The values of a label of samples that are not zero, in order, without what has no name of its own."""
        found = {
            labels[label]
            for name in (of.series, f"{of.series}_gcount")
            for labels, value in self._by_name.get(name, ())
            if value and of.matches(labels)
        }
        return sorted(found - {"none", "other"})

    def sum(self, of: Selector) -> float:
        """What the samples add up to."""
        return sum(value for labels, value in self._by_name.get(of.series, ()) if of.matches(labels))

    def value(self, quantity: Quantity) -> float | None:
        """What a quantity is; None if it has no sample, which says that there is too little for one."""
        of = quantity.of
        if quantity.quantile is not None:
            return self._quantile(quantity.quantile, of)
        if of.series in self._ratios:
            found = [value for labels, value in self._by_name.get(of.series, ()) if of.matches(labels)]
            return found[0] if len(found) == 1 else None
        if quantity.per is None:
            return self.sum(of)
        whole = self.sum(quantity.per)
        return self.sum(of) / whole if whole else None

    def cases(self, quantity: Quantity) -> float | None:
        """Of how many cases a share, an average or a quantile is; None for what is none of them."""
        if quantity.quantile is not None:
            return self.sum(Selector(f"{quantity.of.series}_gcount", quantity.of.labels))
        whole = quantity.share[1] if quantity.share else quantity.per
        return None if whole is None else self.sum(whole)

    def interval(self, quantity: Quantity) -> tuple[float, float] | None:
        """The 95 % interval of a share; None for what is none."""
        if quantity.share is None:
            return None
        part, whole = map(self.sum, quantity.share)
        return wilson(part, whole) if whole else None

    def _quantile(self, share: float, of: Selector) -> float | None:
        by_bound: dict[float, float] = defaultdict(float)
        for labels, value in self._by_name.get(f"{of.series}_bucket", ()):
            if of.matches(labels):
                by_bound[float(labels["le"])] += value
        buckets = sorted(by_bound.items())
        # Of few, it would say more of the buckets than of the cases.
        return _interpolated(share, buckets) if buckets and buckets[-1][1] >= LEAST_CASES else None


def _interpolated(share: float, buckets: list[tuple[float, float]]) -> float | None:
    """As `histogram_quantile` of Prometheus does it: evenly within a bucket; beyond the last bound, that bound."""
    rank = share * buckets[-1][1]
    for (low, below), (high, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= rank:
            return low if high == float("inf") else low + (high - low) * (rank - below) / (count - below)
    return None
