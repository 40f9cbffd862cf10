"""Every number that decides whether an alert fires, and where its links lead. After a change: `stream-app render`."""

POISSON_ZERO = 6.9
"""Where so many were expected, none at all is chance once in a thousand (e^-6.9)."""

SIGMAS = 3
"""By how many standard deviations a count must leave its usual value to be more than chance."""

WEEKS_NEEDED = 3
"""In how many of the last four weeks the same hours must have been seen before an expectation is taken from them."""

# Nurture

STEP_LIMIT_HOURS = 7 * 24
"""The longest limit of a step (`STREAM_APP_STEP_LIMIT_DAYS`): blocks are looked for as far back as a tenth of it."""

BLOCKED_DUE = 5
"""Enrollments of a step that fell due."""

BLOCKED_SHARE = 0.5
"""Share of these that must still be in the step: one that lets most of them go in time is not blocked."""

OVERDUE = 10
"""Enrollments past their due time."""

OVERDUE_SHARE = 0.25
"""Their share of all that are in the step."""

SILENT_ADVANCED = 7
"""Enrollments of a program that were moved on in 24 h, and as many that arrived in no step."""

DROPOUTS = 10
"""Enrollments of a program that dropped out in 24 h."""

DROPOUT_FACTOR = 2
"""How many times as many as on an average day of the six before."""

UNMATCHED_EXITS = 1
"""Exits from a step that was never entered, more than there were within the last day."""

# E-mail

BOUNCE_RATE, BOUNCES = 0.05, 10
"""Share of the messages sent in 24 h, and how many at least."""

COMPLAINT_RATE, COMPLAINTS = 0.001, 3
"""Share of the messages delivered of 24 h, and how many at least."""

MACHINE_OPEN_JUMP, MACHINE_OPENS = 0.2, 100
"""Rise of the machines' share of all opens within a day, in absolute terms, and opens at least."""

# Convert

MQL_DROP = 0.7
"""The rate of the last 7 days as part of the one before, and the same for the number of MQLs."""

MQLS_EXPECTED = 20
"""MQLs that the rate before would have given in 7 days."""

REOPENED, REOPENED_FACTOR = 20, 3
"""Leads reopened in 24 h, and how many times the average day that is."""

MQL_OVERDUE, MQL_OVERDUE_SHARE = 5, 0.25
"""MQLs of a source that sales has not followed up by their due time, and their share of those that wait."""

# Expand

GROSS_CHURN_BUDGET = 0.02
"""Share of the opening MRR that may be lost to churn and contraction in a month."""

GROSS_CHURN_HEAD_START = 0.5
"""Share of the budget that may be used up on the first day; many contracts end with a month."""

LARGE_LOSS_SHARE, LARGE_LOSS = 0.01, 1000
"""Share of the opening MRR lost within 24 h, and how much at least: in units of each currency, as euros or yen."""

AT_RISK_SHARE, AT_RISK_FACTOR = 0.03, 1.5
"""Share of MRR on past-due subscriptions, and how many times that of a week before it is."""

NPS_DROP = 10
"""Points lost within four weeks."""

# Pipeline

LAG_RECORDS = 10_000
"""Records of a topic not applied yet."""

SILENT_HOURS = {
    "lead": 96,
    "email": 96,
    "opportunity": 168,
    "billing": 168,
    "spend": 168,
    "survey": 720,
    "reach": 96,
}
"""How long a topic may be without events whatever its rhythm: four days are a long weekend."""

REJECTED_SHARE, REJECTED = 0.01, 10
"""Share of a topic's records that were rejected in 15 min, and how many at least."""

CLOCK_AHEAD_S = 60
"""Seconds by which a record may be ahead of the worker that reads it."""

# Links

RUNBOOKS = "docs/runbooks.md"
"""What `runbook_url` begins with; put the address of your repository in front of it."""

DASHBOARDS = "/d"
"""What `dashboard_url` begins with; put the address of your Grafana in front of it."""
