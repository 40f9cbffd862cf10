"""What an operator proves the numbers with: audit, rebuild and explain, on real servers."""

import json

import pytest

from stream_app.store.generations import serving_keys
from stream_app.store.keys import FIRST_GENERATION, VERSION, GenerationKeys
from tests.laws.memory import MemoryStore
from tests.system.event_sets import UNTIL, EventSet, RecordToSend
from tests.system.installation import Installation
from tests.system.processes import eventually

AS_OF = ("--as-of", UNTIL.isoformat())


@pytest.fixture
def applied(installation: Installation, small_set: EventSet) -> Installation:
    """An installation that has applied half a year."""
    installation.create_topics()
    installation.produce(small_set.records)
    installation.drain()
    return installation


def _tamper(installation: Installation, amount: int = 1) -> None:
    with installation.redis() as client:
        key = serving_keys(client, installation.namespace).levels
        levels = client.hgetall(key)
        field = next(name for name in levels if name.startswith(b"leads_in_stage"))
        client.hset(key, mapping={field: int(levels[field]) + amount, VERSION: "tampered"})


def test_audit_of_correct_numbers_finds_no_difference(applied: Installation) -> None:
    report = json.loads(applied.run("audit", "--json", *AS_OF))
    assert report["differences"] == []
    assert report["compared"] > 500


def test_audit_of_a_file_of_the_events_finds_no_difference(
    applied: Installation, small_set: EventSet, tmp_path: object
) -> None:
    path = f"{tmp_path}/events.jsonl"
    with open(path, "wb") as file:  # noqa: PTH123
        file.writelines(record.value + b"\n" for record in small_set.records)
    report = json.loads(applied.run("audit", "--json", "--file", path, *AS_OF))
    assert report["differences"] == []


def test_audit_names_a_changed_number(applied: Installation) -> None:
    _tamper(applied, 3)
    code, printed = applied.try_run("audit", "--json", *AS_OF)
    (difference,) = json.loads(printed)["differences"]
    assert code == 1
    assert difference["name"] == "lifecycle_leads_in_stage"
    assert difference["stored"] - difference["counted"] == 3


def test_rebuild_repairs_changed_numbers_while_a_worker_runs(applied: Installation, small_set: EventSet) -> None:
    before = applied.kpis(UNTIL)
    worker = applied.worker()
    eventually(lambda: bool(worker.partitions), "the worker has partitions", worker)
    _tamper(applied)
    assert applied.kpis(UNTIL) != before
    applied.run("rebuild")
    assert applied.kpis(UNTIL).items() <= before.items(), "the numbers are as before"
    # The worker notices with its next batch; copies of known events change nothing.
    applied.produce(small_set.records[:50])
    ends = applied.ends()
    eventually(
        lambda: applied.ledger().items() >= {s: e for s, e in ends.items() if e}.items(), "all is applied", worker
    )
    assert applied.kpis(UNTIL).items() <= before.items(), "the numbers are as before"
    assert json.loads(applied.run("audit", "--json", *AS_OF))["differences"] == []
    with applied.redis() as client:
        old = GenerationKeys.of(applied.namespace, FIRST_GENERATION).glob
        assert not list(client.scan_iter(match=old, count=1000)), "the old generation is gone"


@pytest.mark.slow
def test_other_definitions_are_refused_until_a_rebuild(applied: Installation) -> None:
    code, _ = applied.try_run("worker", "--drain", timezone="Asia/Kolkata")
    assert code == 5
    applied.run("rebuild", timezone="Asia/Kolkata")
    applied.run("worker", "--drain", timezone="Asia/Kolkata")
    report = json.loads(applied.run("audit", "--json", *AS_OF, timezone="Asia/Kolkata"))
    assert report["differences"] == []
    code, _ = applied.try_run("worker", "--drain")
    assert code == 5


def test_a_lead_is_explained_by_its_own_events(installation: Installation) -> None:
    installation.create_topics(partitions=1)
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
    installation.produce([RecordToSend("lead", b"L1", json.dumps(event).encode()) for event in events])
    installation.drain()
    explained = json.loads(installation.run("explain", "lead", "L1", "--json"))
    assert [row["event"] for row in explained["timeline"]] == [
        "created, source web",
        "enrollment E1 in welcome: enrolled",
        "enrollment E1 in welcome: entered hello",
    ]
    facts = {(fact["metric"], tuple(fact["labels"])) for fact in explained["facts"]}
    assert ("new_leads", ("web", "none", "none")) in facts
    assert ("step_balance", ("welcome", "hello")) in facts
    overdue = json.loads(
        installation.run("explain", "step", "welcome", "hello", "--json", "--as-of", "2025-06-04T12:00:00Z")
    )
    assert overdue == [{"lead_id": "L1", "enrollment_id": "E1", "due_at": "2025-06-04T11:00:00.000Z"}]
    assert (
        json.loads(installation.run("explain", "step", "welcome", "hello", "--json", "--as-of", "2025-06-04T10:00:00Z"))
        == []
    )
    code, _ = installation.try_run("explain", "lead", "nobody")
    assert code == 1


def test_a_merged_lead_is_explained_by_any_of_its_ids(installation: Installation) -> None:
    installation.create_topics(partitions=1)
    explained_events = [
        ("2", "lead.created", {"lead_id": "L1", "source": "web"}),
        ("1", "lead.stage_changed", {"lead_id": "L2", "to": "mql"}),
        ("3", "lead.merged", {"lead_id": "L2", "merged_id": "L1"}),
    ]
    same = {"time": "2025-06-01T10:00:00Z", "source": "/crm"}
    events = [{"id": id_, "type": kind, "data": data, **same} for id_, kind, data in explained_events]
    installation.produce([RecordToSend("lead", b"L", json.dumps(event).encode()) for event in events])
    installation.drain()
    for given, other in (("L1", "L2"), ("L2", "L1")):
        explained = json.loads(installation.run("explain", "lead", given, "--json"))
        assert explained["other_ids"] == [other]
        assert [(row["id"], row["source"], row["event"]) for row in explained["timeline"]] == [
            ("2", "/crm", "created, source web"),
            ("1", "/crm", "stage mql"),
        ]
        assert f"merged with {other}" in installation.run("explain", "lead", given)


def test_the_facts_of_all_entities_add_up_to_the_stored_numbers(small_set: EventSet) -> None:
    from stream_app.catalog.entities import ENTITIES  # noqa: PLC0415
    from stream_app.catalog.metrics import METRICS  # noqa: PLC0415
    from stream_app.core.connected import Pointer, decoder  # noqa: PLC0415
    from stream_app.core.deltas import Bucketizer, series_of  # noqa: PLC0415

    store = MemoryStore()
    store.apply(small_set.events)
    facts = []
    kinds = {kind.name: kind for kind in ENTITIES}
    for name, state in store.entities.items():
        kind = kinds[name.partition(":")[0]]
        entity = decoder(kind)(state)
        if not isinstance(entity, Pointer):
            facts += kind.all_facts(entity, store.rules)
    cells = Bucketizer(METRICS, store.rules.calendar).cells(facts)
    assert {series_of(field): amount for field, amount in cells.levels.items() if amount} == {
        series: amount for series, amount in store.levels.items() if amount
    }
    for bucket, amounts in store.buckets.items():
        found = {series_of(field): amount for field, amount in cells.buckets.get(bucket, {}).items() if amount}
        assert found == {series: amount for series, amount in amounts.items() if amount}
