"""`produce`: events from a file to their topics."""

from typing import BinaryIO

import click
from rich.progress import DownloadColumn

from stream_app.admin.produce import produce as produce_lines
from stream_app.cli.options import AS_JSON, KAFKA, fail, print_json, with_settings
from stream_app.cli.progress import progress_bar
from stream_app.cli.wiring import routes
from stream_app.clients.settings import Settings


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
    with progress_bar("sending", _size(file), DownloadColumn()) as (progress, task):
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
