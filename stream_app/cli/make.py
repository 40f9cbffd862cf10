"""Commands that make files: `simulate` and `render`."""

import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from stream_app.cli.options import Moment, fail
from stream_app.cli.rendered_files import stale, write
from stream_app.cli.wiring import rendered
from stream_app.demo.simulator import SCENARIOS, Plan, history, live, records

_LIVE_RATE = 20.0


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, show_envvar=True, help="Same seed, same events.")
@click.option(
    "--leads", type=click.IntRange(1), default=1000, show_default=True, show_envvar=True, help="How many leads."
)
@click.option(
    "--days", type=click.IntRange(1), default=90, show_default=True, show_envvar=True, help="Length of the history."
)
@click.option("--until", type=Moment(), show_envvar=True, help="End of the history [default: now].")
@click.option(
    "--scenario", type=click.Choice(SCENARIOS), show_envvar=True, help="Something that goes wrong near the end."
)
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), show_envvar=True, help="Events per second [default: no limit]."
)
@click.option(
    "--live",
    "forever",
    is_flag=True,
    show_envvar=True,
    help="Write the history at once, then go on without end, in real time, at --rate [default: 20].",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), show_envvar=True, help="File [default: stdout]."
)
def simulate(
    *,
    seed: int,
    leads: int,
    days: int,
    until: datetime | None,
    scenario: str | None,
    rate: float | None,
    forever: bool,
    out: Path | None,
) -> None:
    """Write a made-up but realistic history of events as JSON lines, for `produce`."""
    plan = Plan(seed=seed, leads=leads, days=days, until=until or datetime.now(UTC), scenario=scenario)
    started, written = time.monotonic(), 0
    with ExitStack() as stack:
        sink = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        for record in records(plan, history(plan)):
            if rate and not forever and (ahead := written / rate - (time.monotonic() - started)) > 0:
                sink.flush()
                time.sleep(ahead)
            sink.write(record.value + b"\n")
            written += 1
        if forever:
            sink.flush()
            for event in live(plan, datetime.now(UTC), rate or _LIVE_RATE):
                time.sleep(max(datetime.fromisoformat(event["time"]).timestamp() - time.time(), 0))
                sink.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
                sink.flush()
    click.echo(f"{written:,} events", err=True)


@click.command()
@click.option("--check", is_flag=True, show_envvar=True, help="Write nothing; exit code 1 if a file is out of date.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_envvar=True,
    help="The repository [default: here].",
)
def render(*, check: bool, root: Path) -> None:
    """Write everything that follows from the catalog: schemas, docs, rules, dashboards."""
    files = rendered()
    if check:
        if not any((root / path).is_file() for path in files):
            fail(f"{root.resolve()} is not the repository of stream-app: go there, or name it with --root")
        if old := stale(files, root):
            fail("out of date, run `stream-app render`:\n" + "\n".join(f"  {path}" for path in old))
        click.echo(f"{len(files)} files are up to date")
        return
    for path in write(files, root):
        click.echo(path)
