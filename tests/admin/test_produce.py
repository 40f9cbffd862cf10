"""Lines become events in the right topic under the right key, and what is no event is named by its line alone."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stream_app.admin.produce import BadLine, Routes, produce
from stream_app.admin.topics import MissingTopicsError
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, TOPICS
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, event_type
from tests.servers.cluster import Cluster


@pytest.fixture
def settings(cluster: Cluster, namespace: str) -> Settings:
    settings = Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)
    cluster.create(*(settings.topic(suffix) for suffix in TOPICS), partitions=3)
    return settings


@pytest.fixture
def routes(settings: Settings) -> Routes:
    return routes_of(settings)


def routes_of(settings: Settings) -> Routes:
    suffix_of = {family: suffix for suffix, families in TOPICS.items() for family in families}
    return Routes(
        decoder=Decoder(EVENT_TYPES),
        topic_of={kind: settings.topic(suffix_of[event_type(kind).partition(".")[0]]) for kind in EVENT_TYPES},
        key_of={kind: entity.key for kind, entity in KIND_OF.items()},
    )


def line(number: int, kind: str = "lead.created", /, **data: Any) -> bytes:  # noqa: ANN401 - JSON
    event = {"id": f"e{number}", "type": kind, "time": "2026-03-02T09:14:03Z", "data": {"lead_id": "l1"} | data}
    return json.dumps(event).encode() + b"\n"


def test_every_family_goes_to_its_topic_under_its_entitys_key(
    cluster: Cluster, settings: Settings, routes: Routes
) -> None:
    survey = line(3, "survey.responded", respondent_id="r1", survey_id="s", score=9)
    won = line(4, "opportunity.won", account_id="a1", opportunity_id="o", kind="upsell", amount_minor=1, currency="EUR")
    done = produce(settings, [line(1), line(2, "email.sent", message_id="m"), survey, won], routes)
    suffixes = ("lead", "email", "survey", "opportunity")
    assert done.topics == {settings.topic(suffix): 1 for suffix in suffixes}
    assert [[(each.key, each.value) for each in cluster.read(settings.topic(suffix))] for suffix in suffixes] == [
        [(b"l1", line(1).strip())],
        [(b"l1", line(2, "email.sent", message_id="m").strip())],
        [(b"r1", survey.strip())],
        [(b"a1", won.strip())],
    ]


def test_many_lines_arrive_in_order_of_their_keys(cluster: Cluster, settings: Settings, routes: Routes) -> None:
    lines = [line(number, lead_id=f"l{number % 7}") for number in range(20_000)]
    assert produce(settings, lines, routes).topics == {settings.topic("lead"): 20_000}
    by_key: dict[bytes | None, list[bytes | None]] = {}
    for each in cluster.read(settings.topic("lead")):
        by_key.setdefault(each.key, []).append(each.value)
    assert by_key == {b"l%d" % key: [each.strip() for each in lines[key::7]] for key in range(7)}


def test_produce_stops_at_the_first_bad_line_and_writes_those_before(
    cluster: Cluster, settings: Settings, routes: Routes
) -> None:
    done = produce(settings, [line(1), b"\n", b'{"secret', line(2)], routes)
    assert done.bad_lines == [BadLine(3, "malformed", "The value is not JSON in UTF-8")]
    assert (done.lines, done.refused, done.topics) == (3, {"malformed": 1}, {settings.topic("lead"): 1})
    assert [each.value for each in cluster.read(settings.topic("lead"))] == [line(1).strip()]


def test_keep_going_counts_every_bad_line_by_the_workers_rules(
    cluster: Cluster, settings: Settings, routes: Routes
) -> None:
    future = line(5).replace(b"2026-", b"2226-")
    bad = [b"[]", line(1, "lead.exploded"), line(2, lead_id="jane@example.com"), line(3, lead_id=7), future]
    done = produce(settings, [*bad, line(9), b"x" * 300_000, line(10, "email.sent")], routes, keep_going=True)
    assert done.refused == {
        "malformed": 1,
        "unknown_type": 1,
        "pii_identifier": 1,
        "invalid": 2,
        "future": 1,
        "too_large": 1,
    }
    assert [each.number for each in done.bad_lines] == [1, 2, 3, 4, 5, 7, 8]
    assert "jane" not in repr(done.bad_lines)
    assert [each.value for each in cluster.read(settings.topic("lead"))] == [line(9).strip()]


def test_raw_lines_are_sent_unchanged_to_the_topic_of_their_type(
    cluster: Cluster, settings: Settings, routes: Routes
) -> None:
    lines = [b'{"broken', b"[1]", b'{"type":7}', line(1, "lead.exploded"), line(2, "email.sent", lead_id=7), b"\xff"]
    done = produce(settings, [*lines, b"y" * 1_000_001], routes, raw_topic=settings.topic("spend"), keep_going=True)
    assert done.refused == {"too_large": 1}
    assert {each.value for each in cluster.read(settings.topic("spend"))} == {
        b'{"broken',
        b"[1]",
        b'{"type":7}',
        b"\xff",
    }
    assert [(each.key, each.value) for each in cluster.read(settings.topic("lead"))] == [(b"l1", lines[3].strip())]
    assert [(each.key, each.value) for each in cluster.read(settings.topic("email"))] == [(None, lines[4].strip())]


def test_a_line_does_not_wait_for_the_next_one(cluster: Cluster, settings: Settings, routes: Routes) -> None:
    arrived: list[int] = []

    def trickle() -> Iterator[bytes]:
        for number in range(3):
            yield line(number)
            deadline = time.monotonic() + 10
            while len(found := cluster.read(settings.topic("lead"))) <= number and time.monotonic() < deadline:
                time.sleep(0.02)
            arrived.append(len(found))

    produce(settings, trickle(), routes)
    assert arrived == [1, 2, 3]


def test_progress_is_reported_at_the_end(settings: Settings, routes: Routes) -> None:
    heard: list[tuple[int, int]] = []
    lines = [line(number) for number in range(100)]
    produce(settings, lines, routes, progress=lambda *now: heard.append(now))
    assert heard[-1] == (100, sum(map(len, lines)))


def test_missing_topics_are_named_before_anything_is_read(cluster: Cluster, namespace: str) -> None:
    settings = Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)
    cluster.create(settings.topic("lead"))

    read: list[int] = []

    def lines() -> Iterator[bytes]:
        read.append(1)
        yield b""

    with pytest.raises(MissingTopicsError, match=rf"{namespace}\.email.*topics apply"):
        produce(settings, lines(), routes_of(settings))
    assert read == []
