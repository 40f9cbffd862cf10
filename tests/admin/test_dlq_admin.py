"""Dead letters can be looked at and sent again, once, exactly as they were."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from stream_app.admin.dlq_admin import Filter, NoSuchDeadLetterError, listing, retry, show
from stream_app.admin.topics import MissingTopicsError
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Cause, Rejected
from stream_app.worker.batch import Batch, Record
from stream_app.worker.dead_letters import DeadLetterTopic
from tests.servers.cluster import Cluster

YEAR = timedelta(days=365)


@pytest.fixture
def settings(cluster: Cluster, namespace: str) -> Settings:
    settings = Settings.load(kafka_url=f"kafka://{cluster.address}", namespace=namespace)
    cluster.create(settings.topic("dlq"), partitions=2)
    cluster.create(settings.topic("lead"), partitions=3)
    return settings


def reject(settings: Settings, topic: str, *records: Record, cause: Cause = "invalid") -> None:
    async def run() -> None:
        dead_letters = DeadLetterTopic(settings)
        batch = Batch(settings.topic(topic), 0, records[0].offset, records[-1].offset + 1, records)
        await dead_letters.send(batch, [(each, Rejected(cause, "Expected better")) for each in records])
        await dead_letters.close()

    asyncio.run(run())


def record(offset: int, value: bytes | None = b"v") -> Record:
    return Record(offset, 0, b"k%d" % offset, value, [("ce_id", b"%d" % offset)])


def offsets(settings: Settings, wanted: Filter | None = None) -> list[int]:
    return [entry.offset for entry in listing(settings, wanted)]


def test_the_list_shows_each_once_with_cause_and_place(settings: Settings) -> None:
    before = datetime.now(UTC)
    reject(settings, "lead", record(5, b"four"), record(6, None))
    reject(settings, "lead", record(5, b"four"), cause="future")
    later, earlier = sorted(listing(settings), key=lambda entry: entry.offset)
    assert (later.cause, later.detail, later.position, later.size) == (
        "future",
        "Expected better",
        (settings.topic("lead"), 0, 5),
        4,
    )
    assert (earlier.cause, earlier.size, earlier.retried) == ("invalid", -1, False)
    assert before - timedelta(milliseconds=1) <= earlier.time <= later.time <= datetime.now(UTC)


def test_the_list_can_be_filtered(settings: Settings) -> None:
    reject(settings, "lead", *map(record, range(4)))
    reject(settings, "email", record(7), cause="malformed")
    assert offsets(settings) == [0, 1, 2, 3, 7]
    assert offsets(settings, Filter(cause="malformed")) == [7]
    assert offsets(settings, Filter(topic=settings.topic("lead"))) == [0, 1, 2, 3]
    assert offsets(settings, Filter(limit=2)) == [3, 7]
    assert offsets(settings, Filter(topic=settings.topic("lead"), limit=1)) == [3]
    assert offsets(settings, Filter(since=datetime.now(UTC) - YEAR)) == [0, 1, 2, 3, 7]
    assert offsets(settings, Filter(since=datetime.now(UTC) + YEAR)) == []


def test_an_empty_dlq_lists_nothing_and_a_missing_one_is_named(settings: Settings) -> None:
    assert listing(settings) == []
    with pytest.raises(MissingTopicsError, match="topics apply"):
        listing(Settings.load(kafka_url=settings.kafka_url, namespace=settings.namespace + "-other"))


def test_one_letter_is_shown_as_it_was_produced(settings: Settings) -> None:
    reject(settings, "lead", record(1), record(2, b"\xff\x00"))
    letter = show(settings, settings.topic("lead"), 0, 2)
    assert (letter.key, letter.value, letter.headers) == (b"k2", b"\xff\x00", (("ce_id", b"2"),))
    with pytest.raises(NoSuchDeadLetterError, match=rf"{settings.namespace}\.lead:0:3"):
        show(settings, settings.topic("lead"), 0, 3)


def test_a_retried_letter_is_unchanged_and_no_longer_listed(cluster: Cluster, settings: Settings) -> None:
    records = [record(1, b"\xff"), record(2, None), Record(3, 0, None, b"keyless", ())]
    reject(settings, "lead", *records)
    done = retry(settings)
    assert sorted(entry.offset for entry in done.sent) == [1, 2, 3]
    sent = cluster.read(settings.topic("lead"))
    assert sorted((each.key or b"", each.value, each.headers) for each in sent) == sorted(
        (each.key or b"", each.value, tuple(each.headers)) for each in records
    )
    assert listing(settings) == []
    assert [entry.retried for entry in listing(settings, Filter(retried=True))] == [True, True, True]
    assert retry(settings).sent == retry(settings, Filter(retried=True)).sent == []
    assert len(cluster.read(settings.topic("lead"))) == 3
    assert show(settings, settings.topic("lead"), 0, 1).entry.retried


def test_a_dry_run_sends_nothing(cluster: Cluster, settings: Settings) -> None:
    reject(settings, "lead", record(1), record(2))
    assert [entry.offset for entry in retry(settings, Filter(limit=1), dry_run=True).sent] == [2]
    assert cluster.read(settings.topic("lead")) == []
    assert offsets(settings) == [1, 2]


def test_retry_sends_only_the_selected_letters(cluster: Cluster, settings: Settings) -> None:
    reject(settings, "lead", record(1), record(2))
    reject(settings, "lead", record(3, b"other"), cause="future")
    retry(settings, Filter(cause="future"))
    assert [each.value for each in cluster.read(settings.topic("lead"))] == [b"other"]
    assert offsets(settings) == [1, 2]


def test_letters_that_cannot_be_retried_are_named_and_stay(cluster: Cluster, settings: Settings) -> None:
    reject(settings, "lead", record(1, b"x" * 9_000_000), record(2))
    reject(settings, "gone", record(3))
    reject(settings, "dlq", record(4))
    done = retry(settings)
    assert [entry.offset for entry in done.sent] == [2]
    assert [(entry.offset, reason) for entry, reason in done.skipped] == [
        (1, "it was too large to be kept whole"),
        (3, f"no topic {settings.topic('gone')} in namespace {settings.namespace}"),
        (4, f"no topic {settings.topic('dlq')} in namespace {settings.namespace}"),
    ]
    assert offsets(settings) == [1, 3, 4]
    assert len(cluster.read(settings.topic("lead"))) == 1


def test_retry_marks_do_not_apply_to_records_of_a_recreated_topic(
    settings: Settings,
) -> None:
    reject(settings, "lead", record(1))
    retry(settings)
    reject(settings, "lead", record(1, b"after the topic was made anew"))
    assert [entry.size for entry in listing(settings)] == [29]


def test_thousands_of_letters_are_retried_with_progress(cluster: Cluster, settings: Settings) -> None:
    reject(settings, "lead", *(record(offset, b"%d" % offset) for offset in range(1200)))
    heard: list[tuple[int, int]] = []
    retry(settings, progress=lambda done, of: heard.append((done, of)))
    assert heard == [(500, 1200), (1000, 1200), (1200, 1200)]
    assert sorted(int(each.value or b"") for each in cluster.read(settings.topic("lead"))) == list(range(1200))
    assert listing(settings) == []


def test_after_a_failed_retry_unmarked_letters_are_sent_next_time(cluster: Cluster, settings: Settings) -> None:
    class PowerCutError(Exception):
        pass

    def interrupt(*_: int) -> None:
        raise PowerCutError

    reject(settings, "lead", *(record(offset, b"%d" % offset) for offset in range(700)))
    with pytest.raises(PowerCutError):
        retry(settings, progress=interrupt)
    assert len(listing(settings)) == 200
    retry(settings)
    assert {int(each.value or b"") for each in cluster.read(settings.topic("lead"))} == set(range(700))


def test_foreign_records_in_the_dlq_are_skipped(cluster: Cluster, settings: Settings) -> None:
    dead_letters = settings.topic("dlq")
    cluster.produce(dead_letters, [b"x"])
    cluster.produce(dead_letters, [b"x"], headers=[("cause", b"\xff"), ("retried", b"a:b:c")])
    reject(settings, "lead", record(1))
    assert offsets(settings) == [1]
