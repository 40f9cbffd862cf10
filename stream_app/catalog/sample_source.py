"""Everything that is shown, from one view: the declared metrics, then what is derived from them."""

from collections.abc import Iterator
from dataclasses import replace

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.ratios import GROSS_MARGIN, RATIOS
from stream_app.core.derived import derived_samples
from stream_app.core.ratios import ratio_samples
from stream_app.core.samples import Sample, View, capped_values, recent_months, samples_of
from stream_app.spec.metric import Declaration, Metric

SHOWN: tuple[Metric, ...] = tuple(metric for metric in METRICS if not metric.internal)

DECLARATIONS: tuple[Declaration, ...] = (*SHOWN, *DERIVED, *RATIOS)
"""Everything that is shown."""

DEFINITIONS_OF = {each.series: each.definition for each in DECLARATIONS}
"""The definition of every series that is shown, in a sentence."""


class SampleSource:
    """Samples of successive views. A metric is read again if its sums, caps, windows or months changed."""

    def __init__(self, label_limit: int = 100, gross_margin: float = GROSS_MARGIN.default) -> None:
        self._limit, self._gross_margin = label_limit, gross_margin
        self._known: dict[str, tuple[object, list[Sample]]] = {}
        self.overflow: dict[str, int] = {}

    def samples(self, view: View, changed: frozenset[str] | None = None) -> Iterator[Sample]:
        """Every sample. `changed` names the metrics that changed since the view before; None = any may have."""
        caps, self.overflow = capped_values(METRICS, view, self._limit)
        view = replace(view, caps=caps, constants={GROSS_MARGIN.name: self._gross_margin})
        for metric in SHOWN:
            yield from self._samples_of(metric, view, changed)
        for derived in DERIVED:
            yield from derived_samples(derived, view)
        for ratio in RATIOS:
            yield from ratio_samples(ratio, view)

    def _samples_of(self, metric: Metric, view: View, changed: frozenset[str] | None) -> list[Sample]:
        months = [recent_months(view, label.months) for label in metric.labels if label.months]
        basis = (view.caps, tuple(view.answers(window) for window in metric.windows), months)
        known = self._known.get(metric.name)
        still = changed is not None and changed.isdisjoint((metric.name, metric.zero_where))
        if known is None or not still or known[0] != basis:
            known = self._known[metric.name] = (basis, samples_of(metric, view))
        return known[1]
