"""The proportions of a world that has run for a year: what operations people would believe."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stream_app.demo.simulator import Plan, history

UNTIL = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
COMPLETE_BEFORE = UNTIL - timedelta(days=120)


@pytest.fixture(scope="module")
def year() -> list[dict[str, Any]]:
    """Return a year with enough leads for rates to show."""
    return list(history(Plan(until=UNTIL, leads=5000, days=365, seed=5)))


@pytest.fixture(scope="module")
def funnel(year: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many of the leads that have had their time ever reached each stage."""
    old = {
        event["data"]["lead_id"]
        for event in year
        if event["type"] == "lead.created"
        and event["data"]["source"] != "migration"
        and datetime.fromisoformat(event["time"]) < COMPLETE_BEFORE
    }
    reached = defaultdict(set)
    for event in year:
        if event["type"] == "lead.stage_changed" and event["data"]["lead_id"] in old:
            reached[event["data"]["to"]].add(event["data"]["lead_id"])
    return {"created": len(old), **{stage: len(leads) for stage, leads in reached.items()}}


@pytest.fixture(scope="module")
def messages(year: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many messages reached each state, those that only machines touched apart."""
    states = defaultdict(set)
    for event in year:
        family, _, state = event["type"].partition(".")
        if family == "email":
            states[f"machine {state}" if event["data"].get("machine") else state].add(event["data"]["message_id"])
    return {state: len(touched) for state, touched in states.items()}


@pytest.mark.parametrize(
    ("stage", "of", "low", "high"),
    [("mql", "created", 0.25, 0.35), ("sql", "mql", 0.35, 0.48), ("customer", "sql", 0.19, 0.31)],
)
def test_funnel_rates_are_realistic(funnel: dict[str, int], stage: str, of: str, low: float, high: float) -> None:
    assert low < funnel[stage] / funnel[of] < high


@pytest.mark.parametrize(
    ("state", "of", "low", "high"),
    [
        ("bounced", "sent", 0.015, 0.025),
        ("opened", "delivered", 0.22, 0.28),
        ("clicked", "delivered", 0.033, 0.047),
        ("replied", "delivered", 0.006, 0.012),
        ("unsubscribed", "delivered", 0.002, 0.0045),
        ("complained", "delivered", 0.0002, 0.001),
        ("machine opened", "delivered", 0.26, 0.34),
        ("machine clicked", "delivered", 0.06, 0.11),
    ],
)
def test_email_rates_are_realistic(messages: dict[str, int], state: str, of: str, low: float, high: float) -> None:
    assert low < messages[state] / messages[of] < high


def test_leads_reopen_and_move_back_stages(year: list[dict[str, Any]]) -> None:
    changes = Counter((event["type"], event["data"].get("reason")) for event in year)

    assert changes["lead.status_changed", "re_engaged"] > 100
    assert changes["lead.stage_changed", "recycled"] > 100


def test_enrollments_end_in_every_way(year: list[dict[str, Any]]) -> None:
    outcomes = Counter(event["data"]["outcome"] for event in year if event["type"] == "program.exited")

    assert set(outcomes) == {
        "completed",
        "goal_met",
        "unsubscribed",
        "bounced",
        "disqualified",
        "list_removed",
        "error",
        "timeout",
    }
    assert 0.5 < outcomes["completed"] / outcomes.total() < 0.85


def test_most_leads_leave_a_step_before_it_is_overdue(year: list[dict[str, Any]]) -> None:
    due, late = {}, 0
    for event in year:
        data = event["data"]
        step = (data.get("enrollment_id"), data.get("step_id"))
        if "due_at" in data:
            due[step] = datetime.fromisoformat(data["due_at"])
        elif event["type"] == "program.step_exited" and step in due:
            late += datetime.fromisoformat(event["time"]) > due[step]

    assert 0.01 < late / len(due) < 0.08


def test_every_kind_of_mrr_movement_occurs(year: list[dict[str, Any]]) -> None:
    canceled = Counter(event["data"]["reason"] for event in year if event["type"] == "subscription.canceled")
    kinds = Counter(event["data"]["kind"] for event in year if event["type"] == "opportunity.created")
    states = Counter(event["data"].get("status") for event in year if event["type"].startswith("subscription."))
    currencies = Counter(event["data"]["currency"] for event in year if event["type"] == "subscription.started")

    assert canceled["voluntary"] > canceled["involuntary"] > 0
    assert set(kinds) == {"new_business", "upsell", "cross_sell", "renewal"}
    assert set(states) == {"active", "trialing", "past_due", "paused", "canceled"}
    assert currencies["USD"] + currencies["EUR"] > 3 * (currencies["GBP"] + currencies["JPY"]) > 0


def test_records_of_spend_and_reach_are_corrected(year: list[dict[str, Any]]) -> None:
    for event_type, key in (("spend.recorded", "spend_id"), ("reach.recorded", "reach_id")):
        copies = Counter(event["data"][key] for event in year if event["type"] == event_type)

        assert 0.03 < sum(count > 1 for count in copies.values()) / len(copies) < 0.4
