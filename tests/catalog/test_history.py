"""What `explain` says of leads and accounts: every event in the order that counts, and why one counts for nothing."""

from typing import Any

from stream_app.catalog.account.history import history as account_history
from stream_app.catalog.account.state import Account
from stream_app.catalog.entities import ACCOUNT, LEAD
from stream_app.catalog.lead.history import history as lead_history
from stream_app.catalog.lead.state import Lead
from stream_app.core.calendar import Calendar
from stream_app.core.entity import EntityKind, Fold
from stream_app.core.facts import FoldSettings
from tests.laws.memory import decoded

NOON = "2026-02-01T12:00:00Z"


def entity(kind: EntityKind, *events: tuple[str, str, dict[str, Any]], time: str = NOON) -> Any:  # noqa: ANN401
    """The entity after events (id, type, data) of one instant."""
    found = [
        decoded({"id": id_, "type": name, "time": time, "source": "/crm", "data": {kind.key: "x", **data}})
        for id_, name, data in events
    ]
    return Fold(FoldSettings(Calendar())).apply(kind, None, "x", found)


def deal(event: str, **more: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    data = {"opportunity_id": "o", "kind": "new_business", "amount_minor": 5, "currency": "USD", **more}
    return f"opportunity.{event}", data


def marks_of(rows: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401
    return [(each.row.identity, each.what.rpartition(": ")[2].partition(" (")[0], each.ignored) for each in rows]


def test_events_of_one_instant_come_in_the_order_that_counts() -> None:
    lead: Lead = entity(
        LEAD,
        ("z", "lead.created", {"source": "web"}),
        ("a", "lead.stage_changed", {"to": "sql"}),
        ("b", "lead.stage_changed", {"to": "mql"}),
        ("c", "lead.stage_changed", {"to": "mql"}),
    )
    assert marks_of(lead_history(lead)) == [
        ("z\x00/crm", "created, source web", ""),
        ("b\x00/crm", "stage mql", ""),
        ("c\x00/crm", "stage mql", "is in it already"),
        ("a\x00/crm", "stage sql", ""),
    ]


def test_entries_while_inside_and_exits_outside_a_visit_are_marked() -> None:
    inside = {"program_id": "p", "enrollment_id": "e"}
    step, exit_ = inside | {"step_id": "s"}, inside | {"step_id": "s", "outcome": "advanced"}
    lead: Lead = entity(
        LEAD,
        ("a", "program.enrolled", inside),
        ("b", "program.enrolled", inside),
        ("c", "program.step_entered", step),
        ("d", "program.step_entered", step),
        ("e", "program.step_exited", exit_),
        ("f", "program.step_exited", exit_),
    )
    assert marks_of(lead_history(lead)) == [
        ("a\x00/crm", "enrolled", ""),
        ("b\x00/crm", "enrolled", "only the first counts"),
        ("c\x00/crm", "entered s", ""),
        ("d\x00/crm", "entered s", "is in the step already"),
        ("e\x00/crm", "left s", ""),
        ("f\x00/crm", "left s", "is not in the step"),
    ]


def test_amounts_are_in_base_units_with_the_decimals_of_the_currency() -> None:
    items = [{"plan_id": "p", "unit_amount_minor": 303_800, "interval": "month"}]
    account: Account = entity(
        ACCOUNT,
        ("a", "subscription.started", {"subscription_id": "s", "currency": "EUR", "items": items}),
        ("b", *deal("won", amount_minor=50_000, currency="JPY")),
        ("c", "subscription.started", {"subscription_id": "t", "currency": "KWD", "items": items}),
    )
    assert sorted((each.what, each.money) for each in account_history(account)) == [
        ("opportunity o: won (new_business), 50,000 JPY", (50_000, "JPY")),
        ("subscription s: active, 3,038.00 EUR a month", (303_800, "EUR")),
        ("subscription t: active, 303.800 KWD a month", (303_800, "KWD")),
    ]


def test_outcomes_that_a_newer_event_takes_back_are_marked() -> None:
    account: Account = entity(
        ACCOUNT,
        ("a", *deal("won")),
        ("b", *deal("reopened")),
        ("c", *deal("lost")),
        ("d", *deal("won")),
        ("e", *deal("won")),
    )
    assert marks_of(account_history(account)) == [
        ("a\x00/crm", "won", "reopened later"),
        ("b\x00/crm", "reopened", ""),
        ("c\x00/crm", "lost", "a newer outcome stands"),
        ("d\x00/crm", "won", ""),
        ("e\x00/crm", "won", "only the first counts"),
    ]


def test_a_deleted_opportunity_counts_for_nothing() -> None:
    account: Account = entity(ACCOUNT, ("b", *deal("created")), ("a", "opportunity.deleted", {"opportunity_id": "o"}))
    assert marks_of(account_history(account)) == [
        ("b\x00/crm", "created", "deleted"),
        ("a\x00/crm", "deleted", ""),
    ]
