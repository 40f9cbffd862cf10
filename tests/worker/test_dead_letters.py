"""Rejected records are kept in the dead letter topic, whole where the broker allows it, and across its outages."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Rejected
from stream_app.demo.embedded_servers import embedded_kafka
from stream_app.worker.batch import Batch, Record
from stream_app.worker.dead_letters import DeadLetterTopic
from tests.servers.cluster import Cluster

BAD = Rejected("invalid", "Expected `str` - at `$.data.lead_id`")


@pytest.fixture
def settings(cluster: Cluster, namespace: str) -> Settings:
    return Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)


def record(
    offset: int, value: bytes | None, key: bytes | None = b"k", headers: Sequence[tuple[str, bytes]] = ()
) -> Record:
    return Record(offset, 0, key, value, headers)


def send(settings: Settings, *records: Record, reason: Rejected = BAD) -> None:
    async def run() -> None:
        topic = DeadLetterTopic(settings)
        batch = Batch("some.topic", 3, records[0].offset, records[-1].offset + 1, records)
        try:
            await asyncio.wait_for(topic.send(batch, [(each, reason) for each in records]), 30)
        finally:
            await topic.close()

    asyncio.run(run())


async def until_down(topic: DeadLetterTopic) -> None:
    while topic.retry.up:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.01)


def test_bytes_key_and_reason_are_kept(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"))
    send(settings, record(17, b"\xff\x00{", b"\x00key"))
    (letter,) = cluster.read(settings.topic("dlq"))
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"\x00key", b"\xff\x00{")
    assert headers.pop("time").endswith(b"+00:00")
    assert headers == {
        "cause": b"invalid",
        "detail": b"Expected `str` - at `$.data.lead_id`",
        "topic": b"some.topic",
        "partition": b"3",
        "offset": b"17",
    }


def test_the_headers_of_a_record_are_kept_under_prefixed_names(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"))
    own = [("ce_id", b"1"), ("cause", b"mine"), ("ce_id", b"2")]
    send(settings, record(1, b"{}", headers=own))
    (letter,) = cluster.read(settings.topic("dlq"))
    assert [pair for pair in letter.headers if pair[0].startswith("original.")] == [
        ("original.ce_id", b"1"),
        ("original.cause", b"mine"),
        ("original.ce_id", b"2"),
    ]
    assert dict(letter.headers)["cause"] == b"invalid"


def test_a_tombstone_without_a_key_is_kept(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"))
    send(settings, record(1, None, None))
    (letter,) = cluster.read(settings.topic("dlq"))
    assert (letter.key, letter.value) == (None, None)


def test_copies_go_to_the_partitions_of_their_originals(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"), partitions=3)
    records = [record(number, b"x" * 500, None) for number in range(3000)]
    send(settings, *records)
    send(settings, *records)
    letters = cluster.read(settings.topic("dlq"))
    assert len(letters) == 6000
    places = {(letter.partition, dict(letter.headers)["offset"]) for letter in letters}
    assert len(places) == 3000
    assert {partition for partition, _ in places} == {0, 1, 2}


def test_a_record_of_the_largest_event_size_is_kept_whole(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"))
    value = b"v" * 256 * 1024
    send(settings, record(1, b"a"), record(2, value), record(3, b"b"))
    assert [letter.value for letter in cluster.read(settings.topic("dlq"))] == [b"a", value, b"b"]


@pytest.mark.parametrize("size", [1_200_000, 9_000_000])
@pytest.mark.parametrize("broker", ["kafka", "real_kafka"])
def test_a_record_that_is_too_large_for_the_broker_is_truncated(
    request: pytest.FixtureRequest, namespace: str, broker: str, size: int
) -> None:
    if broker == "kafka" and request.config.getoption("--broker") == "tansu":
        pytest.skip("Tansu refuses nothing")
    cluster = Cluster(request.getfixturevalue(broker))
    settings = Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)
    cluster.create(settings.topic("dlq"))
    send(settings, record(1, b"a"), record(2, b"v" * size), record(3, b"b"))
    letters = {dict(letter.headers)["offset"]: letter for letter in cluster.read(settings.topic("dlq"))}
    assert [letters[b"1"].value, letters[b"3"].value] == [b"a", b"b"]
    assert (letters[b"2"].key, letters[b"2"].value) == (b"k", b"v" * 16 * 1024)
    assert dict(letters[b"2"].headers)["truncated"] == b"%d" % size
    assert "truncated" not in dict(letters[b"1"].headers)


def test_a_record_with_too_large_headers_keeps_only_its_offset(cluster: Cluster, settings: Settings) -> None:
    cluster.create(settings.topic("dlq"))
    send(settings, record(2, b"small", headers=[("big", b"h" * 9_000_000)]))
    (letter,) = cluster.read(settings.topic("dlq"))
    assert (letter.key, letter.value) == (None, b"")
    assert dict(letter.headers)["offset"] == b"2"
    assert dict(letter.headers)["truncated"] == b"5"


@pytest.mark.parametrize("limit", [20_000, 1_000])
def test_records_are_truncated_to_the_limit_of_the_topic(real_kafka: str, namespace: str, limit: int) -> None:
    cluster = Cluster(real_kafka)
    settings = Settings.load(kafka_url=f"kafka://{real_kafka}", namespace=namespace)
    cluster.create(settings.topic("dlq"), configs={"max.message.bytes": str(limit)})
    send(settings, *(record(number, b"v" * 900) for number in range(30)), record(30, b"w" * 30_000))
    letters = {int(dict(letter.headers)["offset"]): letter for letter in cluster.read(settings.topic("dlq"))}
    assert sorted(letters) == list(range(31))
    whole = {number for number, letter in letters.items() if "truncated" not in dict(letter.headers)}
    assert whole == (set(range(30)) if limit > 1_000 else set())
    assert letters[30].value == (b"w" * 16 * 1024 if limit > 1_000 else b"")


def test_sending_waits_for_the_broker(tmp_path: Path, namespace: str, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    settings = Settings.load(kafka_url=f"kafka://127.0.0.1:{port}", namespace=namespace)
    cluster = Cluster(f"127.0.0.1:{port}")
    batch = Batch("some.topic", 0, 0, 1, [record(0, b"lost?", b"jane@example.com")])
    rejected = [(batch.records[0], BAD)]

    async def run() -> None:
        topic = DeadLetterTopic(settings, timeout=1)
        with embedded_kafka(tmp_path, port):
            await asyncio.to_thread(cluster.create, settings.topic("dlq"))
            await topic.send(batch, rejected)
        sending = asyncio.create_task(topic.send(batch, rejected))
        await until_down(topic)
        assert not sending.done()
        with embedded_kafka(tmp_path, port):
            await asyncio.wait_for(sending, 30)
            await topic.close()
            letters = await asyncio.to_thread(cluster.read, settings.topic("dlq"))
        assert [letter.value for letter in letters] == [b"lost?", b"lost?"]

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    assert "waiting for Kafka" in caplog.text
    assert "jane" not in caplog.text


def test_sending_can_be_canceled_while_the_broker_is_down(namespace: str) -> None:
    settings = Settings.load(kafka_url=f"kafka://127.0.0.1:{free_port()}", namespace=namespace)

    async def run() -> None:
        topic = DeadLetterTopic(settings)
        batch = Batch("some.topic", 0, 0, 1, [record(0, b"x")])
        sending = asyncio.create_task(topic.send(batch, [(batch.records[0], BAD)]))
        await until_down(topic)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await topic.close()

    asyncio.run(run())
