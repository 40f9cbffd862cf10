"""Expressions as PromQL: declarations of alerts need the text, too."""

import re

from stream_app.spec.expression import (
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
    RawPromQL,
    Scalar,
    Selector,
    SetOperation,
    Sum,
    TopK,
    UsualNow,
)

_ELAPSED = "day_of_month({0}) / days_in_month({0})".format("vector(time() - 43200)")

_VARIABLE = re.compile(r"^\$[a-z_]+$")


def promql(expression: Expression) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of expression
    """Return the query that gives what the expression means."""
    match expression:
        case RawPromQL(text):
            return text
        case Selector():
            return _selector(expression)
        case Number(value, alone):
            return f"vector({value:g})" if alone else f"{value:g}"
        case Now():
            return "time()"
        case MonthElapsed(least):
            return f"scalar(clamp_min({_ELAPSED}, {least:g}))"
        case Sum(of, by):
            return _aggregation("sum", by, promql(of))
        case Max(of, by):
            return _aggregation("max", by, promql(of))
        case TopK(count, of):
            return f"topk({count}, {promql(of)})"
        case Filter(of, operator, bound):
            return f"{_operand(of)} {operator} {bound:g}"
        case SetOperation(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case Offset(of, days):
            return _offset(of, days)
        case MinutesSince() | UsualNow() | During():
            message = f"only the page can tell {expression}"
            raise ValueError(message)
        case Arithmetic(left, "/", right) if not isinstance(right, Scalar):
            return f"{_operand(left)} / ({_operand(right)} > 0)"
        case Arithmetic(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"


def _operand(expression: Expression) -> str:
    text = promql(expression)
    return f"({text})" if isinstance(expression, Arithmetic | SetOperation | Filter | RawPromQL) else text


def _aggregation(function: str, by: tuple[str, ...], of: str) -> str:
    return f"{function} by ({', '.join(by)}) ({of})" if by else f"{function}({of})"


def _offset(expression: Expression, days: int) -> str:
    match expression:
        case Selector():
            return f"{_selector(expression)} offset {days}d"
        case Sum(of, by):
            return _aggregation("sum", by, _offset(of, days))
        case _:
            message = f"no offset for {expression}"
            raise ValueError(message)


def _selector(expression: Selector) -> str:
    matchers = ", ".join(_matcher(label, values) for label, values in expression.match)
    return f"{expression.series}{{{matchers}}}" if matchers else expression.series


def _matcher(label: str, values: tuple[str, ...]) -> str:
    # A variable may stand for several values, and for all of them.
    operator = "=~" if len(values) > 1 or _VARIABLE.match(values[0]) else "="
    return f'{label}{operator}"{"|".join(values)}"'
