"""Notices what an idle or a wedged worker cannot notice itself, and says what to do about it."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

__all__ = ["Memory", "Observation", "Patient", "Verdict", "judge", "watch"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a worker. Times are seconds of one monotonic clock."""

    at: float
    #: What the ledger says, None if its store did not answer in time.
    stored: Mapping[tuple[str, int], int] | None
    #: What the worker believed before the ledger was asked, and after it had answered.
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
    #: The group's coordinator is known; without one the broker is in trouble, and not this process.
    coordinator: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when things have not been all right: the last times at which each was, on the observations' clock."""

    progress: float
    member: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do: read these partitions anew from where the ledger says, and stop for this reason."""

    reseed: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    stop: str | None = None


def judge(memory: Memory, seen: Observation, patience: float) -> tuple[Memory, Verdict]:
    """Weigh an observation. `patience` is how long a standstill may last, in seconds.

    It must be longer than a rebalance may take, because nothing progresses during one.
    """
    healthy = seen.stored is not None
    moving = not healthy or not seen.coordinator or seen.lag == 0
    progress = max(memory.progress, seen.at if moving else seen.progress or memory.progress)
    member = max(memory.member, seen.at if seen.member or not seen.coordinator else memory.member)
    memory = replace(memory, progress=progress, member=member)
    if seen.at - member > patience:
        return memory, Verdict(stop=f"out of the consumer group for {seen.at - member:.0f} s while the broker answers")
    if seen.at - progress > patience:
        return memory, Verdict(
            stop=f"nothing was applied for {seen.at - progress:.0f} s while {_behind(seen.lag)} and the store answers"
        )
    return memory, Verdict(reseed=_strayed(seen))


def _behind(lag: int | None) -> str:
    return "the lag is not known" if lag is None else f"{lag} records wait"


def _strayed(seen: Observation) -> frozenset[tuple[str, int]]:
    # A partition that moved between the two looks, or is moving, compares itself with the ledger by applying.
    if seen.stored is None:
        return frozenset()
    still = (source for source, offset in seen.before.items() if seen.after.get(source) == offset)
    return frozenset(
        source for source in still if source not in seen.applying and seen.stored.get(source, 0) != seen.after[source]
    )


class Patient(Protocol):
    """What is watched."""

    async def observe(self, timeout: float) -> Observation:  # noqa: ASYNC109
        """Look at the ledger, the log and the group; give up on what does not answer within `timeout` seconds."""

    async def reseed(self, partitions: Collection[tuple[str, int]]) -> None:
        """Read these partitions anew from where the ledger says."""

    def give_up(self, reason: str) -> None:
        """End the process."""


async def watch(patient: Patient, *, interval: float, patience: float) -> None:
    """Look every `interval` seconds and act on it, until the patient is given up."""
    memory = Memory(progress=time.monotonic(), member=time.monotonic())
    while True:
        await asyncio.sleep(interval)
        memory, verdict = judge(memory, await patient.observe(interval), patience)
        if verdict.stop is not None:
            patient.give_up(verdict.stop)
            return
        if verdict.reseed:
            await patient.reseed(verdict.reseed)
