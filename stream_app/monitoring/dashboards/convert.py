"""From lead to customer: how many, how fast, at what cost."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.convert import MQL_NOT_FOLLOWED_UP
from stream_app.monitoring.dashboards.panels import (
    CAMPAIGN,
    CURRENCY,
    SOURCE,
    UIDS,
    WINDOW,
    bars,
    by,
    lines,
    quantile,
    table,
    tile,
)
from stream_app.monitoring.dashboards.targets import targets_row
from stream_app.monitoring.units import LASTING, RATIO, SECONDS
from stream_app.spec.condition import severity_steps
from stream_app.spec.expression import Arithmetic, Now, SetOperation, or_zero, selector, total
from stream_app.spec.panel import Dashboard, Row, Target

_FROM = {"source": "$source", "campaign": "$campaign"}
_IN = {"window": "$window"}
_PAID = {"currency": "$currency", "window": "$window"}
_COSTS = ("lead", "mql", "sql", "customer")

_OF = {"source": "$source"}
_WAITING = total("mql_waiting", "source", **_OF)
_MQL_OVERDUE = total("mql_overdue", "source", **_OF)
_OLDEST_DUE = total("mql_oldest_due_timestamp_seconds", "source", **_OF)
_LATE = severity_steps(MQL_NOT_FOLLOWED_UP.severity, limit.MQL_OVERDUE)

_NO_COUNT = "Nothing to divide by in this window."

CONVERT = Dashboard(
    uid=UIDS["convert"],
    title="Convert",
    variables=(WINDOW, CURRENCY, SOURCE, CAMPAIGN),
    since="now-7d",
    description="The funnel from lead to customer: volumes, rates, speed, bookings and what they cost.",
    rows=(
        Row(
            height=5,
            panels=(
                tile("New leads", "new_leads", Target(of=or_zero(total("new_leads", **_FROM, **_IN), "lead"))),
                *(
                    tile(
                        f"First {stage.upper()} entries",
                        "stage_entries",
                        Target(of=or_zero(total("stage_entries", funnel_stage=stage, **_FROM, **_IN), "lead")),
                    )
                    for stage in ("mql", "sql")
                ),
                tile(
                    "New customers",
                    "new_customers",
                    Target(of=or_zero(total("new_customers", **_FROM, **_IN), "opportunity", "billing")),
                ),
                tile(
                    "Lead to MQL within 30 days",
                    "lead_to_mql_cohort_ratio",
                    Target(of=selector("lead_to_mql_cohort_ratio", **_IN), empty=_NO_COUNT),
                    runbook="MqlRateDrop",
                ),
                tile(
                    "Lead velocity",
                    "lead_velocity_rate",
                    Target(of=selector("lead_velocity_rate"), legend="{{basis}}", empty="Needs two months."),
                    runbook="LeadVelocityNegative",
                ),
            ),
        ),
        Row(
            title="Funnel",
            height=9,
            panels=(
                bars(
                    "Leads by stage, now",
                    "leads_in_stage",
                    by(total("leads_in_stage", "funnel_stage"), "{{funnel_stage}}"),
                ),
                lines(
                    "First entries by stage, 24 h",
                    "stage_entries",
                    by(total("stage_entries", "funnel_stage", **_FROM, window="24h"), "{{funnel_stage}}"),
                ),
                lines(
                    "New leads by source, 24 h",
                    "new_leads",
                    by(total("new_leads", "source", **_FROM, window="24h"), "{{source}}"),
                    stacked=True,
                    runbook="SpendWithoutLeads",
                ),
                lines(
                    "Reentries by stage, 7 days",
                    "stage_reentries",
                    by(total("stage_reentries", "funnel_stage", window="7d"), "{{funnel_stage}}"),
                ),
                bars(
                    "Lead to MQL by source",
                    "lead_to_mql_ratio",
                    by(selector("lead_to_mql_ratio", source="$source", **_IN), "{{source}}", _NO_COUNT),
                    runbook="MqlRateDrop",
                ),
                bars(
                    "Time from stage to stage, median of 30 days",
                    "stage_transition_seconds",
                    quantile(0.5, "stage_transition_seconds", "transition", window="30d"),
                    description="Estimated within the buckets.",
                ),
            ),
        ),
        Row(
            title="Follow-up by sales",
            height=9,
            panels=(
                table(
                    "MQLs that wait for sales, most overdue first",
                    "mql_overdue",
                    Target(of=_MQL_OVERDUE),
                    Target(of=_WAITING),
                    Target(of=Arithmetic(Now(), "-", SetOperation(_OLDEST_DUE, "and", _MQL_OVERDUE)), unit=LASTING),
                    Target(of=total("mql_on_time_ratio", "source", **_OF, window="30d"), unit=RATIO, empty=_NO_COUNT),
                    quantile(0.5, "mql_follow_up_seconds", "source", unit=SECONDS, **_OF, window="30d"),
                    columns=(
                        "Overdue",
                        "Waiting",
                        "Oldest is late by",
                        "In time, 30 days",
                        "Time to follow-up, median",
                    ),
                    description="A source whose oldest due time lies ahead has a negative lateness.",
                    steps=_LATE,
                    runbook="MqlNotFollowedUp",
                    width=12,
                ),
                lines(
                    "Overdue by source",
                    "mql_overdue",
                    by(_MQL_OVERDUE, "{{source}}"),
                    steps=_LATE,
                    runbook="MqlNotFollowedUp",
                ),
                lines(
                    "What sales did with MQLs, 24 h",
                    "mql_follow_ups",
                    by(total("mql_follow_ups", "outcome", **_OF, window="24h"), "{{outcome}}"),
                    stacked=True,
                    runbook="MqlNotFollowedUp",
                ),
                bars(
                    "Followed up in time",
                    "mql_on_time_ratio",
                    by(selector("mql_on_time_ratio", **_OF, **_IN), "{{source}}", _NO_COUNT),
                    runbook="MqlNotFollowedUp",
                ),
            ),
        ),
        Row(
            title="Deals",
            height=9,
            panels=(
                bars(
                    "Opportunities",
                    "opportunities",
                    by(total("opportunities", "state", window="30d"), "{{state}}"),
                    description="30 days.",
                    width=8,
                ),
                bars("Bookings by kind", "bookings", by(total("bookings", "kind", **_PAID), "{{kind}}"), width=8),
                bars(
                    "Open pipeline by kind",
                    "open_pipeline",
                    by(total("open_pipeline", "kind", currency="$currency"), "{{kind}}"),
                    width=8,
                ),
            ),
        ),
        Row(
            title="Cost",
            height=9,
            panels=(
                bars(
                    "Cost per lead, MQL, SQL and customer",
                    "cost_per_lead",
                    *(by(selector(f"cost_per_{what}", **_PAID), f"per {what}", _NO_COUNT) for what in _COSTS),
                    by(selector("customer_acquisition_cost", **_PAID), "CAC", _NO_COUNT),
                    width=8,
                    description="The same for MQLs, SQLs and customers; CAC is per customer with spend of kind sales.",
                ),
                bars("Spend by kind", "spend", by(total("spend", "kind", **_PAID), "{{kind}}"), width=8),
                tile(
                    "Return on marketing investment", "romi", by(selector("romi", **_PAID), "ROMI", _NO_COUNT), width=8
                ),
                table(
                    "Campaigns",
                    "campaign_cost_per_lead",
                    *(
                        Target(of=total(name, "campaign", campaign="$campaign", **_PAID), empty=_NO_COUNT)
                        for name in (
                            "spend",
                            *(f"campaign_cost_per_{what}" for what in _COSTS),
                            "bookings",
                            "campaign_roi",
                        )
                    ),
                    columns=(
                        "Spend",
                        "Cost per lead",
                        "per MQL",
                        "per SQL",
                        "per customer",
                        "Bookings",
                        "Return (ROI)",
                    ),
                    description="And the same for MQLs, SQLs and customers; single attribution, by the opportunity.",
                    runbook="SpendWithoutLeads",
                ),
                bars(
                    "Return by channel", "channel_roi", by(selector("channel_roi", **_PAID), "{{channel}}", _NO_COUNT)
                ),
                bars(
                    "Response rate by campaign, 30 days",
                    "response_rate",
                    by(selector("response_rate", campaign="$campaign", window="30d"), "{{campaign}}", _NO_COUNT),
                ),
                lines("Reach, 7 days", "reach", by(total("reach", "kind", window="7d"), "{{kind}}")),
                bars(
                    "Score of new leads, median by month",
                    "new_lead_score",
                    quantile(0.5, "new_lead_score", "cohort"),
                    description="Estimated within the buckets.",
                ),
            ),
        ),
        targets_row(UIDS["convert"]),
    ),
)
