"""Every number that decides whether an alert fires, and where its links lead. After a change: `stream-app render`.

A `Threshold` may be set in `alerts.toml`; the other numbers are the same everywhere.
"""

from stream_app.spec.threshold import Threshold, Thresholds, thresholds

POISSON_ZERO = 6.9
"""Where so many were expected, none at all is chance once in a thousand (e^-6.9)."""

SIGMAS = 3
"""By how many standard deviations a count must leave its usual value to be more than chance."""

WEEKS_NEEDED = 3
"""In how many of the last four weeks the same hours must have been seen before an expectation is taken from them."""

# Nurture

BLOCKED_DUE = Threshold("blocked_due", 10, "count", "Enrollments of a step that fell due and stay there, at least.")
BLOCKED_SHARE = Threshold("blocked_share", 0.5, "share", "Share of those due that are still in the step, at least.")

IMPORTED_FACTOR = 2
"""How many times as many as fell due the overdue must grow by, to be imported and not blocked."""

OVERDUE = Threshold("overdue", 10, "count", "Enrollments of a step past their due time, at least.")
OVERDUE_SHARE = Threshold("overdue_share", 0.25, "share", "Their share of all that are in the step, above which.")

SILENT_ADVANCED = Threshold(
    "silent_advanced", 7, "count", "Enrollments of a program moved on in 24 h, and missing in every step, at least."
)

DROPOUTS = Threshold("dropouts", 10, "count", "Enrollments of a program that dropped out in 24 h, at least.")
DROPOUT_FACTOR = Threshold("dropout_factor", 2, "factor", "How many times the average day of the six before.")

UNMATCHED_EXITS = Threshold(
    "unmatched_exits", 1, "count", "Exits within a day from a step that was never entered, at least."
)

# E-mail

BOUNCE_RATE = Threshold("bounce_rate", 0.05, "share", "Share of the messages sent in 24 h that bounced, above which.")
BOUNCES = Threshold("bounces", 10, "count", "Bounced messages of these, at least.")

COMPLAINT_RATE = Threshold(
    "complaint_rate", 0.001, "share", "Share of the messages delivered in 24 h that were reported as spam, above which."
)
COMPLAINTS = Threshold("complaints", 3, "count", "Complaints of these, at least.")

MACHINE_OPEN_JUMP = Threshold(
    "machine_open_jump", 0.2, "share", "Rise of the machines' share of all opens within a day, above which."
)
MACHINE_OPENS = Threshold("machine_opens", 100, "count", "Opens in 24 h, and in the six days before, at least.")

# Convert

MQL_DROP = Threshold("mql_drop", 0.7, "share", "MQLs and their rate in 7 days, as part of the three weeks before.")
MQLS_EXPECTED = Threshold("mqls_expected", 20, "count", "MQLs that the rate before gives in 7 days, at least.")

REOPENED = Threshold("reopened", 20, "count", "Leads reopened in 24 h, at least.")
REOPENED_FACTOR = Threshold("reopened_factor", 3, "factor", "How many times the average day before that is.")

MQL_OVERDUE = Threshold("mql_overdue", 5, "count", "MQLs of a source that sales did not follow up in time, at least.")
MQL_OVERDUE_SHARE = Threshold("mql_overdue_share", 0.25, "share", "Their share of those that wait, above which.")

# Expand

GROSS_CHURN_BUDGET = Threshold(
    "gross_churn_budget",
    0.02,
    "share",
    "Share of the opening MRR that churn and contraction may take in a month.",
)

GROSS_CHURN = Threshold(
    "gross_churn", 1000, "amount", "MRR lost this month, at least, in units such as euros or yen; per currency."
)

GROSS_CHURN_HEAD_START = 0.5
"""Share of the budget that may be used up on the first day; many contracts end with a month."""

LARGE_LOSS_SHARE = Threshold(
    "large_loss_share", 0.01, "share", "Share of the opening MRR lost within 24 h, above which."
)
LARGE_LOSS = Threshold("large_loss", 1000, "amount", "MRR lost within 24 h, at least, in units such as euros or yen.")

AT_RISK_SHARE = Threshold("at_risk_share", 0.03, "share", "Share of MRR on past-due subscriptions, above which.")
AT_RISK_FACTOR = Threshold("at_risk_factor", 1.5, "factor", "How many times that of a week before it is.")

NPS_DROP = Threshold("nps_drop", 10, "points", "Points lost within four weeks, at least.")

# Pipeline

LAG_RECORDS = Threshold("lag_records", 10_000, "count", "Records of a topic that are not applied yet, above which.")

SILENT_HOURS = {
    topic: Threshold(f"silent_hours_{topic}", hours, "hours", f"How long topic {topic} may be without events.")
    for topic, hours in {
        # Four days are a long weekend.
        "lead": 96,
        "email": 96,
        "opportunity": 168,
        "billing": 168,
        "spend": 168,
        "survey": 720,
        "reach": 96,
    }.items()
}

REJECTED_SHARE = Threshold(
    "rejected_share", 0.01, "share", "Share of a topic's records that were rejected in 15 min, above which."
)
REJECTED = Threshold("rejected", 10, "count", "Rejected records of these, at least.")

CLOCK_AHEAD_S = Threshold("clock_ahead_s", 60, "seconds", "By how far a record is ahead of the worker that reads it.")

# Sources

SOURCE_SILENT_HOURS = Threshold(
    "source_silent_hours", 96, "hours", "How long a source may post nothing, whatever the hour; a long weekend is 96."
)

PARKED_SHARE = Threshold(
    "parked_share", 0.01, "share", "Share of a source's items of half an hour that were parked, above which."
)
PARKED = Threshold("parked", 3, "count", "Parked items of these, at least.")

SIGNATURE_FAILURES = Threshold(
    "signature_failures", 5, "count", "Requests of a source in 15 min whose signature was refused, at least."
)
SIGNATURE_FAILURE_SHARE = Threshold(
    "signature_failure_share", 0.1, "share", "Their share of the source's requests, above which."
)

GATEWAY_SLOW_S = Threshold(
    "gateway_slow_s", 2, "seconds", "How long the slowest of a hundred requests of a source may take in 10 min."
)
GATEWAY_REQUESTS = Threshold("gateway_requests", 20, "count", "Requests of these 10 min, at least.")

INBOX_DAYS = Threshold(
    "inbox_days", 25, "count", "Days after which a parked item is about to leave the inbox, which keeps 30."
)

# Links

RUNBOOKS = "docs/runbooks.md"
"""What `runbook_url` begins with; put the address of your repository in front of it."""

DASHBOARDS = "/d"
"""What `dashboard_url` begins with; put the address of your Grafana in front of it."""

THRESHOLDS = thresholds([*globals().values(), *SILENT_HOURS.values()])
"""All that may be set, by name."""

DEFAULTS = Thresholds({name: each.default for name, each in THRESHOLDS.items()})
"""What holds where nothing is set."""
