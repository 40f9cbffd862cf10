"""Folding events into an entity: merge them, and say what that changes in the numbers."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stream_app.core.envelope import Event
from stream_app.core.facts import Change, Delta, Fact, FoldSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityKind:
    """How one kind of entity lives: its state, its key in an event's `data`, its merges and what it forgets."""

    name: str
    key: str
    state: type[Any]
    merges: dict[type[Any], Callable[..., bool]]
    too_late: Callable[[Any, Any, int, int], bool]
    forget: Callable[[Any, int], None]
    all_facts: Callable[[Any, FoldSettings], list[Fact]]
    erased_by: type[Any] | None = None
    retracted_on_erase: Callable[[Any, FoldSettings], list[Fact]] | None = None
    encode: Callable[[Any], bytes] = field(default=msgspec.msgpack.Encoder().encode, repr=False)

    @property
    def types(self) -> tuple[type[Any], ...]:
        """Every event type of this entity."""
        return (*self.merges, *([self.erased_by] if self.erased_by else []))


@dataclass(slots=True)
class FoldStats:
    """What became of the events of a fold."""

    applied: Counter[type[Event]] = field(default_factory=Counter)
    duplicates: int = 0
    too_late: int = 0


def fold(
    kind: EntityKind,
    entity: Any,  # noqa: ANN401 - any kind of entity
    key: str,
    events: Iterable[tuple[int, Event]],
    rules: FoldSettings,
    delta: Delta,
    stats: FoldStats,
) -> Any:  # noqa: ANN401 - any kind of entity
    """The entity after the events (milliseconds, event); None if it was erased. Adds to `delta` and `stats`.

    The entity that is passed in is altered: the caller owns it and drops it if the result is not committed.
    """
    change: Change | None = None
    merges, applied = kind.merges, stats.applied
    for at, event in events:
        what = type(event)
        if what is kind.erased_by:
            if entity is not None:
                if change:
                    change.finish()
                    change = None
                _retract(kind, entity, rules, delta)
                entity = None
            applied[what] += 1
            continue
        if entity is None:
            entity = kind.state(key)
        if change is None:
            change = Change(entity, rules, delta)
        if at < entity.newest and kind.too_late(entity, event, at, entity.newest - rules.horizon_ms):
            stats.too_late += 1
            continue
        if not merges[what](entity, event, at, change):
            stats.duplicates += 1
            continue
        applied[what] += 1
        entity.newest = max(entity.newest, at)
        entity.oldest = min(entity.oldest, at)
    if change:
        change.finish()
        kind.forget(entity, entity.newest - rules.horizon_ms)
    return entity


def _retract(kind: EntityKind, entity: Any, rules: FoldSettings, delta: Delta) -> None:  # noqa: ANN401
    if kind.retracted_on_erase:
        delta += [(series, at, -amount) for series, at, amount in kind.retracted_on_erase(entity, rules)]
