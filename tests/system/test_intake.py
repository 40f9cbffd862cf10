"""What stands in the topics, good or bad, whole or with holes."""

from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import orjson
import pytest
from kafka import KafkaProducer

from stream_app.demo.simulator import bad_records
from tests.servers.cluster import Cluster
from tests.system.event_sets import UNTIL, EventSet, RecordToSend
from tests.system.expectations import assert_exact, not_zero, rejected
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import eventually


def test_topics_that_are_empty_are_drained_at_once(installation: Installation) -> None:
    installation.create_topics()
    assert installation.drain() == {"exit": "ok", "applied": 0, "duplicates": 0, "too_late": 0, "rejected": 0}
    assert installation.ledger() == {}


def test_invalid_records_are_not_counted_and_go_to_the_dead_letters(installation: Installation) -> None:
    installation.create_topics()
    bad = dict(bad_records(1, 100))
    installation.produce(RecordToSend("lead", None, value) for value in bad)
    assert installation.drain()["rejected"] == len(bad)
    assert installation.ledger() == {source: end for source, end in installation.ends().items() if end}
    assert not_zero(installation.kpis(UNTIL)) == {}
    assert installation.dead_letters() == rejected(installation, bad)


@pytest.mark.slow
def test_the_rejection_limit_stops_one_topic_and_loses_nothing(installation: Installation, small_set: EventSet) -> None:
    installation.create_topics(partitions=1)
    health = port()
    worker = installation.worker(batch_events="100", worker_port=health)
    flooded = f"{installation.namespace}.reach"
    bad = dict(bad_records(2, 900))
    installation.produce(RecordToSend("reach", None, value) for value in bad)
    all_events = orjson.loads(answer(health, "/health", worker, lambda page: f'"{flooded}"]' in page.text))
    assert (all_events["status"], all_events["stopped_topics"]) == ("degraded", [flooded])
    said = get(health, "/health")
    assert said is not None
    assert said.status == HTTPStatus.SERVICE_UNAVAILABLE
    installation.produce(small_set.records)
    others = {source: end for source, end in installation.ends().items() if end and source != (flooded, 0)}
    eventually(lambda: others.items() <= installation.ledger().items(), "the other topics go on", worker)
    assert installation.ledger().get((flooded, 0), 0) <= 500
    assert f"{flooded}: more than 500 of the last 1000 records were rejected" in worker.said
    assert worker.stop() == 0
    assert len(installation.dead_letters()) <= 500

    installation.drain(flood_ratio="1")
    assert_exact(installation, small_set.events, UNTIL)
    assert installation.dead_letters() == rejected(installation, bad)


@pytest.mark.slow
def test_drain_applies_the_rest_when_a_topic_is_over_the_rejection_limit(
    installation: Installation, small_set: EventSet
) -> None:
    installation.create_topics(partitions=1)
    flooded = f"{installation.namespace}.reach"
    bad = dict(bad_records(2, 900))
    installation.produce(RecordToSend("reach", None, value) for value in bad)
    installation.produce(small_set.records)
    others = {source: end for source, end in installation.ends().items() if end and source != (flooded, 0)}
    worker = installation.worker("--drain", batch_events="100")
    assert worker.ended() == 6
    assert f"drained but for {flooded}" in worker.said
    assert "restart the workers with STREAM_APP_FLOOD_RATIO=1 once" in worker.said
    assert others.items() <= installation.ledger().items()
    assert installation.ledger().get((flooded, 0), 0) <= 500

    installation.drain(flood_ratio="1")
    assert_exact(installation, small_set.events, UNTIL)
    assert installation.dead_letters() == rejected(installation, bad)


@pytest.fixture
def kafka_installation(real_kafka: str, redis_url: str, namespace: str, tmp_path: Path) -> Installation:
    return Installation(Cluster(real_kafka), redis_url, namespace, tmp_path)


def test_aborted_transactions_are_not_counted_and_markers_are_no_gaps(
    kafka_installation: Installation, small_set: EventSet
) -> None:
    installation = kafka_installation
    installation.create_topics(partitions=1)
    parts = small_set.parts(6)
    revoked = [record for part in parts[1::2] for record in part]
    with closing(
        KafkaProducer(bootstrap_servers=installation.cluster.address, transactional_id=installation.namespace)
    ) as producer:
        producer.init_transactions()
        for number, part in enumerate(parts):
            producer.begin_transaction()
            for each in part:
                producer.send(f"{installation.namespace}.{each.family}", key=each.key, value=each.value)
            producer.flush()  # what never left the producer would not be in the log either
            if number % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    installation.drain(batch_events="50")
    kept = [orjson.loads(record.value) for part in parts[::2] for record in part]
    assert revoked
    assert_exact(installation, kept, UNTIL)
    assert installation.ledger() == installation.ends()
    assert sum(installation.ends().values()) > len(small_set.records)
