"""What a ratio is: weighted sums of declared metrics, divided. Its labels and windows are checked against theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.metric import Declaration, Label, Metric, Unit
from stream_app.spec.window import GRAIN_OF, Window


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the business sets, such as its gross margin; `default` if it does not."""

    name: str
    default: float


class Month(StrEnum):
    """Values of a label of months, relative to the moment of reading."""

    RUNNING = "the running month"
    EARLIER = "every earlier month"


@dataclass(frozen=True, slots=True)
class Term:
    """The sum of a metric where its labels have these values, times a weight.

    `window` is that of the ratio unless the term has its own. A term may be another ratio: that has no sum where it has
    no sample, whereas a sum of nothing is 0.
    """

    of: Declaration
    match: tuple[tuple[str, tuple[str, ...] | Month], ...] = ()
    weight: int | Constant = 1
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """`scale` x the sum of the numerator / the sum of the denominator; `complement`: 1 minus that.

    There is no value where the denominator is 0 or below `minimum`. Where the denominator lacks a label of the ratio,
    every value of that label is divided by the same sum.
    """

    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...]
    scale: int = 1
    complement: bool = False
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class ConfidenceMargin:
    """Half-width of the 95 % confidence interval of a quotient that is a mean.

    Each term of its numerator counts observations whose value is the term's weight; its denominator counts all.
    """

    of: Quotient


@dataclass(frozen=True, slots=True)
class Variants:
    """Several quotients under one name, distinguished by a label."""

    name: str
    quotients: tuple[tuple[str, Quotient], ...]

    @property
    def label(self) -> Label:
        """The label that names the quotient."""
        return Label(self.name, tuple(value for value, _ in self.quotients))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Declaration):
    """A metric that is computed from sums on read. ValueError if its terms lack what it declares.

    `skip` is a label value for which there is no sample, such as that of what is attributed to nothing. `overall` names
    a label that has the value `all`, too: there the ratio is that of all values of the label together.
    """

    value: Quotient | ConfidenceMargin | Variants
    unit: Unit = Unit.RATIO
    section: str = "D"
    skip: str = ""
    overall: str = ""

    def __post_init__(self) -> None:
        """Check the declaration."""
        if problems := list(_problems(self)):
            msg = f"{self.name}: {'; '.join(problems)}"
            raise ValueError(msg)

    @property
    def term_labels(self) -> tuple[Label, ...]:
        """The labels that come from the terms: all but the one of `Variants`."""
        own = self.value.label if isinstance(self.value, Variants) else None
        return tuple(label for label in self.labels if label != own)


def quotients(ratio: Ratio) -> Iterator[Quotient]:
    """Every quotient of a ratio."""
    match ratio.value:
        case Variants(_, variants):
            yield from (quotient for _, quotient in variants)
        case ConfidenceMargin(quotient) | (Quotient() as quotient):
            yield quotient


def _problems(ratio: Ratio) -> Iterator[str]:
    if isinstance(ratio.value, Variants) and ratio.value.label not in ratio.labels:
        yield f"no label `{ratio.value.name}` with the variants as values"
    wanted = set(ratio.term_labels)
    for quotient in quotients(ratio):
        for term in quotient.numerator:
            yield from (f"{term.of.name} has no label `{label.name}`" for label in wanted - set(term.of.labels))
        for term in (*quotient.numerator, *quotient.denominator):
            yield from _unknown_matches(term)
            yield from _missing_windows(term, ratio)
        if len({frozenset(wanted & set(term.of.labels)) for term in quotient.denominator}) > 1:
            yield "the terms of the denominator have different labels"


def _unknown_matches(term: Term) -> Iterator[str]:
    labels = {label.name: label for label in term.of.labels}
    for name, values in term.match:
        if name not in labels:
            yield f"{term.of.name} has no label `{name}`"
        elif isinstance(values, Month):
            if not labels[name].months:
                yield f"`{name}` of {term.of.name} is no month"
        elif (known := labels[name].values) is not None and not set(values) <= set(known):
            yield f"`{name}` of {term.of.name} has no value {', '.join(sorted(set(values) - set(known)))}"


def _missing_windows(term: Term, ratio: Ratio) -> Iterator[str]:
    if not term.of.windows:
        if term.window:
            yield f"{term.of.name} has no windows"
        return
    if not (term.window or ratio.windows):
        yield f"no window for {term.of.name}"
    if term.window and isinstance(term.of, Metric):
        # Windows to compare with are not shown, but made of the same buckets.
        if GRAIN_OF[term.window] not in term.of.grains:
            yield f"{term.of.name} has no buckets for the window {term.window}"
        return
    windows = (term.window,) if term.window else ratio.windows
    yield from (f"{term.of.name} has no window {window}" for window in windows if window not in term.of.windows)
