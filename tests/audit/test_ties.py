"""Events of one instant: sequence, rank, id and source decide; where all are shared, what the events say."""

from itertools import permutations

from stream_app.audit.intake import sequence_key
from tests.audit.stories import Event, counted, happened, number

NOON = "2026-03-12T12:00:00Z"


def test_sequences_sort_missing_then_numbers_then_text() -> None:
    ordered = [None, "0", "2", "010", "10", "11", "9" * 64, "-1", "1a", "a", "\u0661", "\U0001f600"]
    assert sorted(ordered, key=sequence_key) == ordered


def test_a_sequence_outweighs_the_rank_of_the_type() -> None:
    bill = {"account_id": "a", "subscription_id": "s", "currency": "EUR"}
    items = [{"plan_id": "p", "unit_amount_minor": 1000, "interval": "month"}]
    canceled = happened("subscription.canceled", "2026-03-12T08:00:00Z", **bill, items=items) | {"sequence": "9"}
    started = happened("subscription.started", "2026-03-12T08:00:00Z", **bill, items=items) | {"sequence": "10"}
    assert number(counted([started, canceled], NOON), "mrr", currency="EUR") == 10.0


def test_of_enrollments_that_share_their_order_the_largest_program_counts() -> None:
    began = [
        _same(happened("program.enrolled", "2026-03-12T08:00:00Z", lead_id="a", program_id=program, enrollment_id=name))
        for name, program in [("e1", "q"), ("e2", "p")]
    ]
    entered = happened("lead.stage_changed", "2026-03-12T09:00:00Z", lead_id="a", to="mql")
    cold = happened("lead.status_changed", "2026-03-12T09:00:00Z", lead_id="a", to="not_ready")
    call = happened("lead.engaged", "2026-03-12T10:00:00Z", lead_id="a", kind="call")
    for events in permutations([*began, entered, cold, call]):
        samples = counted(events, NOON)
        assert number(samples, "program_stage_entries", program="q", funnel_stage="mql", window="24h") == 1
        assert number(samples, "reopened_leads", program="q", window="24h") == 1


def test_of_wins_that_share_their_order_the_smallest_source_counts() -> None:
    won = [
        _same(
            happened(
                "opportunity.won",
                "2026-03-12T08:00:00Z",
                account_id="a",
                opportunity_id=name,
                kind="new_business",
                amount_minor=1,
                currency="EUR",
                source=source,
            )
        )
        for name, source in [("o1", "web"), ("o2", "ads")]
    ]
    samples = counted(won, NOON)
    assert number(samples, "new_customers", source="ads", campaign="none", window="24h") == 1


def _same(event: Event) -> Event:
    """Give the event the identity that others have, too."""
    return event | {"id": "1"}
