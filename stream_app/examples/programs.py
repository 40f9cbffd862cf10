"""Enrollments in programs, their steps and due times."""

from stream_app.examples.events import expect, program
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
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
        expect("program_enrollments", {"1h": 0, "24h": 1, "7d": 3, "30d": 3}, program="onboarding"),
        expect("program_exits", {"1h": 0, "24h": 1, "7d": 1, "30d": 1}, program="onboarding", outcome="unsubscribed"),
        expect("program_balance", 2, program="onboarding"),
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

PROGRAMS = (ONBOARDING, SIDE_BY_SIDE)
