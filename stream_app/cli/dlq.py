"""`dlq`: list, show and retry what was rejected."""

import re
import sys
from datetime import datetime
from typing import Any

import click
from rich.progress import MofNCompleteColumn

from stream_app.admin import dlq_admin
from stream_app.cli.options import AS_JSON, KAFKA, Moment, fail, print_json, with_settings
from stream_app.cli.progress import progress_bar
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.cli.text import aligned
from stream_app.clients.settings import Settings
from stream_app.core.envelope import AT_SIGNS, UNPRINTABLE


@click.group(cls=SuggestingGroup)
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
    """List them, each once; never what they hold but their key.

    A key that is no identifier, such as an e-mail address, is withheld.
    """
    wanted = dlq_admin.Filter(cause=cause, topic=topic, since=since, limit=limit, retried=retried)
    entries = dlq_admin.listing(settings, wanted)
    if as_json:
        print_json([_entry(each) for each in entries])
        return
    rows = [
        (
            each.topic,
            str(each.partition),
            str(each.offset),
            each.time.isoformat(timespec="seconds"),
            shown_key(each.key) or "",
            each.cause,
            each.detail,
        )
        for each in entries
    ]
    head = ("topic", "partition", "offset", "time", "key", "cause", "detail")
    click.echo("\n".join(aligned([head, *rows])) if rows else "no dead letters")


def _entry(entry: dlq_admin.Entry) -> dict[str, object]:
    names = ("topic", "partition", "offset", "time", "cause", "detail", "size")
    more = {"key": shown_key(entry.key), "retried": bool(entry.retried)}
    return {name: getattr(entry, name) for name in names} | more


def shown_key(key: bytes | None) -> str | None:
    """The key of a record as text; "(withheld)" for one that is no identifier, because it may name a person."""
    if key is None:
        return None
    text = key.decode("utf-8", "replace")
    return text if _IDENTIFIER.fullmatch(text) else "(withheld)"


_IDENTIFIER = re.compile(f"[^{AT_SIGNS}{UNPRINTABLE}\ufffd]{{1,128}}")


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
