"""What stands in the topics, good or bad, whole or with holes."""

from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import orjson
import pytest
from kafka import KafkaProducer

from stream_app.demo.simulator import bad_records
from tests.servers.cluster import Cluster
from tests.system.judgment import assert_exact, not_zero, rejected
from tests.system.program import eventually
from tests.system.site import Site, answer, get, port
from tests.system.story import UNTIL, Sent, Story


def test_topics_that_are_empty_are_drained_at_once(site: Site) -> None:
    site.create_topics()
    assert site.drain() == {"exit": "ok", "applied": 0, "duplicates": 0, "too_late": 0, "rejected": 0}
    assert site.ledger() == {}


def test_records_that_are_no_events_count_for_nothing_and_are_put_aside(site: Site) -> None:
    site.create_topics()
    bad = dict(bad_records(1, 100))
    site.produce(Sent("lead", None, value) for value in bad)
    assert site.drain()["rejected"] == len(bad)
    assert site.ledger() == {source: end for source, end in site.ends().items() if end}
    assert not_zero(site.kpis(UNTIL)) == {}
    assert site.dead_letters() == rejected(site, bad)


@pytest.mark.faults
def test_a_flood_of_bad_records_stops_its_topic_alone_and_loses_nothing(site: Site, short: Story) -> None:
    site.create_topics(partitions=1)
    health = port()
    worker = site.worker(batch_events="100", worker_port=health)
    flooded = f"{site.namespace}.reach"
    bad = dict(bad_records(2, 900))
    site.produce(Sent("reach", None, value) for value in bad)
    told = orjson.loads(answer(health, "/health", worker, lambda page: f'"{flooded}"]' in page.text))
    assert (told["status"], told["stopped_topics"]) == ("degraded", [flooded])
    said = get(health, "/health")
    assert said is not None
    assert said.status == HTTPStatus.SERVICE_UNAVAILABLE
    site.produce(short.records)
    others = {source: end for source, end in site.ends().items() if end and source != (flooded, 0)}
    eventually(lambda: others.items() <= site.ledger().items(), "the other topics go on", worker)
    assert site.ledger().get((flooded, 0), 0) <= 500
    assert f"{flooded}: more than 500 of the last 1000 records were rejected" in worker.said
    assert worker.stop() == 0
    assert len(site.dead_letters()) <= 500

    site.drain(flood_ratio="1")
    assert_exact(site, short.events, UNTIL)
    assert site.dead_letters() == rejected(site, bad)


def test_a_drain_into_a_flood_of_bad_records_ends_with_the_rest_applied_and_says_what_to_do(
    site: Site, short: Story
) -> None:
    site.create_topics(partitions=1)
    flooded = f"{site.namespace}.reach"
    bad = dict(bad_records(2, 900))
    site.produce(Sent("reach", None, value) for value in bad)
    site.produce(short.records)
    others = {source: end for source, end in site.ends().items() if end and source != (flooded, 0)}
    worker = site.worker("--drain", batch_events="100")
    assert worker.ended() == 6
    assert f"drained but for {flooded}" in worker.said
    assert "restart the workers with STREAM_APP_FLOOD_RATIO=1 once" in worker.said
    assert others.items() <= site.ledger().items()
    assert site.ledger().get((flooded, 0), 0) <= 500

    site.drain(flood_ratio="1")
    assert_exact(site, short.events, UNTIL)
    assert site.dead_letters() == rejected(site, bad)


@pytest.fixture
def kafka_site(real_kafka: str, redis_url: str, namespace: str, tmp_path: Path) -> Site:
    return Site(Cluster(real_kafka), redis_url, namespace, tmp_path)


def test_what_a_transaction_takes_back_is_not_counted_and_its_marks_are_no_gaps(kafka_site: Site, short: Story) -> None:
    site = kafka_site
    site.create_topics(partitions=1)
    chapters = short.chapters(6)
    taken_back = [record for chapter in chapters[1::2] for record in chapter]
    with closing(KafkaProducer(bootstrap_servers=site.cluster.address, transactional_id=site.namespace)) as producer:
        producer.init_transactions()
        for number, chapter in enumerate(chapters):
            producer.begin_transaction()
            for each in chapter:
                producer.send(f"{site.namespace}.{each.family}", key=each.key, value=each.value)
            producer.flush()  # what never left the producer would not be in the log either
            if number % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    site.drain(batch_events="50")
    kept = [orjson.loads(record.value) for chapter in chapters[::2] for record in chapter]
    assert taken_back
    assert_exact(site, kept, UNTIL)
    assert site.ledger() == site.ends()
    assert sum(site.ends().values()) > len(short.records)
