"""The ledger: the one writer of numbers, exactly once, whatever is redelivered, lost or raced."""

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stream_app.clients.retry import RetryForever
from stream_app.core.deltas import SEPARATOR, Cells
from stream_app.core.facts import Series
from stream_app.core.windows import KEPT
from stream_app.spec.window import Grain
from stream_app.store.keys import FIRST_GENERATION, generation_prefix, pointer_key

Partition = tuple[str, int]

IDLE_SECONDS = 800 * 24 * 60 * 60
"""Entities that no event has touched for so long expire."""

TAG_CHARACTERS = 16


def new_version() -> str:
    """A random tag, not a counter: a counter may repeat, with other content, when the store goes back in time."""
    return secrets.token_hex(TAG_CHARACTERS // 2)


class State(NamedTuple):
    """An entity's new state: the version it was computed from ("" = did not exist), and None for an erased one."""

    name: str
    version: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Commit:
    """What one batch changes; its entities are to carry `version`.

    `newest` is the running bucket of each grain at its newest event, if it had any.
    """

    version: str
    partition: Partition
    begin: int
    end: int
    states: Sequence[State]
    cells: Cells
    newest: Mapping[Grain, int]


@dataclass(frozen=True, slots=True)
class Applied:
    """The batch is in the numbers."""


@dataclass(frozen=True, slots=True)
class WrongOffset:
    """Nothing was changed: the ledger stands at `stored` (0 = it has never seen the partition)."""

    stored: int


@dataclass(frozen=True, slots=True)
class WrongVersion:
    """Nothing was changed: somebody else changed these entities since they were read."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """Nothing was changed: a rebuild has switched generations; everything known of the old one is void."""


Verdict = Applied | WrongOffset | WrongVersion | NewGeneration


class DefinitionsDifferError(Exception):
    """The numbers in the store were computed by other definitions or settings than this process has."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the stored numbers were computed with other definitions (catalog, time zone, horizon or step limit); "
            "run `stream-app rebuild` to recompute them from the log, or start with the settings they were made with"
        )


class Ledger:
    """Entities, numbers and offsets of one namespace. Every call waits for the store as long as it takes."""

    def __init__(
        self,
        redis: "Redis",
        namespace: str,
        definitions: str,
        *,
        role: str = "serving",
    ) -> None:
        self._redis = redis
        self._namespace = namespace
        self._definitions = definitions
        self._role = role
        self._retry = RetryForever("Redis", RedisError)
        self._generation: str | None = None
        self._script = redis.register_script((files(__package__) / "commit.lua").read_text())

    @property
    def retry(self) -> RetryForever:
        """Says whether the store answers."""
        return self._retry

    async def _in_use(self) -> tuple[str, str]:
        """The generation in use, and what its keys begin with. Asked for once per call: it may change in between."""
        generation = self._generation
        if generation is None:
            pointed = await self._wait(lambda: self._redis.hget(pointer_key(self._namespace), self._role))
            generation = self._generation = pointed.decode() if pointed else FIRST_GENERATION
        return generation, generation_prefix(self._namespace, generation)

    async def check_definitions(self) -> None:
        """Raise `DefinitionsDifferError` unless the stored numbers follow this process's definitions."""
        _, prefix = await self._in_use()
        stored = await self._wait(lambda: self._redis.hget(prefix + "ledger", "definitions"))
        if stored and stored.decode() != self._definitions:
            raise DefinitionsDifferError

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The stored next offset of each partition; one that the ledger has never seen is left out."""
        if not partitions:
            return {}
        wanted = list(partitions)
        self._generation = None
        _, prefix = await self._in_use()
        stored = await self._wait(lambda: self._redis.hmget(prefix + "ledger", [_field(each) for each in wanted]))
        return {partition: int(offset) for partition, offset in zip(wanted, stored, strict=True) if offset is not None}

    async def mark_current(self, partitions: Collection[Partition], now: int) -> None:
        """Note that at `now` (milliseconds) everything in the log of these partitions was applied.

        Raises redis.RedisError: it is said again soon, so nobody waits for it.
        """
        if partitions and self._generation is not None:
            current: dict[Any, Any] = {_field(partition): now for partition in partitions}
            await self._redis.hset(generation_prefix(self._namespace, self._generation) + "current", mapping=current)

    async def load(self, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
        """Version and state of each entity, None where there is none."""
        if not names:
            return []
        _, prefix = await self._in_use()
        values = await self._wait(lambda: self._redis.mget([prefix + name for name in names]))
        return [
            (value[:TAG_CHARACTERS].decode(), value[TAG_CHARACTERS:]) if value is not None else None for value in values
        ]

    async def commit(self, commit: Commit) -> Verdict:
        """Apply a batch as a whole or not at all."""
        generation, prefix = await self._in_use()
        keys = [prefix + "ledger", pointer_key(self._namespace)]
        arguments = [
            self._encode(commit, generation, prefix),
            b"".join(s.value for s in commit.states if s.value is not None),
        ]
        kind, *detail = await self._wait(lambda: self._script(keys=keys, args=arguments))
        if kind == b"applied":
            return Applied()
        if kind == b"version":
            return WrongVersion(tuple(key.decode() for key in detail[0]))
        if kind == b"generation":
            self._generation = detail[0].decode()
            return NewGeneration()
        if kind == b"definitions":
            raise DefinitionsDifferError
        stored = int(detail[0] or 0)
        # Standing at the end: the reply to an earlier try was lost and the batch is in the numbers already.
        return Applied() if stored == commit.end else WrongOffset(stored)

    def _encode(self, commit: Commit, generation: str, prefix: str) -> bytes:
        cells = commit.cells
        entities: list[str | int] = []
        for state in commit.states:
            entities += (prefix + state.name, state.version, -1 if state.value is None else len(state.value))
        buckets: list[Any] = []
        for (grain, number), amounts in cells.buckets.items():
            buckets += (grain.value, number, [*map(_name, amounts)], [*amounts.values()])
        due: list[str | int] = []
        for series, at in cells.due.items():
            due += (*_due_member(series), at)
        no_longer_due: list[str] = []
        for series in cells.no_longer_due:
            no_longer_due += _due_member(series)
        return msgspec.msgpack.encode(
            {
                "role": self._role,
                "first": FIRST_GENERATION,
                "generation": generation,
                "definitions": self._definitions,
                "prefix": prefix,
                "partition": _field(commit.partition),
                "expected": str(commit.begin) if commit.begin else "",
                "next": str(commit.end),
                "tag": commit.version,
                "idle_seconds": IDLE_SECONDS,
                "entities": entities,
                "newest": {grain.value: number for grain, number in commit.newest.items()},
                "kept": {grain.value: kept for grain, kept in KEPT.items()},
                "buckets": buckets,
                "levels": [*map(_name, cells.levels)],
                "level_amounts": [*cells.levels.values()],
                "due": due,
                "no_longer_due": no_longer_due,
            }
        )

    async def _wait(self, call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever the call returns
        return await self._retry.call(call)


_name = SEPARATOR.join


def _field(partition: Partition) -> str:
    return f"{partition[0]}:{partition[1]}"


def _due_member(series: Series) -> tuple[str, str]:
    """The sorted set of a due time (program and step) and its member (lead and enrollment)."""
    _, *labels, member = series
    return SEPARATOR.join(labels), member
