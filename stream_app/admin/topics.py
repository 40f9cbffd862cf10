"""The topics of a namespace: made where they are missing, looked at where they exist, never changed or deleted."""

import asyncio
import json
import socket
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition as AsyncTopicPartition
from aiokafka.errors import KafkaError as AsyncKafkaError
from kafka import KafkaAdminClient, OffsetSpec, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from stream_app.clients.aiokafka_clients import AIOKafkaConsumer
from stream_app.clients.connections import aiokafka_options, kafka_options
from stream_app.clients.failures import kafka_refusal
from stream_app.clients.kafka_probe import probe
from stream_app.clients.kafka_rights import needing
from stream_app.clients.settings import Settings
from stream_app.core.windows import longest_window_days

__all__ = [
    "INBOX",
    "KAFKA_ERRORS",
    "TIMESTAMP_TYPES",
    "MissingTopicsError",
    "Outcome",
    "Shortcoming",
    "Topic",
    "alter_command",
    "apply",
    "begins",
    "connected",
    "describe",
    "ends",
    "require",
    "shortcomings",
]

KAFKA_ERRORS = (KafkaError, AsyncKafkaError, OSError)
"""What is raised when Kafka does not answer, or answers with an error, by whichever client."""

_BOOTSTRAP_TIMEOUT_MS = 10_000
_CONNECT_TIMEOUT_S = 3.0
_DAY_MS = 24 * 60 * 60 * 1000
_EVENT_TOPIC_CONFIG = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
TIMESTAMP_TYPES = ("LogAppendTime", "CreateTime")
"""Who dates a record: the broker, or its producer."""
_DEAD_LETTER_TOPIC_CONFIG = {"cleanup.policy": "delete", "retention.ms": str(90 * _DAY_MS), "retention.bytes": "-1"}
INBOX = "inbox"
"""The suffix of the topic of what was posted to the gateway."""
INBOX_MS = 30 * _DAY_MS
"""How long the inbox keeps an item."""
_INBOX_CONFIG = {"cleanup.policy": "delete", "retention.ms": str(INBOX_MS), "retention.bytes": "-1"}
# As many as lose nothing, and go on, when one is lost.
_COPIES = 3
_HEARD_OF_S = 30
"""How long brokers may take until each of them knows a new topic."""
_POLL_MS = 200
_MAX_POLLS = 5


class MissingTopicsError(Exception):
    """Topics that are needed do not exist."""

    def __init__(self, names: Collection[str]) -> None:
        """Name them and say what to do."""
        super().__init__(f"no topic {', '.join(sorted(names))}: run `stream-app topics apply`")
        self.names = tuple(sorted(names))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the broker describes it; a broker may keep its configuration to itself."""

    name: str
    partitions: int
    config: Mapping[str, str]
    #: The brokers that hold each partition's copies, its leader first.
    replicas: Mapping[int, Sequence[int]] = field(default_factory=dict)
    #: All brokers of the cluster.
    brokers: Sequence[int] = ()

    @property
    def replication(self) -> int:
        """How many copies there are of the partition that has the fewest."""
        return min(map(len, self.replicas.values()), default=1)


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """What is wrong with a topic, and the command that fixes it."""

    detail: str
    fix: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one topic."""

    topic: str
    created: bool
    partitions: int
    shortcomings: tuple[Shortcoming, ...]


def apply(
    settings: Settings,
    names: Collection[str],
    partitions: int,
    replication: int | None = None,
    timestamps: str = TIMESTAMP_TYPES[0],
    min_insync: int | None = None,
) -> list[Outcome]:
    """Create what is missing of the event topics `names`, the dead letter topic with one partition, and the inbox.

    Event topics keep their records for ever, because the numbers are recomputed from them; dead letters are kept for 90
    days, what was posted to the gateway for 30. Topics that exist stay as they are, and what is wrong with them is said
    in their outcome. `replication` None leaves the number of copies to the broker. With `timestamps` "LogAppendTime"
    the broker dates the records of event topics, so that no clock of a producer decides which events are from the
    future. `min_insync` is how many copies must have a record before it counts as written, None leaves that to the
    broker. Raises KAFKA_ERRORS.
    """
    dead_letters = settings.topic("dlq")
    insync = {} if min_insync is None else {"min.insync.replicas": str(min_insync)}
    config = {**_EVENT_TOPIC_CONFIG, "message.timestamp.type": timestamps, **insync}
    wanted = dict.fromkeys(names, (partitions, config)) | {
        dead_letters: (1, {**_DEAD_LETTER_TOPIC_CONFIG, **insync}),
        settings.topic(INBOX): (partitions, {**_INBOX_CONFIG, **insync}),
    }
    with connected(settings) as admin, needing("DESCRIBE", "topic", *wanted):
        missing = wanted.keys() - _described(admin, wanted).keys()
        created: set[str] = set()
        if missing:
            copies = -1 if replication is None else replication
            requested = {
                name: {"num_partitions": count, "replication_factor": copies, "configs": config}
                for name, (count, config) in wanted.items()
                if name in missing
            }
            answer = admin.create_topics(requested, raise_errors=False)
            for each in answer["topics"]:
                error = for_code(each["error_code"])
                # Somebody else may have made it in between, and then it is theirs.
                if error is TopicAlreadyExistsError:
                    continue
                if each["error_code"]:
                    message = f"{each['name']}: {each['error_message'] or 'not created'}"
                    with needing("CREATE", "topic", each["name"]):
                        raise error(message)
                created.add(each["name"])
            admin.wait_for_topics(list(missing))
        topics = _described_by_now(admin, wanted)
    return [
        Outcome(name, name in created, topics[name].partitions, tuple(shortcomings(settings, topics[name], count)))
        for name, (count, _) in wanted.items()
    ]


def _described_by_now(admin: KafkaAdminClient, names: Collection[str]) -> dict[str, Topic]:
    """Look at topics that were just made: of several brokers the one that answers may not have heard of them yet."""
    until = time.monotonic() + _HEARD_OF_S
    while True:
        found = _described(admin, names)
        unheard = sorted(set(names) - found.keys())
        if not unheard:
            return found
        if time.monotonic() > until:
            message = f"the brokers have not heard of {', '.join(unheard)} yet: try again"
            raise KafkaTimeoutError(message)
        time.sleep(_POLL_MS / 1000)


def describe(settings: Settings, names: Collection[str], operation: str = "DESCRIBE") -> dict[str, Topic]:
    """Look at topics; those that do not exist are left out.

    `operation` is what they are looked at for, and what is said to be missing if they may not be seen.
    Raises KAFKA_ERRORS.
    """
    if not names:
        return {}
    with connected(settings) as admin, needing(operation, "topic", *names):
        return _described(admin, names)


def require(settings: Settings, names: Collection[str], operation: str) -> None:
    """Return if the topics exist, and whoever may do that `operation` sees them. Raises MissingTopicsError, KafkaError.

    aiokafka waits for ever for a topic that may not be seen.
    """
    with connected(settings) as admin, needing(operation, "topic", *names):
        _sources(admin, names)


def shortcomings(settings: Settings, topic: Topic, partitions: int = 1) -> Iterator[Shortcoming]:
    """Yield what would lose events or hold up workers, as far as the broker tells. `partitions` is the least wanted."""
    if topic.partitions < partitions:
        yield Shortcoming(
            f"{topic.name} has {topic.partitions} of {partitions} partitions; no more workers than that share its load",
            f"kafka-topics.sh --bootstrap-server {settings.brokers} --alter "
            f"--topic {topic.name} --partitions {partitions}",
        )
    if "compact" in topic.config.get("cleanup.policy", ""):
        yield Shortcoming(
            f"{topic.name} is compacted: of the events of an entity all but the newest get lost",
            alter_command(settings, topic.name, "cleanup.policy=delete"),
        )
    yield from _copies(settings, topic)
    if topic.name in {settings.topic("dlq"), settings.topic(INBOX)}:
        return
    kept, needed = int(topic.config.get("retention.ms", -1)), settings.horizon_days + longest_window_days()
    if 0 <= kept < needed * _DAY_MS:
        yield Shortcoming(
            f"{topic.name} keeps events for {kept / _DAY_MS:.3g} days; to recompute the numbers takes all of them, and "
            f"{needed} days at the least",
            alter_command(settings, topic.name, "retention.ms=-1"),
        )
    if int(topic.config.get("retention.bytes", -1)) >= 0:
        yield Shortcoming(
            f"{topic.name} drops events beyond a size of {topic.config['retention.bytes']} bytes per partition",
            alter_command(settings, topic.name, "retention.bytes=-1"),
        )


def _copies(settings: Settings, topic: Topic) -> Iterator[Shortcoming]:
    """What would lose records, or stop producers, when a broker is lost. A cluster of one broker has no choice."""
    copies, insync = topic.replication, int(topic.config.get("min.insync.replicas", 1))
    if copies == 1 and len(topic.brokers) > 1:
        yield Shortcoming(
            f"{topic.name} has one copy on {len(topic.brokers)} brokers: with its broker its records are lost",
            _reassign_command(settings, topic),
        )
    elif insync > copies:
        yield Shortcoming(
            f"{topic.name} has {copies} copies and wants {insync} in sync: nothing can be written to it",
            alter_command(settings, topic.name, f"min.insync.replicas={max(copies - 1, 1)}"),
        )
    elif copies >= _COPIES and insync == 1:
        yield Shortcoming(
            f"{topic.name} counts a record as written when one of {copies} copies has it: that one may be lost",
            alter_command(settings, topic.name, f"min.insync.replicas={copies - 1}"),
        )
    elif copies >= _COPIES and insync == copies:
        yield Shortcoming(
            f"{topic.name} wants all of its {copies} copies in sync: with one broker away nothing can be written to it",
            alter_command(settings, topic.name, f"min.insync.replicas={copies - 1}"),
        )


def _reassign_command(settings: Settings, topic: Topic) -> str:
    wanted = []
    for number, held in sorted(topic.replicas.items()):
        # Each partition goes to other brokers than the one before it.
        others = [each for each in topic.brokers if each not in held]
        shift = number % len(others)
        copies = [*held, *others[shift:], *others[:shift]][:_COPIES]
        wanted.append({"topic": topic.name, "partition": number, "replicas": copies})
    plan = json.dumps({"version": 1, "partitions": wanted}, separators=(",", ":"))
    return (
        f"kafka-reassign-partitions.sh --bootstrap-server {settings.brokers} --execute "
        f"--reassignment-json-file <(echo '{plan}')"
    )


def begins(settings: Settings, names: Collection[str]) -> dict[tuple[str, int], int]:
    """Return the offset of the oldest record of each partition. Raises MissingTopicsError, KAFKA_ERRORS."""
    with connected(settings) as admin, needing("READ", "topic", *names):
        wanted = dict.fromkeys((TopicPartition(*source) for source in _sources(admin, names)), OffsetSpec.EARLIEST)
        found = admin.list_partition_offsets(wanted)
    return {(each.topic, each.partition): answer.offset for each, answer in found.items()}


def ends(settings: Settings, names: Collection[str]) -> dict[tuple[str, int], int]:
    """Return the offset behind the last record of each partition that can be read, open transactions left out.

    Not for use in a running event loop. Raises MissingTopicsError, KAFKA_ERRORS.
    """
    with connected(settings) as admin, needing("READ", "topic", *names):
        sources = _sources(admin, names)
    with needing("READ", "topic", *names):
        return asyncio.run(_ends(settings, sources)) if sources else {}


async def _ends(settings: Settings, sources: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    partitions = [AsyncTopicPartition(*source) for source in sources]
    options = aiokafka_options(settings)
    async with AIOKafkaConsumer(
        **options, enable_auto_commit=False, isolation_level="read_committed", fetch_max_wait_ms=_POLL_MS // 4
    ) as consumer:
        consumer.assign(partitions)
        ends: dict[AsyncTopicPartition, int] = await consumer.end_offsets(partitions)
        for partition, end in ends.items():
            consumer.seek(partition, end)
        # Tansu puts the end before its last batch. On a topic that grows all the time this ends all the same.
        for _ in range(_MAX_POLLS):
            found = await consumer.getmany(timeout_ms=_POLL_MS)
            ends |= {partition: records[-1].offset + 1 for partition, records in found.items()}
            if not found:
                break
    return {(each.topic, each.partition): end for each, end in ends.items()}


class _Admin(KafkaAdminClient):  # type: ignore[misc]
    """The client leaves a thread behind when it cannot connect; this one does not."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - whatever the client takes
        self._closed = False
        try:
            super().__init__(**options)
        except BaseException:
            self.close()
            raise


@contextmanager
def connected(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Give a client that is connected. Raises KafkaError, at once if nobody listens or the password is wrong."""
    _check_listening(settings)
    _check_login(settings)
    with _Admin(**kafka_options(settings), bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS) as admin:
        yield admin


def _check_login(settings: Settings) -> None:
    # The client would try for ten seconds, and say only that it timed out.
    if settings.kafka_password is not None:
        error = probe(settings)
        if error is not None and kafka_refusal(error, settings):
            raise error


def _check_listening(settings: Settings) -> None:
    # The client would try for seconds, say only that it timed out, and leave its sockets open.
    failure: OSError | None = None
    for address in settings.broker_addresses:
        try:
            socket.create_connection(address, _CONNECT_TIMEOUT_S).close()
        except OSError as error:
            failure = error
        else:
            return
    if failure is not None:
        message = f"nobody listens: {failure.strerror or type(failure).__name__}"
        raise KafkaConnectionError(message) from failure


def _sources(admin: KafkaAdminClient, names: Collection[str]) -> list[tuple[str, int]]:
    topics = _described(admin, names, with_config=False)
    if missing := set(names) - topics.keys():
        raise MissingTopicsError(missing)
    return [(topic.name, number) for topic in topics.values() for number in range(topic.partitions)]


def _described(admin: KafkaAdminClient, names: Collection[str], *, with_config: bool = True) -> dict[str, Topic]:
    if not names:
        return {}
    described = admin.describe_topics(list(names))
    # To a client without rights a topic that exists and one that does not are the same.
    if unseen := [each["name"] for each in described if for_code(each["error_code"]) is TopicAuthorizationFailedError]:
        raise TopicAuthorizationFailedError(", ".join(sorted(unseen)))
    found = {each["name"]: each for each in described if not each["error_code"]}
    configs = _configs(admin, found) if with_config and found else {}
    brokers = sorted(node.node_id for node in admin._manager.cluster.brokers()) if with_config else []  # noqa: SLF001 - describe_cluster is newer than some brokers
    return {
        name: Topic(
            name,
            len(each["partitions"]),
            configs.get(name, {}),
            {part["partition_index"]: tuple(part["replica_nodes"]) for part in each["partitions"]},
            brokers,
        )
        for name, each in found.items()
    }


def _configs(admin: KafkaAdminClient, names: Collection[str]) -> dict[str, dict[str, str]]:
    requested = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    try:
        answer = admin.describe_configs(requested, config_filter="all").get("topic", {})
    except KafkaError:
        return {}
    return {
        name: {key: each["value"] for key, each in config.items() if each["value"] is not None}
        for name, config in answer.items()
    }


def alter_command(settings: Settings, name: str, config: str) -> str:
    """Return the command that sets one entry of a topic's configuration."""
    return (
        f"kafka-configs.sh --bootstrap-server {settings.brokers} --alter --entity-type topics "
        f"--entity-name {name} --add-config {config}"
    )
