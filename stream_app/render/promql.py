"""Expressions as PromQL."""

import re

from stream_app.spec.expression import (
    Arithmetic,
    Expression,
    Filter,
    Now,
    Number,
    Offset,
    RawPromQL,
    Selector,
    SetOperation,
    Sum,
    TopK,
)

_VARIABLE = re.compile(r"^\$[a-z_]+$")


def promql(expression: Expression) -> str:  # noqa: C901, PLR0911 - one line for each kind of expression
    """Return the query that gives what the expression means."""
    match expression:
        case RawPromQL(text):
            return text
        case Selector():
            return _pick(expression)
        case Number(value, alone):
            return f"vector({value:g})" if alone else f"{value:g}"
        case Now():
            return "time()"
        case Sum(of, by):
            return f"sum by ({', '.join(by)}) ({promql(of)})" if by else f"sum({promql(of)})"
        case TopK(count, of):
            return f"topk({count}, {promql(of)})"
        case Filter(of, operator, bound):
            return f"{_operand(of)} {operator} {bound:g}"
        case SetOperation(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case Offset(of, days):
            return _earlier(of, days)
        case Arithmetic(left, "/", right) if not isinstance(right, Number):
            return f"{_operand(left)} / ({_operand(right)} > 0)"
        case Arithmetic(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"


def _operand(expression: Expression) -> str:
    text = promql(expression)
    return f"({text})" if isinstance(expression, Arithmetic | SetOperation | Filter | RawPromQL) else text


def _earlier(expression: Expression, days: int) -> str:
    match expression:
        case Selector():
            return f"{_pick(expression)} offset {days}d"
        case Sum(of, by):
            inner = _earlier(of, days)
            return f"sum by ({', '.join(by)}) ({inner})" if by else f"sum({inner})"
        case _:
            message = f"no offset for {expression}"
            raise ValueError(message)


def _pick(expression: Selector) -> str:
    tests = ", ".join(_test(label, values) for label, values in expression.match)
    return f"{expression.series}{{{tests}}}" if tests else expression.series


def _test(label: str, values: tuple[str, ...]) -> str:
    # A variable may stand for several values, and for all of them.
    operator = "=~" if len(values) > 1 or _VARIABLE.match(values[0]) else "="
    return f'{label}{operator}"{"|".join(values)}"'
