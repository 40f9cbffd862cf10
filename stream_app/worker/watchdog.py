"""Finds a worker whose positions differ from the ledger, or that makes no progress, and says what to do."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

__all__ = ["KILLED_MEMBER", "Action", "LastHealthy", "Observation", "Watched", "assess", "watch"]

KILLED_MEMBER = (
    "The broker waits for a member that was killed until its session times out; the embedded broker of the demo never "
    "stops waiting. Then end that broker and start it again, or give the workers another --group: nothing is lost and "
    "nothing counts twice"
)
"""What to know about a group whose rebalance does not end."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of a worker at one time. Times are seconds of one monotonic clock."""

    at: float
    #: What the ledger says, None if its store did not answer in time.
    stored: Mapping[tuple[str, int], int] | None
    #: The worker's positions before the ledger was asked, and after it had answered.
    before: Mapping[tuple[str, int], int]
    after: Mapping[tuple[str, int], int]
    #: Partitions that a batch was being applied to at either time.
    applying: Collection[tuple[str, int]]
    #: Records behind over all partitions that are read; None if not known.
    lag: int | None
    #: When a batch was last applied, or partitions were last assigned; None if neither ever happened.
    progress: float | None
    #: Member of the group, and not in the middle of a rebalance.
    member: bool
    #: The group's coordinator is known; without one the broker is the problem, and not this process.
    coordinator: bool
    #: A server refuses something that somebody has to allow; waiting is all that this process can do.
    refused: bool = False


@dataclass(frozen=True, slots=True)
class LastHealthy:
    """When the worker last made progress or had no reason to, and when it was last a member of the group.

    Times are on the observations' clock.
    """

    progress: float
    member: float


@dataclass(frozen=True, slots=True)
class Action:
    """What to do: read these partitions again from the offset in the ledger; end the process for the reason `stop`."""

    seek_to_ledger: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    stop: str | None = None


def assess(last: LastHealthy, seen: Observation, stall_timeout: float) -> tuple[LastHealthy, Action]:
    """What to do about an observation, and what was healthy by then.

    `stall_timeout` is how long nothing may progress, in seconds; longer than a rebalance may take.
    """
    healthy = seen.stored is not None
    others = not seen.coordinator or seen.refused
    moving = not healthy or others or seen.lag == 0
    progress = max(last.progress, seen.at if moving else seen.progress or last.progress)
    member = max(last.member, seen.at if seen.member or others else last.member)
    last = replace(last, progress=progress, member=member)
    if seen.at - member > stall_timeout:
        gone = f"out of the consumer group for {seen.at - member:.0f} s while the broker answers"
        return last, Action(stop=f"{gone}. {KILLED_MEMBER}")
    if seen.at - progress > stall_timeout:
        return last, Action(
            stop=f"nothing was applied for {seen.at - progress:.0f} s while {_behind(seen.lag)} and the store answers"
        )
    return last, Action(seek_to_ledger=_diverged(seen))


def _behind(lag: int | None) -> str:
    return "the lag is not known" if lag is None else f"{lag} records wait"


def _diverged(seen: Observation) -> frozenset[tuple[str, int]]:
    # A partition that changed meanwhile, or is being applied, compares itself with the ledger by applying.
    if seen.stored is None:
        return frozenset()
    still = (source for source, offset in seen.before.items() if seen.after.get(source) == offset)
    return frozenset(
        source for source in still if source not in seen.applying and seen.stored.get(source, 0) != seen.after[source]
    )


class Watched(Protocol):
    """What the watchdog observes and acts on."""

    async def observe(self, timeout: float) -> Observation:  # noqa: ASYNC109
        """Read the ledger, the log and the group; leave out what does not answer within `timeout` seconds."""

    async def seek_to_ledger(self, partitions: Collection[tuple[str, int]]) -> None:
        """Read these partitions again from the offset in the ledger."""

    def give_up(self, reason: str) -> None:
        """End the process."""


async def watch(watched: Watched, *, interval: float, stall_timeout: float) -> None:
    """Observe every `interval` seconds and act on it, until it has given up."""
    last = LastHealthy(progress=time.monotonic(), member=time.monotonic())
    while True:
        await asyncio.sleep(interval)
        last, action = assess(last, await watched.observe(interval), stall_timeout)
        if action.stop is not None:
            watched.give_up(action.stop)
            return
        if action.seek_to_ledger:
            await watched.seek_to_ledger(action.seek_to_ledger)
