"""What expressions are worth, from samples or from a bucket: the page's answer where Grafana asks Prometheus."""

import operator
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from stream_app.core.samples import Sample, sample
from stream_app.core.sums import Contents
from stream_app.core.windows import Clock, span
from stream_app.spec.expression import (
    Arithmetic,
    Expression,
    Filter,
    Max,
    MonthElapsed,
    Now,
    Number,
    Offset,
    RawPromQL,
    Scalar,
    Selector,
    SetOperation,
    Sum,
    TopK,
)
from stream_app.spec.metric import PREFIX, Metric
from stream_app.spec.window import GRAIN_OF, Grain, Window

Pairs = tuple[tuple[str, str], ...]
"""Labels with their values, sorted by label."""

Vector = dict[Pairs, float]
"""A value for each labeling, as an instant vector of PromQL."""

Lookup = Callable[[Selector, int], Iterable[tuple[Mapping[str, str], float]]]
"""The series of a name (labels are filtered afterwards), as they were some days before."""

Buckets = Mapping[Grain, Mapping[int, Contents]]

_HALF_DAY_S = 43_200

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISON: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class EvalContext:
    """What an expression is computed on: series, the time in seconds, and what the variables are set to."""

    lookup: Lookup
    now: float
    variables: Mapping[str, str]
    days_before: int = 0


def of_samples(samples: Iterable[Sample], buckets: Buckets, clock: Clock, metrics: Mapping[str, Metric]) -> Lookup:
    """Look up what is exported now; for earlier days, sum the buckets of the same window then."""
    by_name: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for each in samples:
        by_name.setdefault(each.name, []).append((dict(each.labels), each.value))

    def lookup(selector: Selector, days: int) -> Iterable[tuple[Mapping[str, str], float]]:
        if not days:
            return by_name.get(selector.series, ())
        window = Window(dict(selector.match)["window"][0])
        then = Clock(
            clock.now - days * 86_400_000, clock.minute - days * 1440, clock.hour - days * 24, clock.day - days
        )
        held = buckets[GRAIN_OF[window]]
        contents = (held.get(number, {}) for number in span(window, then))
        return [
            ({**labels, "window": window.value}, value)
            for content in contents
            for labels, value in _amounts(selector, content, metrics)
        ]

    return lookup


def of_bucket(content: Contents, metrics: Mapping[str, Metric]) -> Lookup:
    """Look up what one bucket holds, as if it were the window that is asked for."""

    def lookup(selector: Selector, _: int) -> Iterable[tuple[Mapping[str, str], float]]:
        window = dict(selector.match).get("window", ("",))[0]
        return [({**labels, "window": window}, value) for labels, value in _amounts(selector, content, metrics)]

    return lookup


def _amounts(
    selector: Selector, content: Contents, metrics: Mapping[str, Metric]
) -> Iterable[tuple[Mapping[str, str], float]]:
    metric = metrics[selector.series.removeprefix(PREFIX)]
    for labels, amount in content.get(metric.name, {}).items():
        shown = sample(metric, labels, amount)
        yield dict(shown.labels), shown.value


def value_of(expression: Expression, context: EvalContext) -> float | None:
    """The one value that an expression has; None if it has none."""
    found = vector(expression, context)
    return sum(found.values()) if found else None


def vector(expression: Expression, context: EvalContext) -> Vector:  # noqa: C901, PLR0911 - one case for each kind of expression
    """Compute an expression. ValueError for one that only Prometheus can answer."""
    match expression:
        case Selector():
            return _select(expression, context)
        case Number(value):
            return {(): value}
        case Now():
            return {(): context.now}
        case MonthElapsed(least):
            return {(): max(_month_elapsed(context.now), least)}
        case Sum(of, by):
            return _aggregate(operator.add, vector(of, context), by)
        case Max(of, by):
            return _aggregate(max, vector(of, context), by)
        case TopK(count, of):
            found = vector(of, context)
            return dict(sorted(found.items(), key=lambda each: (-each[1], each[0]))[:count])
        case Filter(of, comparison, bound):
            holds = _COMPARISON[comparison]
            return {pairs: value for pairs, value in vector(of, context).items() if holds(value, bound)}
        case Offset(of, days):
            return vector(of, replace(context, days_before=context.days_before + days))
        case SetOperation(left, joining, right):
            return _join(vector(left, context), joining, vector(right, context))
        case Arithmetic(left, sign, right):
            return _calculate(expression, sign, vector(left, context), vector(right, context))
        case RawPromQL(text):
            message = f"only Prometheus can answer {text}"
            raise ValueError(message)


def _select(selector: Selector, context: EvalContext) -> Vector:
    wanted = [
        (label, {context.variables.get(value[1:], value) if value.startswith("$") else value for value in values})
        for label, values in selector.match
    ]
    found: Vector = {}
    for labels, value in context.lookup(selector, context.days_before):
        if all(labels.get(label, "") in values for label, values in wanted):
            pairs = tuple(sorted(labels.items()))
            found[pairs] = found.get(pairs, 0) + value
    return found


def _aggregate(combine: Callable[[float, float], float], found: Vector, by: tuple[str, ...]) -> Vector:
    combined: Vector = {}
    for pairs, value in found.items():
        key = tuple((label, each) for label, each in pairs if label in by)
        combined[key] = combine(combined[key], value) if key in combined else value
    return combined


def _month_elapsed(now: float) -> float:
    date = datetime.fromtimestamp(now - _HALF_DAY_S, UTC)
    return date.day / monthrange(date.year, date.month)[1]


def _join(left: Vector, joining: str, right: Vector) -> Vector:
    if joining == "or":
        return {**right, **left}
    return {pairs: value for pairs, value in left.items() if (pairs in right) is (joining == "and")}


def _calculate(expression: Arithmetic, sign: str, left: Vector, right: Vector) -> Vector:
    act = _ARITHMETIC[sign]
    scalar = isinstance(expression.left, Scalar), isinstance(expression.right, Scalar)
    if scalar[0]:
        left = dict.fromkeys(right, left[()])
    elif scalar[1]:
        right = dict.fromkeys(left, right[()])
    return {
        pairs: act(value, right[pairs])
        for pairs, value in left.items()
        if pairs in right and (sign != "/" or right[pairs] > 0)
    }
