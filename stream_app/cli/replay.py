"""`replay`: maps what is in the inbox again."""

import time
from datetime import datetime

import click
from rich.progress import MofNCompleteColumn

from stream_app.cli.options import AS_JSON, EXIT_USAGE, KAFKA, REDIS, Moment, fail, print_json, with_settings
from stream_app.cli.progress import progress_bar
from stream_app.cli.sources_file import SOURCES_SETTINGS, configuration_of, require_key
from stream_app.cli.wiring import routes
from stream_app.clients.settings import Settings
from stream_app.core.envelope import milliseconds
from stream_app.intake import service
from stream_app.intake.replay import Replayed, Selection
from stream_app.intake.replay import replay as replay_inbox
from stream_app.sources import SOURCES
from stream_app.sources.identity import alias


@click.command()
@with_settings(*KAFKA, *REDIS, "namespace", *SOURCES_SETTINGS)
@click.option("--source", show_envvar=True, help="Only items of this source.")
@click.option("--reason", show_envvar=True, help="Only items that were parked or ignored for this reason.")
@click.option("--since", type=Moment(), show_envvar=True, help="Only items received since then.")
@click.option("--into", metavar="NAMESPACE", show_envvar=True, help="Send the events to this namespace instead.")
@click.option("--dry-run", is_flag=True, show_envvar=True, help="Only say what would become of them.")
@AS_JSON
def replay(
    settings: Settings,
    *,
    source: str | None,
    reason: str | None,
    since: datetime | None,
    into: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Map what sources posted again, after a change of sources.toml or of an adapter.

    It reads the inbox, which holds what was posted in the last 30 days. Events have the same ids as before: what was
    counted is not counted again, and cannot be corrected either. To correct it, replay into a new namespace.

    Exit codes: 0 done, also if items are still parked, 2 sources.toml or the identity key is missing or wrong, 5 the
    ids of the namespace were made with another identity key, 69 a server does not answer.
    """
    configuration, key = configuration_of(settings, SOURCES, need_secrets=False)
    if source is not None and source not in configuration.sources:
        fail(f"{settings.sources_file} has no table [sources.{source}]", EXIT_USAGE)
    target = settings if into is None else Settings.load(**{**settings.model_dump(), "namespace": into})
    if not dry_run:
        require_key(target, key)
    routes_there = routes(target)
    taken = service.taken(configuration, key, alias, routes_there)
    with progress_bar("mapping", None, MofNCompleteColumn()) as (progress, task):
        done = replay_inbox(
            settings,
            {name: each.mapping for name, each in taken.items()},
            Selection(source=source, reason=reason, since=None if since is None else milliseconds(since)),
            set(routes_there.topic_of.values()),
            time.time_ns() // 1_000_000,
            into=None if into is None else target,
            dry_run=dry_run,
            progress=lambda read, total: progress.update(task, completed=read, total=total),
        )
    if as_json:
        print_json({name: dict(getattr(done, name)) for name in ("items", "events", "parked", "skipped")})
    else:
        _print(done, dry_run=dry_run)


def _print(done: Replayed, *, dry_run: bool) -> None:
    for kind, count in sorted(done.events.items()):
        click.echo(f"{count:>10,} {kind}")
    for words, counts in (("parked: ", done.parked), ("skipped: ", done.skipped)):
        for reason, count in sorted(counts.items()):
            click.secho(f"{count:>10,} {words}{reason}", fg="yellow", err=True)
    events = done.events.total()
    click.echo(f"{done.items.total():,} items, {events:,} events {'would be sent' if dry_run else 'sent'}")
