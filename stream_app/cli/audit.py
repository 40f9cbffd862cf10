"""`audit`: prove the numbers against the log."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from stream_app.admin.log_reader import read_log
from stream_app.audit import LIMITS, NOT_AUDITED, RECOUNTED, Recount, compare, left_out
from stream_app.catalog.events import EVENT_TYPES
from stream_app.catalog.sample_source import SampleSource
from stream_app.cli.options import AS_JSON, AS_OF, DEFINITIONS, KAFKA, REDIS, clock_at, print_json, with_settings
from stream_app.cli.progress import stderr
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, Rejected, envelope_of
from stream_app.store.reader import Reader
from stream_app.worker.batch import Record

_SHOWN = 50


@click.command()
@with_settings(*KAFKA, *REDIS, "namespace", *DEFINITIONS, "series_limit", "gross_margin", "max_batch_bytes")
@AS_OF
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    show_envvar=True,
    help="Count the events of this JSON lines file instead of the Kafka log.",
)
@AS_JSON
def audit(settings: Settings, as_of: datetime | None, file: Path | None, *, as_json: bool) -> None:
    """Count everything again from the log, by code that shares nothing with the fold; compare with Redis.

    Works while workers run: the log is counted exactly as far as the ledger stood at one moment. Ratios are computed
    again from what was counted and may differ by 1e-9 of their value, all else is compared exactly. Says what is not
    audited, and why. Exit code 1 on any difference.
    """
    now = clock_at(as_of)()
    with sync_redis(settings) as redis:
        snapshot = Reader(redis, settings.namespace, settings.rules.calendar).read(now)
    stored = {
        (each.name, frozenset(each.labels)): each.value
        for each in SampleSource(settings.series_limit, settings.gross_margin).samples(snapshot.view)
        if each.name in RECOUNTED
    }
    started = time.monotonic()
    with recount_by(settings) as recount:
        recount.add(_from_file(file) if file else _from_log(settings, snapshot.offsets))
        with stderr.status("counting"):
            counted = recount.samples(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now))
    differences = compare(stored, counted)
    compared = len(stored.keys() | counted.keys())
    if as_json:
        rows = [
            {"name": d.series, "labels": dict(d.labels), "stored": d.product_value, "counted": d.recount_value}
            for d in differences
        ]
        print_json(
            {"compared": compared, "differences": rows, "not_audited": dict(NOT_AUDITED), "limits": dict(LIMITS)}
        )
    else:
        for each in differences[:_SHOWN]:
            labels = ", ".join(f'{name}="{value}"' for name, value in each.labels)
            click.echo(f"{each.series}{{{labels}}}: stored {each.product_value}, counted {each.recount_value}")
        if len(differences) > _SHOWN:
            click.echo(f"... and {len(differences) - _SHOWN} more (--json has all)")
        click.secho(
            f"{compared:,} numbers compared in {time.monotonic() - started:.1f} s, {len(differences):,} differ",
            fg="red" if differences else "green",
        )
        click.echo("\n".join(["not audited:", *(f"- {each}" for each in left_out())]))
    sys.exit(bool(differences))


def recount_by(settings: Settings) -> Recount:
    """A recount by the settings on which numbers depend."""
    return Recount(
        timezone=settings.timezone,
        step_limit=timedelta(days=settings.step_limit_days),
        program_credit=timedelta(days=settings.program_credit_days),
        follow_up=timedelta(hours=settings.follow_up_hours),
        follow_up_on_weekdays=settings.follow_up_days == "weekdays",
        swap_grace=timedelta(minutes=settings.swap_grace_minutes),
        series_limit=settings.series_limit,
        gross_margin=settings.gross_margin,
    )


def _from_log(settings: Settings, offsets: Mapping[tuple[str, int], int]) -> Iterator[dict[str, Any]]:
    records = (
        Record(each.offset, each.timestamp, each.key, each.value, each.headers) for each in read_log(settings, offsets)
    )
    shown = track(
        records, "reading the log", total=sum(offsets.values()), console=stderr, disable=not stderr.is_terminal
    )
    return valid(shown)


def _from_file(file: Path) -> Iterator[dict[str, Any]]:
    now = time.time_ns() // 1_000_000
    with file.open("rb") as lines:
        shown = track(lines, "reading the file", console=stderr, disable=not stderr.is_terminal)
        yield from valid(Record(number, now, None, line) for number, line in enumerate(shown))


def valid(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """The envelopes of the records that a worker would have taken."""
    decoder = Decoder(EVENT_TYPES)
    for record in records:
        result = decoder.decode(record)
        if isinstance(result, Rejected) or record.value is None:
            continue
        yield envelope_of(record)
