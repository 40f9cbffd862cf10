"""`import`: history from files."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.progress import MofNCompleteColumn

from stream_app.cli.options import AS_JSON, EXIT_USAGE, KAFKA, REDIS, Moment, fail, print_json, with_settings
from stream_app.cli.progress import progress_bar
from stream_app.cli.sources_file import SOURCES_SETTINGS, key_of, require_key
from stream_app.cli.wiring import routes
from stream_app.clients.settings import Settings
from stream_app.core.envelope import milliseconds
from stream_app.intake.configuration import ConfigurationError, read_export_settings
from stream_app.intake.importing import Imported, Importer, Skipped, first_live, send
from stream_app.intake.rows import BadFileError
from stream_app.sources import EXPORTS
from stream_app.sources.export import Export
from stream_app.sources.identity import alias
from stream_app.sources.source import Context

EXIT_SKIPPED = 1


@click.command("import", epilog=f"Kinds: {', '.join(sorted(EXPORTS))}.")
@with_settings(*KAFKA, *REDIS, "namespace", *SOURCES_SETTINGS)
@click.option(
    "--until",
    type=Moment(),
    show_envvar=True,
    help="Only what happened before [default: when the gateway took its first item].",
)
@click.option("--timezone", show_envvar=True, help="Of times without an offset, as in Europe/Berlin.")
@click.option("--table", show_envvar=True, help="Which table of sources.toml the files are, if there are several.")
@click.option("--dry-run", is_flag=True, show_envvar=True, help="Only say what the files hold.")
@AS_JSON
@click.argument("kind", metavar="KIND")
@click.argument("files", metavar="FILE...", type=click.File("rb"), nargs=-1, required=True)
def import_(
    settings: Settings,
    kind: str,
    files: Sequence[BinaryIO],
    *,
    until: datetime | None,
    timezone: str | None,
    table: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send the history that FILEs hold, exports of a KIND, as events to their topics.

    A FILE (or - for standard input) is CSV, JSON lines, or what the vendor's API answers. Import before the gateway
    takes its first item: without --until, what happened after that is left to the gateway. Events have ids that follow
    from facts: importing twice, or a newer export later, adds only what is new. A file that cannot be read to its end
    sends nothing.

    Exit codes: 0 all rows were used or are of no interest, 1 some were skipped or a file cannot be read, 2
    sources.toml, the identity key or an option is wrong, 5 the ids of the namespace were made with another identity
    key, 69 a server does not answer.
    """
    export = _export(kind)
    configured, account_key = _export_settings(settings, export, {"timezone": timezone, "table": table})
    key = key_of(settings)
    if not dry_run:
        require_key(settings, key)
    cut = milliseconds(until) if until is not None else None if dry_run else first_live(settings, export.source)
    there = routes(settings)
    context = Context(configured, partial(alias, key.key), account_key)
    importer = Importer(export, context, there, time.time_ns() // 1_000_000, cut)
    try:
        with progress_bar("sending", None, MofNCompleteColumn()) as (progress, task):
            events = importer.events(files)
            if dry_run:
                for _ in events:
                    progress.update(task, completed=importer.done.rows)
            else:
                send(settings, events, there.topic_of.values(), lambda sent: progress.update(task, completed=sent))
    except BadFileError as error:
        fail(f"{error}; nothing was sent", EXIT_SKIPPED)
    done = importer.done
    if as_json:
        print_json(_as_json(done, cut))
    else:
        _print(done, export, cut, dry_run=dry_run)
    if done.parked:
        raise SystemExit(EXIT_SKIPPED)


def _export(kind: str) -> Export[Any]:
    if (export := EXPORTS.get(kind)) is None:
        message = f"no such kind; there are {', '.join(sorted(EXPORTS))}"
        raise click.BadParameter(message, param_hint="KIND")
    return export


def _export_settings(settings: Settings, export: Export[Any], options: Mapping[str, object]) -> tuple[Any, str]:
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return read_export_settings(Path(settings.sources_file), export, given)
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)


def _print(done: Imported, export: Export[Any], cut: int | None, *, dry_run: bool) -> None:
    for kind, count in sorted(done.events.items()):
        click.echo(f"{count:>10,} {kind}")
    remedies = {each.field: f"{each.effect} {each.remedy}" for each in export.missing}
    for field, count in sorted(done.incomplete.items()):
        click.secho(f"{count:>10,} without {field}: {remedies.get(field, '')}", fg="yellow", err=True)
    for words, skipped, color in (("skipped", done.parked, "red"), ("of no interest", done.ignored, None)):
        for reason, each in sorted(skipped.items()):
            file, row = each.first
            place = f"first in row {row} of file {file}"
            click.secho(f"{each.count:>10,} rows {words}: {reason} ({place})", fg=color, err=True)
    if cut is not None and done.after_until:
        moment = datetime.fromtimestamp(cut / 1000, UTC).isoformat(timespec="seconds")
        click.echo(f"{done.after_until:>10,} events left out: they happened at or after {moment}", err=True)
    events = done.events.total()
    click.echo(f"{done.rows:,} rows, {events:,} events {'would be sent' if dry_run else 'sent'}")


def _as_json(done: Imported, cut: int | None) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "events": dict(done.events),
        "skipped": _skipped(done.parked),
        "ignored": _skipped(done.ignored),
        "incomplete": dict(done.incomplete),
        "after_until": done.after_until,
        "until": cut,
    }


def _skipped(found: Mapping[str, Skipped]) -> dict[str, Any]:
    return {
        reason: {"count": each.count, "file": each.first[0], "row": each.first[1]} for reason, each in found.items()
    }
