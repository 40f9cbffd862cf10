"""Numbers as sentences."""

from collections.abc import Iterable

from stream_app.render.text import number_text, value_text
from stream_app.report.document import Figure
from stream_app.report.quantity import LEAST_CASES
from stream_app.spec.metric import Unit

_WHOLE_FROM = 1000
"""From which amount of money on nobody wants cents."""


def value(figure: Figure) -> str:
    """The number with its unit."""
    return "-" if figure.now is None else amount(figure.now, figure.unit, figure.currency)


def amount(number: float, unit: Unit, currency: str = "") -> str:
    """A number with its unit, in as many digits as a meeting wants."""
    match unit:
        case Unit.RATIO:
            return f"{number * 100:.1f} %"
        case Unit.POINTS:
            return f"{number_text(round(number, 1))} points"
        case Unit.MONEY if abs(number) >= _WHOLE_FROM:
            return f"{number:,.0f} {currency}"
    return value_text(number, unit, currency)


def change(now: float, before: float, unit: Unit) -> str:
    """How a number differs from one before: "up 12 % from", shares and points by points; "as in" if it does not."""
    if now == before:
        return "as before:"
    direction = "up" if now > before else "down"
    if unit in (Unit.RATIO, Unit.POINTS):
        points = round(abs(now - before) * (100 if unit is Unit.RATIO else 1), 1)
        return f"{direction} {number_text(points)} points from" if points else "as before:"
    if unit is Unit.COUNT:
        step = number_text(round(abs(now - before), 2))
        return f"{direction} {step}{_percent(now, before)} from"
    if abs(before) >= LEAST_CASES and abs(now - before) < abs(before) / 200:
        return "nearly as before:"
    return f"{direction}{_percent(now, before, '{}')} from"


def _percent(now: float, before: float, form: str = "({})") -> str:
    """How many percent a number has changed; nothing where it was so small that a percent means nothing."""
    share = abs(now - before) / abs(before) if before else 0
    return f" {form.format(f'{share:.0%}'.replace('%', ' %'))}" if abs(before) >= LEAST_CASES else ""


def during(period: str) -> str:
    """The name of days with what stands before it in a sentence."""
    return f"over {period}" if period[0].isdigit() else f"in {period}"


def compared(figure: Figure, before: str, year_before: str) -> str:
    """How a figure differs from earlier months, which have these names."""
    if figure.now is None:
        return ""
    parts = []
    for number, name in ((figure.before, before), (figure.year_before, year_before)):
        if number is None:
            parts.append(f"nothing to compare with {during(name)}")
        else:
            said = change(figure.now, number, figure.unit)
            parts.append(f"{said} {amount(number, figure.unit, figure.currency)} {during(name)}")
    return "; ".join(parts)


def interval(figure: Figure) -> str:
    """The 95 % interval of a share, and of how many cases it is; empty for other figures."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low * 100:.0f} to {figure.high * 100:.0f} %"


def with_cases(figure: Figure) -> str:
    """The number, of how many cases it is, and how far it may be off."""
    details = [f"of {number_text(figure.cases)}"] if figure.cases is not None else []
    details += [f"95 % interval {interval(figure)}"] if figure.low is not None else []
    return f"{value(figure)} ({', '.join(details)})" if details else value(figure)


def small(figures: Iterable[Figure]) -> list[str]:
    """Names the figures that are of few cases."""
    few = [each for each in figures if each.cases is not None and each.cases < LEAST_CASES and each.now is not None]
    return [f"{each.title} is of {counted(each.cases or 0, 'case')} only: a small number." for each in few]


def counted(number: float, noun: str) -> str:
    """A number of things."""
    plural = f"{noun.removesuffix('y')}ies" if noun.endswith("ty") else f"{noun}s"
    return f"{number_text(number)} {noun if number == 1 else plural}"
