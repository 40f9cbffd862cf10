"""What a figure is of: samples of `kpis`, added up or one over the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from stream_app.spec.metric import PREFIX

LEAST_CASES = 20
"""What is of fewer cases is called small; it is not ranked, and has no median and no percent of change."""


@dataclass(frozen=True, slots=True)
class Selector:
    """The samples of a series whose labels each have one of these values."""

    series: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def where(self, **labels: str | tuple[str, ...]) -> "Selector":
        """The same with further labels."""
        added = ((name, (value,) if isinstance(value, str) else value) for name, value in labels.items())
        return Selector(self.series, (*self.labels, *added))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a sample with these labels is one of them."""
        return all(labels.get(name) in values for name, values in self.labels)


@dataclass(frozen=True, slots=True)
class Quantity:
    """The sum of the samples of `of`, or of a ratio its one sample; divided by the sum of `per`, if that is given.

    With a `quantile`, `of` is a distribution. `share` are the counts of a ratio that is a share: a part, and the whole.
    """

    of: Selector
    per: Selector | None = None
    quantile: float | None = None
    share: tuple[Selector, Selector] | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """The names of all series that it is made of."""
        found = [self.of, *(self.share or ())]
        return tuple(each.series for each in (found if self.per is None else [*found, self.per]))


def samples_of(name: str, **labels: str | tuple[str, ...]) -> Selector:
    """The samples of a series, named without prefix."""
    return Selector(PREFIX + name).where(**labels)


def total(name: str, **labels: str | tuple[str, ...]) -> Quantity:
    """The sum of a metric's samples."""
    return Quantity(samples_of(name, **labels))


def median(name: str, **labels: str | tuple[str, ...]) -> Quantity:
    """The median of a distribution."""
    return Quantity(samples_of(name, **labels), quantile=0.5)
