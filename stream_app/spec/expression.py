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
class RawPromQL:
    """PromQL as it stands, for what only Prometheus can answer: its own alerts, rates of counters, quantiles."""

    text: str


Scalar = Number | Now | MonthElapsed
"""What has a value without labels, whatever series there are."""

Expression = Selector | Sum | Max | Scalar | Arithmetic | Filter | SetOperation | TopK | Offset | RawPromQL

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
