"""Which label combinations are shown by themselves: those with the largest flow; the rest is summed into `other`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from operator import itemgetter
from typing import TypeVar

from stream_app.spec.metric import SERIES_LIMIT, Label

__all__ = ["OTHER", "SERIES_LIMIT", "Labels", "Limited", "chooser", "combination", "limited", "ranked"]

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

    def merged(self, totals: Mapping[Labels, _Amount], places: Sequence[int] | None = None) -> Mapping[Labels, _Amount]:
        """Amounts by the label values under which they are shown.

        `places` are those of the labels among the values, if they are not the first ones.
        """
        if not self.folded or not totals:
            return totals
        placed = list(zip(range(len(self.labels)) if places is None else places, self.labels, strict=True))
        open_values = chooser([place for place, label in placed if label.values is None])
        capped = {place for place, label in placed if label.capped}
        length = len(next(iter(totals)))
        if len(capped) == length:
            return self._with_one_other(totals)
        rest = chooser([place for place in range(length) if place not in capped])
        merged: dict[Labels, _Amount] = {}
        others: dict[Labels, _Amount] = {}
        for labels, amount in totals.items():
            if open_values(labels) in self.folded:
                key = rest(labels)
                others[key] = others.get(key, 0) + amount
            else:
                merged[labels] = amount
        for key, amount in others.items():
            values = iter(key)
            # A value may be called so by itself.
            name = tuple(OTHER if place in capped else next(values) for place in range(length))
            merged[name] = merged.get(name, 0) + amount
        return merged

    def _with_one_other(self, totals: Mapping[Labels, _Amount]) -> Mapping[Labels, _Amount]:
        """The same where nothing but capped labels tells combinations apart, without a look at each."""
        shown = {labels: totals[labels] for labels in totals.keys() - self.folded}
        if len(shown) < len(totals):
            name = (OTHER,) * len(self.labels)
            rest = sum(totals.values()) - sum(shown.values())
            if isinstance(rest, float):
                # Differences of these are not exact.
                rest = sum(amount for labels, amount in totals.items() if labels in self.folded)
            shown[name] = shown.get(name, 0) + rest
        return shown


def chooser(places: Sequence[int]) -> Callable[[Labels], Labels]:
    """What gives the values at these places, without a loop of ours: sums have very many labels."""
    if len(places) > 1:
        return itemgetter(*places)
    if not places:
        return lambda _: ()
    (place,) = places
    return lambda values: (values[place],)


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
    by_name = chooser(sorted(range(len(names)), key=names.__getitem__))
    least = nlargest(limit, ranks.values())[-1]
    kept = {each for each, rank in ranks.items() if rank > least}
    kept.update(nsmallest(limit - len(kept), (each for each, rank in ranks.items() if rank == least), key=by_name))
    return Limited(labels, frozenset(kept), frozenset(ranks.keys() - kept))


def ranked(
    labels: Sequence[Label], ranking: Mapping[Labels, float], others: Sequence[Mapping[Labels, float]]
) -> dict[Labels, float]:
    """The ranks of the combinations that are not zero in some of the sums; `ranking` alone counts."""
    open_values = chooser([place for place, label in enumerate(labels) if label.values is None])
    ranks: dict[Labels, float] = {}
    for totals in (ranking, *others):
        not_zero = totals if all(totals.values()) else [values for values, amount in totals.items() if amount]
        ranks.update(dict.fromkeys(map(open_values, not_zero), 0))
    for values, amount in ranking.items():
        if amount:
            ranks[open_values(values)] += amount
    return ranks
