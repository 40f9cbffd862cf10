"""What is printed: a table with ratios, and which of the aims are met."""

import dataclasses
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from bench.aims import PEERS_US, Verdict, judged
from bench.gateway import GatewayFinding, gateway_table
from bench.latency import Latency
from bench.measurement import Measurement
from bench.scrape import Scraped
from bench.script_durations import ScriptDurations

__all__ = ["NAMES", "Findings", "as_json", "tables"]

NAMES = {
    "a": "Faust agent, one HINCRBY per event",
    "b": "Quix Streams, state per lead, pipelined counters",
    "c": "stream-app worker, everything on",
    "d": "decode and fold only, no Kafka, no Redis",
    "e": "Kafka Streams, exactly-once v2, otherwise as (b)",
}


_SERVERS = ("store", "broker")


@dataclass
class Findings:
    """Everything that was measured; what was not asked for is empty."""

    events: int = 0
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    scripts: list[ScriptDurations] = field(default_factory=list)
    scraped: Scraped | None = None
    latencies: list[Latency] = field(default_factory=list)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the parts found that need no broker, or brokers of their own, in their own words."""
    figures_of_parts: dict[str, float] = field(default_factory=dict)
    gateway: list[GatewayFinding] = field(default_factory=list)
    on_apache_kafka: "Findings | None" = None
    """What was measured on a real broker."""
    left_out: str = ""
    """Why nothing could be measured, where that is so."""

    def rate(self, candidate: str) -> float:
        """Return the median rate of the laps of a candidate that ran, in events per second."""
        return statistics.median(measurement.rate for measurement in self.measurements[candidate])

    def ratios(self, candidate: str) -> list[float]:
        """Return how many times as fast as a candidate ours was, by round."""
        pairs = zip(self.measurements.get("c", []), self.measurements.get(candidate, []), strict=False)
        return [ours.rate / other.rate for ours, other in pairs]

    def cost_ratios(self, candidate: str) -> list[float]:
        """Return how many times ours the processor time of a candidate for an event was, by round, where known."""
        pairs = zip(self.measurements.get("c", []), self.measurements.get(candidate, []), strict=False)
        return [other.cost / ours.cost for ours, other in pairs if ours.cost and other.cost]

    def cost(self, candidate: str) -> float | None:
        """Return the median of the processor time of a candidate for an event, in microseconds, where it is known."""
        costs = [each.cost for each in self.measurements.get(candidate, []) if each.cost is not None]
        return statistics.median(costs) if costs else None

    def costs_of_servers(self, candidate: str) -> dict[str, float]:
        """Return the medians of the processor time of the servers for an event of a candidate, in microseconds."""
        rounds = [each.costs_of_servers for each in self.measurements.get(candidate, [])]
        return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]} if rounds else {}

    def slowness(self) -> dict[str, float]:
        """Return how many times as long each peer takes as on the machine of the aims, where that is known."""
        costs = {name: self.cost(name) for name in PEERS_US}
        return {name: cost / PEERS_US[name] for name, cost in costs.items() if cost is not None}

    def verdicts(self) -> list[Verdict]:
        """Return the aims that something was found of."""
        return list(judged(self.figures(), min(self.slowness().values(), default=None)))

    def figures(self) -> dict[str, float]:
        """Return everything that there are aims about."""
        found = dict(self.figures_of_parts)
        for other, name in (("a", "times_naive"), ("b", "times_quix"), ("d", "times_fold")):
            if ratios := self.ratios(other):
                found[name] = statistics.median(ratios)
        if (cost := self.cost("c")) is not None:
            found["cached"] = cost
        if self.latencies:
            found["latency"] = max(each.exact["p99"] for each in self.latencies) * 1000
        return found


def tables(findings: Findings) -> Iterator[Table]:
    """Yield what is shown in the terminal."""
    if findings.measurements:
        yield _rates(findings, "medians of the rounds")
    if (real := findings.on_apache_kafka) is not None and real.measurements:
        yield _rates(real, "on Apache Kafka, the second half of them for (e); medians of the rounds")
    if findings.scripts or findings.scraped or findings.latencies:
        yield _times(findings)
    if findings.gateway:
        yield gateway_table(findings.gateway)
    if verdicts := findings.verdicts():
        yield _aims(verdicts, findings.slowness())


def _aims(verdicts: list[Verdict], slowness: dict[str, float]) -> Table:
    peers = " and ".join(f"{times:.1f} times by ({name})" for name, times in slowness.items())
    title = f"Aims; this machine takes {peers} of what theirs took" if peers else "Aims"
    table = Table("what", "aim", "found", "", "found, on theirs", "", title=title)
    for verdict in verdicts:
        aim, scaled = verdict.aim, verdict.scaled
        table.add_row(
            aim.what,
            f"{'at least' if aim.least else 'at most'} {aim.bound:,g} {aim.unit}",
            f"{verdict.found:,.3g} {aim.unit}",
            _met(verdict.met),
            "" if scaled is None else f"{scaled:,.3g} {aim.unit}",
            "" if scaled is None else _met(aim.met_by(scaled)),
        )
    return table


def _met(met: bool) -> str:  # noqa: FBT001 - the only thing that it says
    return "[green]met[/]" if met else "[bold red]MISSED[/]"


def _rates(findings: Findings, how: str) -> Table:
    heads = ("", "candidate", "events/s", "CPU µs/event", "store", "broker", "(c) is", "by round", "CPU / (c)")
    table = Table(*heads, title=f"{findings.events:,} events; {how}")
    for candidate in sorted(findings.measurements):
        ratios = findings.ratios(candidate) if candidate != "c" else []
        costs = findings.cost_ratios(candidate) if candidate != "c" else []
        cost, servers = findings.cost(candidate), findings.costs_of_servers(candidate)
        table.add_row(
            f"({candidate})",
            NAMES[candidate],
            f"{findings.rate(candidate):,.0f}",
            f"{cost:.1f}" if cost is not None else "?",
            *(f"{servers[name]:.1f}" if name in servers else "?" for name in _SERVERS),
            f"{statistics.median(ratios):.2f} x" if ratios else "",
            f"{min(ratios):.2f} to {max(ratios):.2f} x" if len(ratios) > 1 else "",
            f"{statistics.median(costs):.2f} x" if costs else "",
        )
    return table


def _times(findings: Findings) -> Table:
    table = Table("what", "how long", "", title="Times")
    if findings.scripts:
        times = findings.scripts[-1]
        table.add_row(
            "commit script, blocks the store",
            f"{times.quantile(0.5):.1f} ms",
            f"median of {len(times.milliseconds)} batches; longest {times.quantile(1):.1f} ms",
        )
    if (scraped := findings.scraped) is not None:
        page = f"{scraped.series:,} series, {scraped.size / 1024:,.0f} KiB"
        table.add_row("scrape, the first", _ms(scraped.cold), page)
        table.add_row("scrape, nothing new", _ms(statistics.median(scraped.warm)), f"median of {len(scraped.warm)}")
    for latency in findings.latencies:
        if latency.scrapes:
            busy = f"median of {len(latency.scrapes)}; longest {_ms(max(latency.scrapes))}"
            table.add_row("scrape, under live traffic", _ms(statistics.median(latency.scrapes)), busy)
        for name, value in latency.exact.items():
            by_worker = f"by the worker's histogram {_ms(latency.histogram[name])}" if name in latency.histogram else ""
            table.add_row(f"latency at {latency.rate:,.0f} events/s, {name}", _ms(value), by_worker)
        costs = ", ".join(f"{name} {cost:.0f}" for name, cost in latency.costs.items())
        table.add_row("processor time of an event meanwhile", f"{costs} us", "batches of a few events")
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def as_json(findings: Findings) -> dict[str, Any]:
    """Return everything that was measured, times in seconds."""
    scraped = findings.scraped
    return {
        "events": findings.events,
        "rates": _rates_as_json(findings),
        "on_apache_kafka": (real := findings.on_apache_kafka)
        and {"events": real.events, "rates": _rates_as_json(real), "left_out": real.left_out or None},
        "commit_script": [
            {
                "batches": len(times.milliseconds),
                "p50": times.quantile(0.5) / 1000,
                "longest": times.quantile(1) / 1000,
            }
            for times in findings.scripts
        ],
        "scrape": scraped
        and {
            "series": scraped.series,
            "bytes": scraped.size,
            "cold": scraped.cold,
            "warm": statistics.median(scraped.warm),
        },
        "latency": [dataclasses.asdict(each) for each in findings.latencies],
        "gateway": [
            {
                "items_per_request": each.load.items,
                "rate": each.load.rate,
                "statuses": each.sent.statuses,
                "items_per_second": each.items_per_second,
                "cpu_us_per_item": each.cost,
                "p50": each.quantile(0.5),
                "p99": each.quantile(0.99),
                "load_average": each.load_average,
            }
            for each in findings.gateway
        ],
        **findings.parts,
        "slowness": findings.slowness(),
        "aims": [{**dataclasses.asdict(each), "met": each.met, "scaled": each.scaled} for each in findings.verdicts()],
    }


def _rates_as_json(findings: Findings) -> dict[str, Any]:
    return {
        name: {
            "median": findings.rate(name),
            "ours_is_times": findings.ratios(name),
            "cpu_is_times_ours": findings.cost_ratios(name),
            "laps": [
                {"rate": each.rate, "cpu_us_per_event": each.cost, "servers_cpu_us_per_event": each.costs_of_servers}
                for each in measurements
            ],
        }
        for name, measurements in findings.measurements.items()
    }
