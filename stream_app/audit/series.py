"""Which series the audit counts again, which it does not and why, and what its verdict leaves open."""

from collections.abc import Mapping

_FLOWS = """
    new_leads stage_entries stage_reentries reopened_leads email_messages email_events email_cohort
    email_cohort_machine_opens program_enrollments program_exits step_entries step_exits step_due score_delta
    score_changes opportunities bookings new_customers lost_customers lost_opening_customers mrr_movement invoices reach
    spend nps_responses nps_themes lead_mql_cohort program_stage_entries program_cohort program_cohort_conversions
    mql_follow_ups mql_due mql_on_time
"""
_LEVELS = """
    leads_in_stage mql_waiting mql_overdue mql_oldest_due_timestamp_seconds
    program_balance step_balance step_overdue step_oldest_due_timestamp_seconds customers mrr mrr_at_risk
    mrr_paused mrr_opening customers_opening cohort_customers cohort_mrr open_pipeline
"""
_DISTRIBUTIONS = """
    stage_transition_seconds step_dwell_seconds program_mql_seconds mql_follow_up_seconds new_lead_score
"""
_RATIOS = """
    email_open_rate email_adjusted_open_rate email_click_rate email_click_to_open_rate
    lead_to_mql_ratio lead_to_mql_cohort_ratio
    cost_per_lead cost_per_mql cost_per_sql cost_per_customer
    campaign_cost_per_lead campaign_cost_per_mql campaign_cost_per_sql campaign_cost_per_customer
    customer_acquisition_cost campaign_roi channel_roi romi lead_velocity_rate
    customer_churn_rate gross_mrr_churn_rate net_mrr_churn_rate gross_revenue_retention net_revenue_retention
    quick_ratio arpa response_rate customer_lifetime_value cac_payback_months upsell_share nps nps_margin
    program_conversion_rate program_cost_per_mql program_cost_per_sql program_cost_per_customer mql_on_time_ratio
"""

RATIOS: frozenset[str] = frozenset(f"lifecycle_{name}" for name in _RATIOS.split())
"""Section D of the catalog: computed from samples, compared with a tolerance."""

RECOUNTED: frozenset[str] = RATIOS | frozenset(
    [f"lifecycle_{name}" for name in (_FLOWS + _LEVELS).split()]
    + [f"lifecycle_{name}_{part}" for name in _DISTRIBUTIONS.split() for part in ("bucket", "gcount", "gsum")]
)
"""The series that are audited: sections A to D of the catalog, by the names under which they are exposed."""

_REASONS = {
    "it describes the metrics or the program and measures nothing": "lifecycle_metric_info stream_app_build_info",
    "it tells how old the numbers are and whether the store answers, which no event says": """
        stream_app_redis_up stream_app_data_age_seconds stream_app_data_fresh stream_app_read_timestamp_seconds
        stream_app_scrape_seconds stream_app_exporters stream_app_first_event_applied
        stream_app_family_first_event_applied
    """,
    "it is what targets.toml says, or what days of audited series add up to": """
        stream_app_target stream_app_target_reached stream_app_target_pace
    """,
    "it counts label values by name only; the series in which they are summed are audited": (
        "stream_app_label_overflow"
    ),
}
NOT_AUDITED: Mapping[str, str] = {series: reason for reason, names in _REASONS.items() for series in names.split()}
"""Every other series of the exporter, with the reason why it is not counted again."""

LIMITS: Mapping[str, str] = {
    "horizon": (
        "an event that was older on arrival than the newest event of its lead or account by more than the horizon is "
        "ignored by a worker (stream_app_too_late_total) and counted by the audit"
    ),
    "lead.erased": (
        "its effect depends on the order of arrival, which the log keeps within a partition only: events of an erased "
        "lead in other partitions, merges included, can count before the erasure in one count and after it in the other"
    ),
    "contradictory copies": (
        "of records of one identity that differ in type, or at one time in content, one stands, whatever the order of "
        "arrival; which one is not defined, and the two counts may choose differently"
    ),
    "valid records": "one decoder decides for the workers and for the audit which records are events",
}
"""What a verdict without differences leaves open."""


def left_out() -> list[str]:
    """Return in sentences, for people, what is not audited and why."""
    series_of: dict[str, list[str]] = {}
    for series, reason in NOT_AUDITED.items():
        series_of.setdefault(reason, []).append(series)
    return [
        *(f"{', '.join(series)}: {reason}" for reason, series in series_of.items()),
        *(f"{topic}: {limit}" for topic, limit in LIMITS.items()),
    ]
