"""The product's own fold and samples on a store of dictionaries: what the script does, in the plainest words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.sample_source import SampleSource
from stream_app.core.calendar import Calendar
from stream_app.core.deltas import Bucketizer, Cells
from stream_app.core.entity import Fold
from stream_app.core.envelope import Decoder, Event, Rejected
from stream_app.core.facts import Delta, Fact, FoldSettings, Series
from stream_app.core.samples import Due, Labels, Sample, View
from stream_app.core.sums import RunningSum
from stream_app.core.windows import KEPT, Clock, span
from stream_app.spec.window import GRAIN_OF, Grain, Window

FAR_FUTURE = 10**14
DECODER = Decoder(EVENT_TYPES)


@dataclass(frozen=True)
class _Record:
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class MemoryStore:
    """Folds batches of envelopes; entities are encoded between batches, as by a worker without a cache."""

    def __init__(self, timezone: str = "UTC", rules: FoldSettings | None = None) -> None:
        self.rules = rules or FoldSettings(Calendar(timezone))
        self.entities: dict[str, bytes] = {}
        self.buckets: dict[tuple[Grain, int], dict[Labels, int]] = defaultdict(lambda: defaultdict(int))
        self.levels: dict[Labels, int] = defaultdict(int)
        self.due: dict[Labels, dict[str, int]] = defaultdict(dict)
        self.newest: Clock | None = None
        self.delta: Delta = []

    def apply(self, envelopes: Iterable[dict[str, Any]]) -> None:
        """Fold one batch and store what it changes."""
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        newest = -1
        for envelope in envelopes:
            at, event = decoded(envelope)
            newest = max(newest, at)
            kind = KIND_OF[type(event)]
            groups[kind.name, getattr(event.data, kind.key)].append((at, event))
        fold = Fold(self.rules)
        for (name, key), events in groups.items():
            kind = KIND_OF[type(events[0][1])]
            known = self.entities.pop(f"{name}:{key}", None)
            entity = None if known is None else msgspec.msgpack.decode(known, type=kind.state)
            entity = fold.apply(kind, entity, key, events)
            if entity is not None:
                self.entities[f"{name}:{key}"] = kind.encode(entity)
        self.delta += fold.delta
        self._store(Bucketizer(METRICS, self.rules.calendar).cells(fold.delta), newest)

    def _store(self, cells: Cells, newest: int) -> None:
        if newest >= 0 and (self.newest is None or newest > self.newest.now):
            self.newest = Clock.at(newest, self.rules.calendar)
        for bucket, amounts in cells.buckets.items():
            for series, amount in amounts.items():
                self.buckets[bucket][series] += amount
        for grain, number in list(self.buckets):
            assert self.newest
            if number <= self.newest.running(grain) - KEPT[grain]:
                del self.buckets[grain, number]
        for series, amount in cells.levels.items():
            self.levels[series] += amount
        for _, *labels, member in cells.no_longer_due:
            self.due[tuple(labels)].pop(member, None)
        for (_, *labels, member), at in cells.due.items():
            self.due[tuple(labels)][member] = at

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
        return View(clock, self.newest, windows, by_metric(self.levels), due)

    def samples(self, now: int, limit: int = 100) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample that is not zero."""
        return by_name(SampleSource(limit).samples(self.view(now)))


def decoded(envelope: dict[str, Any]) -> tuple[int, Event]:
    """The time in milliseconds and the event of an envelope that is valid."""
    result = DECODER.decode(_Record(json.dumps(envelope).encode()), FAR_FUTURE)
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
