"""Leads: creation, stages, reopening."""

from tests.audit.stories import counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"


def test_new_lead_is_dated_at_its_earliest_creation_that_is_no_import() -> None:
    samples = counted(
        [
            happened("lead.created", "2026-03-10T08:00:00Z", lead_id="a", source="list", is_import=True),
            happened("lead.created", "2026-03-12T11:58:00Z", lead_id="a", source="web", campaign_id="spring"),
            happened("lead.created", "2026-03-12T11:59:00Z", lead_id="a", source="ads"),
        ],
        NOON,
    )
    # The source is that of the import of the 10th, which names no campaign. Campaign and date are those of 11:58 on the
    # 12th: inside 5m (11:56 to 12:00 running).
    labels = {"source": "list", "channel": "none", "campaign": "spring"}
    for window in ("5m", "1h", "24h", "7d", "30d", "mtd"):
        assert number(samples, "new_leads", **labels, window=window) == 1
    assert len(spread(samples, "new_leads")) == 6


def test_imports_alone_are_no_new_lead_but_enter_the_stage() -> None:
    samples = counted([happened("lead.created", "2026-03-10T08:00:00Z", lead_id="a", is_import=True)], NOON)
    assert spread(samples, "new_leads") == {}
    assert number(samples, "leads_in_stage", funnel_stage="lead") == 1
    assert number(samples, "stage_entries", funnel_stage="lead", source="unknown", campaign="none", window="7d") == 1


def test_a_missing_or_empty_source_is_unknown_and_without_creation_none() -> None:
    samples = counted(
        [
            happened("lead.created", "2026-03-12T08:00:00Z", lead_id="a"),
            happened("lead.created", "2026-03-12T08:00:00Z", lead_id="b", source="", channel=""),
            happened("lead.stage_changed", "2026-03-12T08:00:00Z", lead_id="c", to="mql"),
        ],
        NOON,
    )
    assert number(samples, "new_leads", source="unknown", channel="none", campaign="none", window="24h") == 2
    assert number(samples, "stage_entries", funnel_stage="mql", source="none", campaign="none", window="24h") == 1


def test_stage_history_collapses_neighbors_and_counts_returns() -> None:
    stages = ["mql", "mql", "sql", "mql", "lead", "mql"]
    samples = counted(
        [
            happened("lead.created", "2026-03-11T07:00:00Z", lead_id="a"),
            *(
                happened("lead.stage_changed", f"2026-03-11T{8 + hour:02}:00:00Z", lead_id="a", to=stage)
                for hour, stage in enumerate(stages)
            ),
        ],
        "2026-03-11T20:00:00Z",
    )
    # lead 7:00, mql 8:00 (9:00 is the same stay), sql 10:00, mql 11:00 again, lead 12:00 again, mql 13:00 again.
    assert spread(samples, "stage_reentries") == {
        (stage, window): times
        for stage, times in {"mql": 2, "lead": 1}.items()
        for window in ("24h", "7d", "30d", "mtd")
    }
    for stage in ("lead", "mql", "sql"):
        assert (
            number(samples, "stage_entries", funnel_stage=stage, source="unknown", campaign="none", window="24h") == 1
        )
    assert spread(samples, "leads_in_stage") == {("mql",): 1}
    # First entries: lead 7:00, mql 8:00, sql 10:00, so 1 h and 2 h.
    assert number(samples, "stage_transition_seconds_gsum", transition="lead_mql", window="mtd") == 3600.0
    assert number(samples, "stage_transition_seconds_gsum", transition="mql_sql", window="mtd") == 7200.0
    hour = {"window": "30d", "le": "3600.0"}
    assert number(samples, "stage_transition_seconds_bucket", transition="lead_mql", **hour) == 1
    assert number(samples, "stage_transition_seconds_bucket", transition="mql_sql", **hour) == 0


def test_a_creation_later_than_a_change_to_lead_is_no_entry() -> None:
    samples = counted(
        [
            happened("lead.stage_changed", "2026-03-11T08:00:00Z", lead_id="a", to="lead"),
            happened("lead.stage_changed", "2026-03-11T09:00:00Z", lead_id="a", to="mql"),
            happened("lead.created", "2026-03-11T10:00:00Z", lead_id="a"),
        ],
        NOON,
    )
    assert spread(samples, "leads_in_stage") == {("mql",): 1}
    assert spread(samples, "stage_reentries") == {}


def test_disqualified_leads_are_in_no_stage_until_a_newer_status() -> None:
    events = [
        happened("lead.created", "2026-03-11T08:00:00Z", lead_id="a"),
        happened("lead.status_changed", "2026-03-11T09:00:00Z", lead_id="a", to="disqualified"),
    ]
    assert spread(counted(events, NOON), "leads_in_stage") == {}
    events.append(happened("lead.status_changed", "2026-03-11T10:00:00Z", lead_id="a", to="open"))
    assert spread(counted(events, NOON), "leads_in_stage") == {("lead",): 1}


def test_a_not_ready_episode_reopens_once_at_the_first_engagement() -> None:
    lead = {"lead_id": "a"}
    mail = {**lead, "message_id": "m"}
    samples = counted(
        [
            happened("lead.status_changed", "2026-03-11T08:00:00Z", **lead, to="not_ready"),
            happened("lead.status_changed", "2026-03-11T08:30:00Z", **lead, to="not_ready"),
            # In no program yet.
            happened("lead.engaged", "2026-03-11T09:00:00Z", **lead, kind="call"),
            happened("program.enrolled", "2026-03-11T10:00:00Z", **lead, program_id="p", enrollment_id="e1"),
            happened("program.enrolled", "2026-03-11T10:30:00Z", **lead, program_id="q", enrollment_id="e2"),
            # None of these three reopens.
            happened("email.opened", "2026-03-11T11:00:00Z", **mail),
            happened("email.clicked", "2026-03-11T11:10:00Z", **mail, machine=True),
            happened("lead.engaged", "2026-03-11T11:20:00Z", **lead, kind="page_view"),
            # This one does, once, in the program that began latest and has not ended.
            happened(
                "program.exited", "2026-03-11T11:30:00Z", **lead, program_id="q", enrollment_id="e2", outcome="error"
            ),
            happened("email.clicked", "2026-03-11T11:30:00Z", **mail),
            happened("email.replied", "2026-03-11T11:40:00Z", **mail),
            happened("lead.status_changed", "2026-03-11T12:00:00Z", **lead, to="open"),
            # Outside: the end of the episode does not belong to it.
            happened("lead.engaged", "2026-03-11T12:00:00Z", **lead, kind="meeting"),
            # A second episode, engaged at its very start.
            happened("lead.status_changed", "2026-03-12T11:59:30Z", **lead, to="not_ready"),
            happened("lead.engaged", "2026-03-12T11:59:30Z", **lead, kind="chat"),
        ],
        NOON,
    )
    assert number(samples, "reopened_leads", program="p", window="5m") == 1
    # 24h begins on the 11th at 13:00: only the second episode.
    assert number(samples, "reopened_leads", program="p", window="24h") == 1
    assert number(samples, "reopened_leads", program="p", window="7d") == 2
    assert {program for program, _ in spread(samples, "reopened_leads")} == {"p"}


def test_scores_differ_by_neighbors_in_event_time() -> None:
    lead = {"lead_id": "a"}
    samples = counted(
        [
            happened("lead.created", "2026-03-10T08:00:00Z", **lead, score=10),
            happened("lead.score_changed", "2026-03-10T10:00:00Z", **lead, score=5, activity="bounce"),
            happened("lead.score_changed", "2026-03-10T09:00:00Z", **lead, score=25, activity="form"),
            happened("lead.score_changed", "2026-03-11T10:00:00Z", **lead, score=45),
            # A second lead whose creation, later than a score, carries one too.
            happened("lead.score_changed", "2026-03-10T08:00:00Z", lead_id="b", score=50, activity="form"),
            happened("lead.created", "2026-03-10T09:00:00Z", lead_id="b", score=70),
        ],
        NOON,
    )
    # a: 10 -> 25 form +15, -> 5 bounce -20, -> 45 unknown +40; b: 50 -> 70 unknown +20.
    assert number(samples, "score_delta", activity="form", window="7d") == 15
    assert number(samples, "score_delta", activity="bounce", window="7d") == -20
    assert number(samples, "score_delta", activity="unknown", window="7d") == 60
    assert number(samples, "score_changes", activity="unknown", window="7d") == 2
    # The day before noon of the 12th begins on the 11th at 13:00.
    assert number(samples, "score_changes", activity="unknown", window="24h") == 0


def test_of_one_instant_the_score_of_the_creation_is_the_earlier_one() -> None:
    events = [
        happened("lead.score_changed", "2026-03-10T08:00:00Z", lead_id="a", score=30, activity="form"),
        happened("lead.created", "2026-03-10T08:00:00Z", lead_id="a", score=50),
    ]
    for delivered in (events, events[::-1]):
        samples = counted([{**event, "id": "1"} for event in delivered], NOON)
        assert number(samples, "score_delta", activity="form", window="7d") == -20
        assert number(samples, "score_delta", activity="unknown", window="7d") == 0


def test_the_mql_cohort_ends_thirty_days_after_the_creation() -> None:
    created = "2026-02-01T08:00:00Z"
    reached = {
        "to the millisecond": "2026-03-03T08:00:00Z",
        "too late": "2026-03-03T08:00:00.001Z",
        "before": "2026-01-31T08:00:00Z",
        "again": "2026-02-02T08:00:00Z",
    }
    events = [
        *(happened("lead.created", created, lead_id=name) for name in reached),
        *(happened("lead.stage_changed", at, lead_id=name, to="mql") for name, at in reached.items()),
        happened("lead.stage_changed", "2026-02-05T08:00:00Z", lead_id="again", to="lead"),
        happened("lead.stage_changed", "2026-02-06T08:00:00Z", lead_id="again", to="mql"),
        happened("lead.created", created, lead_id="imported", is_import=True),
        happened("lead.stage_changed", created, lead_id="imported", to="mql"),
    ]
    samples = counted(events, NOON)
    assert spread(samples, "lead_mql_cohort") == {("prev_month",): 3}
    assert spread(samples, "lead_to_mql_cohort_ratio") == {("prev_month",): 0.75}


def test_new_lead_score_is_that_of_the_end_of_the_month() -> None:
    samples = counted(
        [
            happened("lead.created", "2026-02-10T08:00:00Z", lead_id="a", score=10),
            happened("lead.score_changed", "2026-02-28T23:59:59.999Z", lead_id="a", score=40),
            happened("lead.score_changed", "2026-03-01T00:00:00Z", lead_id="a", score=90),
            happened("lead.created", "2026-02-11T08:00:00Z", lead_id="b"),
            happened("lead.score_changed", "2026-03-02T00:00:00Z", lead_id="b", score=90),
            happened("lead.created", "2026-03-11T08:00:00Z", lead_id="c", score=-5),
            # The 13 months before the middle of March 2026 begin with March 2025.
            happened("lead.created", "2025-02-28T08:00:00Z", lead_id="d", score=7),
            happened("lead.created", "2025-03-01T00:00:00Z", lead_id="e", score=7),
        ],
        NOON,
    )
    # February: a has 40, b has none yet. March: c has -5, which is at most 0.
    assert spread(samples, "new_lead_score_gcount") == {("2026-02",): 1, ("2026-03",): 1, ("2025-03",): 1}
    assert spread(samples, "new_lead_score_gsum") == {("2026-02",): 40, ("2026-03",): -5, ("2025-03",): 7}
    assert number(samples, "new_lead_score_bucket", cohort="2026-02", le="30.0") == 0
    assert number(samples, "new_lead_score_bucket", cohort="2026-02", le="40.0") == 1
    assert number(samples, "new_lead_score_bucket", cohort="2026-02", le="+Inf") == 1
    assert number(samples, "new_lead_score_bucket", cohort="2026-03", le="0.0") == 1


def test_an_erased_lead_stays_counted_and_what_comes_later_is_another() -> None:
    enrolled = {"lead_id": "a", "program_id": "p", "enrollment_id": "e"}
    created = happened("lead.created", "2026-03-11T08:00:00Z", lead_id="a", source="web")
    samples = counted(
        [
            created,
            happened("program.enrolled", "2026-03-11T08:00:00Z", **enrolled),
            happened(
                "program.step_entered", "2026-03-11T08:00:00Z", **enrolled, step_id="s", due_at="2026-03-11T09:00:00Z"
            ),
            happened("lead.erased", "2026-03-11T12:00:00Z", lead_id="a"),
            created,
            happened(
                "program.step_entered", "2026-03-11T08:00:00Z", **enrolled, step_id="s", due_at="2026-03-11T10:00:00Z"
            ),
        ],
        NOON,
    )
    labels = {"program": "p", "step": "s"}
    assert number(samples, "new_leads", source="web", channel="none", campaign="none", window="7d") == 2
    assert number(samples, "leads_in_stage", funnel_stage="lead") == 2
    assert number(samples, "step_balance", **labels) == 2
    assert number(samples, "step_due", **labels, window="7d") == 2
    assert number(samples, "program_balance", program="p", audience="prospect") == 1
    # The due time of the erased one (9:00) is gone: 10:00 on the 11th is 1773223200.
    assert number(samples, "step_overdue", **labels) == 1
    assert number(samples, "step_oldest_due_timestamp_seconds", **labels) == 1773223200.0
