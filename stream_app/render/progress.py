"""How far a tile is towards its target, and where it ends at the pace of the days so far."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from stream_app.core.calendar import date_of
from stream_app.core.targets import PeriodTarget, days_of
from stream_app.render.evaluation import EvalContext, Lookup, Match, Vector, value_of
from stream_app.spec.panel import Measure, Measured

LookupOfDay = Callable[[int], Lookup]
"""The series of a day, by its number."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`so_far` is what the period has now, and None of a share without a denominator.

    `pace` is what it ends with if each of its days is like its full days so far, and never less than a count has now.
    None on the first day, and of shares: a share at its end is what it is now.
    """

    so_far: float | None
    pace: float | None
    ends: str
    """The last day of the period, `YYYY-MM-DD`."""


def progress(
    measured: Measured, target: PeriodTarget, context: EvalContext, of_day: LookupOfDay, today: int
) -> Progress:
    """Return how far it is today; counts are linear in days, whatever day of the week."""
    days = days_of(target.period, today)
    ends = date_of(days.stop - 1).isoformat()
    until_now = range(days.start, today + 1)
    if measured.measure is Measure.SHARE:
        return Progress(_together(until_now, measured, context, of_day), None, ends)
    each = [value_of(measured.of, replace(context, lookup=of_day(day))) or 0 for day in until_now]
    opening = 0.0
    if measured.level:
        opening = (value_of(measured.level, context) or 0) - sum(each)
    so_far = opening + sum(each)
    full = each[:-1]
    if not full:
        return Progress(so_far, None, ends)
    pace = opening + sum(full) / len(full) * len(days)
    return Progress(so_far, max(pace, so_far) if measured.measure is Measure.COUNT else pace, ends)


def _together(days: range, measured: Measured, context: EvalContext, of_day: LookupOfDay) -> float | None:
    """What is measured, of the sums over some days."""

    def lookup(series: str, match: Match, _: int) -> Vector:
        found: Vector = {}
        for day in days:
            for pairs, value in of_day(day)(series, match, 0).items():
                found[pairs] = found.get(pairs, 0) + value
        return found

    return value_of(measured.of, replace(context, lookup=lookup))
