"""`topics`: what is there, and create what is missing."""

import click

from stream_app.admin.topics import TIMESTAMP_TYPES, apply, begins, describe, ends
from stream_app.cli.options import AS_JSON, KAFKA, print_json, with_settings
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.cli.text import aligned
from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings


@click.group(cls=SuggestingGroup)
def topics() -> None:
    """The Kafka topics of the namespace."""


@topics.command("list")
@with_settings(*KAFKA, "namespace")
@AS_JSON
def topics_list(settings: Settings, *, as_json: bool) -> None:
    """List the topics of the namespace with their partitions and how many records they hold; missing ones are named.

    A transaction leaves marks in the log, which count as records here.
    """
    names = [*event_topics(settings), settings.topic("dlq")]
    found = describe(settings, names)
    first, behind_last = begins(settings, found), ends(settings, found)
    records = dict.fromkeys(found, 0)
    for source, end in behind_last.items():
        records[source[0]] += end - first[source]
    if as_json:
        keys = ("topic", "exists", "partitions", "copies", "records")
        known = {each.name: (True, each.partitions, each.replication, records[each.name]) for each in found.values()}
        print_json([dict(zip(keys, (name, *known.get(name, (False, 0, 0, 0))), strict=True)) for name in names])
        return
    counts = {each.name: (each.partitions, each.replication, records[each.name]) for each in found.values()}
    rows = [
        (name, *(f"{count:,}" for count in counts[name])) if name in counts else (name, "missing", "", "")
        for name in names
    ]
    click.echo("\n".join(aligned([("topic", "partitions", "copies", "records"), *rows])))
    if missing := len(names) - len(found):
        click.secho(f"{missing} missing; create them with `stream-app topics apply`", fg="yellow", err=True)


@topics.command("apply")
@with_settings(*KAFKA, "namespace")
@click.option(
    "--partitions", type=click.IntRange(1), default=4, show_default=True, show_envvar=True, help="Per event topic."
)
@click.option("--replication", type=click.IntRange(1), show_envvar=True, help="Copies [default: the broker's].")
@click.option(
    "--timestamps",
    type=click.Choice(TIMESTAMP_TYPES),
    default=TIMESTAMP_TYPES[0],
    show_default=True,
    show_envvar=True,
    help="Who dates the records of new topics: broker or producer.",
)
@click.option(
    "--min-insync",
    type=click.IntRange(1),
    show_envvar=True,
    help="Copies of new topics that must have a record before it counts as written [default: the broker's].",
)
@AS_JSON
def topics_apply(
    settings: Settings,
    *,
    partitions: int,
    replication: int | None,
    timestamps: str,
    min_insync: int | None,
    as_json: bool,
) -> None:
    """Create the topics that are missing. Never deletes or shrinks one; says what is wrong with those that exist."""
    if min_insync is not None and replication is not None and min_insync > replication:
        message = f"{min_insync} copies cannot be in sync where there are {replication}"
        raise click.BadParameter(message, param_hint="--min-insync")
    outcomes = apply(settings, event_topics(settings), partitions, replication, timestamps, min_insync)
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
