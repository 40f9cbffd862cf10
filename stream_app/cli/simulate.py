"""`simulate`: a made-up history of events as JSON lines."""

import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from stream_app.cli.options import Moment
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
