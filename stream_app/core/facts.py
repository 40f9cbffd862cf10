"""Facts: what an entity contributes to the numbers, and how a change of the entity becomes a change of the numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stream_app.core.calendar import Calendar

Series = tuple[str, ...]
"""The name of a metric and the values of its labels, in the order in which the metric declares them."""

Fact = tuple[Series, int, int]
"""(series, event time in milliseconds, amount): counts, money in minor units, durations in milliseconds.

Of a level it is by how much the entity changes it at that time; all such changes together are the level now.
"""

Delta = list[Fact]
"""What changes: added facts, and removed facts with their amount negated."""

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """The settings on which numbers depend; changing one needs a rebuild."""

    calendar: Calendar
    horizon_ms: int = 400 * DAY_MS
    step_limit_ms: int = 7 * DAY_MS
    program_credit_ms: int = 90 * DAY_MS
    """For how long after its beginning an enrollment is credited with what the lead becomes."""
    follow_up_ms: int = DAY_MS
    """How long sales may take for an MQL."""
    follow_up_weekdays: bool = False
    """Whether that time passes on weekdays only."""
    swap_grace_ms: int = 60 * 60 * 1000
    """How long an account may be without MRR and not be lost, if it pays again."""


Aspect = Callable[..., list[Fact]]
"""`aspect(entity, settings, *which)`: the facts of one part of an entity (one message, one enrollment, its stages)."""


class Change:
    """Tracks the aspects of an entity that events alter, so that only those are computed again.

    `track` is called with an aspect before an event alters it, `finish` once after the last event. What an event in
    order changes may be known without that: `add` or `replace` say so, as long as the aspect `is_untracked`.
    """

    __slots__ = ("_before", "_delta", "_entity", "_unpacked", "settings")

    def __init__(self, entity: Any, settings: FoldSettings, delta: Delta) -> None:  # noqa: ANN401 - any kind of entity
        self._entity = entity
        self._before: dict[tuple[Aspect, tuple[str, ...]], list[Fact]] = {}
        self._delta = delta
        self._unpacked: list[tuple[dict[str, Any], str, Callable[[Any], Any]]] = []
        self.settings = settings

    def track(self, aspect: Aspect, *which: str) -> None:
        """Remember the facts of an aspect as they are, unless it is tracked already."""
        key = (aspect, which)
        if key not in self._before:
            self._before[key] = aspect(self._entity, self.settings, *which)

    def track_new(self, aspect: Aspect, *which: str) -> None:
        """Track an aspect of a part of the entity that did not exist before this event."""
        self._before[aspect, which] = []

    def is_untracked(self, aspect: Aspect, *which: str) -> bool:
        """Whether the aspect will not be computed again by `finish`."""
        return (aspect, which) not in self._before

    def add(self, facts: Iterable[Fact]) -> None:
        """Add the facts by which an untracked aspect changes; a removed one has a negated amount."""
        self._delta += facts

    def replace(self, before: list[Fact], after: list[Fact]) -> None:
        """Put facts in place of others of an untracked aspect."""
        add_difference(self._delta, before, after)

    def pack_at_end(self, parts: dict[str, Any], key: str, pack: Callable[[Any], Any]) -> None:
        """Let `finish` pack a part of the entity that is stored packed: more of its events may follow before."""
        self._unpacked.append((parts, key, pack))

    def finish(self) -> None:
        """Add facts(after) - facts(before) of every tracked aspect, then pack what is unpacked."""
        for (aspect, which), before in self._before.items():
            add_difference(self._delta, before, aspect(self._entity, self.settings, *which))
        for parts, key, pack in self._unpacked:
            parts[key] = pack(parts[key])


def negated(facts: Iterable[Fact]) -> Delta:
    """The delta that removes facts."""
    return [(series, at, -amount) for series, at, amount in facts]


_MANY = 100
"""Of so many facts most stay in their places: to compare them takes a fifth of what hashing them takes."""


def _without_common_ends(before: list[Fact], after: list[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Two lists without the facts that both begin with, and without those that both end with."""
    shorter = min(len(before), len(after))
    first = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    rest = shorter - first
    last = next((place for place in range(rest) if before[-1 - place] != after[-1 - place]), rest)
    return before[first : len(before) - last], after[first : len(after) - last]


def add_difference(delta: Delta, before: list[Fact], after: list[Fact]) -> None:
    """Add the facts that come, and those that go with their amount negated."""
    if not before:
        delta += after
    elif before != after:
        if len(before) > _MANY:
            before, after = _without_common_ends(before, after)
        added, removed = set(after), set(before)
        if len(added) < len(after) or len(removed) < len(before):
            # The same fact twice, as two opens in one millisecond: sets would lose one.
            delta += after
            delta += negated(before)
        else:
            delta += added - removed
            delta += negated(removed - added)
