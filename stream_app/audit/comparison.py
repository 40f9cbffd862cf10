"""The samples of the product and those of the recount, compared one by one."""

from collections.abc import Mapping
from math import isclose
from typing import NamedTuple, TypeAlias

from stream_app.audit.series import RATIOS

Labels: TypeAlias = frozenset[tuple[str, str]]
Samples: TypeAlias = Mapping[tuple[str, Labels], float | int]

RATIO_TOLERANCE = 1e-9
"""By how much of its value a ratio may differ: both sides round, each in its own order of operations."""
_ROUNDING = 1e-12
"""What rounding leaves of a ratio that is 0 or nearly so, such as 1 - 0.9999."""


class Difference(NamedTuple):
    """One sample on which the product and the recount disagree; labels sorted by name. None: no sample, of a ratio."""

    series: str
    labels: tuple[tuple[str, str], ...]
    product_value: float | int | None
    recount_value: float | int | None


def compare(left: Samples, right: Samples) -> list[Difference]:
    """Every sample whose value differs between the product (`left`) and the recount (`right`), by series and labels.

    A sample that one side lacks is 0, but a ratio that one side lacks is none: 0 is wrong where it cannot be computed.
    Values must be equal; ratios alone may differ by 1e-9 of their value.
    """
    differences = (
        Difference(series, tuple(sorted(labels)), _value(left, series, labels), _value(right, series, labels))
        for series, labels in left.keys() | right.keys()
    )
    return sorted((each for each in differences if not _agree(each)), key=lambda each: each[:2])


def _value(samples: Samples, series: str, labels: Labels) -> float | int | None:
    return samples.get((series, labels), None if series in RATIOS else 0)


def _agree(difference: Difference) -> bool:
    product, recount = difference.product_value, difference.recount_value
    if product is None or recount is None or difference.series not in RATIOS:
        return product == recount
    return isclose(product, recount, rel_tol=RATIO_TOLERANCE, abs_tol=_ROUNDING)
