"""Those who are compared: how each is run, and how it is seen to get on."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from bench.environment import BenchEnvironment, python
from bench.measurement import Measurement, measure

__all__ = ["CANDIDATES", "Candidate", "counted", "ours", "worker"]

_COUNTERS = "events"
_MAX_SECONDS = 60.0
_NAIVE_SECONDS = 6.0

Candidate = Callable[[BenchEnvironment, int], Measurement]
"""Runs a candidate over so many events."""


def worker(*flags: str) -> list[str]:
    """Return the command line of the product's worker."""
    return [str(Path(sys.executable).with_name("stream-app")), "--log-level", "warning", "worker", *flags]


def naive(environment: BenchEnvironment, events: int) -> Measurement:
    """(a) See `bench.naive`. All of it may take minutes, so the clock stops before."""
    with environment.running(python("bench.naive")) as process:
        return measure(counted(environment), events, process, environment.servers, longest=_NAIVE_SECONDS)


def quix(environment: BenchEnvironment, events: int) -> Measurement:
    """(b) See `bench.quix`."""
    with environment.running(python("bench.quix", str(events))) as process:
        measurement = measure(counted(environment), events, process, environment.servers, longest=_MAX_SECONDS)
        process.wait()
    return measurement


def ours(environment: BenchEnvironment, events: int) -> Measurement:
    """(c) A worker as it is run in production: whole catalog, ledger, metrics port."""
    with environment.running(worker("--drain", "--json"), worker_port="0") as process:
        measurement = measure(lambda: _applied(environment), events, process, environment.servers, longest=_MAX_SECONDS)
        process.wait()
        answer = json.loads(process.stdout.read()) if process.stdout else {}
    if answer.get("applied") != events:
        message = f"the worker applied {answer} instead of {events} events"
        raise ValueError(message)
    return measurement


def fold(environment: BenchEnvironment, events: int) -> Measurement:  # noqa: ARG001
    """(d) See `bench.fold`. It clocks itself by the same marks."""
    with environment.running(python("bench.fold", str(environment.spool))) as process:
        answer = process.communicate()[0]
    return Measurement(**json.loads(answer))


CANDIDATES: dict[str, Candidate] = {"a": naive, "b": quix, "c": ours, "d": fold}


def counted(environment: BenchEnvironment) -> Callable[[], int]:
    """Return what says how many events are counted in the store, of those candidates that have only counters there."""
    return lambda: sum(map(int, environment.redis.hvals(_COUNTERS)))


def _applied(environment: BenchEnvironment) -> int:
    """How many records the ledger is past: one partition per topic, whose offsets begin at 0 and have no holes."""
    offsets = cast("list[bytes]", environment.redis.hvals(environment.offsets))
    return sum(map(int, offsets))
