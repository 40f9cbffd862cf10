"""Which label combinations of a flow are shown and what they sum to, from view to view by what was added."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from stream_app.core.limits import Labels, Limited, chooser, combination
from stream_app.core.samples import NONE, Sample, View, limit_of, ranking_window, windowed_samples, with_zeros
from stream_app.spec.metric import Kind, Metric
from stream_app.spec.window import Window


class ShownFlow:
    """The combinations of one flow that are shown, and the sums of each window by the label values that are shown."""

    def __init__(self, metric: Metric, view: View, before: "ShownFlow | None" = None) -> None:
        """`before` knows samples of the same metric."""
        self._metric = metric
        self._name = chooser(_by_label_name(metric))
        self.limit: Limited = limit_of(metric, view)
        self.sums: dict[Window, dict[Labels, int]] = {
            window: dict(self.limit.merged(view.total(window, metric.name)))
            for window in metric.windows
            if view.answers(window)
        }
        self._samples: dict[Labels, tuple[list[int], list[Sample]]] = {}
        if before is not None and before.sums.keys() == self.sums.keys():
            self._samples = before._samples  # noqa: SLF001 - of another one
        self._places: dict[Labels, tuple[int, Labels]] = {}
        if self.limit.folded:
            self._places = {each: place for each in self.limit.kept if (place := self._place(each, view)) is not None}

    def follow(self, view: View) -> bool:
        """Take over what was added since the view before; false if that may change which combinations are shown."""
        added = {window: view.changes.get(window, {}).get(self._metric.name, NONE) for window in self.sums}
        if not self._places or None in added.values():
            return False
        touched = {combination(self._metric.labels, labels) for amounts in added.values() for labels in amounts or ()}
        places = {each: self._place(each, view) for each in touched}
        last = max(self._places.values())
        if not all(self._stays(each, place, last) for each, place in places.items()):
            return False
        others = touched - self._places.keys()
        gone = {each for each in others if places[each] is None}
        self._places.update((each, place) for each, place in places.items() if each not in others and place is not None)
        if new := others - gone - self.limit.folded:
            self.limit = replace(self.limit, folded=self.limit.folded | new)
        for window, amounts in added.items():
            sums = self.sums[window]
            for labels, amount in (amounts or NONE).items():
                shown = self.limit.shown(labels)
                sums[shown] = sums.get(shown, 0) + amount
        if gone:
            self.limit = replace(self.limit, folded=self.limit.folded - gone)
        return True

    def samples(self) -> list[Sample]:
        """Every sample by the sums; those of a combination whose sums are as before are the same objects."""
        before, self._samples = self._samples, {}
        windows = [*self.sums]
        for labels in with_zeros(self._metric, self.sums.values()):
            amounts = [totals.get(labels, 0) for totals in self.sums.values()]
            known = before.get(labels)
            if known is None or known[0] != amounts:
                by_window = dict(zip(windows, amounts, strict=True))
                known = amounts, windowed_samples(self._metric, labels, by_window)
            self._samples[labels] = known
        return [each for _, samples in self._samples.values() for each in samples]

    def _stays(self, each: Labels, place: tuple[int, Labels] | None, last: tuple[int, Labels]) -> bool:
        """Whether a combination is certain to be shown, or not to be, as before."""
        if each in self._places:
            return place is not None and place <= last
        return place is None or place > last

    def _place(self, each: Labels, view: View) -> tuple[int, Labels] | None:
        """What a combination is sorted by, see `limits.limited`; None if it is zero in every window."""
        name = self._metric.name
        found = [*self._labels(each)]
        if not any(view.total(window, name).get(labels) for window in self.sums for labels in found):
            return None
        by = ranking_window(self._metric.windows)
        ranking: Mapping[Labels, int] = view.total(by, name) if by in self.sums else NONE
        return -sum(ranking.get(labels, 0) for labels in found), self._name(each)

    def _labels(self, each: Labels) -> Iterator[Labels]:
        """The label values of a combination, with every value of the closed labels."""
        rest = iter(each)
        return product(*[(next(rest),) if label.values is None else label.values for label in self._metric.labels])


def can_follow(metric: Metric) -> bool:
    """Whether sums of a metric are those of its buckets and nothing else."""
    return metric.kind is Kind.FLOW and bool(metric.windows) and not any(label.months for label in metric.labels)


def _by_label_name(metric: Metric) -> list[int]:
    names = [label.name for label in metric.labels if label.values is None]
    return sorted(range(len(names)), key=names.__getitem__)
