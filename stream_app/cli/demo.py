"""`demo`: the whole product on this machine, with simulated events, and a check of every number at the end."""

import json
import os
import re
import sys
import threading
import time
from collections import deque
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import click
from rich.console import Console
from rich.live import Live

from stream_app.admin.topics import apply
from stream_app.audit import left_out
from stream_app.cli.demo_check import Checked, await_applied, check_against_recount
from stream_app.cli.demo_screen import DemoState, Pinned, screen, status_line
from stream_app.cli.demo_sender import EventSender
from stream_app.cli.options import fail, load
from stream_app.cli.stop_signals import StopSignals
from stream_app.cli.wiring import event_topics
from stream_app.clients.connections import sync_redis
from stream_app.clients.ports import free_port
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
from stream_app.intake.identity_key import FILE_NAME, create_identity_key
from stream_app.store.reader import Reader

_PARTITIONS = 2
_SHARED = (f"{PREFIX}KAFKA_URL", f"{PREFIX}REDIS_URL")
_REJECTED = re.compile(r"^stream_app_rejected_total{[^}]*} (\S+)$", re.MULTILINE)
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
    "--leads", type=click.IntRange(1), default=3000, show_default=True, show_envvar=True, help="Size of the world."
)
@click.option(
    "--days", type=click.IntRange(1), default=90, show_default=True, show_envvar=True, help="Length of the history."
)
@click.option(
    "--rate", type=click.FloatRange(0.1), default=2, show_default=True, show_envvar=True, help="Live events a second."
)
@click.option("--seed", type=int, default=1, show_default=True, show_envvar=True, help="Same seed, same world.")
@click.option(
    "--scenario", type=click.Choice(SCENARIOS), show_envvar=True, help="Something that goes wrong near the end."
)
@click.option(
    "--exporter-port", type=int, default=9464, show_default=True, show_envvar=True, help="0 picks a free one."
)
@click.option("--worker-port", type=int, default=9465, show_default=True, show_envvar=True, help="0 picks a free one.")
@click.option("--gateway-port", type=int, default=9466, show_default=True, show_envvar=True, help="0 picks a free one.")
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
    gateway_port: int,
) -> None:
    """Start a broker, a store, a worker, the exporter and a gateway here, play events, show the numbers.

    At the end everything that is in Kafka is counted again from scratch, in SQL, and compared with what the exporter
    says: exit code 0 only if every number is equal, ratios to 1e-9 of their value. Nothing is left behind. Ctrl-C ends
    it in this way, a second Ctrl-C without the count.
    """
    console = Console()
    plan = Plan(seed=seed, leads=leads, days=days, until=datetime.now(UTC), scenario=scenario)
    with ExitStack() as stack:
        stop = stack.enter_context(StopSignals())
        try:
            directory = stack.enter_context(demo_directory())
        except OSError as error:
            fail(f"no space for the demo's data: {error.strerror}. Set TMPDIR to a directory that has space.")
        settings, worker, exporter, gateway = _start(
            stack, directory, console, worker_port, exporter_port, gateway_port
        )
        sender = EventSender(settings, plan, rate, directory / "sent.jsonl")
        wall = f"http://{exporter.address}/"
        commands = tuple(f"export {name}={os.environ[name]}" for name in _SHARED)
        links = [
            wall,
            f"http://{exporter.address}/report",
            f"http://{exporter.address}/metrics",
            f"http://{worker.address}/metrics",
            f"http://{worker.address}/health",
            "in a second terminal, for stream-app explain, kpis, dlq and audit:",
            " ".join(("export", *(command.removeprefix("export ") for command in commands))),
            "send an event of your own, a new lead:",
            _own_event(directory, gateway.address),
        ]
        console.print(*links, sep="\n", soft_wrap=True, highlight=False, markup=False)
        _show(sender, console, Pinned(wall, commands), f"http://{worker.address}/metrics", seconds, stop)
        if sender.error is not None:
            fail(f"sending stopped: {type(sender.error).__name__}: {sender.error}")
        with console.status("waiting until all of it is applied"):
            try:
                await_applied(settings)
            except TimeoutError as error:
                fail(str(error))
        with console.status(f"counting {sender.sent:,} events again, in SQL"):
            checked = check_against_recount(settings, sender.copy, exporter.address)
    _report(console, checked, sender.sent)


def _start(
    stack: ExitStack, directory: Path, console: Console, worker_port: int, exporter_port: int, gateway_port: int
) -> tuple[Settings, Server, Server, Server]:
    """Start servers, worker, exporter and gateway; what does not start ends the process."""
    try:
        settings = _servers(stack, directory, console)
        with console.status("starting a worker, the exporter and a gateway"):
            worker = stack.enter_context(_command("worker", directory, worker_port))
            exporter = stack.enter_context(_command("exporter", directory, exporter_port))
            gateway = stack.enter_context(_gateway(directory, gateway_port))
    except MissingProgramError as error:
        fail(str(error))
    except ServerError as error:
        fail(f"{error}\nIs another demo running? --exporter-port 0 --worker-port 0 --gateway-port 0 picks others.")
    return settings, worker, exporter, gateway


def _report(console: Console, checked: Checked, sent: int) -> None:
    if checked.lost:
        fail(f"{checked.lost:,} of {sent:,} events that were sent are not in Kafka")
    if checked.differences:
        for each in checked.differences[:_SHOWN_DIFFERENCES]:
            console.print(
                f"[red]{each.series} {dict(each.labels)}: exported {each.product_value}, is {each.recount_value}"
            )
        fail(f"{len(checked.differences)} of {checked.compared} numbers differ from the recount")
    console.print(
        f"[green]{checked.compared:,} exported numbers equal a recount of the {checked.events:,} events in Kafka, "
        "which has all that were sent.",
        soft_wrap=True,
    )
    console.print("Not audited:", *(f"- {each}" for each in left_out()), sep="\n")


def _servers(stack: ExitStack, directory: Path, console: Console) -> Settings:
    with console.status("starting a broker and a store"):
        kafka = stack.enter_context(embedded_kafka(directory / "kafka"))
        redis = stack.enter_context(embedded_redis(directory / "redis"))
    # Worker and exporter read the environment: settings of other installations must not reach them.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    sources = directory / "sources.toml"
    os.environ |= {
        f"{PREFIX}KAFKA_URL": f"kafka://{kafka}",
        f"{PREFIX}REDIS_URL": redis,
        f"{PREFIX}SOURCES_FILE": str(sources),
        # Only this machine is answered, and the people are made up.
        f"{PREFIX}DETAIL": "on",
    }
    sources.write_text("[sources.events]\nunsigned = true\n")
    create_identity_key(directory / FILE_NAME)
    settings = load({})
    apply(settings, event_topics(settings), _PARTITIONS)
    return settings


def _own_event(directory: Path, gateway: str) -> str:
    """Write an event of a lead that is new now; a line for a shell that posts it to the gateway at this address.

    The file is what the user changes for the next one, and the line is short enough to be copied from a terminal.
    """
    event = {
        "id": "own-1",
        "source": "/demo",
        "type": "lead.created",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"lead_id": "my-lead", "source": "own"},
    }
    file = directory / "event.json"
    file.write_text(json.dumps(event, indent=2) + "\n")
    return f"curl {gateway}/in/events -d @{file}"


def _command(name: str, directory: Path, port: int) -> Server:
    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "stream_app.cli", name, f"--{name}-port", str(port)]

    return Server(name, directory, command, accepts, port=port, timeout_s=_START_TIMEOUT_S)


def _gateway(directory: Path, port: int) -> Server:
    """The gateway: it listens before it takes anything, so that its health says when it is ready."""
    metrics_port = free_port()

    def is_ready(_: Server) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{metrics_port}/health", timeout=1):
                return True
        except OSError:
            return False

    def command(port: int) -> list[str]:
        ports = ["--gateway-port", str(port), "--gateway-metrics-port", str(metrics_port)]
        return [sys.executable, "-m", "stream_app.cli", "gateway", *ports]

    return Server("gateway", directory, command, is_ready, port=port, timeout_s=_START_TIMEOUT_S)


def _rejected(metrics: str) -> int:
    """How many records the worker has rejected; 0 while it does not answer."""
    try:
        with urlopen(metrics, timeout=1) as answer:  # noqa: S310 - our own worker
            return int(sum(map(float, _REJECTED.findall(answer.read().decode()))))
    except OSError:
        return 0


def _show(
    sender: EventSender, console: Console, pinned: Pinned, metrics: str, seconds: float | None, stop: StopSignals
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
                    pinned,
                    _rejected(metrics),
                )
                if console.is_terminal:
                    display.update(screen(state), refresh=True)
                elif now - printed >= _PLAIN_REFRESH_S:
                    printed = now
                    print(status_line(state), flush=True)  # noqa: T201 - rich would redraw it
    finally:
        sender.stop.set()
        thread.join()
