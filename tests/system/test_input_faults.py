"""Input that is too large, too deep or not what the store can add: the worker lives, and the audit counts alike."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIME = "2026-11-20T09:00:00Z"
LARGEST = 10**14


def _event(number: int, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": kind, "time": TIME, "data": data}


def _subscription(number: int, items: int, interval: str) -> dict[str, Any]:
    item = {"plan_id": "p", "unit_amount_minor": LARGEST, "interval": interval}
    data = {"account_id": f"a{number}", "subscription_id": f"s{number}", "currency": "EUR", "items": [item] * items}
    return _event(number, "subscription.started", data)


def _produce(installation: Installation, family: str, events: Iterable[bytes]) -> None:
    installation.create_topics(partitions=1)
    installation.produce(RecordToSend(family, b"k", each) for each in events)


def _causes(installation: Installation) -> Counter[str]:
    return Counter(each.cause for each in installation.dead_letters())


def _mrr(installation: Installation) -> float:
    return installation.kpis(AS_OF)["lifecycle_mrr", frozenset({("currency", "EUR")})]


def test_a_price_beyond_the_bounds_is_invalid_and_the_rest_is_counted(installation: Installation) -> None:
    # Field report: seven of these ended the worker at each start, and four wrapped a sum.
    huge = [_subscription(number, 1000, "day") for number in range(7)]
    _produce(installation, "billing", map(orjson.dumps, [*huge, _subscription(7, 1, "month")]))
    assert installation.drain()["rejected"] == len(huge)
    assert _causes(installation) == {"invalid": len(huge)}
    assert _mrr(installation) == LARGEST / 100
    code, said = installation.try_run("audit", "--json", "--as-of", AS_OF.isoformat())
    assert (code, orjson.loads(said)["differences"]) == (0, [])


def test_a_sum_that_the_store_cannot_add_exactly_takes_no_worker_along(installation: Installation) -> None:
    count = 100
    exact = 2**53 // LARGEST
    _produce(installation, "billing", (orjson.dumps(_subscription(number, 1, "month")) for number in range(count)))
    worker = installation.worker()
    installation.await_all_applied(worker)
    assert worker.stop() == 0
    assert _causes(installation) == {"bug": count - exact}
    assert "cannot be applied and goes to the dead letters" in worker.said
    assert _mrr(installation) == exact * LARGEST / 100


def test_events_of_an_entity_that_cannot_be_read_are_dead_letters(installation: Installation) -> None:
    leads = [_event(number, "lead.created", {"lead_id": f"l{number}"}) for number in range(30)]
    _produce(installation, "lead", map(orjson.dumps, leads))
    installation.drain()
    with installation.redis() as redis:
        (key,) = list(redis.scan_iter(f"*{installation.namespace}*lead:l7"))
        stored = redis.get(key)
        assert isinstance(stored, bytes)
        redis.set(key, stored[:16] + b"\xc1")
    later = [_event(30 + number, "lead.stage_changed", {"lead_id": f"l{number}", "to": "mql"}) for number in range(30)]
    installation.produce(RecordToSend("lead", b"k", orjson.dumps(each)) for each in later)
    assert installation.drain()["rejected"] == 1
    assert _causes(installation) == {"bug": 1}
    stages = installation.kpis(AS_OF)
    assert stages["lifecycle_leads_in_stage", frozenset({("funnel_stage", "mql")})] == len(leads) - 1


def test_what_stands_in_ignored_fields_does_not_trouble_the_audit(installation: Installation) -> None:
    ignored = {
        "infinite": b"1e400",
        "long": b"9" * 400,
        "longer": b"9" * 5000,
        "deep": b"[" * 62 + b"]" * 62,
        "too deep": b"[" * 63 + b"]" * 63,
        "latin1": b'"caf\xe9"',
        "half": b'"\\ud800"',
        "twice": b'1,"extra":2',
    }
    lines = []
    for number, value in enumerate(ignored.values()):
        line = orjson.dumps(_event(number, "lead.created", {"lead_id": f"l{number}"}))
        lines.append(line[:-2] + b',"extra":' + value + b"}}")
    _produce(installation, "lead", lines)
    assert installation.drain()["rejected"] == 3
    assert _causes(installation) == {"malformed": 3}
    stages = installation.kpis(AS_OF)
    assert stages["lifecycle_leads_in_stage", frozenset({("funnel_stage", "lead")})] == len(ignored) - 3
    code, said = installation.try_run("audit", "--json", "--as-of", AS_OF.isoformat())
    assert (code, orjson.loads(said)["differences"]) == (0, [])
