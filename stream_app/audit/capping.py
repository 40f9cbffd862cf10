"""Which label combinations keep their own samples, decided by what was read and never by arrival."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from stream_app.audit.sample import Sample

OTHER = "other"
CAPPED = frozenset({"program", "step", "campaign", "channel", "source", "activity", "segment", "theme"})
_OPEN = CAPPED | {"currency"}
_PARTS = ("_bucket", "_gcount", "_gsum")
RANKED_BY = "30d"
_RANKED_OTHERWISE = {"lifecycle_email_events": "7d", "lifecycle_step_due": "7d", "lifecycle_nps_themes": "90d"}
# Due times are counted by a level, and folded as that is.
_RANKED_AS = {
    "lifecycle_step_overdue": "lifecycle_step_balance",
    "lifecycle_step_oldest_due_timestamp_seconds": "lifecycle_step_balance",
    "lifecycle_mql_overdue": "lifecycle_mql_waiting",
    "lifecycle_mql_oldest_due_timestamp_seconds": "lifecycle_mql_waiting",
}

Combination = tuple[tuple[str, str], ...]

_Each = TypeVar("_Each", bound=tuple[object, ...])


def cap_series(samples: list[Sample], limit: int) -> list[Sample]:
    """Return the samples with the capped labels replaced by `other` beyond the `limit` largest of each metric."""
    ranks: dict[str, dict[Combination, int]] = defaultdict(dict)
    for sample in samples:
        combination = combination_of(sample.labels)
        of_metric = ranks[_metric(sample.series)]
        of_metric[combination] = of_metric.get(combination, 0) + (sample.value if _ranks(sample) else 0)
    folded = {metric: beyond(of_metric, limit) for metric, of_metric in ranks.items()}
    return [
        sample._replace(labels=replaced(sample.labels))
        if combination_of(sample.labels) in folded[_RANKED_AS.get(sample.series, _metric(sample.series))]
        else sample
        for sample in samples
    ]


def combination_of(labels: Mapping[str, str]) -> Combination:
    """The open labels of a sample, by name; empty if none of them is capped."""
    if not CAPPED & labels.keys():
        return ()
    return tuple(sorted((name, value) for name, value in labels.items() if name in _OPEN))


def beyond(ranks: Mapping[_Each, Fraction | int], limit: int) -> frozenset[_Each]:
    """All but the `limit` largest; ties go by what is ranked."""
    return frozenset(sorted(ranks, key=lambda each: (-ranks[each], each))[limit:])


def replaced(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels with `other` for each value of a capped one."""
    return {name: OTHER if name in CAPPED else value for name, value in labels.items()}


def _metric(series: str) -> str:
    return next((series.removesuffix(part) for part in _PARTS if series.endswith(part)), series)


def _ranks(sample: Sample) -> bool:
    metric = _metric(sample.series)
    if metric != sample.series and not sample.series.endswith("_gcount"):
        return False
    window = sample.labels.get("window")
    return window is None or window == _RANKED_OTHERWISE.get(metric, RANKED_BY)
