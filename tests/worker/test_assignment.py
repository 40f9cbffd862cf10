"""Partitions of one number, of the topics about the same entities, are read by one worker."""

import asyncio
from collections import Counter

from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from hypothesis import given
from hypothesis import strategies as st

from stream_app.clients.aiokafka_clients import AIOKafkaConsumer
from stream_app.worker.assignment import assign
from tests.servers.cluster import Cluster
from tests.worker.workers import Calls, MemoryLedger, eventually, on_a_loop, settings, working

TOGETHER = (("lead", "email"), ("billing", "opportunity"))
TOPICS = ("lead", "email", "billing", "opportunity", "spend")
COUNTS = st.fixed_dictionaries({topic: st.integers(0, 7) for topic in TOPICS})
MEMBERS = st.integers(1, 9).map(lambda count: [f"member{number}" for number in range(count)])


@given(COUNTS, st.data())
def test_every_partition_that_is_read_goes_to_one_reader(counts: dict[str, int], data: st.DataObject) -> None:
    members = {name: data.draw(st.sets(st.sampled_from(TOPICS))) for name in data.draw(MEMBERS)}
    assigned = assign(members, counts, TOGETHER)
    read = set().union(*members.values())
    every = Counter(partition for partitions in assigned.values() for partition in partitions)
    assert every == Counter((topic, number) for topic in read for number in range(counts[topic]))
    assert all(topic in members[member] for member, partitions in assigned.items() for topic, _ in partitions)


@given(COUNTS, MEMBERS)
def test_partitions_of_one_number_stay_together(counts: dict[str, int], names: list[str]) -> None:
    assigned = assign(dict.fromkeys(names, TOPICS), counts, TOGETHER)
    member_of = {partition: member for member, partitions in assigned.items() for partition in partitions}
    for left, right in TOGETHER:
        for number in range(min(counts[left], counts[right])):
            assert member_of[left, number] == member_of[right, number]
    units = Counter(
        {
            member: len({(topic in TOGETHER[0], topic in TOGETHER[1], number) for topic, number in partitions})
            for member, partitions in assigned.items()
        }
    )
    assert max(units.values()) - min(units.values()) <= 1


@given(COUNTS, MEMBERS)
def test_the_order_in_which_members_are_named_changes_nothing(counts: dict[str, int], names: list[str]) -> None:
    backward = dict.fromkeys(reversed(names), TOPICS)
    assert assign(backward, counts, TOGETHER) == assign(dict.fromkeys(names, TOPICS), counts, TOGETHER)


def test_topics_that_do_not_exist_are_nobodys() -> None:
    assert assign({"one": ["lead", "email"]}, {"lead": 2, "email": 0}, TOGETHER) == {"one": [("lead", 0), ("lead", 1)]}


@on_a_loop
async def test_workers_share_partitions_by_number_after_one_rebalance(cluster: Cluster, namespace: str) -> None:
    topics = [f"{namespace}.{name}" for name in ("a", "b", "c")]
    await asyncio.to_thread(cluster.create, *topics, partitions=4)
    chosen = settings(cluster.address, namespace, *topics, together=[topics[:2]])
    ledger, calls = MemoryLedger(), (Calls(), Calls())
    async with working(chosen, ledger, calls[0]) as first:
        await eventually(lambda: len(calls[0].assigned_now) == len(topics) * 4)
        assert first.state().group.generation == 1
        async with working(chosen, ledger, calls[1]) as second:
            await eventually(lambda: all(len(each.assigned_now) == len(topics) * 2 for each in calls))
            assert (first.state().group.generation, second.state().group.generation) == (2, 2)
            for each in calls:
                numbers = {topic: {number for name, number in each.assigned_now if name == topic} for topic in topics}
                assert numbers[topics[0]] == numbers[topics[1]]
        await eventually(lambda: len(calls[0].assigned_now) == len(topics) * 4)


@on_a_loop
async def test_a_worker_shares_with_one_that_knows_round_robin_only(cluster: Cluster, namespace: str) -> None:
    topics = [f"{namespace}.{name}" for name in ("a", "b", "c")]
    await asyncio.to_thread(cluster.create, *topics, partitions=1)
    chosen = settings(cluster.address, namespace, *topics, together=[topics[:2]])
    calls = Calls()
    async with working(chosen, MemoryLedger(), calls):
        await eventually(lambda: len(calls.assigned_now) == len(topics))
        older = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=cluster.address,
            group_id=namespace,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
        )
        await older.start()
        try:
            await eventually(lambda: len(calls.assigned_now) + len(older.assignment()) == len(topics))
            assert calls.assigned_now
            assert older.assignment()
        finally:
            await older.stop()
        await eventually(lambda: len(calls.assigned_now) == len(topics))
