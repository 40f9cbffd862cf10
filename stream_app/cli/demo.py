"""`demo`: the whole product on this machine, with made-up events, and a proof at the end."""

import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO
from urllib.request import urlopen

import click
import orjson
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live

from stream_app.admin.batch_producer import Outbox
from stream_app.admin.topics import apply, ends
from stream_app.audit import RECOUNTED, Difference, Recount, compare
from stream_app.cli.keyboard import pressed_keys
from stream_app.cli.options import fail, load
from stream_app.cli.screen import Scene, line, screen
from stream_app.cli.wiring import event_topics
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import PREFIX, Settings
from stream_app.demo.embedded_servers import (
    MissingProgramError,
    Server,
    ServerError,
    accepts,
    embedded_kafka,
    embedded_redis,
)
from stream_app.demo.simulator import (
    SCENARIOS,
    Mischief,
    Plan,
    bad_records,
    history,
    live,
    record_key,
    topic_family,
)
from stream_app.store.reader import Reader

_PARTITIONS = 2
_REFRESH_S = 0.5
_PLAIN_REFRESH_S = 5.0
_CATCH_UP_S = 120.0
_SHOWN_DIFFERENCES = 10
_RATE_LOOKS = 10
_BAD_RECORDS = 50


@dataclass(slots=True)
class Player:
    """Sends the history, then the life after it in real time, and keeps a copy of all that it has sent."""

    settings: Settings
    plan: Plan
    rate: float
    copy: Path
    played: int = 0
    history: int | None = None
    error: Exception | None = None
    stalled: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    keys: Queue[str] = field(default_factory=Queue)

    def play(self) -> None:
        """Send until `stop` is set; an error is kept for whoever owns the thread."""
        try:
            topics = event_topics(self.settings)
            with Outbox(self.settings, topics) as outbox, self.copy.open("wb") as copy:
                mischief = Mischief(self.plan.seed)
                for event in self._events(outbox):
                    if mischief.passes(event):
                        self._send(outbox, copy, event)
                    while not self.keys.empty():
                        self._make_trouble(self.keys.get(), mischief, outbox, copy)
        except Exception as error:  # noqa: BLE001 - told by the thread's owner
            self.error = error

    def _send(self, outbox: Outbox, copy: BinaryIO, event: dict[str, Any]) -> None:
        value = orjson.dumps(event)
        topic = self.settings.topic(topic_family(event["type"]))
        outbox.send(topic, record_key(event).encode(), value)
        copy.write(value + b"\n")
        self.played += 1

    def _make_trouble(self, key: str, mischief: Mischief, outbox: Outbox, copy: BinaryIO) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if key == "s":
            self.stalled = mischief.stalled = not mischief.stalled
        elif key == "p":
            # Good records stay the majority, or the worker would rightly stop the topic's intake.
            for value, _ in bad_records(self.played, _BAD_RECORDS):
                outbox.send(self.settings.topic("lead"), None, value)
                self.played += 1
        else:
            for event in mischief.bots(now) if key == "b" else mischief.churn(now):
                self._send(outbox, copy, event)

    def _events(self, outbox: Outbox) -> Iterator[dict[str, Any]]:
        for event in history(self.plan):
            if self.stop.is_set():
                return
            yield event
        outbox.flush()
        self.history = self.played
        for event in live(self.plan, datetime.now(UTC), self.rate):
            wait = datetime.fromisoformat(str(event["time"])).timestamp() - time.time()
            if self.stop.wait(max(wait, 0)):
                return
            yield event


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
    """Start a broker, a store, a worker and the exporter here, play events to them, and show the numbers live.

    At the end everything that was sent is counted again from scratch, in SQL, and compared with what the exporter says:
    exit code 0 only if every number is equal. Nothing is left behind.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    console = Console()
    plan = Plan(seed=seed, leads=leads, days=days, until=datetime.now(UTC), scenario=scenario)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stream-app-demo-")))
        try:
            settings = _servers(stack, directory, console)
            with console.status("starting a worker and the exporter"):
                worker = stack.enter_context(_command("worker", directory, worker_port))
                exporter = stack.enter_context(_command("exporter", directory, exporter_port))
        except MissingProgramError as error:
            fail(str(error))
        except ServerError as error:
            fail(f"{error}\nIs another demo running? --exporter-port 0 --worker-port 0 picks other ports.")
        player = Player(settings, plan, rate, directory / "sent.jsonl")
        links = [
            f"http://{exporter.address}/",
            f"http://{exporter.address}/metrics",
            f"http://{worker.address}/metrics",
            f"http://{worker.address}/health",
        ]
        console.print(*links, sep="\n")
        _show(player, console, links, seconds, stop)
        if player.error is not None:
            fail(f"the player stopped: {type(player.error).__name__}: {player.error}")
        with console.status("waiting until all of it is applied"):
            _await_applied(settings)
        with console.status(f"counting {player.played:,} events again, in SQL"):
            differences, compared = _prove(player.copy, exporter)
    if differences:
        for each in differences[:_SHOWN_DIFFERENCES]:
            console.print(
                f"[red]{each.series} {dict(each.labels)}: exported {each.product_value}, is {each.recount_value}"
            )
        fail(f"{len(differences)} of {compared} numbers differ from the recount")
    console.print(
        f"[green]{compared:,} exported numbers equal a recount of the {player.played:,} events that were sent."
    )


def _servers(stack: ExitStack, directory: Path, console: Console) -> Settings:
    with console.status("starting a broker and a store"):
        kafka = stack.enter_context(embedded_kafka(directory / "kafka"))
        redis = stack.enter_context(embedded_redis(directory / "redis"))
    # The demo's commands read their settings as everybody's do: whatever else is set outside is not meant for it.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ |= {f"{PREFIX}KAFKA_URL": f"kafka://{kafka}", f"{PREFIX}REDIS_URL": redis}
    settings = load({})
    apply(settings, event_topics(settings), _PARTITIONS)
    return settings


def _command(name: str, directory: Path, port: int) -> Server:
    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "stream_app.cli", name, f"--{name}-port", str(port)]

    return Server(name, directory, command, accepts, port=port, patience=30)


def _show(player: Player, console: Console, links: Iterable[str], seconds: float | None, stop: threading.Event) -> None:
    thread = threading.Thread(target=player.play, name="player", daemon=True)
    started = said = time.monotonic()
    seen: deque[tuple[float, int]] = deque(maxlen=_RATE_LOOKS)
    settings = player.settings
    thread.start()
    try:
        with (
            pressed_keys(player.keys),
            sync_redis(settings) as redis,
            Live(console=console, auto_refresh=False, screen=console.is_terminal) as shown,
        ):
            reader = Reader(redis, settings.namespace, settings.rules.calendar)
            while not stop.wait(_REFRESH_S) and thread.is_alive():
                now = time.monotonic()
                if seconds is not None and now - started >= seconds and player.history is not None:
                    break
                snapshot = reader.read(time.time_ns() // 1_000_000)
                seen.append((now, sum(snapshot.offsets.values())))
                span = max(now - seen[0][0], _REFRESH_S)
                rate = (seen[-1][1] - seen[0][1]) / span
                scene = Scene(
                    snapshot, player.played, player.history, rate, player.stalled, now - started, seconds, tuple(links)
                )
                if console.is_terminal:
                    shown.update(screen(scene), refresh=True)
                elif now - said >= _PLAIN_REFRESH_S:
                    said = now
                    print(line(scene), flush=True)  # noqa: T201 - rich would redraw it
    finally:
        player.stop.set()
        thread.join()


def _await_applied(settings: Settings) -> None:
    wanted = ends(settings, event_topics(settings))
    deadline = time.monotonic() + _CATCH_UP_S
    with sync_redis(settings) as redis:
        reader = Reader(redis, settings.namespace, settings.rules.calendar)
        while True:
            offsets = reader.read(time.time_ns() // 1_000_000).offsets
            if all(offsets.get(partition, 0) >= end for partition, end in wanted.items()):
                return
            if time.monotonic() > deadline:
                fail(f"the worker has not applied everything after {_CATCH_UP_S:g} s")
            time.sleep(_REFRESH_S)


def _prove(copy: Path, exporter: Server) -> tuple[list[Difference], int]:
    """What differs between the exporter's page and a recount of the copy, and how many numbers were compared."""
    with urlopen(f"http://{exporter.address}/metrics", timeout=60) as page:
        text = page.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    read_at = next(sample.value for sample in samples if sample.name == "stream_app_read_timestamp_seconds")
    exported = {
        (sample.name, frozenset(sample.labels.items())): sample.value for sample in samples if sample.name in RECOUNTED
    }
    with Recount() as recount, copy.open("rb") as lines:
        recount.add(map(orjson.loads, lines))
        counted = recount.samples(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(read_at * 1000)))
    return compare(exported, counted), len(exported.keys() | counted.keys())
