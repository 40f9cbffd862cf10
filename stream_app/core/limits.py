"""Which label combinations are shown by themselves: those with the largest flow; the rest is summed into `other`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stream_app.spec.metric import SERIES_LIMIT, Label

__all__ = ["OTHER", "SERIES_LIMIT", "Labels", "Limited", "combination", "limited", "ranked"]

Labels = tuple[str, ...]
"""Label values in the order in which a metric declares its labels."""

OTHER = "other"

_Amount = TypeVar("_Amount", int, float)


@dataclass(frozen=True, slots=True)
class Limited:
    """The combinations that are shown, and those that are summed into `other`.

    A combination has the values of the open labels: it is shown with every value of the closed ones, or with none.
    """

    labels: tuple[Label, ...]
    kept: frozenset[Labels]
    folded: frozenset[Labels] = frozenset()

    def shown(self, labels: Labels) -> Labels:
        """The label values under which an amount is shown; values after those of the labels stay."""
        if combination(self.labels, labels) not in self.folded:
            return labels
        count = len(self.labels)
        named = (OTHER if label.capped else value for label, value in zip(self.labels, labels[:count], strict=True))
        return (*named, *labels[count:])

    def merged(self, totals: Mapping[Labels, _Amount]) -> Mapping[Labels, _Amount]:
        """Amounts by the label values under which they are shown."""
        if not self.folded:
            return totals
        merged: dict[Labels, _Amount] = {}
        for labels, amount in totals.items():
            name = self.shown(labels)
            merged[name] = merged.get(name, 0) + amount
        return merged


def combination(labels: Sequence[Label], values: Labels) -> Labels:
    """The values of the open labels."""
    return tuple(value for label, value in zip(labels, values, strict=False) if label.values is None)


def limited(labels: tuple[Label, ...], ranks: Mapping[Labels, float], limit: int) -> Limited:
    """The `limit` combinations with the largest ranks, ties by the values of the labels in the order of their names.

    `ranks` has all that exist.
    """
    if len(ranks) <= limit or not any(label.capped for label in labels):
        return Limited(labels, frozenset(ranks))
    names = [label.name for label in labels if label.values is None]
    places = sorted(range(len(names)), key=names.__getitem__)
    ordered = sorted(ranks, key=lambda each: (-ranks[each], *(each[place] for place in places)))
    return Limited(labels, frozenset(ordered[:limit]), frozenset(ordered[limit:]))


def ranked(
    labels: Sequence[Label], ranking: Mapping[Labels, float], others: Sequence[Mapping[Labels, float]]
) -> dict[Labels, float]:
    """The ranks of the combinations that are not zero in some of the sums; `ranking` alone counts."""
    ranks: dict[Labels, float] = {}
    for totals in (ranking, *others):
        for values, amount in totals.items():
            if amount:
                ranks.setdefault(combination(labels, values), 0)
    for values, amount in ranking.items():
        if amount:
            ranks[combination(labels, values)] += amount
    return ranks
