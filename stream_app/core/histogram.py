"""Observations of a distribution as facts: one count in the smallest bucket that holds it, and the sum."""

from bisect import bisect_left

from stream_app.core.facts import Fact

SUM = "sum"
_PLAIN_DIGITS = 6


def observation(series: tuple[str, ...], bounds: tuple[float, ...], at: int, value: int, scale: int = 1) -> list[Fact]:
    """Facts of one observed `value` (in `1/scale` of the unit of `bounds`); the bucket's label is its index."""
    index = bisect_left(bounds, value / scale)
    return [((*series, str(index)), at, 1), ((*series, SUM), at, value)]


def bound_label(bound: float) -> str:
    """A bound as Prometheus' client libraries print it, which is what people query: `3600.0`, but `1.2096e+06`."""
    plain = repr(float(bound))
    whole = plain.partition(".")[0]
    if len(whole) <= _PLAIN_DIGITS:
        return plain
    mantissa = f"{whole[0]}.{whole[1:]}".rstrip("0.")
    return f"{mantissa}e+{len(whole) - 1:02d}"
