"""Every declared event has an entity, and every declared metric has an entity that emits it."""

from collections.abc import Iterator
from typing import get_type_hints

import pytest

from stream_app.catalog.entities import ENTITIES, KIND_OF
from stream_app.catalog.events import EVENT_TYPES
from stream_app.catalog.metrics import METRICS
from stream_app.core.envelope import event_type
from stream_app.core.facts import Series
from stream_app.examples import EXAMPLES
from stream_app.spec.metric import Kind
from tests.laws.memory import MemoryStore

MORE_PARTS = {Kind.HISTOGRAM: 1, Kind.DUE: 1}
"""What a series has beside the labels: the bucket of an observation, the member that is due."""


@pytest.fixture(scope="module")
def emitted() -> set[Series]:
    """Every series that changes while the worked examples happen."""
    return set(_emitted())


def _emitted() -> Iterator[Series]:
    for example in EXAMPLES:
        store = MemoryStore(example.timezone)
        store.apply(example.events())
        yield from (series for series, _, _ in store.delta)


def test_every_declared_event_has_an_entity() -> None:
    missing = [f"no entity takes {event_type(each)}" for each in EVENT_TYPES if each not in KIND_OF]
    assert not missing


def test_every_event_that_an_entity_takes_is_declared() -> None:
    unknown = [
        f"{kind.name} takes {event_type(each)}, but no such event is declared"
        for kind in ENTITIES
        for each in kind.types
        if each not in EVENT_TYPES
    ]
    assert not unknown


def test_every_event_names_the_key_of_its_entity() -> None:
    missing = [
        f"{event_type(each)} is taken by {kind.name}, but its data has no {kind.key}"
        for each, kind in KIND_OF.items()
        if kind.key not in get_type_hints(each)["data"].__struct_fields__
    ]
    assert not missing


def test_every_declared_metric_is_emitted(emitted: set[Series]) -> None:
    names = {name for name, *_ in emitted}
    missing = [
        f"metric {metric.name} is declared, but no entity emits it (in no worked example)"
        for metric in METRICS
        if metric.name not in names
    ]
    assert not missing


def test_every_emitted_fact_is_declared_with_its_labels(emitted: set[Series]) -> None:
    parts = {metric.name: len(metric.labels) + MORE_PARTS.get(metric.kind, 0) for metric in METRICS}
    wrong = [
        f"{name}{tuple(values)} is emitted, but the declaration says {parts.get(name, 'nothing')} parts"
        for name, *values in emitted
        if parts.get(name) != len(values)
    ]
    assert not wrong


def test_every_emitted_label_is_of_its_closed_set(emitted: set[Series]) -> None:
    labels = {metric.name: metric.labels for metric in METRICS}
    wrong = [
        f"{name}: {value} is no value of {label.name}"
        for name, *values in emitted
        for label, value in zip(labels[name], values, strict=False)
        if label.values is not None and value not in label.values
    ]
    assert not wrong
