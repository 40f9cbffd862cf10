"""Folding events into entities of a kind that only this test knows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec import Struct

from stream_app.core.calendar import Calendar
from stream_app.core.entity import EntityKind, Fold, kinds_by_event_type
from stream_app.core.envelope import Event
from stream_app.core.facts import Change, Fact, FoldSettings
from stream_app.core.timeline import FAR_FUTURE, Row, identity, join

HORIZON_MS = 1000
SETTINGS = FoldSettings(Calendar(), horizon_ms=HORIZON_MS)
OPENED = 1


class Visited(Event, tag="page.visited"):
    """Somebody came."""


class Closed(Event, tag="page.closed"):
    """The page is gone."""


class Moved(Event, tag="page.moved"):
    """No entity takes this."""


class Page(Struct, array_like=True):
    """The visits of a page."""

    id: str
    newest: int = 0
    oldest: int = FAR_FUTURE
    visits: list[Row] = []


def visits(page: Page, _: FoldSettings) -> list[Fact]:
    return [*((("visits",), row.at, 1) for row in page.visits), (("pages",), OPENED, 1)]


def is_there(_page: Page, _: FoldSettings) -> list[Fact]:
    return [(("pages",), OPENED, 1)]


def merge_visit(page: Page, event: Visited, at: int, change: Change) -> bool:
    if page.visits:
        change.track(visits)
    else:
        change.track_new(visits)
    return join(page.visits, Row(at, "", identity(event.id, event.source)))


def forget(page: Page, limit: int) -> None:
    page.visits = [row for row in page.visits if row.at >= limit]


PAGE = EntityKind(
    name="page",
    key="page_id",
    state=Page,
    merges={Visited: merge_visit},
    too_late=lambda _page, _event, at, limit: at < limit,
    forget=forget,
    all_facts=visits,
    erased_by=Closed,
    retracted_on_erase=is_there,
)


def visited(*moments: int) -> list[tuple[int, Event]]:
    return [(at, Visited(id=str(at), time=datetime.now(UTC), data=None)) for at in moments]


def closed(at: int) -> list[tuple[int, Event]]:
    return [(at, Closed(id="closed", time=datetime.now(UTC), data=None))]


def fold(events: Iterable[tuple[int, Event]], page: Page | None = None) -> tuple[Page | None, Fold]:
    each = Fold(SETTINGS)
    return each.apply(PAGE, page, "home", events), each


def test_the_first_event_makes_the_entity() -> None:
    page, result = fold(visited(7, 5))
    assert page == Page("home", newest=7, oldest=5, visits=[Row(5, "", "5"), Row(7, "", "7")])
    assert sorted(result.delta) == [(("pages",), OPENED, 1), (("visits",), 5, 1), (("visits",), 7, 1)]
    assert result.stats.applied == {Visited: 2}


def test_a_known_entity_changes_by_what_is_new() -> None:
    page, _ = fold(visited(5))
    _, result = fold(visited(5, 7), page)
    assert result.delta == [(("visits",), 7, 1)]
    assert result.stats.applied == {Visited: 1}
    assert result.stats.duplicates == 1


def test_one_fold_collects_the_changes_of_many_entities() -> None:
    result = Fold(SETTINGS)
    for key in ("home", "about"):
        result.apply(PAGE, None, key, visited(5))
    assert result.delta == [(("visits",), 5, 1), (("pages",), OPENED, 1)] * 2
    assert result.stats.applied == {Visited: 2}


def test_what_is_older_than_the_horizon_is_forgotten_but_stays_counted() -> None:
    page, result = fold(visited(5, 5 + HORIZON_MS, 6 + HORIZON_MS))
    assert page
    assert [row.at for row in page.visits] == [5 + HORIZON_MS, 6 + HORIZON_MS]
    assert (("visits",), 5, 1) in result.delta
    _, later = fold(visited(5), page)
    assert later.stats.too_late == 1
    assert later.delta == []


def test_an_erasure_retracts_what_its_kind_says() -> None:
    page, _ = fold(visited(5))
    page, result = fold(closed(6), page)
    assert page is None
    assert result.delta == [(("pages",), OPENED, -1)]
    assert result.stats.applied == {Closed: 1}


def test_an_erasure_of_nothing_is_an_event_without_effect() -> None:
    page, result = fold(closed(6))
    assert page is None
    assert result.delta == []
    assert result.stats.applied == {Closed: 1}


def test_an_event_after_an_erasure_begins_anew() -> None:
    page, result = fold([*visited(5), *closed(6), *visited(7)])
    assert page == Page("home", newest=7, oldest=7, visits=[Row(7, "", "7")])
    assert sum(amount for series, _, amount in result.delta if series == ("visits",)) == 2
    assert sum(amount for series, _, amount in result.delta if series == ("pages",)) == 1


def test_each_event_type_has_its_kind() -> None:
    assert kinds_by_event_type([PAGE], [Visited, Closed]) == {Visited: PAGE, Closed: PAGE}


def test_an_event_type_that_no_entity_takes_is_named() -> None:
    with pytest.raises(ValueError, match=r"^no entity takes page\.moved: add it to the merges"):
        kinds_by_event_type([PAGE], [Visited, Moved])


def test_an_event_type_that_two_entities_take_is_named() -> None:
    other = replace(PAGE, name="site", erased_by=None)
    with pytest.raises(ValueError, match=r"^page\.visited is taken by two kinds of entities: page and site$"):
        kinds_by_event_type([PAGE, other], [Visited, Closed])
