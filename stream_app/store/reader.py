"""One consistent read of the store, and the sums that follow from what changed since the last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec
from redis import Redis

from stream_app.core.calendar import Calendar
from stream_app.core.deltas import SEPARATOR
from stream_app.core.samples import Due, Labels, View
from stream_app.core.sums import Contents, RunningSum
from stream_app.core.windows import Clock, span
from stream_app.spec.window import GRAIN_OF, Grain, Window
from stream_app.store.keys import FIRST_GENERATION, namespace_prefix, pointer_key

_LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one read found.

    `offsets` are the ledger's next offsets, `current` when (ms) everything in a partition's log was last seen applied.
    `changed` names the metrics whose sums or levels changed since the read before.
    """

    view: View
    offsets: dict[tuple[str, int], int]
    current: dict[tuple[str, int], int]
    generation: str
    changed: frozenset[str]


class Reader:
    """Keeps the buckets that windows are made of; a read asks the store only for those that changed.

    `held` says how many buckets of a grain to keep at least, for those who use `buckets`.
    """

    def __init__(
        self,
        redis: Redis,
        namespace: str,
        calendar: Calendar,
        *,
        role: str = "serving",
        held: Mapping[Grain, int] | None = None,
    ) -> None:
        self._redis = redis
        self._role = role
        self._held = held or {}
        self._namespace = namespace
        self._calendar = calendar
        self._script = redis.register_script((files(__package__) / "read.lua").read_text())
        self._tags: dict[str, str] = {}
        self._contents: dict[Grain, dict[int, Contents]] = {grain: {} for grain in Grain}
        self._levels: Contents = {}
        self._sums = {window: RunningSum() for window in Window}

    @property
    def buckets(self) -> Mapping[Grain, Mapping[int, Contents]]:
        """What the last read found in the buckets that are kept, by grain and number."""
        return self._contents

    def read(self, now: int) -> Snapshot:
        """Read at epoch milliseconds `now`. Raises redis.RedisError."""
        clock = Clock.at(now, self._calendar)
        spans = {window: span(window, clock) for window in Window}
        wanted: dict[Grain, set[int]] = {grain: set() for grain in Grain}
        for window, numbers in spans.items():
            wanted[GRAIN_OF[window]].update(numbers)
        for grain, count in self._held.items():
            wanted[grain].update(range(clock.running(grain) - count + 1, clock.running(grain) + 1))
        self._forget(wanted)
        generation, ledger, current, altered, due = self._ask(wanted, now)
        changed = self._take(altered)
        for window, numbers in spans.items():
            total = self._sums[window]
            total.move(numbers, self._contents[GRAIN_OF[window]])
            changed |= total.changed
        fields = _pairs(ledger)
        view = View(
            clock=clock,
            newest=_newest(fields),
            windows={window: total.totals for window, total in self._sums.items()},
            levels=self._levels,
            due={tuple(series.split(SEPARATOR)): Due(overdue, int(float(oldest))) for series, overdue, oldest in due},
        )
        return Snapshot(view, _by_partition(fields), _by_partition(_pairs(current)), generation, frozenset(changed))

    def _forget(self, wanted: dict[Grain, set[int]]) -> None:
        for grain, contents in self._contents.items():
            for number in contents.keys() - wanted[grain]:
                del contents[number]
                self._tags.pop(f"{grain}:{number}", None)

    def _ask(self, wanted: dict[Grain, set[int]], now: int) -> tuple[str, list[str], list[str], list[Any], list[Any]]:
        known: list[str] = [_LEVEL, self._tags.get(_LEVEL, "")]
        for grain, numbers in wanted.items():
            for number in numbers:
                name = f"{grain}:{number}"
                known += (name, self._tags.get(name, ""))
        argument = {
            "role": self._role,
            "first": FIRST_GENERATION,
            "prefix": namespace_prefix(self._namespace),
            "known": known,
            "now": str(now),
        }
        reply = self._script(keys=[pointer_key(self._namespace)], args=[msgspec.msgpack.encode(argument)])
        generation, ledger, current, altered, due = _text(reply)
        return generation, ledger, current, altered, due

    def _take(self, altered: Iterable[tuple[str, list[str]]]) -> set[str]:
        changed: set[str] = set()
        for name, flat in altered:
            tag, contents = "", {}
            if flat:
                fields = _pairs(flat)
                tag = fields.pop("")
                contents = _by_metric(fields)
            self._tags[name] = tag
            if name == _LEVEL:
                changed |= self._levels.keys() | contents.keys()
                self._levels = contents
            else:
                grain, _, number = name.partition(":")
                self._contents[Grain(grain)][int(number)] = contents
        return changed


def _newest(fields: dict[str, str]) -> Clock | None:
    marks = [fields.get(f"newest:{grain}") for grain in (Grain.MINUTE, Grain.HOUR, Grain.DAY)]
    if None in marks:
        return None
    minute, hour, day = (int(mark) for mark in marks if mark is not None)
    return Clock(minute * 60_000, minute, hour, day)


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _by_partition(fields: dict[str, str]) -> dict[tuple[str, int], int]:
    found = {}
    for name, value in fields.items():
        topic, _, partition = name.rpartition(":")
        if partition.isdigit():
            found[topic, int(partition)] = int(value)
    return found


def _by_metric(fields: dict[str, str]) -> dict[str, dict[Labels, int]]:
    contents: dict[str, dict[Labels, int]] = {}
    for field, amount in fields.items():
        name, *labels = field.split(SEPARATOR)
        contents.setdefault(name, {})[tuple(labels)] = int(amount)
    return contents


def _text(value: Any) -> Any:  # noqa: ANN401 - a reply is any nesting of lists and strings
    if isinstance(value, bytes):
        return value.decode()
    return [_text(each) for each in value] if isinstance(value, list) else value
