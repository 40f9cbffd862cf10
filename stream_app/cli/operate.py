"""Commands of operation: `topics`, `produce`, `dlq`, `doctor`."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stream_app.admin import dlq_admin as desk
from stream_app.admin import topics as topic_desk
from stream_app.admin.doctor import examine
from stream_app.admin.produce import produce as produce_lines
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.options import (
    AS_JSON,
    DEFINITIONS,
    KAFKA,
    REDIS,
    Moment,
    fail,
    print_json,
    with_settings,
)
from stream_app.cli.wiring import event_topics, routes
from stream_app.clients.settings import Settings

errors = Console(stderr=True)


@click.group()
def topics() -> None:
    """The Kafka topics of the namespace."""


@topics.command("apply")
@with_settings(*KAFKA, "namespace")
@click.option(
    "--partitions", type=click.IntRange(1), default=4, show_default=True, show_envvar=True, help="Per event topic."
)
@click.option("--replication", type=click.IntRange(1), show_envvar=True, help="Copies [default: the broker's].")
@AS_JSON
def topics_apply(settings: Settings, *, partitions: int, replication: int | None, as_json: bool) -> None:
    """Create the topics that are missing. Never deletes or shrinks one."""
    outcomes = topic_desk.apply(settings, event_topics(settings), partitions, replication)
    if as_json:
        print_json(
            [
                {
                    "topic": each.topic,
                    "created": each.created,
                    "partitions": each.partitions,
                    "shortcomings": [{"detail": one.detail, "fix": one.fix} for one in each.shortcomings],
                }
                for each in outcomes
            ]
        )
        return
    for each in outcomes:
        click.echo(f"{'created' if each.created else 'exists ':7} {each.topic} ({each.partitions} partitions)")
        for one in each.shortcomings:
            click.secho(f"        {one.detail}\n        fix: {one.fix}", fg="yellow")


@click.command()
@with_settings(*KAFKA, "namespace")
@click.option("--keep-going", is_flag=True, show_envvar=True, help="Skip bad lines instead of stopping at the first.")
@click.option("--raw", is_flag=True, show_envvar=True, help="Send bad lines as they are, to try out the dead letters.")
@AS_JSON
@click.argument("file", type=click.File("rb"))
def produce(settings: Settings, file: BinaryIO, *, keep_going: bool, raw: bool, as_json: bool) -> None:
    """Send FILE (or - for standard input), JSON lines of events, to their topics, keyed by entity.

    A bad line is reported with its number and the rule it breaks, and nothing after it is sent unless --keep-going.
    Exit code 1 if there was a bad line.
    """
    with _bar(_size(file), DownloadColumn()) as (progress, task):
        done = produce_lines(
            settings,
            file,
            routes(settings),
            keep_going=keep_going,
            raw_topic=settings.topic("lead") if raw else None,
            progress=lambda _, size: progress.update(task, completed=size),
        )
    for line in done.bad_lines:
        click.secho(f"line {line.number}: {line.cause}: {line.detail}", fg="red", err=True)
    if as_json:
        print_json({"lines": done.lines, "topics": done.topics, "refused": done.refused})
    else:
        for topic, count in sorted(done.topics.items()):
            click.echo(f"{count:>10,} {topic}")
    if done.bad_lines:
        refused = done.refused.total()
        fail(f"{refused} bad line{'s' if refused > 1 else ''}; " + ("skipped" if keep_going else "stopped there"))


def _size(file: BinaryIO) -> int | None:
    if not file.seekable():
        return None
    size = file.seek(0, 2)
    file.seek(0)
    return size


@contextmanager
def _bar(total: float | None, unit: Any) -> Iterator[tuple[Progress, Any]]:  # noqa: ANN401 - a rich column
    columns = (TextColumn("{task.description}"), BarColumn(), unit, TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        yield progress, progress.add_task("sending", total=total)


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
    entries = desk.listing(settings, desk.Filter(cause=cause, topic=topic, since=since, limit=limit, retried=retried))
    if as_json:
        print_json([_entry(each) for each in entries])
        return
    table = Table("topic", "partition", "offset", "time", "cause", "detail", box=None)
    for each in entries:
        time = each.time.isoformat(timespec="seconds")
        table.add_row(each.topic, str(each.partition), str(each.offset), time, each.cause, each.detail)
    Console().print(table if entries else "no dead letters")


def _entry(entry: desk.Entry) -> dict[str, object]:
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
        letter = desk.show(settings, topic, partition, offset)
    except desk.NoSuchLetterError as error:
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
    wanted = desk.Filter(cause=cause, topic=topic, since=since, limit=limit)
    with _bar(None, MofNCompleteColumn()) as (progress, task):
        done = desk.retry(
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


_MARKS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "failed": ("FAIL", "red")}


@click.command()
@with_settings(*KAFKA, *REDIS, "namespace", "group", *DEFINITIONS, "host", "exporter_port", "worker_port")
@AS_JSON
def doctor(settings: Settings, *, as_json: bool) -> None:
    """Check Kafka, topics, Redis, clock, ports and definitions. Each failure says its fix. Exit code 1 on a failure."""
    findings = []
    for finding in examine(settings, event_topics(settings), definitions=fingerprint(settings.rules)):
        findings.append(finding)
        if not as_json:
            mark, color = _MARKS[finding.status]
            click.echo(click.style(f"{mark:>4}", fg=color) + f"  {finding.check}: {finding.detail}")
            if finding.fix:
                click.echo(f"      fix: {finding.fix}")
    if as_json:
        names = ("check", "status", "detail", "fix")
        print_json([{name: getattr(each, name) for name in names} for each in findings])
    sys.exit(_failed(each.status for each in findings))


def _failed(statuses: Iterable[str]) -> int:
    return int("failed" in statuses)
