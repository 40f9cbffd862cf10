"""`kpis`: every sample, in the terminal."""

from datetime import datetime

import click

from stream_app.catalog.sample_source import SampleSource
from stream_app.cli.options import AS_OF, REDIS, SAMPLE_SETTINGS, clock_at, print_json, with_settings
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.samples import Sample
from stream_app.store.reader import Reader


def current_samples(settings: Settings, as_of: datetime | None) -> list[Sample]:
    """Every sample that the exporter would export. Raises redis.RedisError."""
    with sync_redis(settings) as redis:
        snapshot = Reader(redis, settings.namespace, settings.rules.calendar).read(clock_at(as_of)())
    return list(SampleSource(settings.series_limit, settings.gross_margin).samples(snapshot.view))


@click.command()
@with_settings(*REDIS, "namespace", *SAMPLE_SETTINGS)
@AS_OF
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help='Print a list of {"name", "labels", "value"}.')
@click.option(
    "--all", "zeros", is_flag=True, show_envvar=True, help="Print samples that are zero, too (--json always does)."
)
@click.argument("pattern", required=False)
def kpis(settings: Settings, as_of: datetime | None, *, as_json: bool, zeros: bool, pattern: str | None) -> None:
    """Print every sample that the exporter would export; PATTERN picks series whose name contains it."""
    found = [sample for sample in current_samples(settings, as_of) if not pattern or pattern in sample.name]
    if as_json:
        print_json([{"name": each.name, "labels": dict(each.labels), "value": each.value} for each in found])
        return
    for each in found:
        if each.value or zeros:
            labels = ", ".join(f'{name}="{value}"' for name, value in each.labels)
            click.echo(f"{each.name}{{{labels}}} {each.value:g}" if labels else f"{each.name} {each.value:g}")
