"""The worked examples against the product's own fold and samples."""

from fractions import Fraction
from itertools import chain
from math import isclose

import pytest

from stream_app.catalog.sample_source import DECLARATIONS, SampleSource
from stream_app.core.envelope import milliseconds
from stream_app.examples import EXAMPLES
from stream_app.spec.example import Example, Value, moment
from tests.laws.memory import MemoryStore

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

SERIES = {each.name for each in DECLARATIONS}
BY_TITLE = {example.title: example for example in EXAMPLES}
COMPLETE = ("", "_gcount", "_gsum")


def samples_of(example: Example, *, one_by_one: bool = False) -> Samples:
    """Apply the events of an example, in one batch or in one for each event, and read every sample."""
    store = MemoryStore(example.timezone)
    events = example.events()
    for batch in [[event] for event in events] if one_by_one else [events]:
        store.apply(batch)
    view = store.view(milliseconds(moment(example.as_of)))
    return {
        (each.name, frozenset(each.labels)): each.value for each in SampleSource(example.series_limit).samples(view)
    }


def agrees(found: float | None, expected: Value) -> bool:
    if found is None or expected is None:
        return found is expected
    return isclose(found, expected, rel_tol=1e-12) if isinstance(expected, Fraction) else found == expected


@pytest.mark.parametrize("title", BY_TITLE)
def test_an_example_gives_the_samples_computed_by_hand(title: str) -> None:
    example = BY_TITLE[title]
    found = samples_of(example)
    expected = list(chain.from_iterable(each.samples() for each in example.expected))
    assert expected
    wrong = [
        (name, dict(labels), value, found.get((name, labels)))
        for name, labels, value in expected
        if not agrees(found.get((name, labels)), value)
    ]
    assert not wrong


@pytest.mark.parametrize("title", BY_TITLE)
def test_an_example_leaves_no_sample_out(title: str) -> None:
    example = BY_TITLE[title]
    expected = {(name, labels) for each in example.expected for name, labels, _ in each.samples()}
    covered = {(name, dict(labels).get("window")) for name, labels in expected}
    names = {f"lifecycle_{series}{part}" for series in example.explains for part in COMPLETE}
    left_out = [
        (name, dict(labels), value)
        for (name, labels), value in samples_of(example).items()
        if value and name in names and (name, dict(labels).get("window")) in covered and (name, labels) not in expected
    ]
    assert not left_out


@pytest.mark.parametrize("title", BY_TITLE)
def test_an_example_in_single_events_gives_the_same_samples(title: str) -> None:
    example = BY_TITLE[title]
    at_once, one_by_one = samples_of(example), samples_of(example, one_by_one=True)
    assert {key: value for key, value in at_once.items() if value} == {k: v for k, v in one_by_one.items() if v}


def test_every_series_has_an_example() -> None:
    assert {series for example in EXAMPLES for series in example.explains} == SERIES


def test_every_example_expects_samples_of_what_it_explains() -> None:
    for example in EXAMPLES:
        read = {each.series for each in example.expected}
        for series in example.explains:
            assert any(series + part in read for part in COMPLETE), (example.title, series)
        assert all(any(name in {s + p for p in (*COMPLETE, "_bucket")} for s in example.explains) for name in read), (
            example.title
        )


def test_titles_are_unique() -> None:
    assert len(BY_TITLE) == len(EXAMPLES)
