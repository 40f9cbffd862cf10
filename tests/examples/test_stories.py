"""The worked examples against the product's own fold and samples."""

from fractions import Fraction
from itertools import chain
from math import isclose

import pytest

from stream_app.catalog.derived import DERIVED
from stream_app.catalog.ratios import RATIOS
from stream_app.catalog.sample_source import SHOWN, Board
from stream_app.core.envelope import milliseconds
from stream_app.examples import STORIES, Story
from stream_app.spec.example import Value, moment
from tests.laws.memory import MemoryStore

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

SHOWN_SERIES = [*(each.series for each in SHOWN), *(each.series for each in (*DERIVED, *RATIOS))]
SERIES = {series.removeprefix("lifecycle_") for series in SHOWN_SERIES}
STORIES_BY_TITLE = {story.title: story for story in STORIES}
COMPLETE = ("", "_gcount", "_gsum")


def told(story: Story, *, one_by_one: bool = False) -> Samples:
    """Let a story happen, in one batch or in one for each event, and read everything."""
    store = MemoryStore(story.timezone)
    events = story.events()
    for batch in [[event] for event in events] if one_by_one else [events]:
        store.apply(batch)
    view = store.view(milliseconds(moment(story.as_of)))
    return {(each.name, frozenset(each.labels)): each.value for each in Board(story.label_limit).samples(view)}


def agrees(found: float | None, expected: Value) -> bool:
    if found is None or expected is None:
        return found is expected
    return isclose(found, expected, rel_tol=1e-12) if isinstance(expected, Fraction) else found == expected


@pytest.mark.parametrize("title", STORIES_BY_TITLE)
def test_a_story_ends_as_it_was_computed_by_hand(title: str) -> None:
    story = STORIES_BY_TITLE[title]
    found = told(story)
    expected = list(chain.from_iterable(each.samples() for each in story.expected))
    assert expected
    wrong = [
        (name, dict(labels), value, found.get((name, labels)))
        for name, labels, value in expected
        if not agrees(found.get((name, labels)), value)
    ]
    assert not wrong


@pytest.mark.parametrize("title", STORIES_BY_TITLE)
def test_a_story_leaves_nothing_out(title: str) -> None:
    story = STORIES_BY_TITLE[title]
    expected = {(name, labels) for each in story.expected for name, labels, _ in each.samples()}
    spoken_of = {(name, dict(labels).get("window")) for name, labels in expected}
    names = {f"lifecycle_{series}{part}" for series in story.explains for part in COMPLETE}
    left_out = [
        (name, dict(labels), value)
        for (name, labels), value in told(story).items()
        if value
        and name in names
        and (name, dict(labels).get("window")) in spoken_of
        and (name, labels) not in expected
    ]
    assert not left_out


@pytest.mark.parametrize("title", STORIES_BY_TITLE)
def test_a_story_ends_the_same_when_it_is_told_event_by_event(title: str) -> None:
    story = STORIES_BY_TITLE[title]
    at_once, one_by_one = told(story), told(story, one_by_one=True)
    assert {key: value for key, value in at_once.items() if value} == {k: v for k, v in one_by_one.items() if v}


def test_every_series_has_a_story() -> None:
    assert {series for story in STORIES for series in story.explains} == SERIES


def test_every_story_reads_what_it_explains() -> None:
    for story in STORIES:
        read = {each.series for each in story.expected}
        for series in story.explains:
            assert any(series + part in read for part in COMPLETE), (story.title, series)
        assert all(any(name in {s + p for p in (*COMPLETE, "_bucket")} for s in story.explains) for name in read), (
            story.title
        )


def test_titles_are_unlike() -> None:
    assert len(STORIES_BY_TITLE) == len(STORIES)
