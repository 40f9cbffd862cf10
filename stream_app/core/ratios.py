"""Ratios, computed from a view by their declarations: no sample where a denominator is 0 or too small."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import sqrt

from stream_app.core.calendar import month_of
from stream_app.core.derived import derived_amounts
from stream_app.core.money import base_units
from stream_app.core.samples import Labels, Sample, View, capped, shown
from stream_app.spec.derived import Derived
from stream_app.spec.metric import Declaration, Kind, Metric, Unit
from stream_app.spec.ratio import ConfidenceMargin, Month, Quotient, Ratio, Term, Variants
from stream_app.spec.window import Window

_Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

OVERALL = "all"
"""The value of a label for all its values together."""

Values = Mapping[Labels, float]


def ratio_samples(ratio: Ratio, view: View) -> Iterator[Sample]:
    """Every sample of a ratio, in each of its windows that can be answered."""
    windows = [window for window in ratio.windows if view.answers(window)] if ratio.windows else [None]
    for window in windows:
        for labels, value in sorted(ratio_values(ratio, window, view).items()):
            yield shown(ratio, labels, value, window)


def ratio_values(ratio: Ratio, window: Window | None, view: View) -> Values:
    """The values of a ratio by label values."""
    names = tuple(label.name for label in ratio.term_labels)
    found = _values(ratio, window, view, names)
    if ratio.overall:
        place = names.index(ratio.overall)
        together = _values(ratio, window, view, (*names[:place], *names[place + 1 :]))
        found |= {(*labels[:place], OVERALL, *labels[place:]): value for labels, value in together.items()}
    return {labels: value for labels, value in found.items() if not ratio.skip or ratio.skip not in labels}


def _values(ratio: Ratio, window: Window | None, view: View, names: tuple[str, ...]) -> dict[Labels, float]:
    closed = {label.name: label.values for label in ratio.labels if label.values is not None}
    context = _Context(view, window, names, ratio.unit, closed)
    if isinstance(ratio.value, Variants):
        place = ratio.labels.index(ratio.value.label)
        found = {
            (*labels[:place], name, *labels[place:]): value
            for name, quotient in ratio.value.quotients
            for labels, value in _quotient(quotient, context)
        }
    elif isinstance(ratio.value, ConfidenceMargin):
        found = dict(_margin(ratio.value.of, context))
    else:
        found = dict(_quotient(ratio.value, context))
    return found


@dataclass(frozen=True, slots=True)
class _Context:
    """What a quotient is computed on.

    `names` are the labels that its terms are summed by, `closed` the values of those that have a closed set.
    """

    view: View
    window: Window | None
    names: tuple[str, ...]
    unit: Unit
    closed: Mapping[str, tuple[str, ...]]


def _quotient(quotient: Quotient, context: _Context) -> Iterator[tuple[Labels, float]]:
    for labels, above, below in _divisions(quotient, context):
        is_minor = context.unit is Unit.MONEY and _is_stored(quotient.numerator)
        amount = base_units(above, labels[context.names.index("currency")]) if is_minor else above
        value = quotient.scale * amount / below
        yield labels, 1 - value if quotient.complement else value


def _margin(quotient: Quotient, context: _Context) -> Iterator[tuple[Labels, float]]:
    squares: dict[Labels, float] = {}
    for term in quotient.numerator:
        for labels, amount in _term(term, context).items():
            squares[labels] = squares.get(labels, 0) + _weight(term, context.view) ** 2 * amount
    for labels, total, count in _divisions(quotient, context):
        variance = squares.get(labels, 0) * count - total**2
        yield labels, quotient.scale * _Z95 * sqrt(variance / count) / count


def _divisions(quotient: Quotient, context: _Context) -> Iterator[tuple[Labels, float, float]]:
    """The sums above and below the line by label values, where there is a quotient."""
    if not all(term.window is None or context.view.answers(term.window) for term in _terms(quotient)):
        return
    above, below = _sum(quotient.numerator, context), _sum(quotient.denominator, context)
    kept = _kept(quotient.denominator[0].of, context.names)
    for labels in below if len(kept) == len(context.names) else above.keys() | _completed(below, kept, context):
        divisor = below.get(tuple(labels[place] for place in kept), 0)
        if divisor > 0 and divisor >= quotient.minimum and (labels in above or _is_stored(quotient.numerator)):
            yield labels, above.get(labels, 0), divisor


def _completed(below: Iterable[Labels], kept: list[int], context: _Context) -> Iterator[Labels]:
    """The label values below the line, with each value of the labels that only those above have, if closed."""
    lacking = [place for place in range(len(context.names)) if place not in kept]
    values = [context.closed.get(context.names[place]) for place in lacking]
    if None in values:
        return
    for labels in below:
        for added in product(*(each for each in values if each is not None)):
            known = dict(zip(kept, labels, strict=True)) | dict(zip(lacking, added, strict=True))
            yield tuple(known[place] for place in range(len(context.names)))


def _terms(quotient: Quotient) -> Iterable[Term]:
    return (*quotient.numerator, *quotient.denominator)


def _is_stored(terms: tuple[Term, ...]) -> bool:
    """Whether all terms are sums of what is stored, and none is a ratio."""
    return not any(isinstance(term.of, Ratio) for term in terms)


def _kept(of: Declaration, names: tuple[str, ...]) -> list[int]:
    """The places of the names that are labels of a declaration."""
    declared = {label.name for label in of.labels}
    return [place for place, name in enumerate(names) if name in declared]


def _sum(terms: tuple[Term, ...], context: _Context) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    for term in terms:
        weight = _weight(term, context.view)
        for labels, amount in _term(term, context).items():
            found[labels] = found.get(labels, 0) + weight * amount
    return found


def _term(term: Term, context: _Context) -> dict[Labels, float]:
    """The sums of a term without its weight: whole numbers are added up exactly."""
    names = [label.name for label in term.of.labels]
    places = [names.index(name) for name in context.names if name in names]
    tests = [(names.index(label), _wanted(values, context.view)) for label, values in term.match]
    found: dict[Labels, float] = {}
    for labels, amount in _amounts(term.of, term.window or context.window, context.view).items():
        if all((labels[place] in values) is positive for place, (values, positive) in tests):
            key = tuple(labels[place] for place in places)
            found[key] = found.get(key, 0) + amount
    return found


def _weight(term: Term, view: View) -> float:
    if isinstance(term.weight, int):
        return term.weight
    return view.constants.get(term.weight.name, term.weight.default)


def _wanted(values: tuple[str, ...] | Month, view: View) -> tuple[frozenset[str], bool]:
    """Label values, and whether they are wanted or all others."""
    if isinstance(values, Month):
        return frozenset({month_of(view.clock.day)}), values is Month.RUNNING
    return frozenset(values), True


def _amounts(of: Declaration, window: Window | None, view: View) -> Values:
    match of:
        case Ratio():
            return ratio_values(of, window if of.windows else None, view)
        case Derived():
            return derived_amounts(of, window if of.windows else None, view)
        case Metric(kind=Kind.LEVEL):
            return capped(view.level(of.name), of, view)
        case Metric():
            return capped(view.total(window, of.name) if window else {}, of, view)
    msg = f"{of.name} has no sums"
    raise TypeError(msg)
