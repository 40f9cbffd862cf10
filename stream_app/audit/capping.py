"""Which values of an unbounded label keep their own samples, decided by what was read and never by arrival."""

from collections import Counter
from collections.abc import Iterable

from stream_app.audit.sample import Sample

OTHER = "other"
_CAPPED = ("program", "step", "campaign", "channel", "source", "activity", "segment", "theme")
_RANKED_BY = "30d"
_POINTS = "lifecycle_score_delta"


def cap_labels(samples: list[Sample], kept: int) -> list[Sample]:
    """Return the samples with every value of a capped label beyond the `kept` busiest ones replaced by `other`."""
    folded = {label: _folded(samples, label, kept) for label in _CAPPED}
    return [sample._replace(labels=_replaced(sample.labels, folded)) for sample in samples]


def _folded(samples: Iterable[Sample], label: str, kept: int) -> set[str]:
    flow: Counter[str] = Counter()
    for sample in samples:
        value = sample.labels.get(label)
        if value is not None:
            flow[value] += sample.value if _ranks(sample) else 0
    busiest_first = sorted(flow, key=lambda value: (-flow[value], value))
    return set(busiest_first[kept:])


def _ranks(sample: Sample) -> bool:
    if "currency" in sample.labels or sample.series == _POINTS:
        return False
    return sample.is_flow and sample.labels["window"] == _RANKED_BY


def _replaced(labels: dict[str, str], folded: dict[str, set[str]]) -> dict[str, str]:
    return {name: OTHER if value in folded.get(name, ()) else value for name, value in labels.items()}
