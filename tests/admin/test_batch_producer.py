"""What is sent is delivered, or an error says that it is not."""

import threading
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from stream_app.admin.batch_producer import BatchProducer
from stream_app.admin.topics import MissingTopicsError
from stream_app.clients.settings import Settings
from stream_app.demo.embedded_servers import embedded_kafka
from tests.servers.cluster import Cluster


@pytest.fixture
def settings(cluster: Cluster, namespace: str) -> Settings:
    return Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)


def test_key_value_headers_and_partition_arrive(cluster: Cluster, settings: Settings, namespace: str) -> None:
    cluster.create(namespace, partitions=2)
    with BatchProducer(settings, [namespace]) as producer:
        producer.send(namespace, b"k", b"\xff", [("a", b"1"), ("a", b"2")], partition=1)
        producer.send(namespace, None, None, [("b", b"")], partition=0)
        producer.flush()
        assert producer.delivered == {namespace: 2}
        none, some = sorted(cluster.read(namespace))
    assert (none.partition, none.key, none.value, none.headers) == (0, None, None, (("b", b""),))
    assert (some.partition, some.key, some.value, some.headers) == (1, b"k", b"\xff", (("a", b"1"), ("a", b"2")))


def test_exit_delivers_what_was_sent_and_leaves_no_thread(cluster: Cluster, settings: Settings, namespace: str) -> None:
    cluster.create(namespace)
    with BatchProducer(settings, [namespace]) as producer:
        for number in range(100_000):
            producer.send(namespace, b"k", b"%d" % number)
    assert producer.delivered == {namespace: 100_000}
    assert [record.value for record in cluster.read(namespace)] == [b"%d" % number for number in range(100_000)]
    assert "producer" not in {thread.name for thread in threading.enumerate()}


def test_what_the_broker_refuses_is_an_error(
    request: pytest.FixtureRequest, settings: Settings, namespace: str
) -> None:
    if request.config.getoption("--broker") == "tansu":
        pytest.skip("Tansu refuses nothing")
    Cluster(settings.brokers).create(namespace)
    with pytest.raises(MessageSizeTooLargeError), BatchProducer(settings, [namespace]) as producer:
        producer.send(namespace, b"k", b"x" * 2_000_000)


def test_a_lost_broker_raises_an_error(tmp_path: Path, namespace: str) -> None:
    def run() -> None:
        with embedded_kafka(tmp_path) as address:
            Cluster(address).create(namespace)
            producer = BatchProducer(Settings.load(kafka_url=f"kafka://{address}"), [namespace], request_timeout_s=0.5)
            producer.__enter__()
            producer.send(namespace, b"k", b"there")
            producer.flush()
        producer.send(namespace, b"k", b"lost")
        try:
            producer.flush()
        finally:
            producer.__exit__(KafkaError, None, None)

    with pytest.raises(KafkaError):
        run()
    assert "producer" not in {thread.name for thread in threading.enumerate()}


def test_a_missing_topic_is_named(settings: Settings, namespace: str) -> None:
    with pytest.raises(MissingTopicsError, match=namespace), BatchProducer(settings, [namespace]):
        pass
