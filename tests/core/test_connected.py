"""Merges of entities of a kind that only this test knows: which ids are one entity, and what is written where."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from msgspec import Struct

from stream_app.core.calendar import Calendar
from stream_app.core.connected import (
    Connected,
    Pointer,
    Stored,
    Write,
    components,
    decoder,
    encode,
    links_of,
    unresolved,
)
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.envelope import Event
from stream_app.core.facts import Change, Fact, FoldSettings
from stream_app.core.timeline import FAR_FUTURE, Row, identity, join, join_all

SETTINGS = FoldSettings(Calendar(), horizon_ms=1000)
PAGES = (("pages",), 0)


class Data(Struct):
    """Which page an event is about."""

    page_id: str
    merged_id: str = ""


class Visited(Event, tag="page.visited"):
    """Somebody came."""


class Merged(Event, tag="page.merged"):
    """Two ids are one page."""


class Closed(Event, tag="page.closed"):
    """The page is gone."""


class Page(Struct, array_like=True):
    """The visits of a page."""

    id: str
    ids: list[str] = []
    newest: int = 0
    oldest: int = FAR_FUTURE
    visits: list[Row] = []


def facts(page: Page, _: FoldSettings) -> list[Fact]:
    visits: list[Fact] = [(("visits",), row.at, 1) for row in page.visits]
    return [*visits, (*PAGES, 1)] if visits else []


def merge_visit(page: Page, event: Visited, at: int, change: Change) -> bool:
    change.track(facts)
    return join(page.visits, Row(at, "", identity(event.id, event.source)))


def unite(page: Page, other: Page) -> None:
    join_all(page.visits, other.visits)


def forget(page: Page, limit: int) -> None:
    page.visits = [row for row in page.visits if row.at >= limit]


PAGE = EntityKind(
    name="page",
    key="page_id",
    state=Page,
    merges={Visited: merge_visit},
    too_late=lambda _page, _event, at, limit: at < limit,
    forget=forget,
    all_facts=facts,
    unites={Merged: unite},
    erased_by=Closed,
    retracted_on_erase=lambda page, _: [fact for fact in facts(page, SETTINGS) if fact[:2] == PAGES],
)

Dated = tuple[int, Event]


def visited(page: str, at: int) -> Dated:
    return at, Visited(id=str(at), time=datetime.now(UTC), data=Data(page))


def merged(left: str, right: str, at: int = 0) -> Dated:
    return at, Merged(id="m", time=datetime.now(UTC), data=Data(left, right))


def closed(page: str) -> Dated:
    return 0, Closed(id="c", time=datetime.now(UTC), data=Data(page))


class Pages:
    """A store of pages and what all folds changed in the numbers."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[str, Stored]] = {}
        self.numbers: dict[tuple[Any, int], int] = {}
        self.written: list[Write] = []
        self.applied: list[type[Event]] = []
        self.duplicates = 0

    def apply(self, *events: Dated) -> None:
        links = [(event.data.page_id, event.data.merged_id) for _, event in events if type(event) is Merged]
        ids = {event.data.page_id for _, event in events} | {id_ for link in links for id_ in link}
        found = self._read(ids)
        to_read: set[str] = set()
        while to_read := unresolved(found, to_read):
            found |= self._read(to_read)
        fold = Fold(SETTINGS)
        self.written = []
        for together in components(found, [*links, *links_of(found)]):
            connected = Connected(PAGE, {id_: found[id_] for id_ in together})
            connected.fold(fold, [dated for dated in events if dated[1].data.page_id in together])
            self.written += connected.writes()
        for write in self.written:
            assert write.version in {None, self.stored.get(write.id, ("", None))[0]}
            self._write(write)
        for series, at, amount in fold.delta:
            self.numbers[series, at] = self.numbers.get((series, at), 0) + amount
        self.numbers = {key: amount for key, amount in self.numbers.items() if amount}
        self.applied += fold.stats.applied.elements()
        self.duplicates += fold.stats.duplicates

    def entity(self, id_: str) -> Any:  # noqa: ANN401 - a page or nothing
        """The page of an id, over its pointer; both have to agree."""
        _, found = self.stored.get(id_, ("", None))
        if isinstance(found, Pointer):
            _, entity = self.stored[found.to]
            assert id_ in entity.ids
            return entity
        return found

    def _read(self, ids: set[str]) -> dict[str, tuple[str, Stored]]:
        found = {id_: self.stored.get(id_, ("", None)) for id_ in ids}
        read = decoder(PAGE)
        return {id_: (v, None if each is None else read(encode(each)[0])) for id_, (v, each) in found.items()}

    def _write(self, write: Write) -> None:
        if write.stored is None:
            self.stored.pop(write.id, None)
        else:
            self.stored[write.id] = f"v{len(self.stored)}-{id(write)}", write.stored


def numbers(*moments: int, pages: int = 1) -> dict[Any, int]:
    found: dict[Any, int] = {(("visits",), at): 1 for at in moments}
    return found | ({PAGES: pages} if pages else {})


@pytest.mark.parametrize("order", [*permutations(range(5))])
@pytest.mark.parametrize("at_once", [True, False])
def test_ids_that_merges_connect_are_one_entity_in_any_order(order: Sequence[int], *, at_once: bool) -> None:
    events = [visited("a", 1), visited("b", 2), visited("c", 3), merged("a", "b"), merged("c", "b")]
    pages = Pages()
    if at_once:
        pages.apply(*(events[number] for number in order))
    else:
        for number in order:
            pages.apply(events[number])
    assert pages.numbers == numbers(1, 2, 3)
    [entity] = {id(pages.entity(id_)): pages.entity(id_) for id_ in "abc"}.values()
    assert {entity.id, *entity.ids} == {"a", "b", "c"}
    assert [row.at for row in entity.visits] == [1, 2, 3]
    assert (entity.newest, entity.oldest) == (3, 1)


def test_a_chain_and_a_circle_are_one_entity() -> None:
    pages = Pages()
    pages.apply(*(visited(id_, at) for at, id_ in enumerate("abcd", 1)))
    assert pages.numbers == numbers(1, 2, 3, 4, pages=4)
    for link in ("ab", "cd", "bc", "da", "ac"):
        pages.apply(merged(*link))
    assert pages.numbers == numbers(1, 2, 3, 4)
    assert pages.duplicates == 2
    assert len({id(pages.entity(id_)) for id_ in "abcd"}) == 1


def test_copies_across_the_merged_ids_fall_out() -> None:
    pages = Pages()
    pages.apply(visited("a", 5), visited("b", 5), merged("a", "b"))
    assert pages.numbers == numbers(5)


def test_a_merge_whose_ids_have_no_events_is_remembered() -> None:
    pages = Pages()
    pages.apply(merged("a", "b"))
    assert pages.numbers == {}
    pages.apply(visited("b", 2))
    pages.apply(visited("a", 1))
    assert pages.numbers == numbers(1, 2)


def test_the_time_of_a_merge_counts_for_nothing() -> None:
    pages = Pages()
    pages.apply(visited("a", 5), merged("a", "b", at=10_000_000))
    assert pages.entity("b").newest == 5
    pages.apply(visited("b", 4))
    assert pages.numbers == numbers(4, 5)


@pytest.mark.parametrize("erased", [*"abc"])
def test_an_erasure_of_any_id_erases_the_whole_and_the_links(erased: str) -> None:
    pages = Pages()
    pages.apply(visited("a", 1), visited("b", 2), merged("a", "b"), merged("b", "c"))
    pages.apply(closed(erased))
    assert pages.stored == {}
    assert pages.numbers == numbers(1, 2, pages=0)
    pages.apply(visited("a", 3), visited("b", 4))
    assert pages.numbers == numbers(1, 2, 3, 4, pages=2)
    pages.apply(merged("b", "a"))
    assert pages.numbers == numbers(1, 2, 3, 4)


def test_events_around_an_erasure_in_one_batch_go_where_they_belong() -> None:
    pages = Pages()
    pages.apply(visited("a", 1), merged("a", "b"), closed("b"), visited("b", 2), visited("a", 3))
    assert {id_: each.visits[0].at for id_, (_, each) in pages.stored.items()} == {"b": 2, "a": 3}
    assert pages.numbers == numbers(1, 2, 3, pages=2)
    assert pages.applied.count(Closed) == 1


def test_an_id_erased_and_made_again_replaces_its_pointer() -> None:
    pages = Pages()
    pages.apply(visited("a", 1), merged("a", "b"))
    pages.apply(closed("a"), visited("b", 2))
    assert pages.stored.keys() == {"b"}
    assert pages.entity("b").ids == []


def test_only_what_changes_is_written() -> None:
    pages = Pages()
    pages.apply(visited("a", 1), visited("b", 2), visited("c", 3))
    pages.apply(merged("a", "b"))
    before = {id_: version for id_, (version, _) in pages.stored.items()}
    pages.apply(visited("b", 4))
    assert [write.id for write in pages.written] == ["a"]
    # The one with more ids takes in the other: one pointer is new, the one of `b` stays.
    pages.apply(merged("c", "b"))
    assert {write.id: write.stored for write in pages.written if write.id != "a"} == {"c": Pointer("a")}
    assert pages.stored["b"][0] == before["b"]


def test_a_pointer_is_covered_by_the_version_of_its_entity() -> None:
    root = Page("a", ["b"], visits=[Row(1, "", "1")])
    connected = Connected(PAGE, {"b": ("vb", Pointer("a")), "a": ("va", root), "c": ("vc", Page("c", ["d", "e"]))})
    connected.fold(Fold(SETTINGS), [merged("b", "c")])
    assert {write.id: (write.version, type(write.stored)) for write in connected.writes()} == {
        "a": ("va", Pointer),
        "b": (None, Pointer),
        "c": ("vc", Page),
    }


def read(store: dict[str, Stored], **cached: Stored) -> tuple[dict[str, Stored], list[set[str]]]:
    """What is known of the cached ids in the end, and what was read of the store for that."""
    stored: dict[str, tuple[str, Stored]] = {id_: ("old", each) for id_, each in cached.items()}
    reads: list[set[str]] = []
    to_read: set[str] = set()
    while to_read := unresolved(stored, to_read):
        reads.append(to_read)
        assert len(reads) < 10, "it never ends"
        stored |= {id_: ("new", store.get(id_)) for id_ in to_read}
    return {id_: each for id_, (_, each) in stored.items()}, reads


WHOLE = Page("a", ["b", "c"])


@pytest.mark.parametrize(
    ("cached", "reads"),
    [
        ({"b": Pointer("a"), "a": WHOLE}, []),
        ({"b": Pointer("a")}, [{"a"}]),
        ({"c": Pointer("b"), "b": Pointer("a"), "a": WHOLE}, []),
        ({"c": Pointer("b")}, [{"b"}, {"a"}]),
        ({"b": Pointer("a"), "a": Page("a")}, [{"a", "b"}]),
        ({"b": Pointer("a"), "a": None}, [{"a", "b"}]),
        ({"b": Pointer("c"), "c": Page("c")}, [{"b", "c"}, {"a"}]),
        ({"b": Pointer("c"), "c": Pointer("b")}, [{"b", "c"}, {"a"}]),
        ({"a": Pointer("b"), "b": Pointer("a")}, [{"a", "b"}]),
    ],
    ids=[
        "known",
        "entity to read",
        "pointer to pointer",
        "pointer to pointer to read",
        "entity out of date",
        "entity gone",
        "pointer out of date",
        "circle out of date",
        "circle of which one is the entity now",
    ],
)
def test_a_pointer_leads_to_the_entity_that_lists_it(cached: dict[str, Stored], reads: list[set[str]]) -> None:
    store: dict[str, Stored] = {"a": WHOLE, "b": Pointer("a"), "c": Pointer("a")}
    found, actual = read(store, **cached)
    assert actual == reads
    assert found["a"] == WHOLE


@pytest.mark.parametrize(
    "store",
    [
        {"b": Pointer("a")},
        {"b": Pointer("a"), "a": Page("a", ["c"])},
        {"b": Pointer("a"), "a": Pointer("b")},
        {"b": Pointer("b")},
        {"b": Pointer("c"), "c": Pointer("a")},
    ],
)
def test_a_stored_pointer_whose_entity_does_not_list_it_stands_for_nothing(store: dict[str, Stored]) -> None:
    found, _ = read(store, b=store["b"])
    assert found["b"] is None
    pages = Pages()
    pages.stored = {id_: ("v", each) for id_, each in store.items()}
    pages.apply(visited("b", 1))
    assert pages.entity("b") == Page("b", newest=1, oldest=1, visits=[Row(1, "", "1")])
    assert pages.numbers == numbers(1)


def test_components_are_the_ids_that_links_connect() -> None:
    found = components("abcde", [("a", "b"), ("d", "c"), ("b", "d")])
    assert sorted(map(sorted, found)) == [["a", "b", "c", "d"], ["e"]]


@pytest.mark.parametrize("stored", [Pointer("a"), WHOLE])
def test_what_is_encoded_is_read_again(stored: Stored) -> None:
    assert decoder(PAGE)(encode(stored)[0]) == stored
