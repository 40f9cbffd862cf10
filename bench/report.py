"""What is printed: a table with ratios, and which of the aims are met."""

import dataclasses
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from bench.gateway import GatewayFinding, gateway_table
from bench.latency import Latency
from bench.measurement import Measurement
from bench.scrape import Scraped
from bench.script_durations import ScriptDurations

__all__ = ["Aim", "Findings", "aims", "as_json", "tables"]

NAMES = {
    "a": "Faust agent, one HINCRBY per event",
    "b": "Quix Streams, state per lead, pipelined counters",
    "c": "stream-app worker, everything on",
    "d": "decode and fold only, no Kafka, no Redis",
}
TIMES_NAIVE = 12.0
TIMES_QUIX = 2.0
TIMES_FOLD = 0.5
LATENCY = 0.1


@dataclass
class Findings:
    """Everything that was measured; what was not asked for is empty."""

    events: int
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    scripts: list[ScriptDurations] = field(default_factory=list)
    scraped: Scraped | None = None
    latency: Latency | None = None
    gateway: list[GatewayFinding] = field(default_factory=list)

    def rate(self, candidate: str) -> float:
        """Return the median rate of the laps of a candidate that ran, in events per second."""
        return statistics.median(measurement.rate for measurement in self.measurements[candidate])

    def ratios(self, candidate: str) -> list[float]:
        """Return how many times as fast as a candidate ours was, by round."""
        pairs = zip(self.measurements.get("c", []), self.measurements.get(candidate, []), strict=False)
        return [ours.rate / other.rate for ours, other in pairs]


@dataclass(frozen=True, slots=True)
class Aim:
    """Something that is to be reached: a ratio that may not be lower, or seconds that may not be more."""

    name: str
    wanted: float
    found: float
    met: bool


def aims(findings: Findings) -> Iterator[Aim]:
    """Yield the aims that can be judged."""
    for other, wanted in (("a", TIMES_NAIVE), ("b", TIMES_QUIX), ("d", TIMES_FOLD)):
        if ratios := findings.ratios(other):
            found = statistics.median(ratios)
            yield Aim(f"(c) / ({other})", wanted, found, found >= wanted)
    if findings.latency is not None:
        for how, found in (("exact", findings.latency.exact), ("histogram", findings.latency.histogram)):
            yield Aim(f"p99 latency in s, {how}", LATENCY, found["p99"], found["p99"] < LATENCY)


def tables(findings: Findings) -> Iterator[Table]:
    """Yield what is shown in the terminal."""
    if findings.measurements:
        yield _rates(findings)
    if findings.scripts or findings.scraped or findings.latency:
        yield _times(findings)
    if findings.gateway:
        yield gateway_table(findings.gateway)
    judged = list(aims(findings))
    if judged:
        table = Table("aim", "wanted", "found", "", title="Aims")
        for aim in judged:
            sign = "<" if "latency" in aim.name else "≥"
            verdict = "[green]met[/]" if aim.met else "[bold red]MISSED[/]"
            table.add_row(aim.name, f"{sign} {aim.wanted:g}", f"{aim.found:.3g}", verdict)
        yield table


def _rates(findings: Findings) -> Table:
    heads = ("", "candidate", "events/s", "CPU µs/event", "(c) is", "by round")
    table = Table(*heads, title=f"{findings.events:,} events; medians of the rounds")
    for candidate, measurements in sorted(findings.measurements.items()):
        ratios = findings.ratios(candidate) if candidate != "c" else []
        costs = [measurement.cost for measurement in measurements if measurement.cost is not None]
        table.add_row(
            f"({candidate})",
            NAMES[candidate],
            f"{findings.rate(candidate):,.0f}",
            f"{statistics.median(costs):.1f}" if costs else "?",
            f"{statistics.median(ratios):.2f} x" if ratios else "",
            f"{min(ratios):.2f} to {max(ratios):.2f} x" if len(ratios) > 1 else "",
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
    if (latency := findings.latency) is not None:
        if latency.scrapes:
            busy = f"median of {len(latency.scrapes)}; longest {_ms(max(latency.scrapes))}"
            table.add_row("scrape, under live traffic", _ms(statistics.median(latency.scrapes)), busy)
        for name, value in latency.exact.items():
            by_worker = f"by the worker's histogram {_ms(latency.histogram[name])}" if name in latency.histogram else ""
            table.add_row(f"latency at {latency.rate:,.0f} events/s, {name}", _ms(value), by_worker)
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def as_json(findings: Findings) -> dict[str, Any]:
    """Return everything that was measured, times in seconds."""
    scraped, latency = findings.scraped, findings.latency
    return {
        "events": findings.events,
        "rates": {
            name: {
                "median": findings.rate(name),
                "ours_is_times": findings.ratios(name),
                "laps": [
                    {"rate": measurement.rate, "cpu_us_per_event": measurement.cost} for measurement in measurements
                ],
            }
            for name, measurements in findings.measurements.items()
        },
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
        "latency": latency
        and {
            "rate": latency.rate,
            "events": latency.events,
            "exact": latency.exact,
            "histogram": latency.histogram,
            "scrape": statistics.median(latency.scrapes) if latency.scrapes else None,
        },
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
        "aims": [dataclasses.asdict(aim) for aim in aims(findings)],
    }
