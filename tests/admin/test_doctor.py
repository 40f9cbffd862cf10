"""The doctor finds what is wrong, says how to mend it, and keeps secrets."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from aiokafka.partitioner import DefaultPartitioner
from kafka import KafkaConsumer, TopicPartition
from redis import Redis

from stream_app.admin import topics
from stream_app.admin.doctor import Finding, diagnose
from stream_app.clients.http import serving
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import Server
from stream_app.store.keys import (
    DEFINITIONS,
    SERVING,
    GenerationKeys,
    generations_key,
    namespace_glob,
    partition_field,
    stored_definitions,
)
from tests.servers.cluster import Cluster


@pytest.fixture
def store(crash_redis: Server) -> Iterator[Redis]:
    with Redis(port=crash_redis.port) as redis:
        yield redis


@pytest.fixture
def settings(cluster: Cluster, namespace: str, crash_redis: Server) -> Settings:
    return Settings.load(
        kafka_url=f"kafka://{cluster.address}",
        redis_url=f"redis://{crash_redis.address}/0",
        namespace=namespace,
        exporter_port=free_port(),
        worker_port=free_port(),
    )


def names(settings: Settings) -> list[str]:
    return [settings.topic("lead"), settings.topic("email")]


def findings(settings: Settings, definitions: str | None = "d1") -> dict[str, Finding]:
    return {each.check: each for each in diagnose(settings, names(settings), partitions=2, definitions=definitions)}


def test_doctor_on_a_healthy_installation_warns_only_of_no_worker(settings: Settings) -> None:
    topics.apply(settings, names(settings), 2)
    found = findings(settings)
    assert {check for check, each in found.items() if each.status != "ok"} == {"group"}
    assert found["group"].fix == "stream-app worker"
    assert set(found) == {
        "kafka",
        "group",
        "topics",
        "inbox",
        "redis",
        "redis persistence",
        "redis eviction",
        "clock",
        "script",
        "definitions",
        "ledger",
        "producer clock",
        "partitioning",
        "exporter port",
        "worker port",
    }
    assert found["topics"].detail == "3 topics with 5 partitions"
    assert found["redis"].detail.startswith(f"{settings.redis_url} is Valkey ")


def test_whatever_is_not_ok_has_a_fix(settings: Settings, store: Redis) -> None:
    store.config_set("maxmemory-policy", "allkeys-lru")
    store.config_set("appendonly", "no")
    store.config_set("maxmemory", int(store.info("memory")["used_memory"] * 1.1))
    found = findings(settings)
    assert {check: each.status for check, each in found.items() if each.status != "ok"} == {
        "group": "warning",
        "topics": "failed",
        "inbox": "warning",
        "redis persistence": "warning",
        "redis eviction": "failed",
        "redis memory": "warning",
    }
    assert all(each.fix for each in found.values() if each.status != "ok")
    assert found["topics"].fix == found["inbox"].fix == "stream-app topics apply"
    assert found["redis eviction"].fix.startswith(
        f"redis-cli -u {settings.redis_url} CONFIG SET maxmemory-policy noeviction"
    )


def test_keys_that_were_evicted_are_reported_until_the_store_restarts(settings: Settings, store: Redis) -> None:
    store.config_set("maxmemory-policy", "allkeys-lru")
    store.set("cache", b"x" * 1_000_000)
    store.config_set("maxmemory", 1)
    while store.dbsize():
        pass
    store.config_set("maxmemory", 0)
    store.config_set("maxmemory-policy", "noeviction")
    found = findings(settings)["redis eviction"]
    assert (found.status, found.fix.partition(" #")[0]) == ("warning", "stream-app audit")
    assert found.detail.startswith("nothing is evicted now, but 1 keys were")


@pytest.mark.parametrize(
    ("rights", "status"), [(("-info", "+config|get"), "failed"), (("-info", "-config"), "warning")]
)
def test_eviction_is_checked_where_info_is_forbidden(
    settings: Settings, store: Redis, rights: tuple[str, ...], status: str
) -> None:
    store.config_set("maxmemory-policy", "volatile-lru")
    store.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", *rights])
    limited = Settings.load(**settings.model_dump() | {"redis_password": "secret", "redis_username": "app"})
    assert findings(limited)["redis eviction"].status == status


def test_a_topic_with_short_retention_is_reported(cluster: Cluster, settings: Settings) -> None:
    cluster.create(*names(settings), settings.topic("dlq"), partitions=2, configs={"retention.ms": "86400000"})
    found = [each for each in diagnose(settings, names(settings)) if each.check == "topics"]
    assert [(each.status, each.detail.partition(";")[0]) for each in found] == [
        ("warning", f"{name} keeps events for 1 days") for name in names(settings)
    ]


def test_a_producer_whose_clock_is_ahead_is_reported(cluster: Cluster, settings: Settings) -> None:
    lead, email = names(settings)
    topics.apply(settings, [lead, email], 2, timestamps="CreateTime")
    now = time.time_ns() // 1_000_000
    cluster.produce(lead, [b"early"], partition=1, timestamp=now + 3_600_000)
    cluster.produce(lead, [b"newest"] * 3, partition=1, timestamp=now)
    cluster.produce(email, [b"newest"] * 3, timestamp=now)
    (found,) = (each for each in diagnose(settings, names(settings)) if each.check == "producer clock")
    assert found.status == "warning"
    assert found.detail.startswith(f"{lead} has CreateTime and records that are 3,")
    assert f"--entity-name {lead} --add-config message.timestamp.type=LogAppendTime" in found.fix


def partition_of(key: bytes, count: int) -> int:
    """Return where Kafka's own clients send a key."""
    partition: int = DefaultPartitioner()(key, list(range(count)), list(range(count)))
    return partition


def _partitioning(settings: Settings) -> list[str]:
    found = diagnose(settings, names(settings), together=[names(settings)])
    return [each.detail for each in found if each.check == "partitioning"]


def test_entities_that_are_scattered_over_partitions_are_reported(cluster: Cluster, settings: Settings) -> None:
    lead, email = names(settings)
    topics.apply(settings, [lead, email], 3)
    values = [b"%d" % number for number in range(50)]
    cluster.produce(lead, values, key=bytes)
    cluster.produce(email, values, key=bytes)
    assert _partitioning(settings) == ["the newest events of each entity lie in partitions of one number"]
    cluster.produce(email, values[:10], key=bytes, partition=2)
    (detail,) = _partitioning(settings)
    scattered = sum(partition_of(value, 3) != 2 for value in values[:10])
    assert detail.startswith(f"{scattered} of 50 keys of the newest records lie in partitions of several numbers")


def test_records_without_a_key_are_reported(cluster: Cluster, settings: Settings) -> None:
    topics.apply(settings, names(settings), 2)
    cluster.produce(names(settings)[0], [b"x"] * 3)
    (detail,) = _partitioning(settings)
    assert detail.startswith(f"newest records of {names(settings)[0]} have no key")


def test_topics_of_one_entity_with_different_partitions_are_reported(settings: Settings) -> None:
    lead, email = names(settings)
    topics.apply(settings, [lead], 3)
    topics.apply(settings, [email], 2)
    (detail,) = _partitioning(settings)
    assert f"({email} has 2, {lead} has 3)" in detail


def test_a_ledger_beyond_the_log_is_reported_as_a_recreated_topic(
    cluster: Cluster, settings: Settings, store: Redis
) -> None:
    topics.apply(settings, names(settings), 1)
    lead, email = names(settings)
    cluster.produce(lead, [b"x"] * 3)
    cluster.produce(email, [b"x"] * 5)
    key = GenerationKeys.of(settings.namespace, "1").offsets
    store.hset(key, mapping={partition_field((lead, 0)): 1, partition_field((email, 0)): 5})
    assert findings(settings)["ledger"] == Finding("ledger", "ok", "agrees with the log; 2 records wait")
    store.hset(key, partition_field((email, 0)), 6)
    found = findings(settings)["ledger"]
    assert (found.status, found.fix) == ("failed", "stream-app rebuild")
    assert found.detail.startswith(f"{email}[0]: all before offset 6 is applied, but the log ends at 5")


@pytest.mark.parametrize(("stored", "status"), [({0: 1}, "failed"), ({}, "warning")])
def test_records_deleted_before_they_were_applied_are_reported(
    real_kafka: str, settings: Settings, store: Redis, stored: dict[int, int], status: str
) -> None:
    settings = settings.model_copy(update={"kafka_url": f"kafka://{real_kafka}"})
    cluster = Cluster(real_kafka)
    topics.apply(settings, names(settings), 1)
    lead = settings.topic("lead")
    cluster.produce(lead, [b"x"] * 5)
    with cluster.admin() as admin:
        admin.delete_records({TopicPartition(lead, 0): 3})
    for partition, offset in stored.items():
        store.hset(GenerationKeys.of(settings.namespace, "1").offsets, partition_field((lead, partition)), offset)
    found = findings(settings)["ledger"]
    assert found.status == status
    assert found.detail.startswith(f"{lead}[0]: ")


def test_definitions_are_checked_in_the_serving_generation(settings: Settings, store: Redis) -> None:
    for generation, definitions in (("1", "d1"), ("2", "d2")):
        store.hset(
            GenerationKeys.of(settings.namespace, generation).ledger, DEFINITIONS, stored_definitions(definitions)
        )
    assert findings(settings, "d1")["definitions"].status == "ok"
    store.hset(generations_key(settings.namespace), SERVING, "2")
    assert findings(settings, "d1")["definitions"] == Finding(
        "definitions",
        "failed",
        "the stored numbers were computed with other definitions or settings than these",
        "stream-app rebuild",
    )
    assert findings(settings, "d2")["definitions"].status == "ok"
    assert "definitions" not in findings(settings, None)


def test_unreachable_servers_are_reported_and_the_rest_is_checked(settings: Settings) -> None:
    dead = settings.model_copy(
        update={"kafka_url": f"kafka://127.0.0.1:{free_port()}", "redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    )
    found = findings(dead)
    assert {check: each.status for check, each in found.items()} == {
        "kafka": "failed",
        "redis": "failed",
        "exporter port": "ok",
        "worker port": "ok",
    }
    assert {check for check, each in found.items() if each.unavailable} == {"kafka", "redis"}
    assert found["kafka"].fix.startswith("export STREAM_APP_KAFKA_URL=")
    assert found["redis"].fix.startswith("export STREAM_APP_REDIS_URL=")
    only_kafka = findings(settings.model_copy(update={"kafka_url": dead.kafka_url}))
    assert {"redis", "script", "clock", "definitions"} <= only_kafka.keys()
    assert "ledger" not in only_kafka


def test_doctor_accepts_our_own_port_and_reports_a_taken_one(settings: Settings) -> None:
    with serving("127.0.0.1", 0, {}) as ours, closing(socket.create_server(("127.0.0.1", 0))) as theirs:
        taken = theirs.getsockname()[1]
        found = findings(settings.model_copy(update={"exporter_port": ours, "worker_port": taken}))
    assert found["exporter port"] == Finding("exporter port", "ok", f"one of ours answers on 127.0.0.1:{ours}")
    assert found["worker port"].detail == f"somebody else listens on 127.0.0.1:{taken}"
    assert found["worker port"].fix.startswith("export STREAM_APP_WORKER_PORT=")


def test_worker_port_zero_listens_nowhere_and_a_taken_port_fails(settings: Settings) -> None:
    assert "worker port" not in findings(settings.model_copy(update={"worker_port": 0}))
    both = findings(settings.model_copy(update={"worker_port": settings.exporter_port}))
    assert both["ports"].status == "failed"


def test_a_refused_password_is_reported_without_the_password(settings: Settings, store: Redis) -> None:
    store.config_set("requirepass", "the-right-one")
    wrong = Settings.load(**settings.model_dump() | {"redis_password": "hunter2", "redis_username": "default"})
    found = list(diagnose(wrong, names(wrong)))
    assert next(each for each in found if each.check == "redis").status == "failed"
    assert "hunter2" not in repr(found)


def test_a_redis_user_without_rights_gets_the_acl_command(settings: Settings, store: Redis) -> None:
    store.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", "-info", "-eval"])
    limited = Settings.load(**settings.model_dump() | {"redis_password": "secret", "redis_username": "app"})
    found = findings(limited)
    assert (found["redis"].status, found["script"].status) == ("warning", "failed")
    assert found["redis"].fix.endswith("ACL SETUSER app +info")
    assert "--user app --askpass" in found["redis"].fix


def test_a_redis_user_without_the_keys_gets_the_acl_command(settings: Settings, store: Redis) -> None:
    store.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["other:*"], commands=["+@all"])
    values = settings.model_dump() | {"redis_username": "app", "redis_password": "secret"}
    found = findings(Settings.load(**values))
    assert found["script"].status == "failed"
    assert f"ACL SETUSER app '~{namespace_glob(settings.namespace)}'" in found["script"].fix


def test_an_active_group_is_reported_with_its_members(
    request: pytest.FixtureRequest, cluster: Cluster, settings: Settings
) -> None:
    if request.config.getoption("--broker") == "tansu":
        pytest.skip("kafka-python cannot read what Tansu says of a group")
    topics.apply(settings, names(settings), 1)
    with KafkaConsumer(
        *names(settings), bootstrap_servers=cluster.address, group_id=settings.consumer_group, session_timeout_ms=6000
    ) as consumer:
        while not consumer.assignment():
            consumer.poll(timeout_ms=100)
        assert findings(settings)["group"].detail.startswith(f"{settings.namespace}: 1 members")
