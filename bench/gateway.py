"""How many webhook items one gateway process takes, and how long its answers take: `python -m bench.gateway`.

The gateway, the broker and the sender share the machine. An answer counts from when the request was due, not from when
it could be sent.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import click
import msgspec
from rich.console import Console
from rich.table import Table

from bench.environment import BenchEnvironment, bench_environment, python
from bench.measurement import processor
from bench.webhooks import SECRET, Load, Sent
from stream_app.admin.topics import apply
from stream_app.cli.wiring import event_topics
from stream_app.clients.ports import free_port
from stream_app.intake.identity_key import create_identity_key

__all__ = ["AIM_ITEMS", "AIM_P99_S", "GatewayFinding", "gateway_findings", "gateway_table"]

AIM_ITEMS = 3000.0
AIM_P99_S = 0.15

_PARTITIONS = 4
_CONNECTIONS = 32
_RATE = 500.0
# Requests, and items of each.
_BULK = ((6000, 1), (1500, 20), (300, 100))
_WARM_UP = 200
_READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class GatewayFinding:
    """What one load came to; `cost` is the gateway's processor time for an item, in microseconds."""

    load: Load
    sent: Sent
    cost: float | None
    load_average: float

    @property
    def items_per_second(self) -> float:
        """How many items were answered 2xx."""
        return self.sent.statuses.get("200", 0) * self.load.items / self.sent.seconds

    def quantile(self, share: float) -> float:
        """Seconds of an answer."""
        ordered = sorted(self.sent.answers)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def gateway_findings(environment: BenchEnvironment, seconds: float) -> Iterator[GatewayFinding]:
    """Post as much as is taken, then `_RATE` requests a second for so long."""
    apply(environment.settings, event_topics(environment.settings), _PARTITIONS)
    with _gateway(environment) as (port, pid):
        _post(environment, Load(port, _WARM_UP, 20, _CONNECTIONS))
        loads = [Load(port, requests, items, _CONNECTIONS) for requests, items in _BULK]
        for load in [*loads, Load(port, round(_RATE * seconds), 1, 4 * _CONNECTIONS, _RATE)]:
            before, began = os.getloadavg()[0], processor(pid)
            sent = _post(environment, load)
            ended = processor(pid)
            items = load.requests * load.items
            cost = None if began is None or ended is None else (ended - began) / items * 1e6
            yield GatewayFinding(load, sent, cost, before)


@contextmanager
def _gateway(environment: BenchEnvironment) -> Iterator[tuple[int, int]]:
    directory = environment.directory
    (directory / "sources.toml").write_text('[sources.events]\nsecret_file = "events.secret"\n')
    (directory / "events.secret").write_text(SECRET)
    create_identity_key(directory / "identity.key")
    port, health = free_port(), free_port()
    variables = {
        "gateway_port": str(port),
        "gateway_metrics_port": str(health),
        "sources_file": str(directory / "sources.toml"),
    }
    command = [str(Path(sys.executable).with_name("stream-app")), "gateway"]
    with environment.running(command, **variables) as process:
        _await_health(health)
        yield port, process.pid
        process.terminate()
        process.wait()


def _await_health(port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _post(environment: BenchEnvironment, load: Load) -> Sent:
    with environment.running(python("bench.webhooks", msgspec.json.encode(load).decode())) as process:
        printed = process.stdout.read() if process.stdout is not None else b""
        process.wait()
    return msgspec.json.decode(printed, type=Sent)


def gateway_table(findings: Iterable[GatewayFinding]) -> Table:
    """The table that is shown."""
    heads = ("items a request", "requests/s", "items/s", "CPU µs/item", "p50", "p99", "not 200", "load", "aim")
    table = Table(*heads, title="The gateway, one process")
    for each in findings:
        load, sent = each.load, each.sent
        refused = sum(count for status, count in sent.statuses.items() if status != "200")
        table.add_row(
            f"{load.items}{f' at {load.rate:g}/s' if load.rate else ''}",
            f"{load.requests / sent.seconds:,.0f}",
            f"{each.items_per_second:,.0f}",
            "?" if each.cost is None else f"{each.cost:.0f}",
            f"{each.quantile(0.5) * 1000:.0f} ms",
            f"{each.quantile(0.99) * 1000:.0f} ms",
            f"{refused}",
            f"{each.load_average:.1f}",
            _aim(each),
        )
    return table


def _aim(finding: GatewayFinding) -> str:
    if finding.load.rate:
        wanted, met = f"p99 < {AIM_P99_S * 1000:g} ms", finding.quantile(0.99) < AIM_P99_S
    else:
        wanted, met = f"≥ {AIM_ITEMS:,.0f} items/s", finding.items_per_second >= AIM_ITEMS
    return f"{wanted}, {'[green]met[/]' if met else '[bold red]MISSED[/]'}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True, help="How long at the set rate.")
def main(*, seconds: float) -> None:
    """Measure one gateway. Ends with 0 also when an aim is missed: the table says so."""
    with bench_environment() as environment:
        Console(width=140).print(gateway_table(gateway_findings(environment, seconds)))


if __name__ == "__main__":
    main()
