"""What an event costs with more workers and more leads: `python -m bench.growth`.

Workers: as many as are named read a history of four partitions in each topic, by way of a broker. What counts is the
processor time of all of them and of the store for an event, from when each has partitions to the end.
Leads: new leads come to a store with and without an append-only file; then, with more of them than the cache holds,
events come to leads at random, in small batches and in large ones; without a broker.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.request import urlopen

import click
from prometheus_client.parser import text_string_to_metric_families

from bench.candidates import worker
from bench.environment import BenchEnvironment, bench_environment, python
from bench.event_history import EventHistory
from bench.intake import Cost, Intake
from bench.leads import HISTORY, fill, history, of_lead
from bench.measurement import processor
from stream_app.clients.connections import async_redis
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_redis

_PARTITIONS = 4
_WAIT_S = 60.0
_POLL_S = 0.02
_BATCH = 4000
_SMALL_BATCH = 50
_ROUNDS = 4
_ROUNDS_OF_WORKERS = 3
_SIMULATED_EVENTS = (300_000, 900_000)

__all__ = ["figures_of_leads", "figures_of_workers", "of_leads", "of_workers"]


def _with_workers(environment: BenchEnvironment, count: int, batch: int, events: int) -> dict[str, Any]:
    """Let so many workers read everything."""
    environment.clear_store()
    ports = [free_port() for _ in range(count)]
    with ExitStack() as stack:
        group = f"growth-{time.monotonic_ns()}"
        processes = [
            stack.enter_context(
                environment.running(worker(), worker_port=str(port), batch_events=str(batch), group=group)
            )
            for port in ports
        ]
        deadline = time.monotonic() + _WAIT_S
        while not all(_has_partitions(port) for port in ports) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        begin, began = _applied(environment), time.monotonic()
        store, own = environment.processor_of_store(), [processor(process.pid) or 0.0 for process in processes]
        while (done := _applied(environment)) < events and time.monotonic() < deadline + _WAIT_S:
            time.sleep(_POLL_S)
        seconds = time.monotonic() - began
        burnt = sum(processor(process.pid) or 0.0 for process in processes) - sum(own)
        counted = done - begin
        return {
            "events": counted,
            "events a second": round(counted / seconds),
            "worker, us an event": round(burnt / counted * 1e6, 1),
            "store, us an event": round((environment.processor_of_store() - store) / counted * 1e6, 1),
            "conflicts": sum(map(_conflicts, ports)),
        }


def _applied(environment: BenchEnvironment) -> int:
    return sum(map(int, cast("list[bytes]", environment.redis.hvals(environment.offsets))))


def _processor(used: Mapping[str, float]) -> float:
    return used["used_cpu_user"] + used["used_cpu_sys"]


def _page(port: int, path: str) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def _has_partitions(port: int) -> bool:
    return "stream_app_consumer_lag" in _page(port, "/metrics")


def _conflicts(port: int) -> int:
    families = text_string_to_metric_families(_page(port, "/metrics"))
    name = "stream_app_commit_conflicts_total"
    return sum(int(each.value) for family in families for each in family.samples if each.name == name)


async def _new_leads(settings: Settings, leads: int) -> dict[str, Any]:
    """Let new leads come, each by one event."""
    now = datetime.now(UTC)
    events = (of_lead("lead.created", number, number, now) for number in range(leads))
    async with async_redis(settings) as redis:
        intake = Intake(settings, redis)
        before = _processor(await redis.info("cpu"))
        await fill(intake, events)
        return {"store, events a second": round(leads / (_processor(await redis.info("cpu")) - before))}


async def _uncached(settings: Settings, leads: int, events: int) -> dict[str, Any]:
    """Let events come to leads at random of which the cache holds a fiftieth."""
    until, rng = datetime.now(UTC), random.Random(1)  # noqa: S311 - not a secret
    async with async_redis(settings) as redis:
        await redis.flushall()
        intake = Intake(settings, redis)
        await fill(intake, history(range(leads), until - timedelta(days=1)))
        used: Any = await redis.info("memory")
        keys: Any = await redis.dbsize()
        found: dict[str, Any] = {"bytes a lead": round(used["used_memory"] / leads), "keys": keys}
        number = leads * len(HISTORY)
        for name, size, count in (("large batches", _BATCH, events), ("small batches", _SMALL_BATCH, events // 10)):
            costs: list[Cost] = []
            for _ in range(_ROUNDS * max(1, count // size // _ROUNDS)):
                values = [
                    of_lead("lead.score_changed", rng.randrange(leads), number + place, until)[1]
                    for place in range(size)
                ]
                number += size
                costs.append(await intake.apply("lead", values))
            found[name] = {
                "worker, us an event": round(statistics.median(each.processor for each in costs) / size * 1e6, 1),
                "store, us an event": round(statistics.median(each.store for each in costs) / size * 1e6, 1),
            }
        return found


def of_workers(events: int) -> dict[str, Any]:
    """Measure one, two and four workers that read about so many events, in two sizes of batches, in turns."""
    found: dict[str, list[dict[str, Any]]] = {}
    with bench_environment() as environment:
        count = EventHistory.near_now(events).load(environment.settings, environment.spool, _PARTITIONS)
        for batch in (_BATCH, _BATCH // 4):
            for workers in (1, 2, 4) * _ROUNDS_OF_WORKERS:
                name = f"{workers} workers, batches of {batch}"
                found.setdefault(name, []).append(_with_workers(environment, workers, batch, count))
    return found


def of_leads(leads: int, events: int) -> dict[str, Any]:
    """Measure so many leads, new ones and then so many events of those that are not cached."""
    found: dict[str, Any] = {}
    for appendonly in (False, True):
        with ExitStack() as stack:
            directory = Path(stack.enter_context(TemporaryDirectory(prefix="stream-app-bench-")))
            url = stack.enter_context(embedded_redis(directory, appendonly=appendonly))
            settings = Settings.load(redis_url=url, namespace="bench", cached_entities=leads // 50)
            found[f"{leads} leads, {'with' if appendonly else 'without'} append-only file"] = {
                "new leads": asyncio.run(_new_leads(settings, leads)),
                **asyncio.run(_uncached(settings, leads, events)),
            }
    return {**found, "of the simulator": [_simulated_leads(events) for events in _SIMULATED_EVENTS]}


def _simulated_leads(events: int) -> dict[str, int]:
    with TemporaryDirectory(prefix="stream-app-bench-") as directory:
        spool = Path(directory) / "history"
        EventHistory.near_now(events).write(spool)
        answer = subprocess.run(python("bench.cached_leads", str(spool)), check=True, capture_output=True)  # noqa: S603 - ours
    return cast("dict[str, int]", json.loads(answer.stdout))


def figures_of_workers(found: Mapping[str, Any]) -> dict[str, float]:
    """What the aims are about."""

    def costs(workers: int, batch: int) -> list[float]:
        return [each["worker, us an event"] for each in found[f"{workers} workers, batches of {batch}"]]

    def times(batch: int) -> float:
        """How many times one worker's processor time for an event two workers take; by round."""
        one, two = costs(1, batch), costs(2, batch)
        return statistics.median(of_two / of_one for of_one, of_two in zip(one, two, strict=True))

    return {
        "two_workers": times(_BATCH),
        "two_workers_small": times(_BATCH // 4),
        "conflicts": sum(each["conflicts"] for rounds in found.values() for each in rounds),
    }


def figures_of_leads(found: Mapping[str, Any]) -> dict[str, float]:
    """What the aims are about: large batches, with an append-only file as in production."""
    _, durable, (few, many) = found.values()
    return {
        "uncached_worker": durable["large batches"]["worker, us an event"],
        "uncached_store": durable["large batches"]["store, us an event"],
        "stored_lead": many["stored"],
        # What a process needs besides is in both.
        "cached_lead": (many["resident"] - few["resident"]) / (many["leads"] - few["leads"]),
        "new_leads": durable["new leads"]["store, events a second"],
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--events", type=click.IntRange(10_000), default=400_000, show_default=True, help="For the workers.")
@click.option("--leads", type=click.IntRange(100), default=200_000, show_default=True, help="How many are alive.")
@click.option("--only", type=click.Choice(["workers", "leads"]), help="One of the two parts.")
def main(events: int, leads: int, only: str | None) -> None:
    """Measure one, two and four workers, and events of leads that are not in the cache."""
    load = os.getloadavg()[0]
    found: dict[str, Any] = {}
    if only != "leads":
        found |= of_workers(events)
    if only != "workers":
        found |= of_leads(leads, events // 4)
    click.echo(json.dumps({**found, "load": [round(load, 1), round(os.getloadavg()[0], 1)]}, indent=2))


if __name__ == "__main__":
    main()
