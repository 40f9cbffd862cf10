"""Single entities and the members of a step, as they are stored."""

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from stream_app.catalog.entities import ACCOUNT, LEAD
from stream_app.catalog.lead.state import Lead
from stream_app.core.connected import Pointer, encode
from stream_app.store import generations
from stream_app.store.keys import due_member, entity_name
from stream_app.store.ledger import Applied, Ledger, State
from stream_app.store.lookup import Due, Member, due, find, members
from tests.store.stores import commit_of
from tests.worker.workers import on_a_loop


@on_a_loop
async def test_an_entity_is_found_by_its_kind_and_id(redis_url: str, redis: Redis, namespace: str) -> None:
    state = State(entity_name(LEAD.name, "L:1"), "", *encode(Lead("L:1")))
    async with AsyncRedis.from_url(redis_url) as client:
        assert await Ledger(client, namespace, "d").commit(commit_of(0, 1, states=(state,))) == Applied()
    assert find(redis, namespace, LEAD, "L:1") == Lead("L:1")
    assert find(redis, namespace, LEAD, "L:2") is None
    assert find(redis, namespace, ACCOUNT, "L:1") is None
    generations.switch(redis, namespace, generations.begin(redis, namespace, "d"))
    assert find(redis, namespace, LEAD, "L:1") is None


@on_a_loop
async def test_an_entity_is_found_by_any_of_its_ids(redis_url: str, redis: Redis, namespace: str) -> None:
    whole = Lead("a", ["b", "c"])
    stored = {"a": whole, "b": Pointer("a"), "c": Pointer("b"), "stale": Pointer("a"), "x": Pointer("y"), "y": None}
    states = [State(entity_name(LEAD.name, id_), "", *encode(each)) for id_, each in stored.items() if each]
    async with AsyncRedis.from_url(redis_url) as client:
        assert await Ledger(client, namespace, "d").commit(commit_of(0, 1, states=tuple(states))) == Applied()
    assert [find(redis, namespace, LEAD, id_) for id_ in "abc"] == [whole] * 3
    assert find(redis, namespace, LEAD, "stale") is None
    assert find(redis, namespace, LEAD, "x") is None


@on_a_loop
async def test_members_of_a_step_come_in_the_order_of_their_due_times(
    redis_url: str, redis: Redis, namespace: str
) -> None:
    due = {
        ("step_due_at", "p", "s", due_member(lead, "e1")): at for lead, at in (("late", 5), ("first", 1), ("mid", 3))
    }
    other = {("step_due_at", "p", "t", due_member("elsewhere", "e1")): 2}
    async with AsyncRedis.from_url(redis_url) as client:
        assert await Ledger(client, namespace, "d").commit(commit_of(0, 1, due=due | other)) == Applied()
    assert members(redis, namespace, "p", "s") == [
        Member("first", "e1", 1),
        Member("mid", "e1", 3),
        Member("late", "e1", 5),
    ]
    assert members(redis, namespace, "p", "u") == []


@on_a_loop
async def test_of_many_due_times_only_the_first_are_read(redis_url: str, redis: Redis, namespace: str) -> None:
    stored = {("step_due_at", "p", "s", due_member(f"L{at:03}", "e1")): at for at in range(1, 502)}
    async with AsyncRedis.from_url(redis_url) as client:
        assert await Ledger(client, namespace, "d").commit(commit_of(0, 1, due=stored)) == Applied()
    found = due(redis, namespace, ("step_due_at", "p", "s"), 101, 500)
    # What falls due at this very moment is not late yet.
    assert (found.inside, found.overdue) == (501, 100)
    assert found.first == [Member(f"L{at:03}", "e1", at) for at in range(1, 501)]
    assert due(redis, namespace, ("step_due_at", "p", "t"), 101, 500) == Due(0, 0, [])
