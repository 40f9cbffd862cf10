"""Folding events into an entity: merge them, and say what that changes in the numbers."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from stream_app.core.envelope import Event, event_type
from stream_app.core.facts import Change, Delta, Fact, FoldSettings, negated


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityKind:
    """How one kind of entity lives: its state, its key in an event's `data`, its merges and what it forgets."""

    name: str
    key: str
    state: type[Any]
    merges: dict[type[Event], Callable[..., bool]]
    """Event type -> `merge(entity, event, at, change)`, which alters the entity; false for a duplicate."""
    too_late: Callable[[Any, Any, int, int], bool]
    """`too_late(entity, event, at, limit)`: whether an event is older than what is forgotten before `limit`."""
    forget: Callable[[Any, int], None]
    """`forget(entity, limit)`: drop what is kept only to merge and is older than `limit`."""
    all_facts: Callable[[Any, FoldSettings], list[Fact]]
    """`all_facts(entity, settings)`: everything that the entity contributes."""
    erased_by: type[Event] | None = None
    retracted_on_erase: Callable[[Any, FoldSettings], list[Fact]] | None = None
    """The facts that an erasure removes from the numbers; all others stay counted."""
    unites: dict[type[Event], Callable[[Any, Any], None]] = field(default_factory=dict)
    """Event type that says that the ids in `key` and `merged_id` are one entity -> `unite(entity, other)`, which adds
    everything that is remembered of the other one. The state of such a kind has `ids`, its other ids."""

    @property
    def types(self) -> tuple[type[Event], ...]:
        """Every event type of this kind of entity."""
        return (*self.merges, *self.unites, *([self.erased_by] if self.erased_by else []))


def kinds_by_event_type(
    kinds: Iterable[EntityKind], event_types: Iterable[type[Event]]
) -> dict[type[Event], EntityKind]:
    """The kind of entity that takes each event type. Raises ValueError if it is not exactly one kind."""
    found: dict[type[Event], EntityKind] = {}
    for kind in kinds:
        for each in kind.types:
            other = found.setdefault(each, kind)
            if other is not kind:
                message = f"{event_type(each)} is taken by two kinds of entities: {other.name} and {kind.name}"
                raise ValueError(message)
    for each in event_types:
        if each not in found:
            message = f"no entity takes {event_type(each)}: add it to the merges of the entity that it is about"
            raise ValueError(message)
    return found


@dataclass(slots=True)
class FoldStats:
    """What became of the events of a fold."""

    applied: Counter[type[Event]] = field(default_factory=Counter)
    duplicates: int = 0
    too_late: int = 0


class Fold:
    """Folds events into entities, one entity after another; `delta` and `stats` collect what that changes."""

    __slots__ = ("delta", "settings", "stats")

    def __init__(self, settings: FoldSettings) -> None:
        self.settings = settings
        self.delta: Delta = []
        self.stats = FoldStats()

    def apply(  # noqa: C901 - one loop, for speed
        self,
        kind: EntityKind,
        entity: Any,  # noqa: ANN401 - any kind of entity
        key: str,
        events: Iterable[tuple[int, Event]],
    ) -> Any:  # noqa: ANN401 - any kind of entity
        """The entity after the events (milliseconds, event); None if the last of them erased it.

        The entity that is passed in is altered: the caller owns it and drops it if the result is not committed.
        """
        change: Change | None = None
        settings, stats, merges = self.settings, self.stats, kind.merges
        applied = stats.applied
        for at, event in events:
            what = type(event)
            if what is kind.erased_by:
                if change:
                    change.finish()
                    change = None
                self._erase(kind, entity)
                entity = None
                applied[what] += 1
                continue
            if entity is None:
                entity = kind.state(key)
            if change is None:
                change = Change(entity, settings, self.delta)
            if at < entity.newest and kind.too_late(entity, event, at, entity.newest - settings.horizon_ms):
                stats.too_late += 1
                continue
            if not merges[what](entity, event, at, change):
                stats.duplicates += 1
                continue
            applied[what] += 1
            # `max` and `min` would cost a percent of the fold.
            if at > entity.newest:  # noqa: PLR1730
                entity.newest = at
            if at < entity.oldest:  # noqa: PLR1730
                entity.oldest = at
        if change:
            change.finish()
            kind.forget(entity, entity.newest - settings.horizon_ms)
        return entity

    def _erase(self, kind: EntityKind, entity: Any) -> None:  # noqa: ANN401 - any kind of entity
        if entity is not None and kind.retracted_on_erase:
            self.delta += negated(kind.retracted_on_erase(entity, self.settings))
