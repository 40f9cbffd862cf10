"""`kpis`: every sample, in the terminal."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from stream_app.catalog.sample_source import DECLARATIONS, DEFINITIONS_OF, SampleSource
from stream_app.cli.options import AS_OF, REDIS, SAMPLE_SETTINGS, clock_at, fail, print_json, with_settings
from stream_app.cli.text import aligned
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.clients.suggestions import did_you_mean
from stream_app.core.samples import Sample
from stream_app.render.text import value_text
from stream_app.spec.metric import PREFIX, Unit
from stream_app.store.reader import Reader

_UNIT_OF = {each.series: each.unit for each in DECLARATIONS}
_COUNTS_OF_DISTRIBUTIONS = ("_bucket", "_gcount")
_SUM_OF_DISTRIBUTIONS = "_gsum"


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
    """Print every sample that the exporter would export; PATTERN picks series whose name contains it.

    Exit code 1 if no series is named so. --json has plain numbers: money in base units, durations in seconds.
    """
    samples = current_samples(settings, as_of)
    found = [sample for sample in samples if not pattern or pattern in sample.name]
    if pattern and not found and not any(pattern in name for name in DEFINITIONS_OF):
        known = {name.removeprefix(PREFIX) for name in DEFINITIONS_OF}
        fail(f"no series has {pattern!r} in its name. {did_you_mean(pattern.removeprefix(PREFIX), known)}".strip())
    if as_json:
        print_json([{"name": each.name, "labels": dict(each.labels), "value": each.value} for each in found])
        return
    shown = [each for each in found if each.value or zeros]
    for line in lines_of(shown):
        click.echo(line)
    if not shown:
        click.echo("all of them are zero; --all prints them" if found else "no samples yet", err=True)


def lines_of(samples: Iterable[Sample]) -> Iterator[str]:
    """Samples for people: the name of a series, and below it a line for each of its label values."""
    by_name: dict[str, list[Sample]] = {}
    for each in samples:
        by_name.setdefault(each.name, []).append(each)
    for name, group in by_name.items():
        if not group[0].labels:
            yield f"{name}  {_value(group[0])}"
            continue
        yield name
        yield from aligned([(f"  {_labels(each)}", _value(each)) for each in group])


def _labels(sample: Sample) -> str:
    unit = _unit(sample.name)
    return ", ".join(
        f"{name}={value_text(float(value), unit) if name == 'le' else value}" for name, value in sample.labels
    )


def _value(sample: Sample) -> str:
    unit = Unit.COUNT if sample.name.endswith(_COUNTS_OF_DISTRIBUTIONS) else _unit(sample.name)
    return value_text(sample.value, unit, dict(sample.labels).get("currency", ""))


def _unit(name: str) -> Unit:
    for suffix in (*_COUNTS_OF_DISTRIBUTIONS, _SUM_OF_DISTRIBUTIONS):
        if (unit := _UNIT_OF.get(name.removesuffix(suffix))) is not None:
            return unit
    return Unit.COUNT
