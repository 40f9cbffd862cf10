"""The declarations against the definitions: a table typed by hand from them, so that neither can drift alone."""

import pytest

from stream_app.render.metric_page import exported
from stream_app.spec.metric import Kind, Metric
from tests.render.house import CATALOG

LIVE = "5m 1h 24h 7d 30d mtd"
FULL = f"{LIVE} prev_month prev_month_to_date"
STATES = "sent delivered bounced soft_bounced opened clicked replied unsubscribed complained"
STAGES = "lead mql sal sql opportunity customer"
OUTCOMES = "advanced completed goal_met unsubscribed bounced disqualified list_removed error timeout"
DEALS = "new_business upsell cross_sell renewal"

# Series without its prefix, labels, windows. A label whose values are closed has them behind a colon.
FLOWS = [
    ("new_leads", ["source", "channel", "campaign"], FULL),
    ("stage_entries", [f"funnel_stage: {STAGES}", "source", "campaign"], FULL),
    ("stage_reentries", [f"funnel_stage: {STAGES}"], "24h 7d 30d mtd"),
    ("reopened_leads", ["program"], LIVE),
    ("email_messages", [f"state: {STATES}", "program", "step", "audience: prospect customer"], LIVE),
    ("email_events", ["kind: opened clicked", "machine: true false", "program"], "5m 1h 24h 7d"),
    ("email_cohort", [f"state: {STATES}", "program", "step", "audience: prospect customer"], "24h 7d 30d mtd"),
    ("email_cohort_machine_opens", ["program"], "24h 7d 30d mtd"),
    ("program_enrollments", ["program", "audience: prospect customer"], "5m 1h 24h 7d 30d"),
    ("program_exits", ["program", f"outcome: {OUTCOMES}"], "5m 1h 24h 7d 30d"),
    ("step_entries", ["program", "step"], "5m 1h 24h 7d 30d"),
    ("step_exits", ["program", "step", f"outcome: {OUTCOMES}"], "5m 1h 24h 7d 30d"),
    ("step_due", ["program", "step"], "1h 24h 7d"),
    ("score_delta", ["activity"], "24h 7d 30d"),
    ("score_changes", ["activity"], "24h 7d 30d"),
    ("opportunities", ["state: created won lost", f"kind: {DEALS}"], "24h 7d 30d mtd prev_month prev_month_to_date"),
    ("bookings", ["currency", f"kind: {DEALS}", "source", "channel", "campaign"], "30d mtd prev_month"),
    ("new_customers", ["source", "campaign"], "24h 7d 30d mtd prev_month prev_month_to_date"),
    ("lost_customers", ["reason: voluntary involuntary"], "24h 7d 30d mtd prev_month"),
    ("lost_opening_customers", [], "mtd prev_month"),
    (
        "mrr_movement",
        ["currency", "movement: new reactivation expansion contraction churn"],
        "24h 7d 30d mtd prev_month",
    ),
    ("invoices", ["state: paid failed"], "24h 7d 30d mtd"),
    (
        "reach",
        ["kind: web_sessions web_visitors impressions ad_clicks responses", "channel", "campaign"],
        "24h 7d 30d mtd prev_month prev_month_to_date",
    ),
    (
        "spend",
        [
            "currency",
            "kind: media labour technology agency event content sales",
            "program",
            "channel",
            "campaign",
        ],
        "30d mtd prev_month",
    ),
    ("nps_responses", ["class: promoter passive detractor", "segment"], "30d 90d"),
    ("nps_themes", ["theme", "class: promoter passive detractor"], "90d"),
    ("program_stage_entries", ["program", "funnel_stage: mql sql customer"], "24h 7d 30d mtd prev_month"),
    ("program_cohort", ["program"], "30d 90d mtd prev_month"),
    ("program_cohort_conversions", ["program", "funnel_stage: mql sql customer"], "30d 90d mtd prev_month"),
    ("mql_follow_ups", ["outcome: accepted worked rejected", "source"], "24h 7d 30d mtd prev_month"),
]
LEVELS = [
    ("leads_in_stage", [f"funnel_stage: {STAGES}"], ""),
    ("program_balance", ["program", "audience: prospect customer"], ""),
    ("mql_waiting", ["source"], ""),
    ("mql_overdue", ["source"], ""),
    ("mql_oldest_due_timestamp_seconds", ["source"], ""),
    ("step_balance", ["program", "step"], ""),
    ("step_overdue", ["program", "step"], ""),
    ("step_oldest_due_timestamp_seconds", ["program", "step"], ""),
    ("customers", [], ""),
    ("mrr", ["currency"], ""),
    ("mrr_at_risk", ["currency"], ""),
    ("mrr_paused", ["currency"], ""),
    ("mrr_opening", ["currency"], "mtd prev_month"),
    ("customers_opening", [], "mtd prev_month"),
    ("cohort_customers", ["cohort"], ""),
    ("cohort_mrr", ["cohort", "currency"], ""),
    ("open_pipeline", ["currency", f"kind: {DEALS}"], ""),
]
DISTRIBUTIONS = [
    ("stage_transition_seconds", ["transition: lead_mql mql_sql sql_customer"], "30d mtd"),
    ("step_dwell_seconds", ["program", "step"], "30d mtd"),
    ("program_mql_seconds", ["program"], "30d mtd"),
    ("mql_follow_up_seconds", ["source"], "30d mtd"),
    ("new_lead_score", ["cohort"], ""),
]
PERIODS, MONTHLY = "30d mtd prev_month", "mtd prev_month"
_MAIL = ["program", "audience: prospect customer"]
RATIOS = [
    ("email_open_rate", _MAIL, "24h 7d 30d"),
    ("email_adjusted_open_rate", ["program"], "24h 7d 30d"),
    ("email_click_rate", _MAIL, "24h 7d 30d"),
    ("email_click_to_open_rate", _MAIL, "24h 7d 30d"),
    ("lead_to_mql_ratio", ["source"], PERIODS),
    ("lead_to_mql_cohort_ratio", [], PERIODS),
    *((f"cost_per_{what}", ["currency"], PERIODS) for what in ("lead", "mql", "sql", "customer")),
    *((f"campaign_cost_per_{what}", ["campaign", "currency"], PERIODS) for what in ("lead", "mql", "sql", "customer")),
    *((f"program_cost_per_{what}", ["program", "currency"], PERIODS) for what in ("mql", "sql", "customer")),
    ("program_conversion_rate", ["program", "funnel_stage: mql sql customer"], "30d 90d mtd prev_month"),
    ("mql_on_time_ratio", ["source"], "7d 30d mtd prev_month"),
    ("customer_acquisition_cost", ["currency"], PERIODS),
    ("campaign_roi", ["campaign", "currency"], PERIODS),
    ("channel_roi", ["channel", "currency"], PERIODS),
    ("romi", ["currency"], PERIODS),
    ("lead_velocity_rate", ["basis: closed paced rolling"], ""),
    ("customer_churn_rate", [], MONTHLY),
    ("gross_mrr_churn_rate", ["currency"], MONTHLY),
    ("net_mrr_churn_rate", ["currency"], MONTHLY),
    ("gross_revenue_retention", ["currency"], MONTHLY),
    ("net_revenue_retention", ["currency"], MONTHLY),
    ("quick_ratio", ["currency"], MONTHLY),
    ("arpa", ["cohort: all new existing", "currency"], ""),
    ("response_rate", ["campaign"], "7d 30d mtd"),
    ("customer_lifetime_value", ["currency", "margin: included excluded"], ""),
    ("cac_payback_months", ["currency"], ""),
    ("upsell_share", ["currency"], PERIODS),
    ("nps", ["segment"], ""),
    ("nps_margin", ["segment"], ""),
]
HOUR, DAY = 3600, 86_400
BOUNDS = {
    "stage_transition_seconds": [HOUR, 6 * HOUR, *(DAY * days for days in (1, 3, 7, 14, 30, 60, 90, 180, 365))],
    "step_dwell_seconds": [HOUR, 6 * HOUR, *(DAY * days for days in (1, 2, 3, 7, 14, 30, 60))],
    "program_mql_seconds": [HOUR, 6 * HOUR, *(DAY * days for days in (1, 3, 7, 14, 30, 60, 90, 180, 365))],
    "mql_follow_up_seconds": [*(HOUR * hours for hours in (1, 4, 8)), *(DAY * days for days in (1, 2, 3, 7, 14, 30))],
    "new_lead_score": [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
}
MONEY = {
    "bookings",
    "mrr_movement",
    "spend",
    "mrr",
    "mrr_at_risk",
    "mrr_paused",
    "mrr_opening",
    "cohort_mrr",
    "open_pipeline",
    "customer_acquisition_cost",
    "arpa",
    "customer_lifetime_value",
    *(name for name, *_ in RATIOS if "cost_per_" in name),
}
CAPPED = {"program", "step", "campaign", "channel", "source", "activity", "segment", "theme"}

# Declared beyond the definitions: parts of ratios of section D, which says that both parts stay exported.
ADDED = {"lead_mql_cohort", "mql_due", "mql_on_time"}

DEFINED = [
    (*each, section)
    for section, part in zip("ABCD", (FLOWS, LEVELS, DISTRIBUTIONS, RATIOS), strict=True)
    for each in part
]
DECLARED = {each.series.removeprefix("lifecycle_"): each for each in exported(CATALOG)}


@pytest.mark.parametrize(("name", "labels", "windows", "section"), DEFINED, ids=[each[0] for each in DEFINED])
def test_a_declaration_matches_the_definition(name: str, labels: list[str], windows: str, section: str) -> None:
    declared = DECLARED[name]
    wanted = {label: set(values.split()) or None for label, _, values in (each.partition(":") for each in labels)}
    assert {label.name: set(label.values) if label.values else None for label in declared.labels} == wanted
    assert [window.value for window in declared.windows] == windows.split()
    assert declared.section == section
    assert (declared.unit == "money") is (name in MONEY)
    assert all(label.capped is (label.name in CAPPED) for label in declared.labels)


@pytest.mark.parametrize("name", BOUNDS)
def test_a_histogram_has_the_defined_buckets(name: str) -> None:
    declared = DECLARED[name]
    assert isinstance(declared, Metric)
    assert declared.kind is Kind.HISTOGRAM
    assert list(declared.bounds) == BOUNDS[name]


def test_only_defined_metrics_are_exported() -> None:
    assert DECLARED.keys() == {name for name, *_ in DEFINED} | ADDED


def test_every_series_is_declared_once() -> None:
    series = [each.series for each in exported(CATALOG)]
    assert sorted(series) == sorted(set(series))
    assert all(name.startswith("lifecycle_") and not name.endswith("_total") for name in series)


def test_no_label_identifies_a_person_or_company() -> None:
    labels = {label.name for metric in CATALOG.metrics for label in metric.labels}
    assert not {label for label in labels if label.endswith("_id") or label in {"lead", "account", "message", "email"}}
