"""`report`: the review of a month."""

from datetime import datetime
from typing import BinaryIO

import click
import orjson

from stream_app.cli.options import AS_OF, EXIT_USAGE, REDIS, SAMPLE_SETTINGS, clock_at, fail, with_settings, written_as
from stream_app.cli.reports import report_reader
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.report.document import Report
from stream_app.report.markdown import markdown
from stream_app.report.period import NoPeriodError, last_complete_month, period


@click.command()
@with_settings(*REDIS, "namespace", *SAMPLE_SETTINGS)
@AS_OF
@click.option("--month", show_envvar=True, help="The month, as YYYY-MM. [default: the last one that is over]")
@written_as(
    ("html", "md", "json"),
    "A page with charts, which needs `pip install 'stream-app[report]'`; Markdown; or JSON.",
)
def report(settings: Settings, *, as_of: datetime | None, month: str | None, output_format: str, out: BinaryIO) -> None:
    """Write the review of a month: ten questions and their answers, with figures and charts.

    Figures are those of `stream-app kpis --as-of` the end of the month. A month that is still running is compared with
    the same days of earlier months. docs/report.md says what each answer is made of.
    """
    calendar = settings.rules.calendar
    today = calendar.day(clock_at(as_of)())
    try:
        wanted = period(month or last_complete_month(today), today)
        with sync_redis(settings) as redis:
            found = report_reader(settings, redis).read(wanted, today)
    except NoPeriodError as error:
        fail(str(error), EXIT_USAGE)
    out.write(_text(found, output_format))


def _text(found: Report, output_format: str) -> bytes:
    if output_format == "json":
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if output_format == "md":
        return markdown(found).encode()
    try:
        from stream_app.report.page import page  # noqa: PLC0415 - its library is an extra
    except ModuleNotFoundError as error:
        fail(f"there is no {error.name} to draw charts with: pip install 'stream-app[report]', or --format md")
    return page(found).encode()
