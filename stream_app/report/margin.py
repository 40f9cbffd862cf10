"""How far a share may be off, because it is of few."""

from math import sqrt

_Z = 1.959964
"""95 % of a normal distribution are within so many standard deviations."""


def wilson(part: float, whole: float) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson's score.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927). Unlike
    the usual margin it holds for few cases and for shares near 0 and 1.
    """
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    half = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    # Without these two a rounding error would stand beside 0 and 1.
    low = (middle - half) / scale if part else 0.0
    high = (middle + half) / scale if part < whole else 1.0
    return low, high
