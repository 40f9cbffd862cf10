"""The ledger: the one writer of numbers, exactly once, whatever is redelivered, lost or raced."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stream_app.clients.retry import RetryForever, class_name
from stream_app.core.deltas import Cells, series_field
from stream_app.core.facts import Series
from stream_app.core.stored_form import HEADER_LENGTH
from stream_app.core.windows import KEPT
from stream_app.spec.window import Grain
from stream_app.store.keys import (
    DEFINITIONS,
    FIRST_GENERATION,
    SERVING,
    VERSION,
    GenerationKeys,
    Partition,
    absent_key,
    generations_key,
    newest_field,
    partition_field,
    stored_definitions,
    swept_field,
)
from stream_app.store.script import Script

_ANY_VERSION = "*"

VERSION_CHARACTERS = 16
"""How long a version is; it stands at the head of every entity's value."""


def new_version() -> str:
    """A random tag, not a counter: a counter may repeat, with other content, when the store goes back in time."""
    return secrets.token_hex(VERSION_CHARACTERS // 2)


def split_value(value: bytes) -> tuple[str, bytes]:
    """The version and the state in the stored value of an entity."""
    return value[:VERSION_CHARACTERS].decode(), value[VERSION_CHARACTERS:]


class State(NamedTuple):
    """What is to stand under an id of an entity: its state or a pointer, None for an erased one.

    `version` is what it was computed from: "" = nothing stood there, None = whatever stands there. If bytes of what is
    stored stay, `value` begins with a header, and the rest of it follows after them (see `core/stored_form.py`).
    """

    name: str
    version: str | None
    value: bytes | None
    stays: int = 0


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


@dataclass(frozen=True, slots=True)
class Inexact:
    """Nothing was changed: a sum would be larger than what the store adds exactly (2^53)."""


Verdict = Applied | Inexact | WrongOffset | WrongVersion | NewGeneration


class DefinitionsDifferError(Exception):
    """The numbers in the store were computed by other definitions or settings than this process has."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the stored numbers were computed with other definitions (catalog, time zone, horizon, step limit, layout "
            "of the store); run `stream-app rebuild` to recompute them from the log, or start with the settings they "
            "were made with"
        )


class Ledger:
    """Entities, numbers and offsets of one namespace. Every call waits for the store as long as it takes.

    Between `hold` and `release` every call waits as well.
    """

    def __init__(
        self,
        redis: "Redis",
        namespace: str,
        definitions: str,
        *,
        role: str = SERVING,
        explain: Callable[[Exception], str] = class_name,
    ) -> None:
        self._redis = redis
        self._namespace = namespace
        self._definitions = stored_definitions(definitions)
        self._role = role
        self._retry = RetryForever("Redis", RedisError, explain=explain)
        self._generation: str | None = None
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()
        self._commit = Script("commit.lua")
        self._positions = Script("positions.lua")
        self._mark_current = Script("mark_current.lua")

    @property
    def retry(self) -> RetryForever:
        """Says whether the store answers."""
        return self._retry

    def hold(self) -> None:
        """Let calls wait; one that is being answered ends first."""
        self._may_go_on.clear()

    def release(self) -> None:
        """Let calls go on."""
        self._may_go_on.set()

    async def _in_use(self) -> tuple[str, GenerationKeys]:
        """The generation in use and its keys. Asked for once per call: it may change in between."""
        generation = self._generation
        if generation is None:
            stored = await self._read(lambda: self._redis.hget(generations_key(self._namespace), self._role))
            generation = self._generation = stored.decode() if stored else FIRST_GENERATION
        return generation, GenerationKeys.of(self._namespace, generation)

    async def check_definitions(self) -> None:
        """Raise `DefinitionsDifferError` unless the stored numbers follow this process's definitions."""
        _, keys = await self._in_use()
        stored = await self._read(lambda: self._redis.hget(keys.ledger, DEFINITIONS))
        if stored and stored.decode() != self._definitions:
            raise DefinitionsDifferError

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The stored next offset of each partition; one that the ledger has never seen is left out."""
        if not partitions:
            return {}
        self._generation = None
        _, keys = await self._in_use()
        fields = [partition_field(each) for each in partitions]
        stored = await self._wait(lambda: self._positions.async_run(self._redis, [keys.offsets], fields))
        return {each: int(offset) for each, offset in zip(partitions, stored, strict=True) if offset is not None}

    async def mark_current(
        self, current: Mapping[Partition, int], unanswered: Collection[Partition] = (), now: int = 0
    ) -> None:
        """Note when (milliseconds) everything in the log of each partition was last seen applied.

        Of the `unanswered` ones nobody knows whether the log has grown since; they are not current until they are noted
        again. `now` is what the clock of the moments says now: the store corrects them by its own; 0 if that is the
        same. A generation that is no longer in use is left alone. Also without partitions it shows whether the store
        takes writes. Raises redis.RedisError: it is said again soon, so nobody waits for it.
        """
        generation = self._generation or FIRST_GENERATION
        arguments: list[str | int] = [self._role, FIRST_GENERATION, generation]
        if self._generation is not None and self._may_go_on.is_set():
            arguments += [now, len(unanswered), *map(partition_field, unanswered)]
            for each, at in current.items():
                arguments += (partition_field(each), at)
        keys = [generations_key(self._namespace), GenerationKeys.of(self._namespace, generation).current]
        await self._retry.attempt(lambda: self._mark_current.async_run(self._redis, keys, arguments))

    async def load(self, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
        """Version and state of each entity, None where there is none."""
        if not names:
            return []
        _, keys = await self._in_use()
        values = await self._read(lambda: self._redis.mget([keys.entity(name) for name in names]))
        return [None if value is None else split_value(value) for value in values]

    async def commit(self, commit: Commit) -> Verdict:
        """Apply a batch as a whole or not at all."""
        generation, keys = await self._in_use()
        fixed = [generations_key(self._namespace), keys.ledger, keys.offsets, keys.levels, keys.due_series]
        fixed.append(absent_key(self._namespace))
        version = commit.version.encode()
        values = [part for state in commit.states if state.value is not None for part in (version, state.value)]
        arguments = [self._encode(commit, generation, keys), b"".join(values)]
        kind, *detail = await self._wait(lambda: self._commit.async_run(self._redis, fixed, arguments))
        if kind == b"applied":
            return Applied()
        if kind == b"version":
            return WrongVersion(tuple(key.decode() for key in detail[0]))
        if kind == b"generation":
            await self._follow(detail[0].decode())
            return NewGeneration()
        if kind == b"inexact":
            return Inexact()
        if kind == b"definitions":
            raise DefinitionsDifferError
        stored = int(detail[0] or 0)
        # Standing at the end: the reply to an earlier try was lost and the batch is in the numbers already.
        return Applied() if stored == commit.end else WrongOffset(stored)

    async def _follow(self, generation: str) -> None:
        # Before anything is read of it: entities of other definitions may be stored in another form.
        keys = GenerationKeys.of(self._namespace, generation)
        stored = await self._read(lambda: self._redis.hget(keys.ledger, DEFINITIONS))
        if stored and stored.decode() != self._definitions:
            raise DefinitionsDifferError
        self._generation = generation

    def _encode(self, commit: Commit, generation: str, keys: GenerationKeys) -> bytes:
        cells = commit.cells
        entities: list[str | int] = []
        for state in commit.states:
            version = _ANY_VERSION if state.version is None else state.version
            length = -1 if state.value is None else VERSION_CHARACTERS + len(state.value)
            entities += (keys.entity(state.name), version, length, state.stays)
        buckets: list[Any] = []
        for (grain, number), amounts in cells.buckets.items():
            buckets += (grain.value, number, [*amounts], [*amounts.values()])
        level_changes: list[Any] = []
        for day, amounts in cells.level_changes.items():
            level_changes += (day, [*amounts], [*amounts.values()])
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
                "definitions_field": DEFINITIONS,
                "definitions": self._definitions,
                "partition": partition_field(commit.partition),
                "expected": str(commit.begin) if commit.begin else "",
                "next": str(commit.end),
                "version_field": VERSION,
                "version": commit.version,
                "any_version": _ANY_VERSION,
                "entities": entities,
                "header": HEADER_LENGTH,
                "grains": {grain.value: _grain(grain, commit.newest.get(grain), keys) for grain in Grain},
                "buckets": buckets,
                "level_fields": [*cells.levels],
                "level_amounts": [*cells.levels.values()],
                "level_changes": level_changes,
                "level_changes_grain": Grain.DAY.value,
                "level_changes_prefix": keys.level_changes_prefix,
                "due_prefix": keys.due_prefix,
                "due": due,
                "no_longer_due": no_longer_due,
            }
        )

    async def _read(self, call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever the call returns
        # A replica answers it, too.
        return await self._wait(call, is_proof=False)

    async def _wait(self, call: Callable[[], Awaitable[Any]], *, is_proof: bool = True) -> Any:  # noqa: ANN401 - as above
        async def call_when_allowed() -> Any:  # noqa: ANN401 - as above
            await self._may_go_on.wait()
            return await call()

        return await self._retry.call(call_when_allowed, is_proof=is_proof)


def _grain(grain: Grain, newest: int | None, keys: GenerationKeys) -> dict[str, Any]:
    """Where the buckets of a grain are, and which of them are kept."""
    return {
        "newest": newest,  # nil, which no table of Lua holds, if the batch has no dated event
        "kept": KEPT[grain],
        "bucket_prefix": keys.bucket_prefix(grain),
        "newest_field": newest_field(grain),
        "swept_field": swept_field(grain),
    }


def _due_member(series: Series) -> tuple[str, str]:
    """The series of a due time, and its member in the sorted set of the series."""
    *series_of_member, member = series
    return series_field(series_of_member), member
