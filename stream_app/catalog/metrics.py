"""Sections A, B and C of the catalog: every flow, level and distribution, declared once."""

from stream_app.catalog.bounds import DWELL_BOUNDS, FOLLOW_UP_BOUNDS, SCORE_BOUNDS, TRANSITION_BOUNDS
from stream_app.catalog.events import (
    AUDIENCES,
    CANCEL_REASONS,
    OPPORTUNITY_KINDS,
    OUTCOMES,
    REACH_KINDS,
    SPEND_KINDS,
    STAGES,
)
from stream_app.catalog.lead.follow_up import FOLLOW_UP_OUTCOMES
from stream_app.catalog.lead.outcomes import CREDITED_STAGES
from stream_app.catalog.message import STATES
from stream_app.spec.metric import Kind, Label, Metric, Unit
from stream_app.spec.window import Window

SOURCE = Label("source", capped=True)
CHANNEL = Label("channel", capped=True)
CAMPAIGN = Label("campaign", capped=True)
PROGRAM = Label("program", capped=True)
STEP = Label("step", capped=True)
ACTIVITY = Label("activity", capped=True)
CURRENCY = Label("currency")
COHORT = Label("cohort", months=13)
COHORT_OR_OLDER = Label("cohort", months=13, earlier="older")
STAGE = Label("funnel_stage", STAGES)
STATE = Label("state", STATES)
AUDIENCE = Label("audience", AUDIENCES)
OUTCOME = Label("outcome", OUTCOMES)
DEAL = Label("kind", OPPORTUNITY_KINDS)
CREDITED_STAGE = Label("funnel_stage", CREDITED_STAGES)
FOLLOW_UP = Label("outcome", FOLLOW_UP_OUTCOMES)
NPS_CLASS = Label("class", ("promoter", "passive", "detractor"))
SEGMENT = Label("segment", capped=True)
THEME = Label("theme", capped=True)

SHORT = (Window.M5, Window.H1, Window.H24, Window.D7, Window.D30)
LIVE = (*SHORT, Window.MTD)
FULL = (*LIVE, Window.PREV_MONTH, Window.PREV_MONTH_TO_DATE)
COHORTS = (Window.H24, Window.D7, Window.D30, Window.MTD)
MONTHS = (*COHORTS, Window.PREV_MONTH)
MONTHS_TO_DATE = (*MONTHS, Window.PREV_MONTH_TO_DATE)
SCORES = (Window.H24, Window.D7, Window.D30)
CLOSED = (Window.D30, Window.MTD, Window.PREV_MONTH)
COHORT_PERIODS = (Window.D30, Window.D90, Window.MTD, Window.PREV_MONTH)
DUE_PERIODS = (Window.D7, *CLOSED)


def _flow(
    name: str,
    definition: str,
    labels: tuple[Label, ...],
    windows: tuple[Window, ...],
    *,
    unit: Unit = Unit.COUNT,
    internal: bool = False,
) -> Metric:
    return Metric(
        name=name,
        kind=Kind.FLOW,
        definition=definition,
        labels=labels,
        windows=windows,
        unit=unit,
        internal=internal,
    )


def _level(
    name: str, definition: str, labels: tuple[Label, ...], *, unit: Unit = Unit.COUNT, zero_where: str = ""
) -> Metric:
    return Metric(
        name=name,
        kind=Kind.LEVEL,
        section="B",
        definition=definition,
        labels=labels,
        unit=unit,
        zero_where=zero_where,
    )


FLOWS = (
    _flow(
        "new_leads",
        "Leads created, excluding imports, at the time of their creation.",
        (SOURCE, CHANNEL, CAMPAIGN),
        FULL,
    ),
    _flow(
        "stage_entries",
        "Leads that entered a funnel stage for the first time, at that time.",
        (STAGE, SOURCE, CAMPAIGN),
        FULL,
    ),
    _flow(
        "stage_reentries",
        "Entries of leads into a stage that they had been in before, after having been in another.",
        (STAGE,),
        COHORTS,
    ),
    _flow(
        "reopened_leads",
        "Leads that engaged while not ready and enrolled in a program: the first human click, reply or other "
        "engagement (excluding page views and opens) of each not-ready episode.",
        (PROGRAM,),
        LIVE,
    ),
    _flow(
        "email_messages",
        "Messages that reached a state, once per message, at the first such event. Opens and clicks by machines are "
        "excluded.",
        (STATE, PROGRAM, STEP, AUDIENCE),
        LIVE,
    ),
    _flow(
        "email_events",
        "Every open and click, repeated ones and those by machines included.",
        (Label("kind", ("opened", "clicked")), Label("machine", ("true", "false")), PROGRAM),
        (Window.M5, Window.H1, Window.H24, Window.D7),
    ),
    _flow(
        "email_cohort",
        "Messages by the time they were sent, with what became of them since. An open, click or reply proves "
        "delivery; a human click proves an open.",
        (STATE, PROGRAM, STEP, AUDIENCE),
        COHORTS,
    ),
    _flow(
        "email_cohort_machine_opens",
        "Messages by send time whose only opens were by machines and that nobody clicked.",
        (PROGRAM,),
        COHORTS,
    ),
    _flow("program_enrollments", "Enrollments that began.", (PROGRAM, AUDIENCE), SHORT),
    _flow("program_exits", "Enrollments that ended.", (PROGRAM, OUTCOME), SHORT),
    _flow("step_entries", "Enrollments that entered a step, once each.", (PROGRAM, STEP), SHORT),
    _flow(
        "step_exits",
        "Enrollments that left a step, once each; the end of the enrollment ends its open steps.",
        (PROGRAM, STEP, OUTCOME),
        SHORT,
    ),
    _flow(
        "step_due",
        "Steps of enrollments that fell due, whether left by then or not.",
        (PROGRAM, STEP),
        (Window.H1, Window.H24, Window.D7),
    ),
    _flow(
        "score_delta",
        "Sum of the differences between consecutive scores of leads.",
        (ACTIVITY,),
        SCORES,
        unit=Unit.POINTS,
    ),
    _flow("score_changes", "Differences between consecutive scores of leads.", (ACTIVITY,), SCORES),
    _flow(
        "opportunities",
        "Opportunities created, won and lost; the newest outcome counts, at its first time.",
        (Label("state", ("created", "won", "lost")), DEAL),
        MONTHS_TO_DATE,
    ),
    _flow(
        "bookings",
        "First-year value of the opportunities won.",
        (CURRENCY, DEAL, SOURCE, CHANNEL, CAMPAIGN),
        CLOSED,
        unit=Unit.MONEY,
    ),
    _flow(
        "new_customers",
        "Accounts that became customers: at their first won new business or their first MRR, whichever was earlier.",
        (SOURCE, CAMPAIGN),
        MONTHS_TO_DATE,
    ),
    _flow(
        "lost_customers",
        "Accounts whose MRR returned to zero.",
        (Label("reason", CANCEL_REASONS),),
        MONTHS,
    ),
    _flow(
        "lost_opening_customers",
        "Lost customers that were customers at the start of the month, once per account and month.",
        (),
        (Window.MTD, Window.PREV_MONTH),
    ),
    _flow(
        "mrr_movement",
        "MRR movements of accounts. New + expansion + reactivation - contraction - churn is the level, always.",
        (CURRENCY, Label("movement", ("new", "expansion", "contraction", "churn", "reactivation"))),
        MONTHS,
        unit=Unit.MONEY,
    ),
    _flow(
        "invoices",
        "Invoices paid and failed, once per invoice and state.",
        (Label("state", ("paid", "failed")),),
        COHORTS,
    ),
    _flow(
        "reach",
        "Counts recorded for days: visits, impressions, clicks, responses.",
        (Label("kind", REACH_KINDS), CHANNEL, CAMPAIGN),
        MONTHS_TO_DATE,
    ),
    _flow(
        "spend",
        "Spend, spread evenly over the days of its period.",
        (CURRENCY, Label("kind", SPEND_KINDS), PROGRAM, CHANNEL, CAMPAIGN),
        CLOSED,
        unit=Unit.MONEY,
    ),
    _flow(
        "nps_responses",
        "Respondents by the class of their newest answer, at its time.",
        (NPS_CLASS, SEGMENT),
        (Window.D30, Window.D90),
    ),
    _flow(
        "nps_themes",
        "Respondents by the theme and the class of their newest answer, at its time.",
        (THEME, NPS_CLASS),
        (Window.D90,),
    ),
    _flow(
        "program_stage_entries",
        "First entries of leads into a stage, by the program of their latest enrollment in the 90 days before it.",
        (PROGRAM, CREDITED_STAGE),
        MONTHS,
    ),
    _flow(
        "program_cohort",
        "Leads by the time of their first enrollment in a program.",
        (PROGRAM,),
        COHORT_PERIODS,
    ),
    _flow(
        "program_cohort_conversions",
        "Leads by the time of their first enrollment in a program that first entered a stage within 90 days of it.",
        (PROGRAM, CREDITED_STAGE),
        COHORT_PERIODS,
    ),
    _flow(
        "mql_follow_ups",
        "MQLs that sales followed up, at the first thing that it did.",
        (FOLLOW_UP, SOURCE),
        MONTHS,
    ),
    _flow("mql_due", "MQLs that fell due for a follow-up, at their due time.", (SOURCE,), DUE_PERIODS),
    _flow(
        "mql_on_time",
        "MQLs that were followed up by their due time, at their due time.",
        (SOURCE,),
        DUE_PERIODS,
    ),
    _flow(
        "lead_mql_cohort",
        "Leads by the time of their creation that became MQL within 30 days of it.",
        (),
        CLOSED,
    ),
    _flow(
        "customer_change",
        "Accounts that became customers minus those that ceased to be.",
        (),
        (Window.MTD,),
        internal=True,
    ),
)

LEVELS = (
    _level(
        "leads_in_stage",
        "Leads by the stage they are in, excluding disqualified leads.",
        (STAGE,),
    ),
    _level("program_balance", "Enrollments begun and not ended.", (PROGRAM, AUDIENCE)),
    _level("mql_waiting", "MQLs that sales has not followed up.", (SOURCE,)),
    _level("step_balance", "Enrollments that are in the step.", (PROGRAM, STEP)),
    _level("customers", "Accounts with MRR above zero in any currency.", ()),
    _level("mrr", "Monthly recurring revenue.", (CURRENCY,), unit=Unit.MONEY),
    _level(
        "mrr_at_risk",
        "The part of MRR that is on past-due subscriptions.",
        (CURRENCY,),
        zero_where="mrr",
        unit=Unit.MONEY,
    ),
    _level("mrr_paused", "What paused subscriptions would add to MRR.", (CURRENCY,), zero_where="mrr", unit=Unit.MONEY),
    _level(
        "cohort_customers",
        "Customers by the month in which their MRR first rose above zero: the last 13, before that `older`.",
        (COHORT_OR_OLDER,),
    ),
    _level(
        "cohort_mrr",
        "MRR by the month of the account's first MRR: the last 13, before that `older`.",
        (COHORT_OR_OLDER, CURRENCY),
        unit=Unit.MONEY,
    ),
    _level(
        "open_pipeline",
        "First-year value of the opportunities that are neither won nor lost.",
        (CURRENCY, DEAL),
        unit=Unit.MONEY,
    ),
)

HISTOGRAMS = (
    Metric(
        name="stage_transition_seconds",
        kind=Kind.HISTOGRAM,
        section="C",
        unit=Unit.SECONDS,
        definition="Time from the first entry into a stage to that into the next of lead, MQL, SQL, customer.",
        labels=(Label("transition", ("lead_mql", "mql_sql", "sql_customer")),),
        windows=(Window.D30, Window.MTD),
        bounds=TRANSITION_BOUNDS,
    ),
    Metric(
        name="step_dwell_seconds",
        kind=Kind.HISTOGRAM,
        section="C",
        unit=Unit.SECONDS,
        definition="Time that enrollments spent in a step, at their exit.",
        labels=(PROGRAM, STEP),
        windows=(Window.D30, Window.MTD),
        bounds=DWELL_BOUNDS,
    ),
    Metric(
        name="program_mql_seconds",
        kind=Kind.HISTOGRAM,
        section="C",
        unit=Unit.SECONDS,
        definition="Time from the beginning of the credited enrollment to the first entry into MQL.",
        labels=(PROGRAM,),
        windows=(Window.D30, Window.MTD),
        bounds=TRANSITION_BOUNDS,
    ),
    Metric(
        name="mql_follow_up_seconds",
        kind=Kind.HISTOGRAM,
        section="C",
        unit=Unit.SECONDS,
        definition="Time from the first entry into MQL to the follow-up by sales.",
        labels=(SOURCE,),
        windows=(Window.D30, Window.MTD),
        bounds=FOLLOW_UP_BOUNDS,
    ),
    Metric(
        name="new_lead_score",
        kind=Kind.HISTOGRAM,
        section="C",
        unit=Unit.POINTS,
        definition="Score of each new lead at the end of the month of its creation (so far, during that month).",
        labels=(COHORT,),
        bounds=SCORE_BOUNDS,
    ),
)

DUE_TIMES = (
    Metric(
        name="step_due_at",
        kind=Kind.DUE,
        section="B",
        labels=(PROGRAM, STEP),
        internal=True,
        zero_where="step_balance",
        definition="The due times of the enrollments in a step.",
    ),
    Metric(
        name="mql_due_at",
        kind=Kind.DUE,
        section="B",
        labels=(SOURCE,),
        internal=True,
        zero_where="mql_waiting",
        definition="The due times of the MQLs that wait for a follow-up.",
    ),
)

METRICS: tuple[Metric, ...] = (*FLOWS, *LEVELS, *HISTOGRAMS, *DUE_TIMES)
BY_NAME = {metric.name: metric for metric in METRICS}
