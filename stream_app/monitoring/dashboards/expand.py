"""Customers and their revenue: what is kept, what grows, what is lost."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.expand import GROSS_MRR_CHURN_HIGH
from stream_app.monitoring.dashboards.panels import CURRENCY, UIDS, bars, by, lines, tile
from stream_app.monitoring.dashboards.targets import goal, targets_row
from stream_app.monitoring.units import TIMES
from stream_app.spec.condition import severity_steps
from stream_app.spec.expression import Arithmetic, Number, or_zero, selector, total
from stream_app.spec.panel import Dashboard, Row, Target

_PAID = {"currency": "$currency"}
_MTD = {"currency": "$currency", "window": "mtd"}
_NONE = "Nothing to divide by yet this month."
_BUDGET = severity_steps(GROSS_MRR_CHURN_HIGH.severity, limit.GROSS_CHURN_BUDGET)

_SIGNED = "What was lost, by contraction and churn, is below zero."


def _movements(**match: str) -> tuple[Target, ...]:
    gains = total("mrr_movement", "movement", movement=("new", "expansion", "reactivation"), **match)
    losses = total("mrr_movement", "movement", movement=("contraction", "churn"), **match)
    return (
        by(gains, "{{movement}}", "No MRR was won."),
        by(Arithmetic(Number(0), "-", losses), "{{movement}}", "No MRR was lost."),
    )


EXPAND = Dashboard(
    uid=UIDS["expand"],
    title="Expand",
    variables=(CURRENCY,),
    since="now-7d",
    description="Recurring revenue and customers: movements, retention, churn, lifetime, satisfaction.",
    rows=(
        Row(
            height=5,
            panels=(
                tile("MRR", "mrr", Target(of=or_zero(total("mrr", **_PAID), "billing"))),
                tile("Customers", "customers", Target(of=or_zero(total("customers"), "billing"))),
                tile(
                    "Gross MRR churn, this month",
                    "gross_mrr_churn_rate",
                    by(selector("gross_mrr_churn_rate", **_MTD), "", _NONE),
                    steps=_BUDGET,
                    runbook="GrossMrrChurnHigh",
                ),
                tile(
                    "Net revenue retention, this month",
                    "net_revenue_retention",
                    by(selector("net_revenue_retention", **_MTD), "", _NONE),
                ),
                tile(
                    "Quick ratio, this month",
                    "quick_ratio",
                    by(selector("quick_ratio", **_MTD), "", "Nothing was lost this month."),
                    unit=TIMES,
                ),
                tile(
                    "Net promoter score",
                    "nps",
                    by(selector("nps", segment="all"), "NPS", "Below 5 answers."),
                    by(selector("nps_margin", segment="all"), "±", "Below 5 answers."),
                    runbook="NpsDrop",
                ),
            ),
        ),
        Row(
            title="MRR",
            height=9,
            panels=(
                lines(
                    "MRR",
                    "mrr",
                    by(total("mrr", **_PAID), "MRR"),
                    by(total("mrr_opening", **_MTD), "at the start of the month"),
                    goal("mrr", **_PAID),
                ),
                lines(
                    "Movements, 24 h",
                    "mrr_movement",
                    *_movements(**_PAID, window="24h"),
                    description=_SIGNED,
                    runbook="LargeMrrLoss",
                ),
                bars(
                    "Movements, this month",
                    "mrr_movement",
                    *_movements(**_MTD),
                    description=_SIGNED,
                    runbook="LargeMrrLoss",
                ),
                lines(
                    "At risk and paused",
                    "mrr_at_risk",
                    by(total("mrr_at_risk", **_PAID), "at risk", "No subscription is past due."),
                    by(total("mrr_paused", **_PAID), "paused", "No subscription is paused."),
                    runbook="MrrAtRiskRising",
                ),
                bars(
                    "MRR by month of the first payment",
                    "cohort_mrr",
                    by(total("cohort_mrr", "cohort", **_PAID), "{{cohort}}"),
                ),
                bars(
                    "Customers by month of the first payment",
                    "cohort_customers",
                    by(total("cohort_customers", "cohort"), "{{cohort}}"),
                ),
            ),
        ),
        Row(
            title="Retention",
            height=9,
            panels=(
                lines(
                    "Churn and retention, this month",
                    "gross_mrr_churn_rate",
                    by(selector("gross_mrr_churn_rate", **_MTD), "gross churn", _NONE),
                    by(selector("net_mrr_churn_rate", **_MTD), "net churn", _NONE),
                    by(selector("customer_churn_rate", window="mtd"), "customers lost", _NONE),
                    steps=_BUDGET,
                    runbook="GrossMrrChurnHigh",
                ),
                lines(
                    "Revenue retention, this month and the last",
                    "gross_revenue_retention",
                    by(selector("gross_revenue_retention", **_PAID), "gross, {{window}}", _NONE),
                    by(selector("net_revenue_retention", **_PAID), "net, {{window}}", _NONE),
                ),
                bars(
                    "Customers lost by reason, 30 days",
                    "lost_customers",
                    by(total("lost_customers", "reason", window="30d"), "{{reason}}"),
                ),
                bars(
                    "Customers, this month",
                    "new_customers",
                    by(total("customers_opening", window="mtd"), "at the start"),
                    by(total("new_customers", window="mtd"), "new"),
                    by(total("lost_customers", window="mtd"), "lost"),
                    by(total("lost_opening_customers", window="mtd"), "lost of those at the start"),
                ),
            ),
        ),
        Row(
            title="Value",
            height=9,
            panels=(
                bars("Average revenue per customer", "arpa", by(selector("arpa", **_PAID), "{{cohort}}"), width=8),
                bars(
                    "Lifetime value",
                    "customer_lifetime_value",
                    by(selector("customer_lifetime_value", **_PAID), "margin {{margin}}", "No churn last month."),
                    width=8,
                ),
                tile(
                    "Payback of acquisition",
                    "cac_payback_months",
                    by(selector("cac_payback_months", **_PAID), "", "No new customers last month."),
                    width=8,
                ),
                bars(
                    "Upsell in bookings",
                    "upsell_share",
                    by(selector("upsell_share", **_PAID), "{{window}}", "No bookings."),
                    width=8,
                ),
                bars(
                    "Answers by class, 90 days",
                    "nps_responses",
                    by(total("nps_responses", "class", window="90d"), "{{class}}"),
                    width=8,
                    runbook="NpsDrop",
                ),
                bars(
                    "Net promoter score by segment",
                    "nps",
                    by(selector("nps"), "{{segment}}", "Below 5 answers."),
                    by(selector("nps_margin"), "± {{segment}}", "Below 5 answers."),
                    width=8,
                    runbook="NpsDrop",
                ),
                bars(
                    "What promoters and detractors talk about, 90 days",
                    "nps_themes",
                    by(
                        total("nps_themes", "theme", "class", window="90d"),
                        "{{theme}}: {{class}}",
                        "No answer states a theme.",
                    ),
                    width=16,
                    runbook="NpsDrop",
                ),
                lines(
                    "Invoices, 24 h",
                    "invoices",
                    by(total("invoices", "state", window="24h"), "{{state}}"),
                    width=8,
                    runbook="MrrAtRiskRising",
                ),
            ),
        ),
        targets_row(UIDS["expand"], currency="$currency"),
    ),
)
