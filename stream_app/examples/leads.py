"""Leads: created, moved through the funnel, set aside and reopened, scored."""

from fractions import Fraction

from stream_app.examples.events import expect, lead, mail, program, stage, status
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_SPRING = {"source": "web", "channel": "organic", "campaign_id": "spring"}

NEW_LEADS = Example(
    title="Four leads and an import",
    explains=("new_leads", "stage_entries", "leads_in_stage"),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-15 11:58", "ann", **_SPRING),
        lead("created", "2026-03-10 09:00", "ben", **_SPRING),
        lead("created", "2026-02-20 09:00", "cat", **_SPRING),
        lead("created", "2026-02-05 09:00", "dan", **_SPRING),
        lead("created", "2026-03-01 09:00", "eve", source="csv", is_import=True),
    ),
    arithmetic=(
        "5m is 11:56 to 12:00 and 1h 11:01 to 12:00: ann, 1. 24h begins on March 14 at 13:00: 1. 7d begins on March 8 "
        "at 13:00: ann + ben = 2. 30d begins on February 14: ann + ben + cat = 3. This month: ann + ben = 2. February:"
        " cat + dan = 2; its first 14 days, as many as March has completed: dan, 1. Eve is imported: no new lead, but "
        "she enters the stage lead. In the stage: 4 + 1 = 5."
    ),
    expected=(
        expect(
            "new_leads",
            {"5m": 1, "1h": 1, "24h": 1, "7d": 2, "30d": 3, "mtd": 2, "prev_month": 2, "prev_month_to_date": 1},
            source="web",
            channel="organic",
            campaign="spring",
        ),
        expect(
            "stage_entries", {"7d": 2, "mtd": 2, "prev_month": 2}, funnel_stage="lead", source="web", campaign="spring"
        ),
        expect(
            "stage_entries", {"7d": 0, "mtd": 1, "prev_month": 0}, funnel_stage="lead", source="csv", campaign="none"
        ),
        expect("leads_in_stage", 5, funnel_stage="lead"),
    ),
)

FUNNEL = Example(
    title="Through the funnel, one step back, and on",
    explains=("stage_entries", "stage_reentries", "stage_transition_seconds", "leads_in_stage"),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-02 09:00", "fay", source="ads", campaign_id="spring"),
        stage("mql", "2026-03-04 09:00", "fay"),
        stage("sql", "2026-03-09 09:00", "fay"),
        stage("mql", "2026-03-10 09:00", "fay"),
        stage("sql", "2026-03-12 09:00", "fay"),
        stage("customer", "2026-03-13 09:00", "fay"),
    ),
    arithmetic=(
        "First entries: lead, MQL, SQL, customer, 1 each. MQL on March 10 and SQL on March 12 are second entries: 1 "
        "each, both in the last 7 days, none in the last 24 hours. Ways between first entries: lead to MQL March 2 to "
        "4 = 2 days = 172 800 s; MQL to SQL March 4 to 9 = 5 days = 432 000 s; SQL to customer March 9 to 13 = 4 days "
        "= 345 600 s."
    ),
    expected=(
        *(
            expect("stage_entries", {"mtd": 1}, funnel_stage=name, source="ads", campaign="spring")
            for name in ("lead", "mql", "sql", "customer")
        ),
        expect("stage_reentries", {"24h": 0, "7d": 1, "mtd": 1}, funnel_stage="mql"),
        expect("stage_reentries", {"24h": 0, "7d": 1, "mtd": 1}, funnel_stage="sql"),
        expect("stage_transition_seconds_gcount", {"mtd": 1, "30d": 1}, transition="lead_mql"),
        expect("stage_transition_seconds_gsum", {"mtd": 172_800, "30d": 172_800}, transition="lead_mql"),
        expect("stage_transition_seconds_bucket", {"mtd": 0}, transition="lead_mql", le="86400.0"),
        expect("stage_transition_seconds_bucket", {"mtd": 1}, transition="lead_mql", le="259200.0"),
        expect("stage_transition_seconds_gcount", {"mtd": 1, "30d": 1}, transition="mql_sql"),
        expect("stage_transition_seconds_gsum", {"mtd": 432_000, "30d": 432_000}, transition="mql_sql"),
        expect("stage_transition_seconds_bucket", {"mtd": 0}, transition="mql_sql", le="259200.0"),
        expect("stage_transition_seconds_bucket", {"mtd": 1}, transition="mql_sql", le="604800.0"),
        expect("stage_transition_seconds_gcount", {"mtd": 1, "30d": 1}, transition="sql_customer"),
        expect("stage_transition_seconds_gsum", {"mtd": 345_600, "30d": 345_600}, transition="sql_customer"),
        expect("leads_in_stage", 1, funnel_stage="customer"),
    ),
)

DISQUALIFIED = Example(
    title="A disqualified lead is in no stage until its status changes",
    explains=("leads_in_stage",),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-02 09:00", "gil"),
        status("disqualified", "2026-03-03 09:00", "gil"),
        lead("created", "2026-03-02 09:00", "hal"),
        status("disqualified", "2026-03-03 09:00", "hal"),
        status("open", "2026-03-04 09:00", "hal"),
        stage("mql", "2026-03-05 09:00", "ida"),
    ),
    arithmetic="Gil is disqualified, hal no longer: lead 1. Ida was moved without having been created: MQL 1.",
    expected=(expect("leads_in_stage", 1, funnel_stage="lead"), expect("leads_in_stage", 1, funnel_stage="mql")),
)

REOPENED = Example(
    title="One of three inactive leads engages again",
    explains=("reopened_leads",),
    as_of=_NOW,
    given=(
        program("enrolled", "2026-03-01 08:00", "jon", "nurture"),
        status("not_ready", "2026-03-05 09:00", "jon"),
        mail("opened", "2026-03-06 09:00", "m1", lead_id="jon"),
        lead("engaged", "2026-03-07 09:00", "jon", kind="page_view"),
        mail("clicked", "2026-03-08 09:00", "m1", lead_id="jon", machine=True),
        mail("clicked", "2026-03-15 11:30", "m1", lead_id="jon"),
        mail("clicked", "2026-03-15 11:40", "m1", lead_id="jon"),
        status("open", "2026-03-15 11:45", "jon"),
        status("not_ready", "2026-03-05 09:00", "kim"),
        lead("engaged", "2026-03-14 09:00", "kim", kind="form_submit"),
        program("enrolled", "2026-03-01 08:00", "lee", "nurture"),
        status("not_ready", "2026-03-05 09:00", "lee"),
        program("exited", "2026-03-06 09:00", "lee", "nurture", outcome="timeout"),
        mail("replied", "2026-03-07 09:00", "m2", lead_id="lee"),
    ),
    arithmetic=(
        "Jon: opens, page views and clicks by machines never reopen; the human click at 11:30 does, the one at 11:40 "
        "is of the same episode: 1. Kim was in no program: 0. Lee had left the program before the reply: 0."
    ),
    expected=(expect("reopened_leads", {"5m": 0, "1h": 1, "24h": 1, "7d": 1, "30d": 1, "mtd": 1}, program="nurture"),),
)

SCORES = Example(
    title="A score goes up, down, and stays",
    explains=("score_delta", "score_changes"),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-02 09:00", "mia", score=10),
        lead("score_changed", "2026-03-10 09:00", "mia", score=25, activity="webinar"),
        lead("score_changed", "2026-03-14 15:00", "mia", score=20, activity="decay"),
        lead("score_changed", "2026-03-15 09:00", "mia", score=20, activity="webinar"),
    ),
    arithmetic=(
        "The first score has no difference. Webinar: (25 - 10) + (20 - 20) = 15 in 2 changes; decay: 20 - 25 = -5 in "
        "1. The last 24 hours begin on March 14 at 13:00: webinar 0 in 1 change, decay -5 in 1."
    ),
    expected=(
        expect("score_delta", {"24h": 0, "7d": 15, "30d": 15}, activity="webinar"),
        expect("score_delta", {"24h": -5, "7d": -5, "30d": -5}, activity="decay"),
        expect("score_changes", {"24h": 1, "7d": 2, "30d": 2}, activity="webinar"),
        expect("score_changes", {"24h": 1, "7d": 1, "30d": 1}, activity="decay"),
    ),
)

SCORE_OF_NEW = Example(
    title="The score at the end of the month of creation",
    explains=("new_lead_score",),
    as_of=_NOW,
    given=(
        lead("created", "2026-02-10 09:00", "nan", score=10),
        lead("score_changed", "2026-02-27 09:00", "nan", score=35),
        lead("score_changed", "2026-03-05 09:00", "nan", score=80),
        lead("created", "2026-03-03 09:00", "oli", score=50),
        lead("score_changed", "2026-03-14 09:00", "oli", score=62),
        lead("created", "2026-03-04 09:00", "pia"),
    ),
    arithmetic=(
        "Nan was created in February and ended it with 35; the 80 of March does not count. Oli was created in March "
        "and has 62 so far. Pia has no score: no observation."
    ),
    expected=(
        expect("new_lead_score_gcount", 1, cohort="2026-02"),
        expect("new_lead_score_gsum", 35, cohort="2026-02"),
        expect("new_lead_score_bucket", 0, cohort="2026-02", le="30.0"),
        expect("new_lead_score_bucket", 1, cohort="2026-02", le="40.0"),
        expect("new_lead_score_gcount", 1, cohort="2026-03"),
        expect("new_lead_score_gsum", 62, cohort="2026-03"),
        expect("new_lead_score_bucket", 0, cohort="2026-03", le="60.0"),
        expect("new_lead_score_bucket", 1, cohort="2026-03", le="70.0"),
    ),
)

FOLLOW_UP = Example(
    title="One MQL is called in time, one late, one waits",
    explains=(
        "mql_waiting",
        "mql_overdue",
        "mql_oldest_due_timestamp_seconds",
        "mql_follow_ups",
        "mql_follow_up_seconds",
        "mql_due",
        "mql_on_time",
        "mql_on_time_ratio",
    ),
    as_of=_NOW,
    given=(
        *(lead("created", "2026-03-09 09:00", who, source="web") for who in ("ann", "ben", "cat")),
        stage("mql", "2026-03-10 09:00", "ann"),
        lead("engaged", "2026-03-10 11:00", "ann", kind="call"),
        status("working", "2026-03-10 12:00", "ann"),
        stage("mql", "2026-03-10 09:00", "ben"),
        status("not_ready", "2026-03-11 10:00", "ben"),
        stage("mql", "2026-03-14 09:00", "cat"),
        status("open", "2026-03-14 10:00", "cat"),
    ),
    arithmetic=(
        "Due 24 hours after the entry: ann and ben on March 11 at 9:00, cat today at 9:00, 1 773 565 200. Ann was"
        " called after 2 hours, ben rejected after 25, 27 hours = 97 200 s together; cat waits and is overdue. On time "
        "1 of 3."
    ),
    expected=(
        expect("mql_waiting", 1, source="web"),
        expect("mql_overdue", 1, source="web"),
        expect("mql_oldest_due_timestamp_seconds", 1_773_565_200, source="web"),
        expect("mql_follow_ups", {"24h": 0, "7d": 1, "30d": 1, "mtd": 1}, outcome="worked", source="web"),
        expect("mql_follow_ups", {"24h": 0, "7d": 1, "30d": 1, "mtd": 1}, outcome="rejected", source="web"),
        expect("mql_follow_up_seconds_gcount", {"30d": 2, "mtd": 2}, source="web"),
        expect("mql_follow_up_seconds_gsum", {"30d": 97_200, "mtd": 97_200}, source="web"),
        expect("mql_follow_up_seconds_bucket", {"mtd": 0}, source="web", le="3600.0"),
        expect("mql_follow_up_seconds_bucket", {"mtd": 1}, source="web", le="86400.0"),
        expect("mql_follow_up_seconds_bucket", {"mtd": 2}, source="web", le="172800.0"),
        expect("mql_due", {"7d": 3, "30d": 3, "mtd": 3}, source="web"),
        expect("mql_on_time", {"7d": 1, "30d": 1, "mtd": 1}, source="web"),
        expect("mql_on_time_ratio", {"7d": Fraction(1, 3), "30d": Fraction(1, 3), "mtd": Fraction(1, 3)}, source="web"),
    ),
)

ORIGIN = Example(
    title="The webhook knows the source, the import the campaign",
    explains=("new_leads",),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-10 09:00", "dan", source="web"),
        lead("created", "2026-03-11 09:00", "dan", source="list", campaign_id="spring", is_import=True),
    ),
    arithmetic="Each part comes from the earliest event that states it: web, no channel, spring.",
    expected=(expect("new_leads", {"7d": 1, "30d": 1, "mtd": 1}, source="web", channel="none", campaign="spring"),),
)

MERGED = Example(
    title="Two records of one person",
    explains=("new_leads", "stage_entries", "leads_in_stage"),
    as_of=_NOW,
    given=(
        lead("created", "2026-03-10 09:00", "eve", source="web"),
        stage("mql", "2026-03-11 09:00", "eve"),
        lead("created", "2026-03-02 09:00", "eva", source="fair"),
        stage("mql", "2026-03-12 09:00", "eva"),
        lead("merged", "2026-03-14 09:00", "eva", merged_id="eve"),
    ),
    arithmetic="One lead: created on March 2 at the fair, MQL on the 11th. The entry of the 12th is no change.",
    expected=(
        expect("new_leads", {"7d": 0, "30d": 1, "mtd": 1}, source="fair", channel="none", campaign="none"),
        expect("stage_entries", {"7d": 0, "mtd": 1}, funnel_stage="lead", source="fair", campaign="none"),
        expect("stage_entries", {"7d": 1, "mtd": 1}, funnel_stage="mql", source="fair", campaign="none"),
        expect("leads_in_stage", 1, funnel_stage="mql"),
    ),
)

LEADS = (NEW_LEADS, FUNNEL, DISQUALIFIED, REOPENED, SCORES, SCORE_OF_NEW, FOLLOW_UP, ORIGIN, MERGED)
