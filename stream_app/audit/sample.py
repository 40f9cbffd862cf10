"""One counted number before it is put in the units that are exposed."""

from typing import NamedTuple


class Sample(NamedTuple):
    """A value in whole units (counts, minor money units, milliseconds); `is_flow` marks the series of section A."""

    series: str
    labels: dict[str, str]
    value: int
    is_flow: bool
