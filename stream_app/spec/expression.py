"""Expressions over series, from which PromQL and the values of the wall's page follow."""

from dataclasses import dataclass
from typing import Literal

from stream_app.spec.metric import PREFIX

ArithmeticOperator = Literal["+", "-", "*", "/"]
Comparison = Literal[">", ">=", "<", "<="]
SetOperator = Literal["and", "or", "unless"]


@dataclass(frozen=True, slots=True)
class Selector:
    """The series of a name whose labels have one of these values. `$name`: what a dashboard's variable is set to."""

    series: str
    match: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum, by these labels."""

    of: "Expression"
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Max:
    """The largest, by these labels: two exporters that are scraped do not count twice."""

    of: "Expression"
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """The same number always; `alone` makes it a series of its own."""

    value: float
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """The time, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class MonthElapsed:
    """The part of the month that has passed, and never less than `least`.

    Read from the date of twelve hours ago in UTC: at that time no time zone is still in the month before.
    """

    least: float


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Arithmetic between series of equal labels. Where a divisor is not above 0 there is no result."""

    left: "Expression"
    operator: ArithmeticOperator
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Filter:
    """Only those whose value compares so."""

    of: "Expression"
    operator: Comparison
    bound: float


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Of the left those that the right has too (`and`) or has not (`unless`); or both, the left first (`or`)."""

    left: "Expression"
    operator: SetOperator
    right: "Expression"


@dataclass(frozen=True, slots=True)
class TopK:
    """The largest few."""

    count: int
    of: "Expression"


@dataclass(frozen=True, slots=True)
class Offset:
    """The same, so many days before."""

    of: "Expression"
    days: int


@dataclass(frozen=True, slots=True)
class MinutesSince:
    """Minutes since it had any, where these are no more than `most`. What each minute had is not exported."""

    of: "Expression"
    most: int


USUAL_HOURS_MIN = ((-120, -60), (-60, 0), (30, 90))
"""In how many minutes the hours begin and end that say what is usual now.

Once the clocks have changed, business of the last half an hour was an hour earlier or later before.
"""


@dataclass(frozen=True, slots=True)
class UsualNow:
    """What it had at this time of day in the last seven days, or, if less, on this weekday in the last four weeks.

    What each hour had is not exported.
    """

    of: "Expression"


@dataclass(frozen=True, slots=True)
class During:
    """The same while people are at work, or on all days but holidays."""

    of: "Expression"
    times: Literal["work", "no holiday"]


@dataclass(frozen=True, slots=True)
class RawPromQL:
    """PromQL as it stands, for what only Prometheus can answer: its own alerts, rates of counters, quantiles."""

    text: str


Scalar = Number | Now | MonthElapsed
"""What has a value without labels, whatever series there are."""

OfThePage = MinutesSince | UsualNow | During
"""What only the wall's page computes, from what is stored; Prometheus has its own past and its own rules for it."""

Expression = Selector | Sum | Max | Scalar | Arithmetic | Filter | SetOperation | TopK | Offset | OfThePage | RawPromQL

Values = str | tuple[str, ...]


def selector(name: str, **match: Values) -> Selector:
    """The series of a metric, named without its prefix, whose labels have one of these values."""
    return series_selector(PREFIX + name, **match)


def series_selector(series: str, **match: Values) -> Selector:
    """The series of a full name whose labels have one of these values."""
    return Selector(series, tuple((label, (each,) if isinstance(each, str) else each) for label, each in match.items()))


def total(name: str, *by: str, **match: Values) -> Sum:
    """The sum of a metric's series by some labels."""
    return Sum(selector(name, **match), by)


def largest(name: str, *by: str, **match: Values) -> Max:
    """The largest of a metric's series by some labels."""
    return Max(selector(name, **match), by)


def or_zero(of: Expression, *families: str) -> SetOperation:
    """The same, and 0 where it has no value once an event of any of these families has come."""
    begun = Max(series_selector("stream_app_family_first_event_applied", family=families))
    return SetOperation(of, "or", Arithmetic(Number(0), "*", begun))


def share(above: Expression, below: Expression) -> Arithmetic:
    """One per the other."""
    return Arithmetic(above, "/", below)
