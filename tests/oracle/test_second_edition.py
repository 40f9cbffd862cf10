"""The second edition in small stories with the numbers worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest

from tests.oracle import FollowUp
from tests.oracle.test_oracle import Envelope, by, deal, event, lead, mail, program, stage, status, sub, told, value

NOW = "2026-03-15T12:00"


def answer(at: str, score: int, respondent_id: str, **data: Any) -> Envelope:  # noqa: ANN401 - as in the envelope
    """Write a `survey.responded`."""
    return event("survey.responded", at, respondent_id=respondent_id, survey_id="nps", score=score, **data)


def engaged(at: str, kind: str, lead_id: str = "L") -> Envelope:
    """Write a `lead.engaged`."""
    return event("lead.engaged", at, lead_id=lead_id, kind=kind)


def merged(lead_id: str, merged_id: str, at: str = "2026-03-14T09:00") -> Envelope:
    """Write a `lead.merged`."""
    return event("lead.merged", at, lead_id=lead_id, merged_id=merged_id)


def sequenced(envelope: Envelope, sequence: str) -> Envelope:
    """Give an envelope a sequence."""
    return envelope | {"sequence": sequence}


# --- 1: order within one instant ---


@pytest.mark.parametrize("turned", [False, True])
def test_the_rank_of_the_type_decides_within_an_instant(*, turned: bool) -> None:
    """Started and canceled in one second: canceled, whatever the ids are."""
    at = "2026-03-02T10:00"
    first, second = ("a", "b") if turned else ("b", "a")
    counts = told([sub("started", at, event_id=first), sub("canceled", at, event_id=second)], NOW)
    assert value(counts, "lifecycle_customers") == 0
    assert value(counts, "lifecycle_mrr") == 0


def test_a_sequence_comes_before_the_rank() -> None:
    """Canceled with sequence 9, started again with 10: as numbers 10 is later."""
    at = "2026-03-02T10:00"
    counts = told([sequenced(sub("canceled", at), "9"), sequenced(sub("started", at), "10")], NOW)
    assert value(counts, "lifecycle_customers") == 1


@pytest.mark.parametrize(
    ("earlier", "later"), [(None, "0"), ("9", "10"), ("10", "010a"), ("7", "a"), ("07", "7"), ("A", "a"), ("99", "a1")]
)
def test_sequences_in_order(earlier: str | None, later: str) -> None:
    """Missing, then digits as numbers (07 before 7, as text), then text."""
    at = "2026-03-02T10:00"
    low, high = sub("changed", at, 500, event_id="z"), sub("changed", at, 700, event_id="a")
    counts = told([sequenced(high, later), sequenced(low, earlier) if earlier else low], NOW)
    assert value(counts, "lifecycle_mrr") == 7.0


def test_stages_of_one_instant_are_in_the_order_of_the_funnel() -> None:
    """Created, MQL and SQL in one second: in the end it is an SQL."""
    at = "2026-03-02T10:00"
    counts = told([stage(at, "sql"), stage(at, "mql"), lead(at)], NOW)
    assert by(counts, "lifecycle_leads_in_stage", "funnel_stage") == {"sql": 1}
    assert by(counts, "lifecycle_stage_entries", "funnel_stage", window="mtd") == {"lead": 1, "mql": 1, "sql": 1}
    assert value(counts, "lifecycle_stage_reentries", window="mtd") == 0


# --- 2: merges ---


def test_merged_leads_are_one_whatever_connects_them() -> None:
    """Three ids in a chain, an MQL under each: one lead, created first, one first entry into MQL."""
    days = {"a": "2026-03-03", "b": "2026-03-01", "c": "2026-03-02"}
    events = [
        each for name, day in days.items() for each in (lead(f"{day}T10:00", name), stage(f"{day}T11:00", "mql", name))
    ]
    counts = told([*events, merged("a", "b"), merged("c", "b")], NOW)
    assert value(counts, "lifecycle_new_leads", window="mtd") == 1
    assert value(counts, "lifecycle_stage_entries", funnel_stage="mql", window="mtd") == 1
    assert value(counts, "lifecycle_leads_in_stage", funnel_stage="mql") == 1


def test_the_time_of_a_merge_counts_for_nothing() -> None:
    """A merge far ahead of everything else moves no window."""
    events = [lead("2026-03-03T10:00"), merged("L", "M", "2029-01-01T00:00")]
    assert value(told(events, NOW), "lifecycle_new_leads", window="7d") == 0
    assert value(told(events, NOW), "lifecycle_new_leads", window="mtd") == 1


def test_the_same_message_under_two_merged_leads_is_one() -> None:
    """Sent to one id, opened under the other."""
    counts = told(
        [mail("sent", "2026-03-15T08:00"), mail("opened", "2026-03-15T09:00", lead_id="M"), merged("M", "L")], NOW
    )
    assert by(counts, "lifecycle_email_messages", "state", window="24h", program="P") == {"sent": 1, "opened": 1}


def test_merged_accounts_pay_together() -> None:
    """10 EUR under one account, 5 more under the other a day later: expansion, one customer."""
    united = event("account.merged", "2026-03-10T00:00", account_id="A", merged_id="B")
    events = [sub("started", "2026-03-02T10:00", 1000), sub("started", "2026-03-03T10:00", 500, "T", "B"), united]
    counts = told(events, NOW)
    assert value(counts, "lifecycle_customers") == 1
    assert by(counts, "lifecycle_mrr_movement", "movement", window="mtd") == {"new": 10.0, "expansion": 5.0}


# --- 3: origin ---


def test_each_part_of_the_origin_comes_from_the_earliest_that_states_it() -> None:
    """The webhook knows the source, the import that came later the campaign."""
    events = [lead("2026-03-02T10:00", source="web"), lead("2026-03-03T10:00", source="list", campaign_id="spring")]
    counts = told(events, NOW)
    assert value(counts, "lifecycle_new_leads", source="web", channel="none", campaign="spring", window="mtd") == 1


def test_a_source_that_nobody_states_is_unknown() -> None:
    """With a `lead.created` it is `unknown`, without one `none`."""
    counts = told([lead("2026-03-02T10:00", "L"), stage("2026-03-02T10:00", "mql", "M")], NOW)
    assert by(counts, "lifecycle_stage_entries", "source", window="mtd") == {"unknown": 1, "none": 1}


# --- 3: deals ---


def test_a_deal_won_again_is_dated_after_the_last_reopening() -> None:
    """Won in February, reopened and won again in March."""
    events = [deal("won", "2026-02-10T10:00"), deal("reopened", "2026-03-02T10:00"), deal("won", "2026-03-05T10:00")]
    counts = told(events, NOW)
    assert value(counts, "lifecycle_bookings", window="mtd") == 1000.0
    assert value(counts, "lifecycle_bookings", window="prev_month") == 0
    assert value(counts, "lifecycle_opportunities", state="won", window="prev_month") == 0


def test_a_deleted_deal_contributes_nothing_until_it_changes_again() -> None:
    """Deleted while that is its newest event; a later change brings it back as if it had not been."""
    gone = event("opportunity.deleted", "2026-03-03T10:00", account_id="A", opportunity_id="O")
    events = [deal("created", "2026-03-02T10:00"), gone]
    assert not [key for key, number in told(events, NOW).items() if number and "lifecycle_opp" in key[0]]
    again = told([*events, deal("changed", "2026-03-04T10:00")], NOW)
    assert value(again, "lifecycle_open_pipeline") == 1000.0
    assert value(again, "lifecycle_opportunities", state="created", window="mtd") == 1


# --- 4: nurture ---


def test_visits_of_a_step() -> None:
    """Left before it was entered (twice), entered (twice), left (twice), entered again."""
    events = [
        program("step_exited", "2026-03-01T10:00", step_id="s", outcome="advanced"),
        program("step_exited", "2026-03-02T10:00", step_id="s", outcome="timeout"),
        program("step_entered", "2026-03-03T10:00", step_id="s"),
        program("step_entered", "2026-03-04T10:00", step_id="s"),
        program("step_exited", "2026-03-05T10:00", step_id="s", outcome="completed"),
        program("step_exited", "2026-03-06T10:00", step_id="s", outcome="error"),
        program("step_entered", "2026-03-07T10:00", step_id="s"),
    ]
    counts = told(events, NOW)
    assert value(counts, "lifecycle_step_entries", window="30d") == 2
    assert by(counts, "lifecycle_step_exits", "outcome", window="30d") == {"advanced": 1, "completed": 1}
    assert value(counts, "lifecycle_step_balance") == 1
    assert value(counts, "lifecycle_step_overdue") == 1
    # The first visit fell due on March 10, the one that is open on the 14th; its stay was two days.
    assert value(counts, "lifecycle_step_due", window="7d") == 2
    assert value(counts, "lifecycle_step_dwell_seconds_gsum", window="mtd") == 2 * 86_400
    ended = told([*events, program("exited", "2026-03-08T10:00", outcome="goal_met")], NOW)
    assert value(ended, "lifecycle_step_balance") == 0
    assert value(ended, "lifecycle_step_exits", window="30d", outcome="goal_met") == 1


def test_what_programs_achieve() -> None:
    """Enrolled in P on January 10, in Q on February 20: the MQL of the 24th is Q's; P converted within 90 days, too."""
    events = [
        program("enrolled", "2026-01-10T00:00", "E1"),
        program("enrolled", "2026-02-20T00:00", "E2", program_id="Q", audience="customer"),
        program("enrolled", "2026-02-25T00:00", "E3", program_id="P"),
        program("exited", "2026-02-26T00:00", "E3", outcome="completed"),
        stage("2026-02-24T00:00", "mql"),
        stage("2026-06-01T00:00", "sql"),
    ]
    counts = told(events, "2026-02-28T12:00")
    assert by(counts, "lifecycle_program_stage_entries", "program", window="30d", funnel_stage="mql") == {"Q": 1}
    assert by(counts, "lifecycle_program_enrollments", "audience", window="30d") == {"prospect": 1, "customer": 1}
    assert by(counts, "lifecycle_program_balance", "audience") == {"prospect": 1, "customer": 1}
    # By the first enrollment of each program: P's began in January, Q's in this month.
    assert by(counts, "lifecycle_program_cohort", "program", window="90d") == {"P": 1, "Q": 1}
    assert by(counts, "lifecycle_program_cohort", "program", window="mtd") == {"Q": 1}
    conversions = by(counts, "lifecycle_program_cohort_conversions", "program", window="90d", funnel_stage="mql")
    assert conversions == {"P": 1, "Q": 1}
    assert value(counts, "lifecycle_program_mql_seconds_gsum", program="Q", window="mtd") == 4 * 86_400
    # The SQL came 96 days after P's second enrollment and 101 after Q's: nobody's.
    later = told(events, "2026-06-01T12:00")
    assert by(later, "lifecycle_program_stage_entries", "program", window="24h", funnel_stage="sql") == {"none": 1}
    assert value(later, "lifecycle_program_cohort_conversions", funnel_stage="sql") == 0
    longer = told(events, "2026-06-01T12:00", credit=timedelta(days=97))
    assert by(longer, "lifecycle_program_stage_entries", "program", window="24h", funnel_stage="sql") == {"P": 1}


# --- 5: follow-up ---


def test_an_mql_waits_until_sales_does_something() -> None:
    """Due after 24 hours; a call an hour later follows up late, in 25 hours."""
    events = [lead("2026-03-10T08:00", source="web"), stage("2026-03-10T09:00", "mql")]
    waiting = told(events, "2026-03-11T09:00:00.001")
    assert value(waiting, "lifecycle_mql_waiting", source="web") == 1
    assert value(waiting, "lifecycle_mql_overdue", source="web") == 1
    due = 1_773_219_600  # 2026-03-11 09:00 UTC
    assert value(waiting, "lifecycle_mql_oldest_due_timestamp_seconds", source="web") == due
    assert value(told(events, "2026-03-11T09:00"), "lifecycle_mql_overdue") == 0
    done = told([*events, engaged("2026-03-10T08:30", "call"), engaged("2026-03-11T10:00", "call")], NOW)
    assert value(done, "lifecycle_mql_waiting") == 0
    assert by(done, "lifecycle_mql_follow_ups", "outcome", window="7d") == {"worked": 1}
    assert value(done, "lifecycle_mql_follow_up_seconds_gsum", window="mtd") == 25 * 3600
    assert value(done, "lifecycle_mql_due", window="7d") == 1
    assert value(done, "lifecycle_mql_on_time", window="7d") == 0


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [
        (stage("2026-03-10T10:00", "sal"), "accepted"),
        (status("2026-03-10T10:00", "working"), "worked"),
        (status("2026-03-10T10:00", "not_ready"), "rejected"),
        (status("2026-03-10T10:00", "disqualified"), "rejected"),
        (engaged("2026-03-10T10:00", "meeting"), "worked"),
        (status("2026-03-10T10:00", "open"), None),
        (engaged("2026-03-10T10:00", "page_view"), None),
        (stage("2026-03-10T10:00", "lead"), None),
    ],
)
def test_what_follows_up(answered: Envelope, outcome: str | None) -> None:
    """Within the hour and so on time, or not at all."""
    counts = told([stage("2026-03-10T09:00", "mql"), answered], NOW)
    expected = {outcome: 1} if outcome else {}
    assert by(counts, "lifecycle_mql_follow_ups", "outcome", window="7d") == expected
    assert value(counts, "lifecycle_mql_on_time", window="7d") == len(expected)
    assert value(counts, "lifecycle_mql_waiting") == 1 - len(expected)


@pytest.mark.parametrize(
    ("entered", "due"),
    [
        ("2026-03-05T15:00:00+01:00", "2026-03-06T15:00:00+01:00"),  # Thursday to Friday
        ("2026-03-06T15:00:00+01:00", "2026-03-09T15:00:00+01:00"),  # Friday to Monday
        ("2026-03-07T15:00:00+01:00", "2026-03-10T00:00:00+01:00"),  # Saturday: the clock starts on Monday at 0:00
        ("2026-03-27T15:00:00+01:00", "2026-03-30T15:00:00+02:00"),  # Friday before summer time: 9 hours, then 15
    ],
)
def test_weekends_do_not_count_if_only_weekdays_do(entered: str, due: str) -> None:
    """24 hours of weekdays in Berlin."""
    rule = FollowUp(weekdays_only=True)
    events = [stage(entered, "mql")]
    counts = told(events, "2026-04-01T12:00", timezone="Europe/Berlin", follow_up=rule)
    (at,) = (number for (name, _), number in counts.items() if name == "lifecycle_mql_oldest_due_timestamp_seconds")
    from datetime import datetime  # noqa: PLC0415

    assert at == datetime.fromisoformat(due).timestamp()


# --- 7: plan swaps ---


def _swap(minutes: int, amount: int) -> list[Envelope]:
    return [
        sub("started", "2026-02-01T10:00", 10_000, "old"),
        sub("canceled", "2026-03-05T10:00", 10_000, "old"),
        sub("started", f"2026-03-05T10:{minutes:02}" if minutes < 60 else "2026-03-05T11:00:00.001", amount, "new"),
    ]


@pytest.mark.parametrize(
    ("amount", "movements"), [(10_000, {}), (15_000, {"expansion": 50}), (4_000, {"contraction": 60})]
)
def test_a_swap_is_the_difference_and_nobody_is_lost(amount: int, movements: dict[str, float]) -> None:
    """59 minutes without a subscription."""
    counts = told(_swap(59, amount), NOW)
    assert by(counts, "lifecycle_mrr_movement", "movement", window="mtd") == movements
    assert value(counts, "lifecycle_lost_customers", window="mtd") == 0
    assert value(counts, "lifecycle_customers_opening", window="mtd") == 1
    assert value(counts, "lifecycle_mrr_opening", window="mtd") == 100.0


def test_a_gap_longer_than_the_grace_is_churn() -> None:
    """An hour and a millisecond; or any gap where the grace is off."""
    expected = {"churn": 100, "reactivation": 100}
    assert by(told(_swap(60, 10_000), NOW), "lifecycle_mrr_movement", "movement", window="mtd") == expected
    off = told(_swap(1, 10_000), NOW, swap_grace=timedelta(0))
    assert by(off, "lifecycle_mrr_movement", "movement", window="mtd") == expected
    assert value(off, "lifecycle_lost_customers", window="mtd") == 1


def test_a_swap_to_another_currency_is_churn_of_one_and_new_of_the_other() -> None:
    """From EUR to USD half an hour later; nobody is lost."""
    events = [*_swap(30, 0)[:2], sub("started", "2026-03-05T10:30", 9_000, "new", currency="USD")]
    counts = told(events, NOW)
    assert by(counts, "lifecycle_mrr_movement", "movement", window="mtd", currency="EUR") == {"churn": 100}
    assert by(counts, "lifecycle_mrr_movement", "movement", window="mtd", currency="USD") == {"new": 90}
    assert value(counts, "lifecycle_lost_customers", window="mtd") == 0


# --- 8: surveys ---


def test_answers_by_segment_and_theme() -> None:
    """The newest answer of each respondent, by its own segment and theme."""
    events = [
        answer("2026-03-01T10:00", 10, "R", segment="smb", theme="price"),
        answer("2026-03-02T10:00", 3, "R", segment="smb", theme="support"),
        answer("2026-03-02T10:00", 9, "S"),
    ]
    counts = told(events, NOW)
    assert value(counts, "lifecycle_nps_responses", window="30d", segment="smb", **{"class": "detractor"}) == 1
    assert value(counts, "lifecycle_nps_responses", window="30d", segment="none", **{"class": "promoter"}) == 1
    assert by(counts, "lifecycle_nps_themes", "theme", window="90d") == {"support": 1, "none": 1}
