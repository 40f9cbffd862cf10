"""Ratios, computed from a view by their declarations: no sample where a denominator is 0 or too small."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

from stream_app.core.calendar import month_of
from stream_app.core.derived import derived_amounts
from stream_app.core.limits import Labels, Limited, chooser, limited, ranked
from stream_app.core.money import base_units
from stream_app.core.samples import Sample, TermKey, View, by_shown_months, ranking_window, shown
from stream_app.spec.derived import Derived
from stream_app.spec.metric import Declaration, Kind, Label, Metric, Unit
from stream_app.spec.ratio import ConfidenceMargin, Month, Quotient, Ratio, Term, Variants, quotients
from stream_app.spec.window import Window

_Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

OVERALL = "all"
"""The value of a label for all its values together."""

Values = Mapping[Labels, float]


def ratio_samples(ratio: Ratio, view: View) -> Iterator[Sample]:
    """Every sample of a ratio, in each of its windows that can be answered."""
    limits = _Limits(ratio, view)
    for window in _windows(ratio, view):
        for labels, value in sorted(_ratio_values(ratio, window, view, limits).items()):
            yield shown(ratio, labels, value, window)


def ratio_values(ratio: Ratio, window: Window | None, view: View) -> Values:
    """The values of a ratio by label values."""
    return _ratio_values(ratio, window, view, _Limits(ratio, view))


def _windows(ratio: Ratio, view: View) -> Sequence[Window | None]:
    return [window for window in ratio.windows if view.answers(window)] if ratio.windows else [None]


def _ratio_values(ratio: Ratio, window: Window | None, view: View, limits: "_Limits") -> Values:
    labels = ratio.term_labels
    found = _values(ratio, window, view, labels, limits)
    if ratio.overall:
        place = next(number for number, label in enumerate(labels) if label.name == ratio.overall)
        together = _values(ratio, window, view, (*labels[:place], *labels[place + 1 :]), limits)
        found |= {(*values[:place], OVERALL, *values[place:]): value for values, value in together.items()}
    return {values: value for values, value in found.items() if not ratio.skip or ratio.skip not in values}


def _values(
    ratio: Ratio, window: Window | None, view: View, by: tuple[Label, ...], limits: "_Limits"
) -> dict[Labels, float]:
    contexts = [_Context(view, window, by, ratio.unit, limit) for limit in limits.of(by)]
    if isinstance(ratio.value, Variants):
        place = ratio.labels.index(ratio.value.label)
        return {
            (*labels[:place], name, *labels[place:]): value
            for (name, quotient), context in zip(ratio.value.quotients, contexts, strict=True)
            for labels, value in _quotient(quotient, context)
        }
    if isinstance(ratio.value, ConfidenceMargin):
        return dict(_margin(ratio.value.of, contexts[0]))
    return dict(_quotient(ratio.value, contexts[0]))


class _Limits:
    """The label combinations of a ratio that are shown: those with the largest denominators over 30 days.

    They are the same in all of its windows, and numerators are folded as the denominators are.
    """

    def __init__(self, ratio: Ratio, view: View) -> None:
        self._ratio, self._view = ratio, view
        self._known: dict[tuple[Label, ...], list[Limited]] = {}

    def of(self, by: tuple[Label, ...]) -> list[Limited]:
        """What is shown of each quotient if its terms are summed by these labels."""
        if by not in self._known:
            self._known[by] = [self._limit(quotient, by) for quotient in quotients(self._ratio)]
        return self._known[by]

    def _limit(self, quotient: Quotient, by: tuple[Label, ...]) -> Limited:
        ratio, view = self._ratio, self._view
        declared = quotient.denominator[0].of.labels
        labels = tuple(label for label in by if label in declared)
        all_shown = Limited(labels, frozenset())
        if not any(label.capped for label in labels) or not _is_answerable(quotient, view):
            return all_shown
        sums = {
            window: _sum(quotient.denominator, _Context(view, window, by, ratio.unit, all_shown))
            for window in _windows(ratio, view)
        }
        ranking = sums.get(ranking_window(ratio.windows) if ratio.windows else None, {})
        return limited(labels, ranked(labels, ranking, list(sums.values())), view.series_limit)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a quotient is computed on. Its terms are summed by `labels`, and their combinations limited."""

    view: View
    window: Window | None
    labels: tuple[Label, ...]
    unit: Unit
    limit: Limited

    @property
    def closed(self) -> dict[str, tuple[str, ...]]:
        """The values of the labels that have a closed set."""
        return {label.name: label.values for label in self.labels if label.values is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the labels."""
        return tuple(label.name for label in self.labels)

    def limited(self, sums: Values, names: Sequence[str]) -> Values:
        """The sums of a term that has labels of these names, by the label values under which they are shown."""
        own = [label.name for label in self.limit.labels]
        return self.limit.merged(sums, [names.index(name) for name in own]) if set(own) <= set(names) else sums


def _quotient(quotient: Quotient, context: _Context) -> Iterator[tuple[Labels, float]]:
    names = context.names
    for labels, above, below in _divisions(quotient, context):
        is_minor = context.unit is Unit.MONEY and _is_stored(quotient.numerator)
        amount = base_units(above, labels[names.index("currency")]) if is_minor else above
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


def _is_answerable(quotient: Quotient, view: View) -> bool:
    return all(
        (term.window is None or view.answers(term.window)) and (view.knows_levels or not _is_level(term.of))
        for term in _terms(quotient)
    )


def _divisions(quotient: Quotient, context: _Context) -> Iterator[tuple[Labels, float, float]]:
    """The sums above and below the line by label values, where there is a quotient."""
    if not _is_answerable(quotient, context.view):
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


def _is_level(of: Declaration) -> bool:
    return isinstance(of, Metric) and of.is_level


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


def _term(term: Term, context: _Context) -> Mapping[Labels, float]:
    """The sums of a term without its weight: whole numbers are added up exactly."""
    names = [label.name for label in term.of.labels]
    summed_by = [name for name in context.names if name in names]
    key = TermKey(term.of.name, term.match, term.window or context.window, tuple(summed_by))
    context.view.used.add(key)
    if key not in context.view.terms:
        amounts = _amounts(term.of, key.window, context.view)
        context.view.terms[key] = _summed(amounts, key, names, context.view)
    return context.limited(context.view.terms[key], summed_by)


def follow(
    terms: dict[TermKey, dict[Labels, float]], metrics: Mapping[str, Metric], view: View, changed: Container[str]
) -> set[TermKey]:
    """Make the terms of the view before those of this one, and name those that are what they were.

    What cannot follow is left out, to be computed anew.
    """
    unchanged = set(terms)
    for key in list(terms):
        metric = metrics.get(key.name)
        is_added_up = metric is not None and metric.windows and not any(label.months for label in metric.labels)
        added = view.changes.get(key.window, {}).get(key.name, {}) if is_added_up and key.window else None
        if metric is None or (added is None and key.name in changed):
            del terms[key]
            unchanged.remove(key)
        elif added:
            sums = terms[key]
            more = _summed(added, key, [label.name for label in metric.labels], view)
            for labels, amount in more.items():
                sums[labels] = sums.get(labels, 0) + amount
            # Whether anything is left of a sum of 0 only its parts know.
            if not all(sums[labels] for labels in more):
                del terms[key]
            if more:
                unchanged.remove(key)
    return unchanged


def _summed(amounts: Values, key: TermKey, names: Sequence[str], view: View) -> dict[Labels, float]:
    places = [names.index(name) for name in key.by]
    found: Iterable[tuple[Labels, float]] = amounts.items()
    for label, values in key.match:
        found = _matching(found, names.index(label), *_wanted(values, view))
    if places == [*range(len(names))]:
        return dict(found)
    choose = chooser(places)
    sums: dict[Labels, float] = {}
    for labels, amount in found:
        by = choose(labels)
        sums[by] = sums.get(by, 0) + amount
    return sums


def _matching(
    amounts: Iterable[tuple[Labels, float]],
    place: int,
    values: frozenset[str],
    positive: bool,  # noqa: FBT001 - of a pair
) -> Iterable[tuple[Labels, float]]:
    if positive:
        return [each for each in amounts if each[0][place] in values]
    return [each for each in amounts if each[0][place] not in values]


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
            return by_shown_months(view.level(of.name), of, view)
        case Metric():
            return by_shown_months(view.total(window, of.name) if window else {}, of, view)
    msg = f"{of.name} has no sums"
    raise TypeError(msg)
