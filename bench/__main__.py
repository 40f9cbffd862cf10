"""The bench's command line: `make bench`, or `python -m bench` where quixstreams is installed."""

import time

import click
import orjson
from rich.console import Console

from bench.candidates import CANDIDATES
from bench.environment import BenchEnvironment, bench_environment
from bench.event_history import EventHistory
from bench.gateway import gateway_findings
from bench.latency import under_traffic
from bench.report import NAMES, Findings, as_json, tables
from bench.scrape import at_rest
from bench.script_durations import watch_script

_PARTS = (*CANDIDATES, "scrape", "latency", "gateway")
_EVENTS = 150_000
_FEW_EVENTS = 40_000
_ROUNDS = 9
_ORDER = ("d", "a", "b", "c")
_RATE = 1000.0
_SECONDS = 20.0
_FEW_SECONDS = 8.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--events", type=click.IntRange(10_000), help=f"About how many events [default: {_EVENTS}].")
@click.option("--rounds", type=click.IntRange(1), help=f"How often all run, in turn [default: {_ROUNDS}].")
@click.option("--quick", is_flag=True, help="Fewer events, one round, a shorter look at latency: a first impression.")
@click.option("--only", help=f"Some of {','.join(_PARTS)}, separated by commas.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON instead of tables; progress goes to standard error.")
def main(*, events: int | None, rounds: int | None, quick: bool, only: str | None, as_json_: bool) -> None:
    """Compare the worker with others on one broker, one store and the same events.

    Ends with 0 also when an aim is missed: the tables say so.
    """
    wanted = _PARTS if only is None else tuple(only.split(","))
    if unknown := set(wanted) - set(_PARTS):
        message = f"{', '.join(sorted(unknown))}: not among {', '.join(_PARTS)}"
        raise click.BadParameter(message, param_hint="--only")
    progress = Console(stderr=True)
    with bench_environment() as environment:
        event_history = EventHistory.near_now(events or (_FEW_EVENTS if quick else _EVENTS))
        progress.print("making the events and loading the topics ...")
        findings = Findings(event_history.load(environment.settings, environment.spool))
        progress.print(f"{findings.events:,} events are in the topics")
        _run_rounds(environment, findings, wanted, rounds or (1 if quick else _ROUNDS), progress)
        if {"scrape", "latency"} & set(wanted) and "c" not in wanted:
            _run(environment, findings, "c", progress)
        if "scrape" in wanted:
            progress.print("scraping ...")
            findings.scraped = at_rest(environment.settings)
        if "latency" in wanted:
            seconds = _FEW_SECONDS if quick else _SECONDS
            progress.print(f"{_RATE:,.0f} events a second for {seconds:g} s ...")
            findings.latency = under_traffic(environment, event_history, _RATE, seconds)
        if "gateway" in wanted:
            progress.print("posting to the gateway ...")
            findings.gateway = list(gateway_findings(environment, _FEW_SECONDS if quick else _SECONDS))
    if as_json_:
        click.echo(orjson.dumps(as_json(findings), option=orjson.OPT_INDENT_2))
    else:
        for table in tables(findings):
            Console().print(table)


def _run_rounds(
    environment: BenchEnvironment, findings: Findings, wanted: tuple[str, ...], rounds: int, progress: Console
) -> None:
    """Run them in turn, over and over: machines are faster and slower by the minute, and ratios are taken by round."""
    for _ in range(rounds):
        for name in _ORDER:
            if name in wanted:
                _run(environment, findings, name, progress)


def _run(environment: BenchEnvironment, findings: Findings, name: str, progress: Console) -> None:
    environment.clear_store()
    started = time.monotonic()
    if name == "c":
        with watch_script(environment.redis) as times:
            measurement = CANDIDATES[name](environment, findings.events)
        findings.scripts.append(times)
    else:
        measurement = CANDIDATES[name](environment, findings.events)
    findings.measurements.setdefault(name, []).append(measurement)
    progress.print(
        f"({name}) {NAMES[name]}: {measurement.rate:,.0f} events/s ({time.monotonic() - started:.0f} s in all)"
    )


if __name__ == "__main__":
    main()
