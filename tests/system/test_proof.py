"""What an operator proves the numbers with: audit, rebuild and explain, on real servers."""

import json

import pytest

from stream_app.store.generations import serving_keys
from stream_app.store.keys import FIRST_GENERATION, VERSION, GenerationKeys
from tests.laws.memory import MemoryStore
from tests.system.program import eventually
from tests.system.site import Site
from tests.system.story import UNTIL, Sent, Story

AS_OF = ("--as-of", UNTIL.isoformat())


@pytest.fixture
def told(site: Site, short: Story) -> Site:
    """A site that has applied half a year."""
    site.create_topics()
    site.produce(short.records)
    site.drain()
    return site


def _tamper(site: Site, amount: int = 1) -> None:
    with site.redis() as client:
        key = serving_keys(client, site.namespace).levels
        levels = client.hgetall(key)
        field = next(name for name in levels if name.startswith(b"leads_in_stage"))
        client.hset(key, mapping={field: int(levels[field]) + amount, VERSION: "tampered"})


def test_an_audit_finds_nothing_where_nothing_is_wrong(told: Site) -> None:
    report = json.loads(told.run("audit", "--json", *AS_OF))
    assert report["differences"] == []
    assert report["compared"] > 500


def test_an_audit_against_a_file_of_the_events_agrees_as_well(told: Site, short: Story, tmp_path: object) -> None:
    path = f"{tmp_path}/events.jsonl"
    with open(path, "wb") as file:  # noqa: PTH123
        file.writelines(record.value + b"\n" for record in short.records)
    report = json.loads(told.run("audit", "--json", "--file", path, *AS_OF))
    assert report["differences"] == []


def test_an_audit_names_a_number_that_was_tampered_with(told: Site) -> None:
    _tamper(told, 3)
    code, printed = told.try_run("audit", "--json", *AS_OF)
    (difference,) = json.loads(printed)["differences"]
    assert code == 1
    assert difference["name"] == "lifecycle_leads_in_stage"
    assert difference["stored"] - difference["counted"] == 3


def test_a_rebuild_mends_what_was_tampered_with_while_a_worker_runs_on(told: Site, short: Story) -> None:
    before = told.kpis(UNTIL)
    worker = told.worker()
    eventually(lambda: bool(worker.partitions), "the worker has partitions", worker)
    _tamper(told)
    assert told.kpis(UNTIL) != before
    told.run("rebuild")
    assert told.kpis(UNTIL).items() <= before.items(), "the numbers are as before"
    # The worker notices with its next batch; copies of known events change nothing.
    told.produce(short.records[:50])
    ends = told.ends()
    eventually(lambda: told.ledger().items() >= {s: e for s, e in ends.items() if e}.items(), "all is applied", worker)
    assert told.kpis(UNTIL).items() <= before.items(), "the numbers are as before"
    assert json.loads(told.run("audit", "--json", *AS_OF))["differences"] == []
    with told.redis() as client:
        old = GenerationKeys.of(told.namespace, FIRST_GENERATION).glob
        assert not list(client.scan_iter(match=old, count=1000)), "the old generation is gone"


def test_other_definitions_are_refused_until_a_rebuild(told: Site) -> None:
    code, _ = told.try_run("worker", "--drain", timezone="Asia/Kolkata")
    assert code == 5
    told.run("rebuild", timezone="Asia/Kolkata")
    told.run("worker", "--drain", timezone="Asia/Kolkata")
    report = json.loads(told.run("audit", "--json", *AS_OF, timezone="Asia/Kolkata"))
    assert report["differences"] == []
    code, _ = told.try_run("worker", "--drain")
    assert code == 5


def test_a_lead_is_explained_by_its_own_events(site: Site) -> None:
    site.create_topics(partitions=1)
    events = [
        {"id": "1", "type": "lead.created", "time": "2025-06-01T10:00:00Z", "data": {"lead_id": "L1", "source": "web"}},
        {
            "id": "2",
            "type": "program.enrolled",
            "time": "2025-06-01T11:00:00Z",
            "data": {"lead_id": "L1", "program_id": "welcome", "enrollment_id": "E1"},
        },
        {
            "id": "3",
            "type": "program.step_entered",
            "time": "2025-06-01T11:00:00Z",
            "data": {
                "lead_id": "L1",
                "program_id": "welcome",
                "enrollment_id": "E1",
                "step_id": "hello",
                "due_at": "2025-06-04T11:00:00Z",
            },
        },
    ]
    site.produce([Sent("lead", b"L1", json.dumps(event).encode()) for event in events])
    site.drain()
    explained = json.loads(site.run("explain", "lead", "L1", "--json"))
    assert [row["event"] for row in explained["timeline"]] == [
        "created, source web",
        "enrollment E1 in welcome: enrolled",
        "enrollment E1 in welcome: entered hello",
    ]
    facts = {(fact["metric"], tuple(fact["labels"])) for fact in explained["facts"]}
    assert ("new_leads", ("web", "none", "none")) in facts
    assert ("step_balance", ("welcome", "hello")) in facts
    overdue = json.loads(site.run("explain", "step", "welcome", "hello", "--json", "--as-of", "2025-06-04T12:00:00Z"))
    assert overdue == [{"lead_id": "L1", "enrollment_id": "E1", "due_at": "2025-06-04T11:00:00.000Z"}]
    assert (
        json.loads(site.run("explain", "step", "welcome", "hello", "--json", "--as-of", "2025-06-04T10:00:00Z")) == []
    )
    code, _ = site.try_run("explain", "lead", "nobody")
    assert code == 1


def test_what_all_entities_say_they_contribute_is_what_is_stored(short: Story) -> None:
    import msgspec  # noqa: PLC0415

    from stream_app.catalog.entities import ENTITIES  # noqa: PLC0415
    from stream_app.catalog.metrics import METRICS  # noqa: PLC0415
    from stream_app.core.deltas import Bucketizer  # noqa: PLC0415

    store = MemoryStore()
    store.apply(short.events)
    facts = []
    kinds = {kind.name: kind for kind in ENTITIES}
    for name, state in store.entities.items():
        kind = kinds[name.partition(":")[0]]
        facts += kind.all_facts(msgspec.msgpack.decode(state, type=kind.state), store.rules)
    cells = Bucketizer(METRICS, store.rules.calendar).cells(facts)
    assert {series: amount for series, amount in cells.levels.items() if amount} == {
        series: amount for series, amount in store.levels.items() if amount
    }
    for bucket, amounts in store.buckets.items():
        assert {s: a for s, a in cells.buckets.get(bucket, {}).items() if a} == {s: a for s, a in amounts.items() if a}
