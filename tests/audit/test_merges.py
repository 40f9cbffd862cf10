"""Merges: all connected ids are one lead or one account, whenever that was said; an erasure ends the whole."""

from itertools import permutations

from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"
DEAL = {"opportunity_id": "o", "kind": "new_business", "amount_minor": 1000, "currency": "EUR"}


def created(lead: str, hour: int) -> Event:
    return happened("lead.created", f"2026-03-12T{hour:02}:00:00Z", lead_id=lead, source=f"of-{lead}")


def merged(one: str, other: str, time: str = "2026-03-12T11:00:00Z") -> Event:
    return happened("lead.merged", time, lead_id=one, merged_id=other)


def test_a_chain_of_merges_makes_one_lead_in_every_order() -> None:
    events = [created("a", 9), created("c", 8), merged("a", "b"), merged("c", "b")]
    for arrived in permutations(events):
        samples = counted(arrived, NOON)
        # The earliest creation is that of c.
        assert number(samples, "new_leads", source="of-c", channel="none", campaign="none", window="24h") == 1
        assert number(samples, "leads_in_stage", funnel_stage="lead") == 1


def test_the_time_of_a_merge_moves_no_window() -> None:
    # Were it the newest event, March would have been forgotten (800 days).
    samples = counted([created("a", 9), merged("a", "b", "2031-01-01T00:00:00Z")], NOON)
    assert number(samples, "new_leads", source="of-a", channel="none", campaign="none", window="mtd") == 1


def test_merges_alone_are_no_events() -> None:
    assert counted([merged("a", "b")], NOON) == {}


def test_a_lead_and_an_account_of_one_id_are_not_merged_together() -> None:
    won = [
        happened("opportunity.won", "2026-03-12T09:00:00Z", account_id=account, **DEAL | {"opportunity_id": account})
        for account in ("a", "b")
    ]
    samples = counted([*won, merged("a", "b")], NOON)
    assert number(samples, "new_customers", source="none", campaign="none", window="24h") == 2


def test_an_opportunity_under_two_ids_of_one_account_is_one() -> None:
    samples = counted(
        [
            happened("opportunity.created", "2026-03-12T08:00:00Z", account_id="a", **DEAL),
            happened("opportunity.won", "2026-03-12T09:00:00Z", account_id="b", **DEAL),
            happened("account.merged", "2026-03-12T10:00:00Z", account_id="b", merged_id="a"),
        ],
        NOON,
    )
    assert number(samples, "opportunities", state="created", kind="new_business", window="24h") == 1
    assert number(samples, "opportunities", state="won", kind="new_business", window="24h") == 1
    assert spread(samples, "open_pipeline") == {}


def test_copies_under_two_ids_of_one_lead_are_copies() -> None:
    opened = happened("email.opened", "2026-03-12T08:00:00Z", message_id="m", lead_id="a")
    copy = opened | {"data": {"message_id": "m", "lead_id": "b"}}
    samples = counted([opened, copy, merged("a", "b")], NOON)
    assert number(samples, "email_events", kind="opened", machine="false", program="none", window="24h") == 1


def test_an_erasure_ends_the_whole_and_the_link_until_a_merge_comes_again() -> None:
    # Before the erasure a and b are one; after it each begins anew.
    events = [created("a", 6), created("b", 7), merged("a", "b")]
    erased = happened("lead.erased", "2026-03-12T08:00:00Z", lead_id="b")
    later = [created("a", 9), created("b", 10)]
    stages = {"funnel_stage": "lead"}
    assert number(counted([*events, erased], NOON), "leads_in_stage", **stages) == 1
    assert number(counted([*events, erased, *later], NOON), "leads_in_stage", **stages) == 3
    assert number(counted([*events, erased, *later, merged("b", "a")], NOON), "leads_in_stage", **stages) == 2


def test_an_erasure_of_one_id_takes_the_due_times_of_the_others() -> None:
    entered = happened("lead.stage_changed", "2026-03-01T08:00:00Z", lead_id="a", to="mql")
    events = [entered, merged("a", "b")]
    assert number(counted(events, NOON), "mql_overdue", source="none") == 1
    erased = happened("lead.erased", "2026-03-12T08:00:00Z", lead_id="b")
    samples = counted([*events, erased], NOON)
    assert number(samples, "mql_waiting", source="none") == 1
    assert spread(samples, "mql_overdue") == {}
    assert spread(samples, "mql_oldest_due_timestamp_seconds") == {}
