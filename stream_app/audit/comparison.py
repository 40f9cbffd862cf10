"""Two sets of samples held against each other."""

from collections.abc import Mapping
from math import isclose
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = frozenset[tuple[str, str]]
Samples: TypeAlias = Mapping[tuple[str, Labels], float | int]

_SUM_TOLERANCE = 1e-9


class Difference(NamedTuple):
    """One sample on which the product and the recount disagree; the labels are sorted by name."""

    series: str
    labels: tuple[tuple[str, str], ...]
    product_value: float | int
    recount_value: float | int


def compare(left: Samples, right: Samples) -> list[Difference]:
    """Every sample whose value differs between the product (`left`) and the recount (`right`), by series and labels.

    A sample that one side lacks is 0. Values must be equal; only sums of histograms (`_gsum`) may differ by 1e-9 of
    their size, because a division stands between the integers and the exposed number.
    """
    differences = (
        Difference(series, tuple(sorted(labels)), left.get((series, labels), 0), right.get((series, labels), 0))
        for series, labels in left.keys() | right.keys()
    )
    return sorted(difference for difference in differences if not _agree(difference))


def _agree(difference: Difference) -> bool:
    product, recount = difference.product_value, difference.recount_value
    if difference.series.endswith("_gsum"):
        return isclose(product, recount, rel_tol=_SUM_TOLERANCE)
    return product == recount
