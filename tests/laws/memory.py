"""The product's own fold and samples on a store of dictionaries: what the script does, in the plainest words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from stream_app.catalog.entities import ENTITIES, KIND_OF
from stream_app.catalog.events import EVENT_TYPES
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.connected import Connected, Stored, components, decoder, encode, links_of, unresolved
from stream_app.core.deltas import Bucketizer, series_of
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.core.facts import Delta, Fact, FoldSettings, Series
from stream_app.core.limits import Labels
from stream_app.core.samples import Due, Sample, View
from stream_app.core.stored_form import HEADER_LENGTH, compressed
from stream_app.core.sums import RunningSum
from stream_app.core.windows import KEPT, Clock, span
from stream_app.spec.window import GRAIN_OF, Grain, Window

FAR_FUTURE = 10**14
DECODER = Decoder(EVENT_TYPES)
_DECODERS = {kind.name: decoder(kind) for kind in ENTITIES}


@cache
def _bucketizer(zone: str) -> Bucketizer:
    return Bucketizer(METRICS, Calendar(zone))


@dataclass(frozen=True)
class _Record:
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = FAR_FUTURE


class Numbers:
    """What one namespace has counted: buckets, levels, due times, and when its newest event was."""

    def __init__(self, rules: FoldSettings) -> None:
        self.rules = rules
        self.buckets: dict[tuple[Grain, int], dict[Labels, int]] = defaultdict(lambda: defaultdict(int))
        self.levels: dict[Labels, int] = defaultdict(int)
        self.level_changes: dict[int, dict[Labels, int]] = defaultdict(lambda: defaultdict(int))
        self.due: dict[Labels, dict[str, int]] = defaultdict(dict)
        self.newest: Clock | None = None

    def count(self, delta: Delta, newest: int) -> None:
        """Add what changes; `newest` is the time of the newest event behind it, -1 if it has none."""
        cells = _bucketizer(self.rules.calendar.zone.key).cells(delta)
        if newest >= 0 and (self.newest is None or newest > self.newest.now):
            self.newest = Clock.at(newest, self.rules.calendar)
        for bucket, amounts in cells.buckets.items():
            for field, amount in amounts.items():
                self.buckets[bucket][series_of(field)] += amount
        self._sweep()
        for field, amount in cells.levels.items():
            self.levels[series_of(field)] += amount
        for day, changes in cells.level_changes.items():
            for field, amount in changes.items():
                self.level_changes[day][series_of(field)] += amount
        for *labels, member in cells.no_longer_due:
            self.due[tuple(labels)].pop(member, None)
        for (*labels, member), at in cells.due.items():
            self.due[tuple(labels)][member] = at

    def _sweep(self) -> None:
        for grain, number in list(self.buckets):
            assert self.newest
            if number <= self.newest.running(grain) - KEPT[grain]:
                del self.buckets[grain, number]

    def view(self, now: int) -> View:
        """What samples are made from at a moment."""
        clock = Clock.at(now, self.rules.calendar)
        windows = {}
        for window in Window:
            total = RunningSum()
            numbers = span(window, clock)
            total.move(
                numbers,
                {
                    number: by_metric(self.buckets[GRAIN_OF[window], number])
                    for number in numbers
                    if (GRAIN_OF[window], number) in self.buckets
                },
            )
            windows[window] = total.totals
        due = {
            labels: Due(sum(at < now for at in members.values()), min(members.values()))
            for labels, members in self.due.items()
            if members
        }
        return View(clock, self.newest, windows, by_metric(self._levels_on(clock.day)), due)

    def _levels_on(self, day: int) -> dict[Labels, int]:
        """The levels at the end of a day."""
        levels = dict(self.levels)
        for later, changes in self.level_changes.items():
            for series, amount in changes.items():
                levels[series] = levels.get(series, 0) - (amount if later > day else 0)
        return levels

    def samples(self, now: int, limit: int = 1000) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample that is not zero."""
        return by_name(SampleSource(limit).samples(self.view(now)))


class MemoryStore(Numbers):
    """Folds batches of envelopes; entities are decoded for each batch unless they are `cached`."""

    def __init__(self, timezone: str = "UTC", rules: FoldSettings | None = None, *, cached: bool = False) -> None:
        super().__init__(rules or FoldSettings(Calendar(timezone)))
        self._cache: dict[str, Stored] | None = {} if cached else None
        self.entities: dict[str, bytes] = {}
        self.delta: Delta = []

    def apply(self, envelopes: Iterable[dict[str, Any]]) -> None:
        """Fold one batch and store what it changes."""
        self.apply_events(map(decoded, envelopes))

    def apply_events(self, events: Iterable[tuple[int, Event]]) -> None:
        """Fold one batch of events that are decoded, with their times in milliseconds."""
        dated: dict[str, list[tuple[int, Event]]] = defaultdict(list)
        newest = -1
        for at, event in events:
            kind = KIND_OF[type(event)]
            dated[kind.name].append((at, event))
            if type(event) not in kind.unites:
                newest = max(newest, at)
        fold = Fold(self.rules)
        for kind in ENTITIES:
            self._fold(kind, dated[kind.name], fold)
        self.delta += fold.delta
        self.count(fold.delta, newest)

    def _fold(self, kind: EntityKind, events: list[tuple[int, Event]], fold: Fold) -> None:
        links = [
            (getattr(event.data, kind.key), event.data.merged_id) for _, event in events if type(event) in kind.unites
        ]
        of: dict[str, list[tuple[int, tuple[int, Event]]]] = defaultdict(list)
        for place, dated in enumerate(events):
            of[getattr(dated[1].data, kind.key)].append((place, dated))
        ids = of.keys() | {id_ for link in links for id_ in link}
        stored = {id_: self._load(kind, id_) for id_ in ids}
        to_read: set[str] = set()
        while to_read := unresolved(stored, to_read):
            stored |= {id_: self._load(kind, id_) for id_ in to_read}
        for together in components(stored, [*links, *links_of(stored)]):
            connected = Connected(kind, {id_: stored[id_] for id_ in together})
            placed = sorted((each for id_ in together for each in of.get(id_, ())), key=lambda each: each[0])
            connected.fold(fold, [dated for _, dated in placed])
            for write in connected.writes():
                name = f"{kind.name}:{write.id}"
                if self._cache is not None:
                    self._cache[name] = write.stored
                if write.stored is None:
                    self.entities.pop(name, None)
                else:
                    value, stays = encode(write.stored)
                    self.entities[name] = put_over(self.entities.get(name, b""), compressed(value), stays)

    def _load(self, kind: EntityKind, id_: str) -> tuple[str, Stored]:
        name = f"{kind.name}:{id_}"
        value = self.entities.get(name)
        if value is not None and self._cache is not None:
            return "version", self._cache[name]
        return ("", None) if value is None else ("version", _DECODERS[kind.name](value))


def put_over(stored: bytes, value: bytes, stays: int) -> bytes:
    """What stands in the store after a state was written there of which some bytes stay."""
    if not stays:
        return value
    end = stays + len(value) - HEADER_LENGTH
    return value[:HEADER_LENGTH] + stored[HEADER_LENGTH:stays] + value[HEADER_LENGTH:] + stored[end:]


def decoded(envelope: dict[str, Any]) -> tuple[int, Event]:
    """The time in milliseconds and the event of an envelope that is valid."""
    result = DECODER.decode(_Record(json.dumps(envelope).encode()))
    assert not isinstance(result, Rejected), (result, envelope)
    return result


def net(facts: Iterable[Fact]) -> dict[tuple[Series, int], int]:
    """Facts summed by series and time, without those that cancel out."""
    sums: dict[tuple[Series, int], int] = defaultdict(int)
    for series, at, amount in facts:
        sums[series, at] += amount
    return {key: amount for key, amount in sums.items() if amount}


def by_metric(series: dict[Labels, int]) -> dict[str, dict[Labels, int]]:
    """Split series into the name of the metric and its label values."""
    found: dict[str, dict[Labels, int]] = defaultdict(dict)
    for (name, *labels), amount in series.items():
        if amount:
            found[name][tuple(labels)] = amount
    return dict(found)


def by_name(found: Iterable[Sample]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Samples by series and labels, those that are zero left out. No series may occur twice."""
    named: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for sample in found:
        key = (sample.name, frozenset(sample.labels))
        assert key not in named, key
        named[key] = sample.value
    return {key: value for key, value in named.items() if value}
