"""What the command and the exporter need for reports."""

from redis import Redis

from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.sample_source import DEFINITIONS_OF, SampleSource
from stream_app.clients.settings import Settings
from stream_app.report.reader import ReportReader
from stream_app.store.reader import Reader


def report_reader(settings: Settings, redis: Redis) -> ReportReader:
    """Reads reports of what is stored."""
    calendar = settings.rules.calendar
    return ReportReader(
        reader=Reader(redis, settings.namespace, calendar),
        source=SampleSource(settings.series_limit, settings.gross_margin).samples,
        calendar=calendar,
        definitions=DEFINITIONS_OF,
        ratios=frozenset(each.series for each in RATIOS),
    )
