"""Facts: what an entity contributes to the numbers, and how a change of the entity becomes a change of the numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stream_app.core.calendar import Calendar

Series = tuple[str, ...]
"""The name of a metric and the values of its labels, in the order in which the metric declares them."""

LEVEL = -1
"""The `at` of a fact that is a level: it holds until the entity changes, not at a moment."""

Fact = tuple[Series, int, int]
"""(series, event time in milliseconds or `LEVEL`, amount): counts, money in minor units, durations in milliseconds."""

Delta = list[Fact]
"""What changes: facts that came, and facts that went with their amount negated."""

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """The settings on which numbers depend; changing one needs a rebuild."""

    calendar: Calendar
    horizon_ms: int = 400 * DAY_MS
    step_limit_ms: int = 7 * DAY_MS


Aspect = Callable[..., list[Fact]]
"""`aspect(entity, rules, *which)`: the facts of one part of an entity (one message, one enrollment, its stages)."""


class Change:
    """Watches the aspects of an entity that events alter, so that only those are computed again.

    `track` is called with an aspect before an event alters it, `finish` once after the last event. What an event in
    order changes may be known without that: `adds` or `replaces` say so, as long as the aspect `is_untracked`.
    """

    __slots__ = ("_before", "_delta", "_entity", "rules")

    def __init__(self, entity: Any, rules: FoldSettings, delta: Delta) -> None:  # noqa: ANN401 - any kind of entity
        self._entity = entity
        self._before: dict[tuple[Aspect, tuple[str, ...]], list[Fact]] = {}
        self._delta = delta
        self.rules = rules

    def track(self, aspect: Aspect, *which: str) -> None:
        """Remember the facts of an aspect as they are, unless it is tracked already."""
        key = (aspect, which)
        if key not in self._before:
            self._before[key] = aspect(self._entity, self.rules, *which)

    def begins(self, aspect: Aspect, *which: str) -> None:
        """Touch an aspect of a part of the entity that did not exist before this event."""
        self._before[aspect, which] = []

    def is_untracked(self, aspect: Aspect, *which: str) -> bool:
        """Whether the aspect will not be recomputed at the end."""
        return (aspect, which) not in self._before

    def adds(self, facts: Iterable[Fact]) -> None:
        """Take facts that an event adds to an aspect that is not tracked; a retracted one has a negated amount."""
        self._delta += facts

    def replaces(self, before: list[Fact], after: list[Fact]) -> None:
        """Take facts in place of others in an aspect that is not tracked."""
        _add_difference(self._delta, before, after)

    def finish(self) -> None:
        """Add facts(after) - facts(before) of everything tracked."""
        for (aspect, which), before in self._before.items():
            _add_difference(self._delta, before, aspect(self._entity, self.rules, *which))


def _add_difference(delta: Delta, before: list[Fact], after: list[Fact]) -> None:
    if not before:
        delta += after
    elif before != after:
        came, went = set(after), set(before)
        if len(came) < len(after) or len(went) < len(before):
            # The same fact twice, as two opens in one millisecond: sets would lose one.
            delta += after
            delta += [(series, at, -amount) for series, at, amount in before]
        else:
            delta += came - went
            delta += [(series, at, -amount) for series, at, amount in went - came]
