"""Business hours and holidays as time intervals of Alertmanager.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from stream_app.spec.holidays import days_of
from stream_app.spec.notification import BusinessHours

BUSINESS_HOURS = "business hours"
HOLIDAYS = "holidays"


def time_intervals(hours: BusinessHours) -> Iterator[str]:
    """Return the lines of the section `time_intervals`."""
    location = f"location: {json.dumps(hours.timezone)}"
    yield "time_intervals:"
    yield f"  - name: {BUSINESS_HOURS}"
    yield "    time_intervals:"
    yield f"      - weekdays: [{', '.join(hours.days)}]"
    yield f'        times: [{{start_time: "{hours.begin}", end_time: "{hours.end}"}}]'
    yield f"        {location}"
    if hours.holidays:
        yield f"  - name: {HOLIDAYS}"
        yield "    time_intervals:"
        for holiday in hours.holidays:
            for year, month, first, last in _months(holiday):
                years = f'years: ["{year}"], ' if year else ""
                yield f'      - {{{years}months: ["{month}"], days_of_month: ["{first}:{last}"], {location}}}'


def _months(holiday: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield year (0 for every one), month, first and last day: an interval of Alertmanager lies within one month."""
    first, last, every_year = days_of(holiday)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for (year, month), within in groupby(days, lambda day: (day.year, day.month)):
        numbers = [day.day for day in within]
        yield 0 if every_year else year, month, numbers[0], numbers[-1]
