"""Those who are compared: how each is run, and how it is seen to get on."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from bench.ground import Ground, python
from bench.lap import Lap, clock

__all__ = ["CANDIDATES", "worker"]

_COUNTERS = "events"
_LONGEST = 60.0
_LONG_ENOUGH = 6.0


def worker(*flags: str) -> list[str]:
    """Return the command line of the product's worker."""
    return [str(Path(sys.executable).with_name("stream-app")), "--log-level", "warning", "worker", *flags]


def naive(ground: Ground, events: int) -> Lap:
    """(a) See `bench.naive`. All of it may take minutes, so the clock stops before."""
    with ground.running(python("bench.naive")) as process:
        return clock(_counted(ground), events, process, longest=_LONG_ENOUGH)


def quix(ground: Ground, events: int) -> Lap:
    """(b) See `bench.quix`."""
    with ground.running(python("bench.quix", str(events))) as process:
        lap = clock(_counted(ground), events, process, longest=_LONGEST)
        process.wait()
    return lap


def ours(ground: Ground, events: int) -> Lap:
    """(c) A worker as it is run in production: whole catalog, ledger, metrics port."""
    with ground.running(worker("--drain", "--json"), worker_port="0") as process:
        lap = clock(lambda: _applied(ground), events, process, longest=_LONGEST)
        process.wait()
        answer = json.loads(process.stdout.read()) if process.stdout else {}
    if answer.get("applied") != events:
        message = f"the worker applied {answer} instead of {events} events"
        raise ValueError(message)
    return lap


def fold(ground: Ground, events: int) -> Lap:  # noqa: ARG001
    """(d) See `bench.fold`. It clocks itself by the same marks."""
    with ground.running(python("bench.fold", str(ground.spool))) as process:
        answer = process.communicate()[0]
    return Lap(**json.loads(answer))


CANDIDATES: dict[str, Callable[[Ground, int], Lap]] = {"a": naive, "b": quix, "c": ours, "d": fold}


def _counted(ground: Ground) -> Callable[[], int]:
    return lambda: sum(map(int, ground.redis.hvals(_COUNTERS)))


def _applied(ground: Ground) -> int:
    """How many records the ledger is past: one partition per topic, whose offsets begin at 0 and have no holes."""
    offsets = cast("list[bytes]", ground.redis.hvals(ground.offsets))
    return sum(map(int, offsets))
