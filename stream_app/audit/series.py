"""Which series the audit recounts: sections A, B and C of the catalog, by the names under which they are exposed."""

_FLOWS = """
    new_leads stage_entries stage_reentries reopened_leads email_messages email_events email_cohort
    email_cohort_machine_opens program_enrollments program_exits step_entries step_exits step_due score_delta
    score_changes opportunities bookings new_customers lost_customers lost_opening_customers mrr_movement invoices reach
    spend nps_responses
"""
_LEVELS = """
    leads_in_stage program_balance step_balance step_overdue step_oldest_due_timestamp_seconds customers mrr mrr_at_risk
    mrr_paused mrr_opening customers_opening cohort_customers cohort_mrr open_pipeline
"""
_DISTRIBUTIONS = "stage_transition_seconds step_dwell_seconds new_lead_score"

RECOUNTED: frozenset[str] = frozenset(
    [f"lifecycle_{name}" for name in (_FLOWS + _LEVELS).split()]
    + [f"lifecycle_{name}_{part}" for name in _DISTRIBUTIONS.split() for part in ("bucket", "gcount", "gsum")]
)
"""Series names as they stand in the samples; ratios and pipeline health are not recounted."""
