"""How fast a candidate is, measured from outside."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

__all__ = ["WARM_UP_SHARE", "Measurement", "children", "measure", "processor"]

WARM_UP_SHARE = 0.05
"""The share of the events that is applied before the clock starts."""

_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was applied between two looks, in how many seconds, and of how many processor seconds (None: not known).

    `servers` has the processor seconds of the servers meanwhile, by name; empty where there are none.
    """

    events: int
    seconds: float
    processor: float | None = None
    servers: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds

    @property
    def cost(self) -> float | None:
        """Processor time per event, in microseconds."""
        return None if self.processor is None else self.processor / self.events * 1e6

    @property
    def costs_of_servers(self) -> dict[str, float]:
        """Processor time of the servers per event, in microseconds."""
        return {name: seconds / self.events * 1e6 for name, seconds in self.servers.items()}


class NoProgressError(Exception):
    """Nothing has moved for too long."""


def measure(
    progress: Callable[[], int],
    total: int,
    process: Popen[bytes],
    servers: Mapping[str, Callable[[], float]],
    *,
    longest: float,
    timeout_s: float = 30.0,
    warm_up: float = WARM_UP_SHARE,
) -> Measurement:
    """Watch a process from when it has applied the share `warm_up` to the end, or for `longest` seconds of it.

    `progress` says how many events are applied so far, and `servers` how many processor seconds each server has used.
    What counts is what they say at the first look at or after each mark. Raises NoProgressError when nothing moves for
    `timeout_s` seconds, or the process ends before it is done.
    """
    started: tuple[int, float, float | None, dict[str, float]] | None = None
    last, moved = -1, time.perf_counter()
    while True:
        ended = process.poll() is not None
        done, now = progress(), time.perf_counter()
        if done != last:
            last, moved = done, now
        elif ended or now - moved > timeout_s:
            message = f"stands at {done} of {total} events{'' if ended else f' for {timeout_s:g} s'}"
            raise NoProgressError(message)
        if started is None:
            if done >= total * warm_up:
                started = done, now, processor(process.pid), _read(servers)
        elif done >= total or now - started[1] > longest:
            begin, since, used, used_by_servers = started
            burnt = processor(process.pid)
            own = None if burnt is None or used is None else burnt - used
            of_servers = {name: seconds - used_by_servers[name] for name, seconds in _read(servers).items()}
            return Measurement(done - begin, now - since, own, of_servers)
        time.sleep(_POLL_S)


def _read(servers: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    return {name: used() for name, used in servers.items()}


def processor(pid: int) -> float | None:
    """Processor seconds that a process has used, where the system tells (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children() -> set[int]:
    """The processes that this one started and that have not ended, where the system tells (Linux)."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for each in lists for pid in each.read_text().split()}
