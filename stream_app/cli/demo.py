"""`demo`: the whole product on this machine, with simulated events, and a check of every number at the end."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from stream_app.admin.topics import apply
from stream_app.audit import Difference, left_out
from stream_app.cli.demo_check import await_applied, check_against_recount
from stream_app.cli.demo_screen import DemoState, screen, status_line
from stream_app.cli.demo_sender import EventSender
from stream_app.cli.options import fail, load
from stream_app.cli.stop_signals import StopSignals
from stream_app.cli.wiring import event_topics
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import PREFIX, Settings
from stream_app.demo.directory import demo_directory
from stream_app.demo.embedded_servers import (
    MissingProgramError,
    Server,
    ServerError,
    accepts,
    embedded_kafka,
    embedded_redis,
)
from stream_app.demo.keyboard import pressed_keys
from stream_app.demo.simulator import SCENARIOS, Plan
from stream_app.store.reader import Reader

_PARTITIONS = 2
_REFRESH_S = 0.5
_PLAIN_REFRESH_S = 5.0
_START_TIMEOUT_S = 30.0
_SHOWN_DIFFERENCES = 10
_RATE_SAMPLES = 10


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(1), show_envvar=True, help="End by itself after so long [default: Ctrl-C]."
)
@click.option(
    "--leads", type=click.IntRange(1), default=1000, show_default=True, show_envvar=True, help="Size of the world."
)
@click.option(
    "--days", type=click.IntRange(1), default=90, show_default=True, show_envvar=True, help="Length of the history."
)
@click.option(
    "--rate", type=click.FloatRange(0.1), default=20, show_default=True, show_envvar=True, help="Live events a second."
)
@click.option("--seed", type=int, default=1, show_default=True, show_envvar=True, help="Same seed, same world.")
@click.option(
    "--scenario", type=click.Choice(SCENARIOS), show_envvar=True, help="Something that goes wrong near the end."
)
@click.option(
    "--exporter-port", type=int, default=9464, show_default=True, show_envvar=True, help="0 picks a free one."
)
@click.option("--worker-port", type=int, default=9465, show_default=True, show_envvar=True, help="0 picks a free one.")
def demo(
    *,
    seconds: float | None,
    leads: int,
    days: int,
    rate: float,
    seed: int,
    scenario: str | None,
    exporter_port: int,
    worker_port: int,
) -> None:
    """Start a broker, a store, a worker and the exporter here, play events to them, and show numbers live.

    At the end everything that was sent is counted again from scratch, in SQL, and compared with what the exporter says:
    exit code 0 only if every number is equal, ratios to 1e-9 of their value. Nothing is left behind. Ctrl-C ends it in
    this way, a second Ctrl-C without the count.
    """
    console = Console()
    plan = Plan(seed=seed, leads=leads, days=days, until=datetime.now(UTC), scenario=scenario)
    with ExitStack() as stack:
        stop = stack.enter_context(StopSignals())
        try:
            directory = stack.enter_context(demo_directory())
        except OSError as error:
            fail(f"no space for the demo's data: {error.strerror}. Set TMPDIR to a directory that has space.")
        settings, worker, exporter = _start(stack, directory, console, worker_port, exporter_port)
        sender = EventSender(settings, plan, rate, directory / "sent.jsonl")
        links = [
            f"http://{exporter.address}/",
            f"http://{exporter.address}/metrics",
            f"http://{worker.address}/metrics",
            f"http://{worker.address}/health",
        ]
        console.print(*links, sep="\n")
        _show(sender, console, links, seconds, stop)
        if sender.error is not None:
            fail(f"sending stopped: {type(sender.error).__name__}: {sender.error}")
        with console.status("waiting until all of it is applied"):
            try:
                await_applied(settings)
            except TimeoutError as error:
                fail(str(error))
        with console.status(f"counting {sender.sent:,} events again, in SQL"):
            differences, compared = check_against_recount(settings, sender.copy, exporter.address)
    _report(console, differences, compared, sender.sent)


def _start(
    stack: ExitStack, directory: Path, console: Console, worker_port: int, exporter_port: int
) -> tuple[Settings, Server, Server]:
    """Start servers, worker and exporter; what does not start ends the process."""
    try:
        settings = _servers(stack, directory, console)
        with console.status("starting a worker and the exporter"):
            worker = stack.enter_context(_command("worker", directory, worker_port))
            exporter = stack.enter_context(_command("exporter", directory, exporter_port))
    except MissingProgramError as error:
        fail(str(error))
    except ServerError as error:
        fail(f"{error}\nIs another demo running? --exporter-port 0 --worker-port 0 picks other ports.")
    return settings, worker, exporter


def _report(console: Console, differences: list[Difference], compared: int, sent: int) -> None:
    if differences:
        for each in differences[:_SHOWN_DIFFERENCES]:
            console.print(
                f"[red]{each.series} {dict(each.labels)}: exported {each.product_value}, is {each.recount_value}"
            )
        fail(f"{len(differences)} of {compared} numbers differ from the recount")
    console.print(f"[green]{compared:,} exported numbers equal a recount of the {sent:,} events that were sent.")
    console.print("Not audited:", *(f"- {each}" for each in left_out()), sep="\n")


def _servers(stack: ExitStack, directory: Path, console: Console) -> Settings:
    with console.status("starting a broker and a store"):
        kafka = stack.enter_context(embedded_kafka(directory / "kafka"))
        redis = stack.enter_context(embedded_redis(directory / "redis"))
    # Worker and exporter read the environment: settings of other installations must not reach them.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ |= {f"{PREFIX}KAFKA_URL": f"kafka://{kafka}", f"{PREFIX}REDIS_URL": redis}
    settings = load({})
    apply(settings, event_topics(settings), _PARTITIONS)
    return settings


def _command(name: str, directory: Path, port: int) -> Server:
    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "stream_app.cli", name, f"--{name}-port", str(port)]

    return Server(name, directory, command, accepts, port=port, timeout_s=_START_TIMEOUT_S)


def _show(
    sender: EventSender, console: Console, links: Iterable[str], seconds: float | None, stop: StopSignals
) -> None:
    """Send, and show the numbers, until time is up or a signal comes."""
    thread = threading.Thread(target=sender.run, name="sender", daemon=True)
    started = printed = time.monotonic()
    recent: deque[tuple[float, int]] = deque(maxlen=_RATE_SAMPLES)
    settings = sender.settings
    thread.start()
    try:
        with (
            pressed_keys(sender.keys),
            sync_redis(settings) as redis,
            Live(console=console, auto_refresh=False, screen=console.is_terminal) as display,
        ):
            reader = Reader(redis, settings.namespace, settings.rules.calendar)
            while not stop.wait(_REFRESH_S) and thread.is_alive():
                now = time.monotonic()
                if seconds is not None and now - started >= seconds and sender.history_size is not None:
                    break
                snapshot = reader.read(time.time_ns() // 1_000_000)
                recent.append((now, sum(snapshot.offsets.values())))
                rate = (recent[-1][1] - recent[0][1]) / max(now - recent[0][0], _REFRESH_S)
                state = DemoState(
                    snapshot,
                    sender.sent,
                    sender.history_size,
                    rate,
                    sender.stalled,
                    now - started,
                    seconds,
                    tuple(links),
                )
                if console.is_terminal:
                    display.update(screen(state), refresh=True)
                elif now - printed >= _PLAIN_REFRESH_S:
                    printed = now
                    print(status_line(state), flush=True)  # noqa: T201 - rich would redraw it
    finally:
        sender.stop.set()
        thread.join()
