"""Enrollments in programs, their steps and due times."""

from stream_app.examples.events import expect, program, spend, stage
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_PROSPECTS = {"program": "onboarding", "audience": "prospect"}
_WELCOME = {"program": "onboarding", "step": "welcome"}
_DEMO = {"program": "onboarding", "step": "demo"}

ONBOARDING = Example(
    title="Three enrollments, one overdue, one ended",
    explains=(
        "program_enrollments",
        "program_exits",
        "program_balance",
        "step_entries",
        "step_exits",
        "step_balance",
        "step_due",
        "step_overdue",
        "step_oldest_due_timestamp_seconds",
        "step_dwell_seconds",
    ),
    as_of=_NOW,
    given=(
        program("enrolled", "2026-03-10 09:00", "ann", "onboarding"),
        program(
            "step_entered", "2026-03-10 09:00", "ann", "onboarding", step_id="welcome", due_at="2026-03-12T09:00:00Z"
        ),
        program("step_exited", "2026-03-11 15:00", "ann", "onboarding", step_id="welcome", outcome="advanced"),
        program("step_entered", "2026-03-11 15:00", "ann", "onboarding", step_id="demo", due_at="2026-03-15T11:30:00Z"),
        program("enrolled", "2026-03-14 10:00", "ben", "onboarding"),
        program("step_entered", "2026-03-14 10:00", "ben", "onboarding", step_id="welcome"),
        program("enrolled", "2026-03-14 16:00", "cat", "onboarding"),
        program(
            "step_entered", "2026-03-14 16:00", "cat", "onboarding", step_id="welcome", due_at="2026-03-16T16:00:00Z"
        ),
        program("exited", "2026-03-15 11:00", "cat", "onboarding", outcome="unsubscribed"),
    ),
    arithmetic=(
        "Enrolled 3, ended 1 (at 11:00, before the hour that begins at 11:01), balance 3 - 1 = 2. Welcome: entered 3, "
        "left 2 (ann herself, cat at the end of her enrollment), balance 3 - 2 = 1. Demo: entered 1, balance 1. Ann's "
        "welcome fell due on March 12, her demo today at 11:30; ben's welcome has no due time of its own: March 14 "
        "10:00 + 7 days = March 21 10:00; cat's is in the future too. Past due now: demo 1. March 15 is day 20 527 "
        "since 1970: 20 527 x 86 400 + 41 400 = 1 773 574 200; March 21 is day 20 533: 20 533 x 86 400 + 36 000 = 1 "
        "774 087 200. Welcome took ann 30 hours = 108 000 s and cat 19 hours = 68 400 s: 176 400 s."
    ),
    expected=(
        expect("program_enrollments", {"1h": 0, "24h": 1, "7d": 3, "30d": 3}, **_PROSPECTS),
        expect("program_exits", {"1h": 0, "24h": 1, "7d": 1, "30d": 1}, program="onboarding", outcome="unsubscribed"),
        expect("program_balance", 2, **_PROSPECTS),
        expect("step_entries", {"24h": 1, "7d": 3, "30d": 3}, **_WELCOME),
        expect("step_entries", {"24h": 0, "7d": 1, "30d": 1}, **_DEMO),
        expect("step_exits", {"24h": 0, "7d": 1}, **_WELCOME, outcome="advanced"),
        expect("step_exits", {"24h": 1, "7d": 1}, **_WELCOME, outcome="unsubscribed"),
        expect("step_balance", 1, **_WELCOME),
        expect("step_balance", 1, **_DEMO),
        expect("step_due", {"1h": 0, "24h": 0, "7d": 1}, **_WELCOME),
        expect("step_due", {"1h": 1, "24h": 1, "7d": 1}, **_DEMO),
        expect("step_overdue", 0, **_WELCOME),
        expect("step_overdue", 1, **_DEMO),
        expect("step_oldest_due_timestamp_seconds", 1_774_087_200, **_WELCOME),
        expect("step_oldest_due_timestamp_seconds", 1_773_574_200, **_DEMO),
        expect("step_dwell_seconds_gcount", {"30d": 2, "mtd": 2}, **_WELCOME),
        expect("step_dwell_seconds_gsum", {"30d": 176_400, "mtd": 176_400}, **_WELCOME),
        expect("step_dwell_seconds_bucket", {"mtd": 0}, **_WELCOME, le="21600.0"),
        expect("step_dwell_seconds_bucket", {"mtd": 1}, **_WELCOME, le="86400.0"),
        expect("step_dwell_seconds_bucket", {"mtd": 2}, **_WELCOME, le="172800.0"),
    ),
)

SIDE_BY_SIDE = Example(
    title="Entering a step does not leave the one before",
    explains=("step_balance", "step_exits"),
    as_of=_NOW,
    given=(
        program("enrolled", "2026-03-10 09:00", "dan", "onboarding"),
        program("step_entered", "2026-03-10 09:00", "dan", "onboarding", step_id="welcome"),
        program("step_entered", "2026-03-11 09:00", "dan", "onboarding", step_id="demo"),
        program("step_exited", "2026-03-12 09:00", "dan", "onboarding", step_id="demo", outcome="completed"),
    ),
    arithmetic="Welcome was entered and never left: 1. Demo was entered and left: 1 - 1 = 0.",
    expected=(
        expect("step_balance", 1, **_WELCOME),
        expect("step_exits", {"7d": 1}, **_DEMO, outcome="completed"),
    ),
)

RETRY = Example(
    title="A step that is entered again",
    explains=("step_entries", "step_exits", "step_balance", "step_overdue", "step_due", "step_dwell_seconds"),
    as_of=_NOW,
    given=(
        program("enrolled", "2026-03-10 09:00", "ann", "onboarding"),
        program("step_exited", "2026-03-10 10:00", "ann", "onboarding", step_id="demo", outcome="timeout"),
        program("step_entered", "2026-03-11 09:00", "ann", "onboarding", step_id="demo", due_at="2026-03-12T09:00:00Z"),
        program("step_entered", "2026-03-11 12:00", "ann", "onboarding", step_id="demo", due_at="2026-03-20T09:00:00Z"),
        program("step_exited", "2026-03-12 09:00", "ann", "onboarding", step_id="demo", outcome="advanced"),
        program("step_exited", "2026-03-12 10:00", "ann", "onboarding", step_id="demo", outcome="error"),
        program("step_entered", "2026-03-13 09:00", "ann", "onboarding", step_id="demo", due_at="2026-03-14T09:00:00Z"),
    ),
    arithmetic=(
        "The exit before the first entry counts as one; the entry at 12:00 is inside the visit that began at 9:00, and "
        "the exit at 10:00 is outside of any. Two visits: March 11 to 12, 24 hours = 86 400 s, and one since March 13 "
        "that fell due on the 14th. Entered 2, left 2 (one without entry), in the step 1, overdue 1."
    ),
    expected=(
        expect("step_entries", {"7d": 2, "30d": 2}, **_DEMO),
        expect("step_exits", {"7d": 1, "30d": 1}, **_DEMO, outcome="timeout"),
        expect("step_exits", {"7d": 1, "30d": 1}, **_DEMO, outcome="advanced"),
        expect("step_balance", 1, **_DEMO),
        expect("step_overdue", 1, **_DEMO),
        expect("step_due", {"24h": 0, "7d": 2}, **_DEMO),
        expect("step_dwell_seconds_gcount", {"30d": 1, "mtd": 1}, **_DEMO),
        expect("step_dwell_seconds_gsum", {"30d": 86_400, "mtd": 86_400}, **_DEMO),
        *(
            expect("step_dwell_seconds_bucket", {"mtd": count}, **_DEMO, le=bound)
            for bound, count in (("21600.0", 0), ("86400.0", 1))
        ),
    ),
)

ACHIEVEMENTS = Example(
    title="Two programs share the credit for one MQL",
    explains=(
        "program_stage_entries",
        "program_cohort",
        "program_cohort_conversions",
        "program_conversion_rate",
        "program_cost_per_mql",
        "program_mql_seconds",
        "program_enrollments",
    ),
    as_of="2026-02-28 12:00",
    given=(
        program("enrolled", "2026-01-10 00:00", "ann", "welcome"),
        program("enrolled", "2026-02-20 00:00", "ann", "onboarding", audience="customer"),
        stage("mql", "2026-02-24 00:00", "ann"),
        program("enrolled", "2026-02-25 00:00", "ben", "onboarding"),
        spend("2026-02-25 09:00", "ads", 9_000, "EUR", "media", "2026-02-25", "2026-02-25", program_id="onboarding"),
    ),
    arithmetic=(
        "Ann's MQL is credited to onboarding, her latest enrollment before it, 4 days = 345 600 s old. Both programs "
        "had her within 90 days: welcome converts 1 of 1 by its enrollments of January, onboarding 1 of 2 by those of "
        "February. Onboarding spent 90 for 1 MQL."
    ),
    expected=(
        expect("program_stage_entries", {"7d": 1, "30d": 1, "mtd": 1}, program="onboarding", funnel_stage="mql"),
        expect("program_cohort", {"30d": 0, "90d": 1, "mtd": 0, "prev_month": 1}, program="welcome"),
        expect("program_cohort", {"30d": 2, "90d": 2, "mtd": 2, "prev_month": 0}, program="onboarding"),
        expect("program_cohort_conversions", {"90d": 1, "prev_month": 1}, program="welcome", funnel_stage="mql"),
        expect("program_cohort_conversions", {"30d": 1, "90d": 1, "mtd": 1}, program="onboarding", funnel_stage="mql"),
        *(
            expect("program_conversion_rate", {"90d": rate, "prev_month": rate}, program="welcome", funnel_stage=to)
            for to, rate in (("mql", 1), ("sql", 0), ("customer", 0))
        ),
        *(
            expect(
                "program_conversion_rate",
                {"30d": rate, "90d": rate, "mtd": rate},
                program="onboarding",
                funnel_stage=to,
            )
            for to, rate in (("mql", 0.5), ("sql", 0), ("customer", 0))
        ),
        expect("program_cost_per_mql", {"30d": 90, "mtd": 90}, program="onboarding", currency="EUR"),
        expect("program_mql_seconds_gcount", {"30d": 1, "mtd": 1}, program="onboarding"),
        expect("program_mql_seconds_gsum", {"30d": 345_600, "mtd": 345_600}, program="onboarding"),
        expect("program_mql_seconds_bucket", {"mtd": 0}, program="onboarding", le="259200.0"),
        expect("program_mql_seconds_bucket", {"mtd": 1}, program="onboarding", le="604800.0"),
        expect("program_enrollments", {"30d": 1}, program="onboarding", audience="customer"),
        expect("program_enrollments", {"7d": 1, "30d": 1}, program="onboarding", audience="prospect"),
    ),
)

PROGRAM_COSTS = Example(
    title="What a program costs for each stage",
    explains=("program_cost_per_mql", "program_cost_per_sql", "program_cost_per_customer", "program_stage_entries"),
    as_of="2026-02-28 12:00",
    given=(
        program("enrolled", "2026-02-20 00:00", "ann", "onboarding"),
        program("enrolled", "2026-02-20 00:00", "ben", "onboarding"),
        stage("mql", "2026-02-21 00:00", "ann"),
        stage("mql", "2026-02-21 00:00", "ben"),
        stage("sql", "2026-02-22 00:00", "ann"),
        stage("customer", "2026-02-23 00:00", "ann"),
        stage("mql", "2026-02-24 00:00", "cat"),
        spend("2026-02-25 09:00", "ads", 9_000, "EUR", "media", "2026-02-25", "2026-02-25", program_id="onboarding"),
        spend("2026-02-25 09:00", "calls", 5_000, "EUR", "sales", "2026-02-25", "2026-02-25", program_id="onboarding"),
    ),
    arithmetic="90 without sales, by 2 MQLs, 1 SQL and 1 customer of the program. Cat was in none.",
    expected=(
        expect("program_stage_entries", {"30d": 2, "mtd": 2}, program="onboarding", funnel_stage="mql"),
        expect("program_stage_entries", {"30d": 1, "mtd": 1}, program="onboarding", funnel_stage="sql"),
        expect("program_stage_entries", {"30d": 1, "mtd": 1}, program="onboarding", funnel_stage="customer"),
        expect("program_stage_entries", {"30d": 1, "mtd": 1}, program="none", funnel_stage="mql"),
        expect("program_cost_per_mql", {"30d": 45, "mtd": 45}, program="onboarding", currency="EUR"),
        expect("program_cost_per_sql", {"30d": 90, "mtd": 90}, program="onboarding", currency="EUR"),
        expect("program_cost_per_customer", {"30d": 90, "mtd": 90}, program="onboarding", currency="EUR"),
    ),
)

PROGRAMS = (ONBOARDING, SIDE_BY_SIDE, RETRY, ACHIEVEMENTS, PROGRAM_COSTS)
