"""Leads in programs: where they stand, where they are stuck, what became of them."""

from stream_app.catalog.lead.outcomes import CREDITED_STAGES
from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.steps import BLOCKED_IN, NURTURE_STEP_BLOCKED, NURTURE_STEP_OVERDUE
from stream_app.monitoring.dashboards.panels import (
    CURRENCY,
    PROGRAM,
    STEP,
    UIDS,
    bars,
    by,
    lines,
    quantile,
    table,
    tile,
)
from stream_app.monitoring.dashboards.targets import targets_row
from stream_app.monitoring.units import COUNT, LASTING, RATIO, SECONDS
from stream_app.spec.condition import STATUS_OF, severity_steps
from stream_app.spec.expression import Arithmetic, Now, RawPromQL, SetOperation, or_zero, selector, share, total
from stream_app.spec.panel import Dashboard, Row, Target

_BY = ("program", "step")
_CHOSEN = {"program": "$program", "step": "$step"}
_IN = {"program": "$program"}
_NAMED = "{{program}} / {{step}}"
_NO_SPEND = "Needs spend of the program and an MQL credited to it."

_OVERDUE = total("step_overdue", *_BY, **_CHOSEN)
_BALANCE = total("step_balance", *_BY, **_CHOSEN)
_OLDEST = total("step_oldest_due_timestamp_seconds", *_BY, **_CHOSEN)

NURTURE = Dashboard(
    uid=UIDS["nurture"],
    title="Nurture",
    variables=(PROGRAM, STEP, CURRENCY),
    description="Programs and their steps: who is in them, who is late, who came and who left.",
    rows=(
        Row(
            height=5,
            panels=(
                tile(
                    "Overdue",
                    "step_overdue",
                    Target(of=or_zero(total("step_overdue", **_CHOSEN), "lead")),
                    steps=severity_steps(NURTURE_STEP_OVERDUE.severity, limit.OVERDUE),
                    runbook="NurtureStepOverdue",
                ),
                tile(
                    "In steps",
                    "step_balance",
                    Target(of=or_zero(total("step_balance", **_CHOSEN), "lead")),
                    runbook="StepConservationBroken",
                ),
                tile(
                    "Fell due, 24 h",
                    "step_due",
                    Target(of=or_zero(total("step_due", **_CHOSEN, window="24h"), "lead")),
                    runbook="NurtureStepBlocked",
                ),
                tile(
                    "Left a step, 24 h",
                    "step_exits",
                    Target(of=or_zero(total("step_exits", **_CHOSEN, window="24h"), "lead")),
                    runbook="NurtureStepBlocked",
                ),
                tile(
                    "Enrollments, 24 h",
                    "program_enrollments",
                    Target(of=or_zero(total("program_enrollments", **_IN, window="24h"), "lead")),
                    runbook="ProgramStoppedEnrolling",
                ),
                tile(
                    "Reopened leads, 24 h",
                    "reopened_leads",
                    Target(of=or_zero(total("reopened_leads", **_IN, window="24h"), "lead")),
                    runbook="ReopenedSpike",
                ),
            ),
        ),
        Row(
            title="Steps",
            height=11,
            panels=(
                table(
                    "Steps, most overdue first",
                    "step_overdue",
                    Target(of=_OVERDUE),
                    Target(of=_BALANCE),
                    Target(of=share(_OVERDUE, _BALANCE), unit=RATIO),
                    Target(of=Arithmetic(Now(), "-", SetOperation(_OLDEST, "and", _OVERDUE)), unit=LASTING),
                    Target(
                        of=RawPromQL(f'{BLOCKED_IN}{{program=~"$program", step=~"$step"}}'),
                        unit=LASTING,
                        words=((0, "BLOCKED", STATUS_OF[NURTURE_STEP_BLOCKED.severity]),),
                        empty="No step is stalled.",
                    ),
                    Target(of=total("step_entries", *_BY, **_CHOSEN, window="24h")),
                    Target(of=total("step_due", *_BY, **_CHOSEN, window="24h")),
                    Target(of=total("step_exits", *_BY, **_CHOSEN, window="24h")),
                    row_page="/detail/step",
                    row_labels=_BY,
                    columns=(
                        "Overdue",
                        "In step",
                        "Share overdue",
                        "Oldest is late by",
                        "Blocked in",
                        "Entered, 24 h",
                        "Fell due, 24 h",
                        "Left, 24 h",
                    ),
                    description=(
                        "A step whose oldest due time lies ahead has a negative lateness. Blocked in: if none advances "
                        "until then; two minutes later somebody is paged."
                    ),
                    steps=severity_steps(NURTURE_STEP_OVERDUE.severity, limit.OVERDUE),
                    runbook="NurtureStepOverdue",
                ),
                lines("Overdue by step", "step_overdue", by(_OVERDUE, _NAMED), runbook="NurtureStepOverdue"),
                lines(
                    "In the step", "step_balance", by(_BALANCE, _NAMED), stacked=True, runbook="StepConservationBroken"
                ),
                lines(
                    "Fell due, 1 h",
                    "step_due",
                    by(total("step_due", *_BY, **_CHOSEN, window="1h"), _NAMED),
                    runbook="NurtureStepBlocked",
                ),
                lines(
                    "Left, 1 h",
                    "step_exits",
                    by(total("step_exits", *_BY, **_CHOSEN, window="1h"), _NAMED),
                    runbook="NurtureStepBlocked",
                ),
                lines(
                    "Entered, 24 h",
                    "step_entries",
                    by(total("step_entries", *_BY, **_CHOSEN, window="24h"), _NAMED),
                    runbook="NurtureStepSilent",
                ),
                lines(
                    "How steps are left, 24 h",
                    "step_exits",
                    by(total("step_exits", "outcome", **_CHOSEN, window="24h"), "{{outcome}}"),
                    stacked=True,
                ),
                lines(
                    "Time in a step, 30 days",
                    "step_dwell_seconds",
                    quantile(0.5, "step_dwell_seconds", "step", **_CHOSEN, window="30d"),
                    quantile(0.9, "step_dwell_seconds", "step", **_CHOSEN, window="30d"),
                    description="Half, and nine in ten, were faster. Estimated within the buckets.",
                    width=24,
                ),
            ),
        ),
        Row(
            title="Programs",
            height=9,
            panels=(
                lines(
                    "Enrollments, 24 h",
                    "program_enrollments",
                    by(total("program_enrollments", "program", **_IN, window="24h"), "{{program}}"),
                    runbook="ProgramStoppedEnrolling",
                ),
                lines(
                    "How programs end, 24 h",
                    "program_exits",
                    by(total("program_exits", "outcome", **_IN, window="24h"), "{{outcome}}"),
                    stacked=True,
                    runbook="NurtureDropoutSurge",
                ),
                lines(
                    "Enrolled now",
                    "program_balance",
                    by(total("program_balance", "program", **_IN), "{{program}}"),
                    stacked=True,
                ),
                lines(
                    "Reopened leads, 7 days",
                    "reopened_leads",
                    by(total("reopened_leads", "program", **_IN, window="7d"), "{{program}}"),
                    runbook="ReopenedSpike",
                ),
            ),
        ),
        Row(
            title="What programs achieve",
            height=9,
            panels=(
                table(
                    "Programs, best conversion to MQL first",
                    "program_conversion_rate",
                    *(
                        Target(
                            of=total("program_conversion_rate", "program", funnel_stage=stage, **_IN, window="90d"),
                            empty="Nobody was enrolled in 90 days.",
                        )
                        for stage in CREDITED_STAGES
                    ),
                    Target(of=total("program_cohort", "program", **_IN, window="90d"), unit=COUNT),
                    Target(
                        of=total("program_cost_per_mql", "program", **_IN, currency="$currency", window="30d"),
                        unit=COUNT,
                        empty=_NO_SPEND,
                    ),
                    quantile(0.5, "program_mql_seconds", "program", unit=SECONDS, **_IN, window="30d"),
                    columns=(
                        "To MQL",
                        "To SQL",
                        "To customer",
                        "Leads enrolled",
                        "Cost per MQL, 30 days",
                        "Time to MQL, median",
                    ),
                    description=(
                        "Leads that were first enrolled in the last 90 days, and what became of them within 90 days of "
                        "it: the youngest may still convert. Where few were enrolled, a share says little."
                    ),
                ),
                lines(
                    "MQLs by the program they are credited to, 7 days",
                    "program_stage_entries",
                    by(
                        total("program_stage_entries", "program", **_IN, funnel_stage="mql", window="7d"),
                        "{{program}}",
                    ),
                    stacked=True,
                    description="`none`: no program had enrolled the lead in the 90 days before.",
                ),
                bars(
                    "Cost per MQL, SQL and customer, 30 days",
                    "program_cost_per_mql",
                    *(
                        by(
                            selector(f"program_cost_per_{stage}", **_IN, currency="$currency", window="30d"),
                            f"{{{{program}}}}: per {stage}",
                            _NO_SPEND,
                        )
                        for stage in CREDITED_STAGES
                    ),
                    description="The same for SQLs and customers, in the currency that is chosen.",
                ),
            ),
        ),
        Row(
            title="Scores",
            height=9,
            panels=(
                lines(
                    "Score changes by activity, 7 days",
                    "score_delta",
                    by(total("score_delta", "activity", window="7d"), "{{activity}}"),
                ),
                lines(
                    "How many changes, 7 days",
                    "score_changes",
                    by(total("score_changes", "activity", window="7d"), "{{activity}}"),
                ),
            ),
        ),
        targets_row(UIDS["nurture"]),
    ),
)
