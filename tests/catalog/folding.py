"""One entity, folded from events that are written down in short."""

from collections.abc import Iterable
from typing import Any

from stream_app.core.calendar import Calendar
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.envelope import Event
from stream_app.core.facts import FoldSettings, Series
from tests.laws.memory import decoded, net

SETTINGS = FoldSettings(Calendar())

Net = dict[tuple[Series, int], int]


def happened(kind: str, time: str, name: str = "", /, **data: Any) -> tuple[int, Event]:  # noqa: ANN401 - JSON
    """An event at `MM-DD HH:MM` of 2026; its id is its time unless it has a name."""
    moment = f"2026-{time.replace(' ', 'T')}:00Z"
    return decoded({"type": kind, "id": name or f"{kind} {time}", "time": moment, "data": data})


def at(time: str) -> int:
    """The same moment in milliseconds."""
    return happened("lead.erased", time, lead_id="l")[0]


def contributed(kind: EntityKind, events: Iterable[tuple[int, Event]]) -> Net:
    """What an entity contributes that all events reached in one batch."""
    entity = Fold(SETTINGS).apply(kind, None, "key", events)
    return net(kind.all_facts(entity, SETTINGS))


def added(kind: EntityKind, events: Iterable[tuple[int, Event]]) -> Net:
    """What the events added up to that reached an entity one by one."""
    entity, delta = None, []
    for event in events:
        fold = Fold(SETTINGS)
        entity = fold.apply(kind, entity, "key", [event])
        delta += fold.delta
    return net(delta)


def of(metric: str, numbers: Net) -> Net:
    """The part of one metric."""
    return {(series, moment): amount for (series, moment), amount in numbers.items() if series[0] == metric}
