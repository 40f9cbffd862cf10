"""Whether the events of an entity lie in partitions of one number, which is what lets one worker have all of them.

The numbers are right wherever they lie. But workers that share an entity refuse each other's commits, and fold again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from stream_app.admin.topics import Shortcoming

__all__ = ["scattered"]

# A topic with fewer partitions scatters nothing.
_FEWEST = 2
_SLOWER = "the numbers stay right, but workers share entities and work more"


def scattered(
    together: Sequence[Collection[str]], counts: Mapping[str, int], records: Iterable[Any]
) -> Iterator[Shortcoming]:
    """Yield what scatters entities over partitions.

    `together` are the topics of one kind of entity, `counts` how many partitions a topic has, `records` some records of
    these topics as aiokafka has them.
    """
    for topics in together:
        sizes = {topic: counts[topic] for topic in sorted(topics) if topic in counts}
        if len(set(sizes.values())) > 1:
            most = max(sizes.values())
            listed = ", ".join(f"{topic} has {size}" for topic, size in sizes.items())
            yield Shortcoming(
                f"topics about the same entities have different numbers of partitions ({listed}): {_SLOWER}",
                f"stream-app topics apply --partitions {most} # then restart the producers",
            )
    group_of = {topic: number for number, topics in enumerate(together) for topic in topics}
    places: dict[tuple[int, bytes], set[int]] = {}
    unkeyed: set[str] = set()
    for record in records:
        if record.topic not in group_of or counts.get(record.topic, 0) < _FEWEST:
            continue
        if record.key is None:
            unkeyed.add(record.topic)
        else:
            places.setdefault((group_of[record.topic], record.key), set()).add(record.partition)
    if unkeyed:
        yield Shortcoming(
            f"newest records of {', '.join(sorted(unkeyed))} have no key: {_SLOWER}",
            "stream-app produce # or give each record the key that docs/events.md names",
        )
    if several := sum(len(numbers) > 1 for numbers in places.values()):
        yield Shortcoming(
            f"{several} of {len(places)} keys of the newest records lie in partitions of several numbers: {_SLOWER}",
            "partitioner=murmur2 # in every producer that is not Java's, as in librdkafka",
        )
