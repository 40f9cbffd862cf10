"""Programs and steps: enrollments, entries and exits, due times, dwell."""

from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"


def nurture(kind: str, time: str, enrollment: str = "e", **data: object) -> Event:
    given = {"lead_id": "a", "program_id": "p", "enrollment_id": enrollment, **data}
    return happened(f"program.{kind}", time, **given)


def test_an_exit_of_the_program_closes_the_steps_entered_by_then() -> None:
    samples = counted(
        [
            nurture("enrolled", "2026-03-12T08:00:00Z"),
            nurture("step_entered", "2026-03-12T08:00:00Z", step_id="s1"),
            nurture("step_entered", "2026-03-12T08:00:00Z", step_id="s2"),
            nurture("step_exited", "2026-03-12T09:00:00Z", step_id="s1", outcome="advanced"),
            nurture("step_entered", "2026-03-12T10:00:00Z", step_id="s3"),
            nurture("exited", "2026-03-12T10:00:00Z", outcome="goal_met"),
            # Entered after the end: stays in the step.
            nurture("step_entered", "2026-03-12T11:00:00Z", step_id="s4"),
        ],
        NOON,
    )
    day = {key[:3]: value for key, value in spread(samples, "step_exits").items() if key[3] == "24h"}
    assert day == {("advanced", "p", "s1"): 1, ("goal_met", "p", "s2"): 1, ("goal_met", "p", "s3"): 1}
    assert number(samples, "program_enrollments", program="p", audience="prospect", window="24h") == 1
    assert number(samples, "program_exits", program="p", outcome="goal_met", window="24h") == 1
    assert spread(samples, "program_balance") == {}
    assert spread(samples, "step_balance") == {("p", "s4"): 1}
    # Dwell: s1 one hour, s2 two, s3 none.
    assert number(samples, "step_dwell_seconds_gsum", program="p", step="s1", window="mtd") == 3600.0
    assert number(samples, "step_dwell_seconds_gsum", program="p", step="s2", window="mtd") == 7200.0
    assert number(samples, "step_dwell_seconds_gcount", program="p", step="s3", window="mtd") == 1
    assert number(samples, "step_dwell_seconds_bucket", program="p", step="s1", window="mtd", le="3600.0") == 1
    assert number(samples, "step_dwell_seconds_bucket", program="p", step="s2", window="mtd", le="3600.0") == 0
    assert number(samples, "step_dwell_seconds_bucket", program="p", step="s2", window="mtd", le="21600.0") == 1


def test_first_events_count_once_and_name_the_program() -> None:
    samples = counted(
        [
            nurture("enrolled", "2026-03-12T09:00:00Z", program_id="late"),
            nurture("enrolled", "2026-03-12T08:00:00Z", program_id="early"),
            nurture("step_entered", "2026-03-12T07:00:00Z", program_id="other", step_id="s"),
            nurture("step_entered", "2026-03-12T07:30:00Z", program_id="other", step_id="s"),
            nurture("step_exited", "2026-03-12T06:00:00Z", program_id="other", step_id="s", outcome="error"),
            # No `enrolled`: named by its earliest event, in no balance.
            nurture("step_exited", "2026-03-12T06:00:00Z", "f", program_id="bare", step_id="s", outcome="timeout"),
        ],
        NOON,
    )
    assert spread(samples, "program_balance") == {("prospect", "early"): 1}
    assert number(samples, "step_entries", program="early", step="s", window="24h") == 1
    # The exit at 6:00 is one without entry; the visit that began at 7:00 is still open.
    assert number(samples, "step_exits", program="early", step="s", outcome="error", window="24h") == 1
    assert number(samples, "step_exits", program="bare", step="s", outcome="timeout", window="24h") == 1
    assert spread(samples, "step_balance") == {("early", "s"): 1}
    assert spread(samples, "step_dwell_seconds_gcount") == {}


def test_a_step_without_due_time_falls_due_at_the_limit() -> None:
    samples = counted(
        [
            nurture("step_entered", "2026-03-05T11:30:00Z", "e1", step_id="s"),
            nurture("step_entered", "2026-03-12T11:00:00Z", "e2", step_id="s", due_at="2026-03-12T12:59:59.9Z"),
            nurture("step_entered", "2026-03-12T11:00:00Z", "e3", step_id="s", due_at="2026-03-12T07:00:00-05:00"),
        ],
        NOON,
    )
    # e1 fell due at 11:30 today, e3 falls due at 12:00 sharp (not before now), e2 at 12:59:59.9.
    labels = {"program": "p", "step": "s"}
    assert number(samples, "step_balance", **labels) == 3
    assert number(samples, "step_overdue", **labels) == 1
    # 2026-03-12T11:30Z is 1773315000.
    assert number(samples, "step_oldest_due_timestamp_seconds", **labels) == 1773315000.0
    # The running minute is 12:00, the running hour 12:00 to 12:59: e2 is in the hours, not in the minutes.
    assert number(samples, "step_due", **labels, window="1h") == 2
    assert number(samples, "step_due", **labels, window="24h") == 3
