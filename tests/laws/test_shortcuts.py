"""What an event in order is known to change must be what recomputing the entity would have shown."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.entities import ENTITIES
from stream_app.core.connected import Pointer, decoder
from stream_app.core.facts import Fact
from tests.laws.memory import MemoryStore, net
from tests.laws.test_laws import ZONES, patient
from tests.laws.worlds import CROWDS, Envelope, crowds, deliveries, worlds

KINDS = {kind.name: kind for kind in ENTITIES}


def contributed(store: MemoryStore) -> Iterable[Fact]:
    for name, state in store.entities.items():
        kind = KINDS[name.partition(":")[0]]
        stored = decoder(kind)(state)
        if not isinstance(stored, Pointer):
            yield from kind.all_facts(stored, store.rules)


def assert_nothing_is_amiss(store: MemoryStore) -> None:
    assert net(store.delta) == net(contributed(store))


@patient
@given(data=st.data(), world=worlds(), zone=st.sampled_from(ZONES), cached=st.booleans())
def test_events_in_any_order_add_what_their_entities_contribute(
    data: st.DataObject, world: list[Envelope], zone: str, *, cached: bool
) -> None:
    store = MemoryStore(zone, cached=cached)
    for batch in data.draw(deliveries(world)):
        store.apply(batch)
        assert_nothing_is_amiss(store)


@pytest.mark.parametrize("crowd", sorted(CROWDS))
@patient
@given(data=st.data(), cached=st.booleans())
def test_events_in_order_add_what_their_entities_contribute(crowd: str, data: st.DataObject, *, cached: bool) -> None:
    store = MemoryStore(cached=cached)
    for event in data.draw(crowds(CROWDS[crowd])):
        store.apply([event])
        assert_nothing_is_amiss(store)


@pytest.mark.parametrize("crowd", sorted(CROWDS))
@patient
@given(data=st.data(), cached=st.booleans())
def test_events_out_of_order_add_what_they_add_in_order(crowd: str, data: st.DataObject, *, cached: bool) -> None:
    store, in_order = MemoryStore(cached=cached), MemoryStore()
    events = data.draw(crowds(CROWDS[crowd]))
    for batch in data.draw(deliveries(events)):
        store.apply(batch)
        assert_nothing_is_amiss(store)
    in_order.apply(events)
    assert net(store.delta) == net(in_order.delta)
