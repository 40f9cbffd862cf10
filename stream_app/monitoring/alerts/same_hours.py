"""What is usual at this time of the week, from the same hours of the last four weeks."""

from stream_app.monitoring import thresholds as limit
from stream_app.spec.expression import USUAL_HOURS_MIN

WEEKS = (1, 2, 3, 4)


def same_hours(function: str, series: str) -> str:
    """Return the least or the most of a recorded series around this time of each of the last four weeks.

    An hour to either side, because the hours of business move by one when the clocks change.
    """
    return "\nor\n".join(
        f'label_replace({function}({series}[2h] offset {7 * week - 1}d23h), "week", "{week}", "", "")' for week in WEEKS
    )


def median_of_weeks(series: str, by: str) -> str:
    """Return the median of the weeks of a series: one holiday or one bulk import among them does not move it far."""
    return f"""\
quantile by ({by}) (0.5, {series})
and
count by ({by}) ({series}) >= {limit.WEEKS_NEEDED}"""


def _before(week: int, change: int) -> str:
    return f"{week * 7 * 24 * 60 - change}m"


def usual_at_this_time(series: str, by: str) -> str:
    """Return what a series of one hour had at this time of the week, the least that a change of the clocks can make it.

    The most of the weeks, because a holiday among them says nothing; nothing before a week is known.
    """
    past = "\nor\n".join(
        f'label_replace(label_replace({series} offset {_before(week, change)}, "week", "{week}", "", ""), '
        f'"change", "{change}", "", "")'
        for _, change in USUAL_HOURS_MIN
        for week in WEEKS
    )
    return f"min by ({by}) (max by ({by}, change) (\n{past}\n))"
