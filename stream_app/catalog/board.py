"""Everything that is shown, from one view: the declared metrics, then what is derived from them."""

from collections.abc import Iterator
from dataclasses import replace

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.metrics import METRICS
from stream_app.core.metric import Metric
from stream_app.core.readings import Reading, View, capped_values, readings_of

SHOWN: tuple[Metric, ...] = tuple(metric for metric in METRICS if not metric.internal)


def capped_view(view: View, limit: int) -> tuple[View, dict[str, int]]:
    """The view with its label caps, and how many values each label's cap folded into `other`."""
    caps, folded = capped_values(METRICS, view, limit)
    return replace(view, caps=caps), folded


def readings(view: View) -> Iterator[Reading]:
    """Every reading of the catalogue."""
    for metric in SHOWN:
        yield from readings_of(metric, view)
    for derived in DERIVED:
        yield from derived.read(view)


