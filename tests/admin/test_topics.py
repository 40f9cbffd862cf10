"""Topics are made as the numbers need them, and what exists is left alone, on every broker."""

import asyncio
import threading
from collections.abc import Collection
from datetime import date

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaConnectionError, KafkaError

from stream_app.admin import topics
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.core.windows import longest_window_days
from tests.servers.cluster import Cluster

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(params=["kafka", "tansu", "real_kafka"])
def broker(request: pytest.FixtureRequest) -> Cluster:
    return Cluster(request.getfixturevalue(request.param))


@pytest.fixture
def settings(broker: Cluster, namespace: str) -> Settings:
    return Settings.load(kafka_url=f"kafka://{broker.address}", namespace=namespace)


def test_missing_topics_are_created_and_existing_ones_unchanged(broker: Cluster, settings: Settings) -> None:
    lead, email, dead, inbox = (settings.topic(suffix) for suffix in ("lead", "email", "dlq", "inbox"))
    broker.create(lead, partitions=2)
    made = topics.apply(settings, [lead, email], 4)
    assert [(each.topic, each.created, each.partitions) for each in made] == [
        (lead, False, 2),
        (email, True, 4),
        (dead, True, 1),
        (inbox, True, 4),
    ]
    again = topics.apply(settings, [lead, email], 1)
    assert [(each.topic, each.created, each.partitions) for each in again] == [
        (lead, False, 2),
        (email, False, 4),
        (dead, False, 1),
        (inbox, False, 4),
    ]


def test_a_new_topic_that_a_broker_does_not_know_yet_is_waited_for(
    kafka: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.load(kafka_url=f"kafka://{kafka}", namespace=namespace)
    described, answers = topics._described, []  # noqa: SLF001 - one broker knows all that it has made

    def late(admin: KafkaAdminClient, names: Collection[str]) -> dict[str, topics.Topic]:
        found = described(admin, names)
        answers.append(found)
        return (
            {name: each for name, each in found.items() if name != settings.topic("dlq")}
            if len(answers) == 2
            else found
        )

    monkeypatch.setattr(topics, "_described", late)
    made = topics.apply(settings, [settings.topic("lead")], 1)
    assert all(each.created for each in made)
    assert len(answers) == 3


def test_events_are_kept_for_ever_dead_letters_and_the_inbox_for_a_while(settings: Settings) -> None:
    topics.apply(settings, [settings.topic("lead")], 1)
    found = topics.describe(settings, [settings.topic(suffix) for suffix in ("lead", "dlq", "inbox", "nope")])
    kept = {name: topic.config["retention.ms"] for name, topic in found.items()}
    assert kept == {
        settings.topic("lead"): "-1",
        settings.topic("dlq"): str(90 * DAY_MS),
        settings.topic("inbox"): str(30 * DAY_MS),
    }


def test_the_broker_dates_records_unless_the_user_says_otherwise(settings: Settings) -> None:
    lead, email = settings.topic("lead"), settings.topic("email")
    topics.apply(settings, [lead], 1)
    topics.apply(settings, [email], 1, timestamps="CreateTime")
    found = topics.describe(settings, [lead, email])
    assert {name: topic.config["message.timestamp.type"] for name, topic in found.items()} == {
        lead: "LogAppendTime",
        email: "CreateTime",
    }


def test_a_topic_made_here_has_no_shortcomings(settings: Settings) -> None:
    topics.apply(settings, [settings.topic("lead")], 3)
    assert [each.shortcomings for each in topics.apply(settings, [settings.topic("lead")], 3)] == [(), (), ()]


def test_too_few_partitions_and_short_retention_are_reported_with_a_fix(broker: Cluster, settings: Settings) -> None:
    lead = settings.topic("lead")
    broker.create(lead, configs={"retention.ms": str(7 * DAY_MS), "retention.bytes": "1000000000"})
    outcome = topics.apply(settings, [lead], 2)[0]
    details = [each.detail for each in outcome.shortcomings]
    assert details[0].startswith(f"{lead} has 1 of 2 partitions")
    assert details[1].startswith(f"{lead} keeps events for 7 days")
    # The horizon, 400 days, and October 1 to December 31, 92 days.
    assert "492 days at the least" in details[1]
    assert details[2].startswith(f"{lead} drops events beyond a size of 1000000000 bytes")
    assert outcome.shortcomings[1].fix == (
        f"kafka-configs.sh --bootstrap-server {broker.address} --alter --entity-type topics "
        f"--entity-name {lead} --add-config retention.ms=-1"
    )


def test_a_compacted_topic_is_reported(broker: Cluster, settings: Settings) -> None:
    dead = settings.topic("dlq")
    broker.create(dead, configs={"cleanup.policy": "compact"})
    outcome, _ = topics.apply(settings, [], 1)
    assert [each.detail for each in outcome.shortcomings] == [
        f"{dead} is compacted: of the events of an entity all but the newest get lost"
    ]


@pytest.mark.parametrize(
    ("copies", "insync", "brokers", "detail", "fix"),
    [
        (1, 1, 3, "has one copy on 3 brokers", '{"topic":"t","partition":1,"replicas":[2,3,1]}'),
        (3, 1, 3, "when one of 3 copies has it", "min.insync.replicas=2"),
        (3, 3, 3, "wants all of its 3 copies in sync", "min.insync.replicas=2"),
        (2, 3, 3, "nothing can be written to it", "min.insync.replicas=1"),
        (3, 2, 3, "", ""),
        (2, 1, 2, "", ""),
        (1, 1, 1, "", ""),
    ],
)
def test_copies_that_do_not_outlast_a_broker_are_reported_with_a_fix(
    copies: int, insync: int, brokers: int, detail: str, fix: str
) -> None:
    all_brokers = list(range(1, brokers + 1))
    replicas = {number: [*all_brokers[number:], *all_brokers[:number]][:copies] for number in (0, 1)}
    topic = topics.Topic("t", 2, {"min.insync.replicas": str(insync)}, replicas, all_brokers)
    found = list(topics.shortcomings(Settings.load(), topic))
    assert len(found) == bool(detail)
    assert all(detail in each.detail and fix in each.fix for each in found)


def test_the_number_of_copies_that_must_have_a_record_is_set(settings: Settings) -> None:
    lead = settings.topic("lead")
    topics.apply(settings, [lead], 1, min_insync=1)
    config = topics.describe(settings, [lead])[lead].config
    assert config.get("min.insync.replicas", "1") == "1"


def test_a_topic_that_cannot_be_created_is_named(real_kafka: str, namespace: str) -> None:
    settings = Settings.load(kafka_url=f"kafka://{real_kafka}", namespace=namespace)
    with pytest.raises(KafkaError, match=rf"{namespace}\.(lead|dlq)"):
        topics.apply(settings, [settings.topic("lead")], 1, replication=3)


def test_begin_and_end_are_those_of_every_partition(broker: Cluster, settings: Settings) -> None:
    lead, email = settings.topic("lead"), settings.topic("email")
    broker.create(lead, partitions=2)
    broker.create(email)
    broker.produce(lead, [b"x" * 1000] * 2000, partition=1)
    broker.produce(lead, [b"y"] * 3, partition=1)
    assert topics.ends(settings, [lead, email]) == {(lead, 0): 0, (lead, 1): 2003, (email, 0): 0}
    assert topics.begins(settings, [lead, email]) == {(lead, 0): 0, (lead, 1): 0, (email, 0): 0}


def test_the_begin_moves_when_records_are_deleted(real_kafka: str, namespace: str) -> None:
    cluster = Cluster(real_kafka)
    settings = Settings.load(kafka_url=f"kafka://{real_kafka}", namespace=namespace)
    lead = settings.topic("lead")
    cluster.create(lead)
    cluster.produce(lead, [b"x"] * 5)
    with cluster.admin() as admin:
        admin.delete_records({TopicPartition(lead, 0): 3})
    assert topics.begins(settings, [lead]) == {(lead, 0): 3}


def test_end_offsets_exclude_open_transactions(real_kafka: str, namespace: str) -> None:
    settings = Settings.load(kafka_url=f"kafka://{real_kafka}", namespace=namespace)
    lead = settings.topic("lead")
    Cluster(real_kafka).create(lead)

    async def run() -> None:
        async with AIOKafkaProducer(bootstrap_servers=real_kafka, transactional_id=namespace) as producer:
            async with producer.transaction():
                await producer.send_and_wait(lead, b"a")
            await producer.begin_transaction()
            await producer.send_and_wait(lead, b"b")
            assert await asyncio.to_thread(topics.ends, settings, [lead]) == {(lead, 0): 2}
            await producer.abort_transaction()
        assert await asyncio.to_thread(topics.ends, settings, [lead]) == {(lead, 0): 4}

    asyncio.run(run())


def test_missing_topics_are_named_with_what_to_do(settings: Settings) -> None:
    with pytest.raises(topics.MissingTopicsError, match="topics apply") as raised:
        topics.ends(settings, [settings.topic("b"), settings.topic("a")])
    assert raised.value.names == (settings.topic("a"), settings.topic("b"))
    with pytest.raises(topics.MissingTopicsError):
        topics.begins(settings, [settings.topic("b")])


def test_an_unreachable_broker_fails_at_once_and_leaves_no_thread(namespace: str) -> None:
    settings = Settings.load(kafka_url=f"kafka://127.0.0.1:{free_port()}", namespace=namespace)
    before = set(threading.enumerate())
    with pytest.raises(KafkaConnectionError, match="refused"):
        topics.apply(settings, [], 1)
    assert set(threading.enumerate()) <= before


def test_a_server_that_is_no_broker_leaves_no_thread(
    redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_BOOTSTRAP_TIMEOUT_MS", 500)
    settings = Settings.load(
        kafka_url=redis_url.replace("redis://", "kafka://").removesuffix("/0"), namespace=namespace
    )
    before = set(threading.enumerate())
    with pytest.raises(topics.KAFKA_ERRORS):
        topics.begins(settings, ["x"])
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    ("today", "first", "days"),
    [
        # The longest three months in a row, ending today: no window begins before the month before the previous one.
        ("2026-07-31", "2026-05-01", 31 + 30 + 31),
        ("2026-08-31", "2026-06-01", 30 + 31 + 31),
        ("2026-12-31", "2026-10-01", 31 + 30 + 31),
        ("2027-01-31", "2026-11-01", 30 + 31 + 31),
        ("2027-03-31", "2027-01-01", 31 + 28 + 31),
    ],
)
def test_no_window_reaches_back_further_than_92_days(today: str, first: str, days: int) -> None:
    assert (date.fromisoformat(today) - date.fromisoformat(first)).days + 1 == days
    assert days <= longest_window_days() == 92
