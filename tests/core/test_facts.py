"""How a change of an entity becomes a change of the numbers."""

from collections import Counter

import pytest

from stream_app.core.calendar import Calendar
from stream_app.core.facts import Change, Delta, Fact, FoldSettings

SETTINGS = FoldSettings(Calendar())
A: Fact = (("a",), 1, 1)
B: Fact = (("b",), 2, 5)
MINUS_A: Fact = (("a",), 1, -1)


def aspect(entity: dict[str, list[Fact]], _: FoldSettings, which: str = "") -> list[Fact]:
    return list(entity.get(which, []))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [A, B], [A, B]),
        ([A], [A], []),
        ([A, B], [B], [MINUS_A]),
        ([A], [B], [B, MINUS_A]),
        ([A], [A, A], [A]),
        ([A, A], [A], [MINUS_A]),
    ],
)
def test_the_delta_is_the_facts_after_minus_those_before(
    before: list[Fact], after: list[Fact], expected: list[Fact]
) -> None:
    entity, delta = {"": before}, Delta()
    change = Change(entity, SETTINGS, delta)
    change.track(aspect)
    entity[""] = after
    change.finish()
    assert net(delta) == net(expected)


def net(facts: list[Fact]) -> dict[tuple[tuple[str, ...], int], int]:
    sums: Counter[tuple[tuple[str, ...], int]] = Counter()
    for series, at, amount in facts:
        sums[series, at] += amount
    return {key: amount for key, amount in sums.items() if amount}


def test_an_aspect_is_remembered_as_it_was_when_first_tracked() -> None:
    entity, delta = {"": [A]}, Delta()
    change = Change(entity, SETTINGS, delta)
    assert change.is_untracked(aspect)
    change.track(aspect)
    assert not change.is_untracked(aspect)
    entity[""] = [A, B]
    change.track(aspect)
    change.finish()
    assert delta == [B]


def test_parts_of_an_entity_are_tracked_apart() -> None:
    entity, delta = {"x": [A], "y": [A]}, Delta()
    change = Change(entity, SETTINGS, delta)
    change.track(aspect, "x")
    assert change.is_untracked(aspect, "y")
    entity |= {"x": [B], "y": [B]}
    change.finish()
    assert net(delta) == net([B, MINUS_A])


def test_a_new_part_contributed_nothing_before() -> None:
    entity, delta = {"x": [A]}, Delta()
    change = Change(entity, SETTINGS, delta)
    change.track_new(aspect, "x")
    change.finish()
    assert delta == [A]


def test_known_changes_are_added_at_once() -> None:
    delta = Delta()
    change = Change({}, SETTINGS, delta)
    change.add([A])
    change.replace([A], [B])
    assert net(delta) == net([B])
