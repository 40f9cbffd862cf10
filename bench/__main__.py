"""The bench's command line: `make bench`, or `python -m bench` where quixstreams is installed."""

import asyncio
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson
from rich.console import Console

from bench import growth, large_entities, many_campaigns
from bench.candidates import CANDIDATES, Candidate
from bench.environment import BenchEnvironment, bench_environment
from bench.event_history import EventHistory
from bench.gateway import gateway_findings
from bench.kafka_streams import ON_APACHE_KAFKA, apache_kafka
from bench.latency import under_traffic
from bench.report import NAMES, Findings, as_json, tables
from bench.scrape import at_rest
from bench.script_durations import watch_script
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import ServerError, embedded_redis
from tests.servers.java import UnavailableError

_EVENTS = 150_000
_FEW_EVENTS = 40_000
_ROUNDS = 9
_ORDER = ("d", "a", "b", "c")

_RATE = 1000.0
_SECONDS = 20.0
_FEW_SECONDS = 8.0
_LATENCY_RUNS = 3
_WORKER_EVENTS = 200_000
_KAFKA_STREAMS_EVENTS = 400_000
_KAFKA_STREAMS_ROUNDS = 3
_LEADS = 100_000
_LEAD_EVENTS = 50_000
_CAMPAIGNS = 100_000
_FEW_CAMPAIGNS = 1100
"""They make about 77,000 series."""


def _entities() -> dict[str, Any]:
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        return large_entities.measure(Settings.load(redis_url=url, namespace="bench"), large_entities.MOST)


def _campaigns(campaigns: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="stream-app-bench-") as name, embedded_redis(Path(name)) as url:
        return asyncio.run(many_campaigns.measure(Settings.load(redis_url=url, namespace="bench"), campaigns))


Part = tuple[Callable[[], dict[str, Any]], Callable[[Mapping[str, Any]], dict[str, float]]]

_APART: dict[str, Part] = {
    "workers": (lambda: growth.of_workers(_WORKER_EVENTS), growth.figures_of_workers),
    "leads": (lambda: growth.of_leads(_LEADS, _LEAD_EVENTS), growth.figures_of_leads),
    "entities": (_entities, large_entities.figures),
    "series": (lambda: _campaigns(_FEW_CAMPAIGNS), many_campaigns.figures_of_series),
    "campaigns": (lambda: _campaigns(_CAMPAIGNS), many_campaigns.figures_of_campaigns),
}
"""What is measured with servers of its own, and what of it there are aims about."""

_TOGETHER = (*CANDIDATES, "scrape", "latency", "gateway")
_KAFKA_STREAMS = "kafka_streams"
_PARTS = (*_TOGETHER, *_APART, _KAFKA_STREAMS)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--events", type=click.IntRange(10_000), help=f"About how many events [default: {_EVENTS}].")
@click.option("--rounds", type=click.IntRange(1), help=f"How often all run, in turn [default: {_ROUNDS}].")
@click.option("--quick", is_flag=True, help="Fewer events, one round, a shorter look at latency: a first impression.")
@click.option("--only", help=f"Some of {','.join(_PARTS)}, separated by commas.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON instead of tables; progress goes to standard error.")
def main(*, events: int | None, rounds: int | None, quick: bool, only: str | None, as_json_: bool) -> None:
    """Compare the worker with others on the same events, and measure what an event costs as the work grows.

    Ends with 0 also when an aim is missed: the last table says which are.
    """
    wanted = _PARTS if only is None else tuple(only.split(","))
    if unknown := set(wanted) - set(_PARTS):
        message = f"{', '.join(sorted(unknown))}: not among {', '.join(_PARTS)}"
        raise click.BadParameter(message, param_hint="--only")
    progress, load = Console(stderr=True), os.getloadavg()[0]
    findings = Findings()
    if set(_TOGETHER) & set(wanted):
        _run_together(findings, wanted, events, rounds or (1 if quick else _ROUNDS), progress, quick=quick)
    for name in (name for name in _APART if name in wanted):
        progress.print(f"{name} ...")
        measure, figures = _APART[name]
        findings.parts[name] = measure()
        findings.figures_of_parts |= figures(findings.parts[name])
    if _KAFKA_STREAMS in wanted:
        findings.on_apache_kafka = _run_on_apache_kafka(rounds or (1 if quick else _KAFKA_STREAMS_ROUNDS), progress)
    machine = {**_machine(), "load": f"{load:.1f} before, {os.getloadavg()[0]:.1f} after"}
    if as_json_:
        click.echo(orjson.dumps({"machine": machine, **as_json(findings)}, option=orjson.OPT_INDENT_2))
    else:
        for table in tables(findings):
            Console().print(table)
        click.echo("; ".join(f"{name}: {value}" for name, value in machine.items()))


def _run_together(
    findings: Findings, wanted: tuple[str, ...], events: int | None, rounds: int, progress: Console, *, quick: bool
) -> None:
    """Run all that share one broker and one store."""
    with bench_environment() as environment:
        event_history = EventHistory.near_now(events or (_FEW_EVENTS if quick else _EVENTS))
        progress.print("making the events and loading the topics ...")
        findings.events = event_history.load(environment.settings, environment.spool)
        progress.print(f"{findings.events:,} events are in the topics")
        candidates = {name: CANDIDATES[name] for name in _ORDER if name in wanted}
        _run_rounds(environment, findings, candidates, rounds, progress)
        if {"scrape", "latency"} & set(wanted) and "c" not in wanted:
            _run(environment, findings, "c", CANDIDATES["c"], progress)
        if "scrape" in wanted:
            progress.print("scraping ...")
            findings.scraped = at_rest(environment.settings)
        if "latency" in wanted:
            seconds = _FEW_SECONDS if quick else _SECONDS
            for _ in range(1 if quick else _LATENCY_RUNS):
                progress.print(f"{_RATE:,.0f} events a second for {seconds:g} s ...")
                findings.latencies.append(under_traffic(environment, event_history, _RATE, seconds))
        if "gateway" in wanted:
            progress.print("posting to the gateway ...")
            findings.gateway = list(gateway_findings(environment, _FEW_SECONDS if quick else _SECONDS))


def _run_on_apache_kafka(rounds: int, progress: Console) -> Findings:
    """Run Kafka Streams and our worker on one real broker, where this machine has what that takes."""
    findings = Findings()
    try:
        with bench_environment(apache_kafka) as environment:
            progress.print("loading the topics of Apache Kafka ...")
            event_history = EventHistory.near_now(_KAFKA_STREAMS_EVENTS)
            findings.events = event_history.load(environment.settings, environment.spool)
            progress.print(f"{findings.events:,} events are in the topics")
            _run_rounds(environment, findings, ON_APACHE_KAFKA, rounds, progress)
    except (UnavailableError, ServerError) as error:
        findings.left_out = f"Kafka Streams is left out: {error}"
        progress.print(findings.left_out)
    return findings


def _run_rounds(
    environment: BenchEnvironment,
    findings: Findings,
    candidates: Mapping[str, Candidate],
    rounds: int,
    progress: Console,
) -> None:
    """Run them in turn, over and over: machines are faster and slower by the minute, and ratios are taken by round."""
    for _ in range(rounds):
        for name, candidate in candidates.items():
            _run(environment, findings, name, candidate, progress)


def _run(environment: BenchEnvironment, findings: Findings, name: str, candidate: Candidate, progress: Console) -> None:
    environment.clear_store()
    started = time.monotonic()
    if name == "c":
        with watch_script(environment.redis, "commit.lua") as times:
            measurement = candidate(environment, findings.events)
        findings.scripts.append(times)
    else:
        measurement = candidate(environment, findings.events)
    findings.measurements.setdefault(name, []).append(measurement)
    progress.print(
        f"({name}) {NAMES[name]}: {measurement.rate:,.0f} events/s ({time.monotonic() - started:.0f} s in all)"
    )


def _machine() -> dict[str, str]:
    """What the figures depend on besides the code."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    build = f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"
    return {"processor": f"{os.cpu_count()} x {model}", "python": build, "date": time.strftime("%Y-%m-%d %H:%M")}


if __name__ == "__main__":
    main()
