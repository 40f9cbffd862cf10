"""Every broker that the suite can run on does what the suite needs of it."""

import gc

import pytest
from kafka import KafkaConsumer, OffsetSpec, TopicPartition
from kafka.protocol.metadata import MetadataRequest

from tests.servers.cluster import Cluster


@pytest.fixture(params=["kafka", "tansu", "real_kafka"])
def broker(request: pytest.FixtureRequest) -> Cluster:
    return Cluster(request.getfixturevalue(request.param))


@pytest.mark.parametrize(("broker", "fixture"), [("tansu", "tansu"), ("kafka", "real_kafka")])
def test_the_shared_broker_is_the_configured_one(
    kafka: str, request: pytest.FixtureRequest, broker: str, fixture: str
) -> None:
    requested = request.config.getoption("--broker") == broker
    assert (kafka == request.getfixturevalue(fixture)) == requested


def test_the_shared_broker_returns_what_it_got(cluster: Cluster, namespace: str) -> None:
    cluster.create(namespace)
    cluster.produce(namespace, [b"a"], key=lambda _: b"k", headers=[("reason", b"late")])
    (record,) = cluster.read(namespace)
    assert (record.key, record.value, record.headers) == (b"k", b"a", (("reason", b"late"),))


def test_keyed_values_come_back_in_order_and_together(broker: Cluster, namespace: str) -> None:
    values = [b"%d" % number for number in range(5000)]
    broker.create(namespace, partitions=3)
    broker.produce(namespace, values, key=lambda value: value[-1:])
    records = broker.read(namespace)
    assert sorted(int(record.value or b"") for record in records) == list(range(5000))
    assert len({(record.key, record.partition) for record in records}) == 10
    for number in range(3):
        own = [record for record in records if record.partition == number]
        assert [record.offset for record in own] == list(range(len(own)))
        assert [int(record.value or b"") for record in own] == sorted(int(record.value or b"") for record in own)


def test_values_without_keys_take_turns(broker: Cluster, namespace: str) -> None:
    broker.create(namespace, partitions=2)
    broker.produce(namespace, [b"a", b"b", b"c", b"d"])
    assert sorted((record.partition, record.value) for record in broker.read(namespace)) == [
        (0, b"a"),
        (0, b"c"),
        (1, b"b"),
        (1, b"d"),
    ]


def test_more_than_one_batch_fits_into_a_partition(broker: Cluster, namespace: str) -> None:
    broker.create(namespace)
    values = [b"%06d" % number + b"x" * 1000 for number in range(2000)]
    broker.produce(namespace, values, partition=0)
    assert [record.value for record in broker.read(namespace)] == values


def test_a_record_keeps_its_headers(broker: Cluster, namespace: str) -> None:
    broker.create(namespace)
    broker.produce(namespace, [b"a"], headers=[("reason", b"late")])
    (record,) = broker.read(namespace)
    assert (record.key, record.value, record.headers) == (None, b"a", (("reason", b"late"),))


def test_an_empty_topic_reads_as_empty(broker: Cluster, namespace: str) -> None:
    broker.create(namespace, partitions=2)
    assert broker.read(namespace) == []


def test_a_group_reads_all_and_remembers_where_it_was(broker: Cluster, namespace: str) -> None:
    broker.create(namespace)
    broker.produce(namespace, [b"a", b"b", b"c"])
    with KafkaConsumer(
        namespace,
        bootstrap_servers=broker.address,
        group_id=namespace,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,  # Tansu lets the first member of a group wait for half of it
        heartbeat_interval_ms=1000,
        consumer_timeout_ms=10_000,
    ) as consumer:
        seen = [next(consumer).value for _ in range(3)]
        consumer.commit()
    assert seen == [b"a", b"b", b"c"]
    with broker.admin() as admin:
        offsets = admin.list_group_offsets([namespace])[namespace]
    assert {partition: committed.offset for partition, committed in offsets.items()} == {
        TopicPartition(namespace, 0): 3
    }


@pytest.mark.parametrize("fixture", ["kafka", "real_kafka"])
def test_offsets_are_found_by_time(request: pytest.FixtureRequest, fixture: str, namespace: str) -> None:
    if fixture == "kafka" and request.config.getoption("--broker") == "tansu":
        pytest.skip("Tansu stamps records with its own clock")
    broker = Cluster(request.getfixturevalue(fixture))
    broker.create(namespace)
    for timestamp in (1_700_000_000_000, 1_700_000_001_000):
        broker.produce(namespace, [b"a", b"b"], timestamp=timestamp)
    partition = TopicPartition(namespace, 0)
    with KafkaConsumer(bootstrap_servers=broker.address) as consumer:
        found = consumer.offsets_for_times({partition: 1_700_000_000_001})
    assert found[partition].offset == 2
    with broker.admin() as admin:
        latest = admin.list_partition_offsets({partition: OffsetSpec.LATEST})
    assert latest[partition].offset == 4


# A socket that is left open is a warning, and so fails this test.
def test_a_client_that_is_closed_while_it_connects_leaves_no_socket(cluster: Cluster) -> None:
    for _ in range(20):
        with cluster.admin() as admin:
            admin.list_topics()
            manager = admin._manager  # noqa: SLF001 - nothing public sends without waiting
            manager.call_soon(manager.send, MetadataRequest(topics=[]))
    gc.collect()
