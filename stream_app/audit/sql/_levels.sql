-- Section B.
SELECT series, labels, value FROM level_leads_in_stage
UNION ALL
SELECT series, labels, value FROM level_program_balance
UNION ALL
SELECT series, labels, value FROM level_step_balance
UNION ALL
SELECT series, labels, value FROM level_step_overdue
UNION ALL
SELECT series, labels, value FROM level_step_oldest_due
UNION ALL
SELECT series, labels, value FROM level_mql_waiting
UNION ALL
SELECT series, labels, value FROM level_mql_overdue
UNION ALL
SELECT series, labels, value FROM level_mql_oldest_due
UNION ALL
SELECT series, labels, value FROM level_customers
UNION ALL
SELECT series, labels, value FROM level_customers_opening
UNION ALL
SELECT series, labels, value FROM level_mrr
UNION ALL
SELECT series, labels, value FROM level_mrr_aside
UNION ALL
SELECT series, labels, value FROM level_mrr_opening
UNION ALL
SELECT series, labels, value FROM level_cohort_customers
UNION ALL
SELECT series, labels, value FROM level_cohort_mrr
UNION ALL
SELECT series, labels, value FROM level_open_pipeline
