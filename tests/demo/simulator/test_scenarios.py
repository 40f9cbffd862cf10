"""What goes wrong on request."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from stream_app.demo.simulator import Plan, bad_records, disorder, history, records
from stream_app.demo.simulator.scenarios import BOT_HOURS, CHURN_DAYS, STALL_HOURS, STALLED_PROGRAM, STALLED_STEP
from tests.demo.simulator.contract import faults

UNTIL = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


@cache
def world(scenario: str | None) -> tuple[dict[str, Any], ...]:
    """Return the history of a scenario."""
    return tuple(history(Plan(until=UNTIL, scenario=scenario)))


def late_events(scenario: str | None, since: timedelta) -> list[dict[str, Any]]:
    """Return the events of a scenario's last hours."""
    begin = UNTIL - since
    return [event for event in world(scenario) if datetime.fromisoformat(event["time"]) > begin]


def is_at_stalled_step(event: dict[str, Any]) -> bool:
    """Tell whether an event is about the step that stalls."""
    return (event["data"].get("program_id"), event["data"].get("step_id")) == (STALLED_PROGRAM, STALLED_STEP)


def test_in_a_stall_leads_enter_the_step_and_none_exits() -> None:
    stalled, usual = (
        Counter(
            event["type"] for event in late_events(scenario, timedelta(hours=STALL_HOURS)) if is_at_stalled_step(event)
        )
        for scenario in ("stall", None)
    )

    assert stalled["program.step_exited"] == 0 < usual["program.step_exited"]
    assert stalled["program.step_entered"] > 0


def test_in_a_stall_leads_become_overdue() -> None:
    left = set()
    due = {}
    for event in world("stall"):
        if event["type"] == "program.step_entered" and is_at_stalled_step(event):
            due[event["data"]["enrollment_id"]] = datetime.fromisoformat(event["data"]["due_at"])
        elif event["type"] == "program.exited" or (
            event["type"] == "program.step_exited" and is_at_stalled_step(event)
        ):
            left.add(event["data"]["enrollment_id"])
    stuck = [at for enrollment, at in due.items() if enrollment not in left]

    assert sum(at < UNTIL for at in stuck) >= 5


def test_the_bots_scenario_changes_machine_events_only() -> None:
    bots, usual = (
        Counter(
            (event["type"], event["data"].get("machine", False))
            for event in late_events(scenario, timedelta(hours=BOT_HOURS))
        )
        for scenario in ("bots", None)
    )

    assert bots["email.clicked", True] > 20 * (usual["email.clicked", True] + 1)
    assert bots["email.clicked", False] == usual["email.clicked", False]


def test_the_churn_scenario_cancels_many_accounts() -> None:
    churn, usual = (
        sum(event["type"] == "subscription.canceled" for event in late_events(scenario, timedelta(days=CHURN_DAYS)))
        for scenario in ("churn", None)
    )

    assert churn > 10 > usual


def test_a_bad_producer_sends_bad_records_among_good_ones() -> None:
    plan = Plan(until=UNTIL, leads=50, scenario="bad-producer")
    events = list(history(plan))

    sent = list(records(plan, events))

    assert len(events) * 1.04 < len(sent) < len(events) * 1.15
    assert sent == list(records(plan, events))
    assert all(b"\n" not in record.value for record in sent)


def test_without_bad_producer_records_are_the_events() -> None:
    plan = Plan(until=UNTIL, leads=20)
    events = list(history(plan))

    sent = list(records(plan, events))

    assert [json.loads(record.value) for record in sent] == events
    assert {record.family for record in sent} <= {"lead", "email", "opportunity", "billing", "spend", "survey", "reach"}


def test_bad_records_have_every_cause_in_variety() -> None:
    bad = list(bad_records(3, 300))

    kinds = Counter(cause for _, cause in bad)
    assert set(kinds) == {"malformed", "invalid", "unknown_type", "future", "too_large", "pii_identifier"}
    assert len(bad) == 300
    assert bad == list(bad_records(3, 300))
    assert bad != list(bad_records(4, 300))
    assert all(b"\n" not in value for value, _ in bad)


@pytest.mark.parametrize("cause", ["malformed", "invalid", "unknown_type", "future", "too_large", "pii_identifier"])
def test_a_bad_record_is_bad_for_its_cause(cause: str) -> None:
    for value, _ in (record for record in bad_records(1, 250) if record[1] == cause):
        assert (len(value) > 256 * 1024) == (cause == "too_large")
        try:
            envelope = json.loads(value.decode())
        except ValueError:
            envelope = None
        assert isinstance(envelope, dict) == (cause != "malformed")
        if cause == "future":
            assert datetime.fromisoformat(envelope["time"]) > datetime(2099, 1, 1, tzinfo=UTC)
        if cause == "pii_identifier":
            assert "@" in json.dumps(envelope)
        elif cause != "malformed":
            assert "@" not in json.dumps(envelope)
        if cause in {"invalid", "unknown_type", "pii_identifier"}:
            assert faults(envelope) != []


def test_disorder_keeps_every_event_and_adds_copies() -> None:
    events = list(range(1000))

    disordered = disorder(events, 7, duplicates=0.25)

    assert set(disordered) == set(events)
    assert len(disordered) == 1250
    assert disordered == disorder(events, 7, duplicates=0.25) != disorder(events, 8, duplicates=0.25)
    assert disorder([], 7) == []
