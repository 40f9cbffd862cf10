"""What expressions are worth, from samples or from a bucket: the page's answer where Grafana asks Prometheus."""

import operator
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from math import ceil

from stream_app.core.samples import Sample, shown_value
from stream_app.core.sums import Contents
from stream_app.core.windows import KEPT, Clock, span
from stream_app.spec.expression import (
    USUAL_HOURS_MIN,
    Arithmetic,
    During,
    Expression,
    Filter,
    Max,
    MinutesSince,
    MonthElapsed,
    Now,
    Number,
    Offset,
    OfThePage,
    RawPromQL,
    Scalar,
    Selector,
    SetOperation,
    Sum,
    TopK,
    UsualNow,
)
from stream_app.spec.metric import PREFIX, Metric
from stream_app.spec.threshold import Thresholds
from stream_app.spec.window import GRAIN_OF, Grain, Window
from stream_app.spec.working_time import AS_SHIPPED, WorkCalendar, is_holiday, is_working_time

Pairs = tuple[tuple[str, str], ...]
"""Labels with their values, sorted by label."""

Vector = dict[Pairs, float]
"""A value for each labeling, as an instant vector of PromQL."""

Match = tuple[tuple[str, frozenset[str]], ...]
"""Of some labels the values that are wanted."""

Lookup = Callable[[str, Match, int], Vector]
"""The series of a name whose labels match, as they were some days before."""

Buckets = Mapping[Grain, Mapping[int, Contents]]

_HALF_DAY_S = 43_200

_WEEKS = (7, 14, 21, 28)

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


def _no_series(*_: object) -> Vector:
    return {}


@dataclass(frozen=True, slots=True)
class EvalContext:
    """What an expression is computed on: series, the time in seconds, and what the variables are set to.

    Without `thresholds` each is its default. `bucket` looks up what a bucket holds, of the grain and number; `today` is
    the number of the day that is running.
    """

    lookup: Lookup
    now: float
    variables: Mapping[str, str]
    days_before: int = 0
    thresholds: Thresholds | None = None
    bucket: Callable[[Grain, int], Lookup] = lambda *_: _no_series
    today: int = 0
    work: WorkCalendar = AS_SHIPPED

    def number(self, number: float, labels: Mapping[str, str]) -> float:
        """A number as it is, a threshold as it is set for these labels."""
        return self.thresholds.of(number, labels) if self.thresholds else float(number)


def of_samples(samples: Iterable[Sample], buckets: Buckets, clock: Clock, metrics: Mapping[str, Metric]) -> Lookup:
    """Look up what is exported now; for earlier days, sum the buckets of the same window then.

    A window whose hours are no longer stored is that of as many whole days. What is found is kept, because many
    expressions ask for the same series.
    """
    by_name: dict[str, list[Sample]] = {}
    for each in samples:
        by_name.setdefault(each.name, []).append(each)

    @cache
    def by_window(series: str) -> dict[str, list[Sample]]:
        found: dict[str, list[Sample]] = {}
        for each in by_name.get(series, ()):
            found.setdefault(next((value for name, value in each.labels if name == "window"), ""), []).append(each)
        return found

    @cache
    def labeled(series: str, window: str) -> list[Labeled]:
        return [(dict(each.labels), each.value) for each in by_window(series)[window]]

    @cache
    def lookup(series: str, match: Match, days: int) -> Vector:
        windows = dict(match).get("window")
        if not days:
            known = by_window(series)
            chosen = known if windows is None else windows & known.keys()
            return _matching(chain.from_iterable(labeled(series, each) for each in chosen), match)
        (name,) = windows or ("",)
        window = Window(name)
        then = Clock(
            clock.now - days * 86_400_000, clock.minute - days * 1440, clock.hour - days * 24, clock.day - days
        )
        grain, numbers = GRAIN_OF[window], span(window, then)
        if grain is Grain.HOUR and numbers.start <= clock.hour - KEPT[Grain.HOUR]:
            grain, numbers = Grain.DAY, range(then.day - len(numbers) // 24 + 1, then.day + 1)
        contents = [buckets[grain].get(number, {}) for number in numbers]
        return _matching(chain.from_iterable(_labeled(series, name, each, metrics) for each in contents), match)

    return lookup


def of_bucket(content: Contents, metrics: Mapping[str, Metric]) -> Lookup:
    """Look up what one bucket holds, as if it were the window that is asked for; what is found is kept."""

    @cache
    def lookup(series: str, match: Match, _: int) -> Vector:
        (window,) = dict(match).get("window", ("",))
        return _matching(_labeled(series, window, content, metrics), match)

    return lookup


Labeled = tuple[dict[str, str], float]
"""The labels of a series, and its value."""


def _labeled(series: str, window: str, content: Contents, metrics: Mapping[str, Metric]) -> Iterator[Labeled]:
    metric = metrics[series.removeprefix(PREFIX)]
    names = [*(label.name for label in metric.labels), "window"]
    for labels, amount in content.get(metric.name, {}).items():
        yield dict(zip(names, (*labels, window), strict=True)), shown_value(metric, labels, amount)


def _matching(found: Iterable[Labeled], match: Match) -> Vector:
    vector: Vector = {}
    for labels, value in found:
        for label, values in match:
            if labels.get(label, "") not in values:
                break
        else:
            pairs = tuple(sorted(labels.items()))
            vector[pairs] = vector.get(pairs, 0) + value
    return vector


def value_of(expression: Expression, context: EvalContext) -> float | None:
    """The one value that an expression has; None if it has none."""
    found = vector(expression, context)
    return sum(found.values()) if found else None


def vector(expression: Expression, context: EvalContext) -> Vector:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of expression
    """Compute an expression. ValueError for one that only Prometheus can answer."""
    match expression:
        case Selector():
            return _select(expression, context)
        case Number(value):
            return {(): context.number(value, context.variables)}
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
            found = vector(of, context)
            return {pairs: value for pairs, value in found.items() if holds(value, context.number(bound, dict(pairs)))}
        case Offset(of, days):
            return vector(of, replace(context, days_before=context.days_before + days))
        case SetOperation(left, joining, right):
            found = vector(left, context)
            # Mostly nothing is wrong, and what would be looked up in many buckets is not.
            return _join(found, joining, vector(right, context)) if found or joining == "or" else {}
        case Arithmetic(left, sign, right):
            return _calculate(expression, sign, vector(left, context), vector(right, context))
        case MinutesSince() | UsualNow() | During():
            return _of_the_page(expression, context)
        case RawPromQL(text):
            message = f"only Prometheus can answer {text}"
            raise ValueError(message)


def _select(selector: Selector, context: EvalContext) -> Vector:
    variables = context.variables
    match = tuple(
        (label, frozenset(variables.get(each[1:], each) if each.startswith("$") else each for each in values))
        for label, values in selector.match
    )
    return context.lookup(selector.series, match, context.days_before)


def _aggregate(combine: Callable[[float, float], float], found: Vector, by: tuple[str, ...]) -> Vector:
    combined: Vector = {}
    for pairs, value in found.items():
        key = tuple((label, each) for label, each in pairs if label in by)
        combined[key] = combine(combined[key], value) if key in combined else value
    return combined


def _month_elapsed(now: float) -> float:
    date = datetime.fromtimestamp(now - _HALF_DAY_S, UTC)
    return date.day / monthrange(date.year, date.month)[1]


def _of_the_page(expression: OfThePage, context: EvalContext) -> Vector:
    match expression:
        case MinutesSince(of, most):
            return _minutes_since(of, most, context)
        case UsualNow(of):
            return _usual_now(of, context)
        case During(of, "work"):
            return vector(of, context) if is_working_time(context.work, context.now) else {}
        case During(of):
            return {} if is_holiday(context.work, context.now) else vector(of, context)


def _minutes_since(of: Expression, most: int, context: EvalContext) -> Vector:
    found: Vector = {}
    running = int(context.now // 60)
    for ago in range(most + 1):
        for pairs, value in vector(of, replace(context, lookup=context.bucket(Grain.MINUTE, running - ago))).items():
            if value > 0:
                found.setdefault(pairs, ago)
    return found


def _usual_now(of: Expression, context: EvalContext) -> Vector:
    """The least of the hours, and of the days of this weekday."""
    then = [context.now - days * 86_400 for days in range(1, 8)]
    hours = [
        _in_buckets(of, Grain.HOUR, chain.from_iterable(_hours(at, *each) for at in then), context)
        for each in USUAL_HOURS_MIN
    ]
    days = _in_buckets(of, Grain.DAY, [context.today - days for days in _WEEKS], context)
    return {pairs: min(each.get(pairs, 0) for each in (*hours, days)) for pairs in days}


def _hours(now: float, begin_min: int, end_min: int) -> range:
    """The numbers of the hours that what lies between some minutes from a time is within."""
    return range(int((now + begin_min * 60) // 3600), ceil((now + end_min * 60) / 3600))


def _in_buckets(of: Expression, grain: Grain, numbers: Iterable[int], context: EvalContext) -> Vector:
    """What it had in all of some buckets."""
    found: Vector = {}
    for number in numbers:
        for pairs, value in vector(of, replace(context, lookup=context.bucket(grain, number))).items():
            found[pairs] = found.get(pairs, 0) + value
    return found


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
