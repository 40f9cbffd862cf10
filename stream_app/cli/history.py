"""`history`: every sample as of the end of each of many days."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import BinaryIO

import click
from rich.progress import MofNCompleteColumn

from stream_app.catalog.sample_source import DEFINITIONS_OF, SampleSource
from stream_app.cli.options import EXIT_USAGE, REDIS, SAMPLE_SETTINGS, clock_at, fail, with_settings, written_as
from stream_app.cli.progress import progress_bar
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.clients.suggestions import did_you_mean
from stream_app.core.calendar import date_of, day_of
from stream_app.exporter.history import WRITERS, PastDay, past_days
from stream_app.spec.metric import PREFIX
from stream_app.store.reader import Reader

_SUNDAY = 6
STEPS: dict[str, Callable[[date], bool]] = {
    "day": lambda _: True,
    "week": lambda day: day.weekday() == _SUNDAY,
    "month": lambda day: (day + timedelta(days=1)).day == 1,
}
"""Step -> whether one ends with a day."""

_DAY = click.DateTime(["%Y-%m-%d"])
_USUAL_DAYS = 90


def _labels(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if wrong := [name for name, equals, _ in pairs if not (equals and name.isidentifier())]:
        message = f"expected NAME=VALUE, as in job=stream-app-exporter: {', '.join(wrong)}"
        raise click.BadParameter(message)
    return {name: value for name, _, value in pairs}


@click.command()
@with_settings(*REDIS, "namespace", *SAMPLE_SETTINGS)
@click.option(
    "--from",
    "from_day",
    type=_DAY,
    metavar="DAY",
    show_envvar=True,
    help=f"The first day, such as 2026-03-02. [default: the first of the last {_USUAL_DAYS}]",
)
@click.option("--to", "to_day", type=_DAY, metavar="DAY", show_envvar=True, help="The last day. [default: yesterday]")
@click.option(
    "--step",
    type=click.Choice(list(STEPS)),
    default="day",
    show_default=True,
    show_envvar=True,
    help="Every day, or those on which a week or a month ends.",
)
@written_as(list(WRITERS), "openmetrics is for promtool; json has an object on each line.")
@click.option("--series", "prefix", metavar="PREFIX", default="", show_envvar=True, help="Only series named so.")
@click.option(
    "--label",
    "labels",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_labels,
    show_envvar=True,
    help="A label that every sample carries as well, such as the job that Prometheus adds to a scrape.",
)
def history(
    settings: Settings,
    *,
    from_day: datetime | None,
    to_day: datetime | None,
    step: str,
    output_format: str,
    prefix: str,
    labels: dict[str, str],
    out: BinaryIO,
) -> None:
    """Print every sample as of the end of each day, for Prometheus or a spreadsheet.

    Days are those of the business time zone, as their events say today: late events have restated them.
    A day has what is kept of it: 800 days, but of windows of minutes 3 hours, and of those of hours 9 days.
    What was due on a past day is not known. docs/history.md says how Prometheus takes it in.
    """
    days = list(_days(settings, from_day, to_day, step))
    wanted = _wanted(prefix)
    with sync_redis(settings) as redis:
        calendar = settings.rules.calendar
        reader = Reader(redis, settings.namespace, calendar)
        source = SampleSource(settings.series_limit, settings.gross_margin)
        found = _shown(past_days(days, reader, source, calendar, wanted), len(days))
        out.writelines(WRITERS[output_format](found, labels))


def _days(settings: Settings, first: datetime | None, last: datetime | None, step: str) -> Iterator[int]:
    today = settings.rules.calendar.day(clock_at(None)())
    end = today - 1 if last is None else day_of(last.date())
    begin = end - _USUAL_DAYS + 1 if first is None else day_of(first.date())
    if end >= today:
        fail(f"{date_of(end)} has not ended: the last day can be {date_of(today - 1)}", EXIT_USAGE)
    if begin > end:
        fail(f"no day from {date_of(begin)} to {date_of(end)}", EXIT_USAGE)
    return (day for day in range(begin, end + 1) if STEPS[step](date_of(day)))


def _wanted(prefix: str) -> frozenset[str]:
    wanted = frozenset(name for name in DEFINITIONS_OF if name.startswith((prefix, PREFIX + prefix)))
    if not wanted:
        known = {name.removeprefix(PREFIX) for name in DEFINITIONS_OF}
        fail(f"no series begins with {prefix!r}. {did_you_mean(prefix.removeprefix(PREFIX), known)}".strip())
    return wanted


def _shown(days: Iterable[PastDay], total: int) -> Iterator[PastDay]:
    with progress_bar("reading days", total, MofNCompleteColumn()) as (progress, task):
        for each in days:
            yield each
            progress.advance(task)
