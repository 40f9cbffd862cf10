"""Which worker reads which partitions: those of one number, of all topics about one kind of entity, go to one worker.

An entity's events have the same key in each of its topics, so they lie in partitions of the same number. Workers that
shared them would change the same entities, and each would have to fold again what the other one changed first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from stream_app.worker.positions import Partition

__all__ = ["CoPartitioned", "assign"]

_VERSION = 0


def assign(
    members: Mapping[str, Collection[str]], counts: Mapping[str, int], together: Sequence[Collection[str]]
) -> dict[str, list[Partition]]:
    """Return the partitions of each member: every one of its topics that exist, once, and as evenly as units allow.

    `members` have the topics that each reads, `counts` how many partitions a topic has, `together` the topics of one
    kind of entity; a topic that is in none of them is by itself. What a member does not read goes to the next one.
    """
    assigned: dict[str, list[Partition]] = {member: [] for member in sorted(members)}
    turns = cycle(assigned)
    read = {topic for topics in members.values() for topic in topics}
    for unit in _units({topic: count for topic, count in counts.items() if topic in read}, together):
        left = unit
        while left:
            member = next(turns)
            taken = [partition for partition in left if partition[0] in members[member]]
            assigned[member] += taken
            left = [partition for partition in left if partition not in taken]
    return assigned


def _units(counts: Mapping[str, int], together: Sequence[Collection[str]]) -> Iterator[list[Partition]]:
    grouped = {topic for topics in together for topic in topics}
    for topics in [*map(sorted, together), *([topic] for topic in sorted(counts.keys() - grouped))]:
        for number in range(max((counts.get(topic, 0) for topic in topics), default=0)):
            yield [(topic, number) for topic in topics if number < counts.get(topic, 0)]


class CoPartitioned(AbstractPartitionAssignor):  # type: ignore[misc]
    """The same as an assignment strategy of aiokafka's consumer."""

    name = "copartitioned"

    def __init__(self, together: Sequence[Collection[str]]) -> None:
        """Take the topics of each kind of entity."""
        self._together = together

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What a member says of itself when it joins."""
        return ConsumerProtocolMemberMetadata(_VERSION, list(topics), b"")

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, ConsumerProtocolMemberAssignment]:  # noqa: ANN401
        """Called in the member that leads the group, with what all members have said."""
        subscriptions = {member: frozenset(said.subscription) for member, said in members.items()}
        counts = {
            topic: len(cluster.partitions_for_topic(topic) or ())
            for topic in frozenset().union(*subscriptions.values())
        }
        return {
            member: ConsumerProtocolMemberAssignment(_VERSION, _by_topic(partitions), b"")
            for member, partitions in assign(subscriptions, counts, self._together).items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Called with what was assigned: nothing of it has to be remembered."""


def _by_topic(partitions: Iterable[Partition]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for topic, number in partitions:
        found.setdefault(topic, []).append(number)
    return sorted(found.items())
