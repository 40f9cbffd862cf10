"""Everything that is shown, from one view: the declared metrics, then what is derived from them."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.metrics import BY_NAME, METRICS
from stream_app.catalog.ratios import GROSS_MARGIN, RATIOS
from stream_app.core.derived import derived_samples
from stream_app.core.limits import Labels, Limited
from stream_app.core.ratios import follow, ratio_samples
from stream_app.core.samples import Sample, TermKey, View, limit_of, recent_months, samples_of
from stream_app.core.shown_flows import ShownFlow, can_follow
from stream_app.spec.derived import Derived, Opening
from stream_app.spec.metric import SERIES_LIMIT, Declaration, Metric
from stream_app.spec.ratio import Ratio, quotients
from stream_app.spec.window import Window

SHOWN: tuple[Metric, ...] = tuple(metric for metric in METRICS if not metric.internal)

DECLARATIONS: tuple[Declaration, ...] = (*SHOWN, *DERIVED, *RATIOS)
"""Everything that is shown."""

DEFINITIONS_OF = {each.series: each.definition for each in DECLARATIONS}
"""The definition of every series that is shown, in a sentence."""


class SampleSource:
    """Samples of successive views. A series is computed again if its sums, windows or months changed."""

    def __init__(self, series_limit: int = SERIES_LIMIT, gross_margin: float = GROSS_MARGIN.default) -> None:
        self._series_limit, self._gross_margin = series_limit, gross_margin
        self._basis: object = None
        self._known: dict[str, list[Sample]] = {}
        self._limited: dict[str, LimitedValues] = {}
        self._flows: dict[str, ShownFlow] = {}
        self._terms: dict[TermKey, dict[Labels, float]] = {}
        self._used: dict[str, frozenset[TermKey]] = {}
        self.overflow: dict[str, int] = {}

    def samples(
        self, view: View, changed: frozenset[str] | None = None, wanted: Container[str] | None = None
    ) -> Iterator[Sample]:
        """The samples of the `wanted` series, the same ones each time; None = every sample.

        `changed` names the metrics that changed since the view before; None = any may have.
        """
        wanted = DEFINITIONS_OF if wanted is None else wanted
        constants = {GROSS_MARGIN.name: self._gross_margin}
        view = replace(view, series_limit=self._series_limit, constants=constants, terms=self._terms)
        basis = (tuple(view.answers(window) for window in Window), view.knows_levels, recent_months(view, 1))
        if changed is None or basis != self._basis:
            self._known.clear()
            self._terms.clear()
            self._flows.clear()
            changed = frozenset()
        # What the next view says has changed is no use if not all samples of this one are taken.
        self._basis = None
        unchanged = follow(self._terms, BY_NAME, view, changed)
        for metric in (each for each in SHOWN if each.series in wanted):
            if metric.name not in self._known or not changed.isdisjoint((metric.name, metric.zero_where)):
                limit, self._known[metric.name] = self._shown(metric, view)
                self._limited[metric.name] = values_of(limit)
            yield from self._known[metric.name]
        self.overflow = folded_values(self._limited.values())
        for derived in (each for each in DERIVED if each.series in wanted):
            yield from derived_samples(derived, view)
        for ratio in (each for each in RATIOS if each.series in wanted):
            if not self._stands(ratio, changed, unchanged):
                view.used.clear()
                self._known[ratio.name] = list(ratio_samples(ratio, view))
                self._used[ratio.name] = frozenset(view.used)
            yield from self._known[ratio.name]
        self._basis = basis

    def _shown(self, metric: Metric, view: View) -> tuple[Limited, list[Sample]]:
        if not can_follow(metric):
            limit = limit_of(metric, view)
            return limit, samples_of(metric, view, limit)
        flow = self._flows.get(metric.name)
        if flow is None or not flow.follow(view):
            flow = self._flows[metric.name] = ShownFlow(metric, view, flow)
        return flow.limit, flow.samples()

    def _stands(self, ratio: Ratio, changed: frozenset[str], unchanged: set[TermKey]) -> bool:
        """Whether a ratio is what it was: nothing that it is computed from changed, or none of its terms did."""
        if ratio.name not in self._known:
            return False
        return changed.isdisjoint(_STORED_FOR[ratio.name]) or self._used[ratio.name] <= unchanged


def _stored_for(declared: Declaration) -> frozenset[str]:
    """The names of the metrics whose sums a number is computed from."""
    match declared:
        case Ratio():
            terms = (term.of for each in quotients(declared) for term in (*each.numerator, *each.denominator))
            return frozenset().union(*map(_stored_for, terms))
        case Derived(value=Opening(level, movement)):
            return frozenset({level.name, movement.name})
    return frozenset({declared.name})


_STORED_FOR = {ratio.name: _stored_for(ratio) for ratio in RATIOS}


LimitedValues = dict[str, tuple[set[str], set[str]]]
"""Of each capped label the values that stand in combinations that are shown, and in those that are folded."""


def values_of(limit: Limited) -> LimitedValues:
    """The values of the capped labels in the combinations of one metric."""
    names = [label.name for label in limit.labels if label.values is None]
    places = {label.name: names.index(label.name) for label in limit.labels if label.capped}
    return {
        name: ({each[place] for each in limit.kept}, {each[place] for each in limit.folded})
        for name, place in places.items()
    }


def folded_values(limits: Iterable[LimitedValues]) -> dict[str, int]:
    """How many values of each capped label are shown in no combination of any metric, only in `other`."""
    kept: dict[str, set[str]] = {}
    folded: dict[str, set[str]] = {}
    for limit in limits:
        for name, (own_kept, own_folded) in limit.items():
            kept.setdefault(name, set()).update(own_kept)
            folded.setdefault(name, set()).update(own_folded)
    return {name: len(values - kept[name]) for name, values in folded.items()}
