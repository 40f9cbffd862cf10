"""`dlq`: list, show and retry what was rejected."""

import sys
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn
from rich.table import Table

from stream_app.admin import dlq_admin
from stream_app.cli.options import AS_JSON, KAFKA, Moment, fail, print_json, with_settings
from stream_app.cli.progress import progress_bar
from stream_app.clients.settings import Settings


@click.group()
def dlq() -> None:
    """The dead letters: records that were rejected."""


_FILTER = (
    click.option("--cause", show_envvar=True, help="Only this cause."),
    click.option("--topic", show_envvar=True, help="Only letters that came from this topic."),
    click.option("--since", type=Moment(), show_envvar=True, help="Only letters rejected since then."),
    click.option("--limit", type=click.IntRange(1), show_envvar=True, help="The newest so many."),
)


def _filtered(command: Any) -> Any:  # noqa: ANN401 - click's own idiom
    for option in reversed(_FILTER):
        command = option(command)
    return command


@dlq.command("list")
@with_settings(*KAFKA, "namespace")
@_filtered
@click.option("--retried", is_flag=True, show_envvar=True, help="Those that were sent again, too.")
@AS_JSON
def dlq_list(
    settings: Settings,
    *,
    cause: str | None,
    topic: str | None,
    since: datetime | None,
    limit: int | None,
    retried: bool,
    as_json: bool,
) -> None:
    """List them, each once; never what they hold."""
    wanted = dlq_admin.Filter(cause=cause, topic=topic, since=since, limit=limit, retried=retried)
    entries = dlq_admin.listing(settings, wanted)
    if as_json:
        print_json([_entry(each) for each in entries])
        return
    table = Table("topic", "partition", "offset", "time", "cause", "detail", box=None)
    for each in entries:
        time = each.time.isoformat(timespec="seconds")
        table.add_row(each.topic, str(each.partition), str(each.offset), time, each.cause, each.detail)
    Console().print(table if entries else "no dead letters")


def _entry(entry: dlq_admin.Entry) -> dict[str, object]:
    names = ("topic", "partition", "offset", "time", "cause", "detail", "size")
    return {name: getattr(entry, name) for name in names} | {"retried": bool(entry.retried)}


@dlq.command("show")
@with_settings(*KAFKA, "namespace")
@click.argument("topic")
@click.argument("partition", type=int)
@click.argument("offset", type=int)
def dlq_show(settings: Settings, topic: str, partition: int, offset: int) -> None:
    """Print the record that came from TOPIC PARTITION OFFSET, as it was. It may hold personal data."""
    try:
        letter = dlq_admin.show(settings, topic, partition, offset)
    except dlq_admin.NoSuchDeadLetterError as error:
        fail(str(error))
    click.secho(f"{letter.entry.cause}: {letter.entry.detail}", err=True)
    for name, value in letter.headers:
        click.secho(f"{name}: {(value or b'').decode('utf-8', 'replace')}", err=True)
    sys.stdout.buffer.write((letter.value or b"") + b"\n")


@dlq.command("retry")
@with_settings(*KAFKA, "namespace")
@_filtered
@click.option("--dry-run", is_flag=True, show_envvar=True, help="Only say which.")
@AS_JSON
def dlq_retry(
    settings: Settings,
    *,
    cause: str | None,
    topic: str | None,
    since: datetime | None,
    limit: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send them again to the topics they came from, after a fix. Sending one twice does no harm: events have ids."""
    wanted = dlq_admin.Filter(cause=cause, topic=topic, since=since, limit=limit)
    with progress_bar("sending", None, MofNCompleteColumn()) as (progress, task):
        done = dlq_admin.retry(
            settings,
            wanted,
            dry_run=dry_run,
            progress=lambda count, total: progress.update(task, completed=count, total=total),
        )
    if as_json:
        skipped = [_entry(entry) | {"reason": reason} for entry, reason in done.skipped]
        print_json({"sent": [_entry(each) for each in done.sent], "skipped": skipped})
        return
    for entry, reason in done.skipped:
        click.secho(f"skipped {entry.topic}[{entry.partition}]@{entry.offset}: {reason}", fg="yellow", err=True)
    click.echo(f"{len(done.sent)} {'would be sent' if dry_run else 'sent'} again, {len(done.skipped)} skipped")
