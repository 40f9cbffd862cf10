"""The wall: the lifecycle at a glance, on one screen of Grafana, and as the exporter's own page."""

from stream_app.catalog.events import STAGES
from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.convert import MQL_NOT_FOLLOWED_UP
from stream_app.monitoring.alerts.email import BOUNCE_RATE_HIGH, COMPLAINT_RATE_HIGH
from stream_app.monitoring.alerts.expand import GROSS_MRR_CHURN_HIGH, MRR_AT_RISK_RISING
from stream_app.monitoring.alerts.steps import NURTURE_STEP_BLOCKED, NURTURE_STEP_OVERDUE
from stream_app.monitoring.dashboards.panels import CURRENCY, DATA_AGE, DATA_AGE_STEPS, UIDS
from stream_app.monitoring.units import COUNT, LASTING, RATIO, SECONDS, TIMES
from stream_app.spec.condition import STATUS_OF, Status, severity_steps
from stream_app.spec.expression import (
    Arithmetic,
    Filter,
    Now,
    Number,
    Offset,
    RawPromQL,
    SetOperation,
    Sum,
    TopK,
    or_zero,
    selector,
    series_selector,
    share,
    total,
)
from stream_app.spec.metric import PREFIX
from stream_app.spec.panel import (
    Curve,
    Dashboard,
    Measure,
    Measured,
    Panel,
    PanelType,
    Row,
    Spark,
    Target,
    TargetKind,
)
from stream_app.spec.window import Grain, Window

_WEEK = "Empty until Prometheus has collected for a week."
_FIRST = "No sample on the first day of a month: no full day has passed yet."

_NO_OPENING = "No MRR at the start of the month before."

_STEP = ("program", "step")
_OVERDUE = total("step_overdue", *_STEP)
_BALANCE = total("step_balance", *_STEP)
_WORST = TopK(5, Filter(_OVERDUE, ">", 0))


def _sent(state: str, window: str = "24h") -> Sum:
    return total("email_cohort", state=state, window=window)


def _rate(state: str, of: str, window: str, days_before: int = 0) -> Arithmetic:
    above, below = (
        Offset(_sent(each, window), days_before) if days_before else _sent(each, window) for each in (state, of)
    )
    # A bucket in which nobody clicked holds no clicks, not even 0 of them.
    return share(SetOperation(above, "or", Arithmetic(Number(0), "*", below)), below)


def _moved(*movements: str, window: str = "24h", **more: str) -> Sum:
    return total("mrr_movement", currency="$currency", movement=movements, window=window, **more)


_CUSTOMERS = ("opportunity", "billing")
"""The families that make an account a customer."""

_MOVEMENTS = {
    TargetKind.INCREASE: ("new", "expansion", "reactivation"),
    TargetKind.DECREASE: ("contraction", "churn"),
}
_INCREASE, _DECREASE = (
    # A day may have one without the other.
    SetOperation(_moved(*_MOVEMENTS[kind]), "or", Number(0, alone=True))
    for kind in (TargetKind.INCREASE, TargetKind.DECREASE)
)
_NET_MOVED = Arithmetic(_INCREASE, "-", _DECREASE)
_CHURN = selector("gross_mrr_churn_rate", currency="$currency", window="mtd")


def _flow_tile(title: str, name: str, details: str, width: int, **match: str) -> Panel:
    today = total(name, window="24h", **match)
    return Panel(
        title=f"{title}, 24 h",
        type=PanelType.TILE,
        unit=COUNT,
        about=PREFIX + name,
        width=width,
        families=("lead",),
        details=details,
        description="The last 24 hours, and the same 24 hours a week before.",
        targets=(
            Target(of=or_zero(today, "lead"), legend="24 h"),
            Target(of=Offset(today, 7), legend="a week ago", kind=TargetKind.PREVIOUS, empty=_WEEK),
        ),
        measured=Measured(name=name, measure=Measure.COUNT, of=today),
        spark=Spark(of=today, grain=Grain.HOUR, span=24, before=168, caption="by hour; line: week before"),
    )


def _stage_tile(title: str, stage: str, width: int, *more: Target) -> Panel:
    today = total("stage_entries", funnel_stage=stage, window="24h")
    return Panel(
        title=f"{title}, 24 h",
        type=PanelType.TILE,
        unit=COUNT,
        about="lifecycle_stage_entries",
        width=width,
        families=("lead",),
        details=UIDS["convert"],
        description="First entries into the stage: the last 24 hours, the same of a week before, this month so far.",
        targets=(
            Target(of=or_zero(today, "lead"), legend="24 h"),
            Target(
                of=or_zero(total("stage_entries", funnel_stage=stage, window="mtd"), "lead"),
                legend="this month",
                kind=TargetKind.MONTH_TO_DATE,
            ),
            *more,
            Target(of=Offset(today, 7), legend="a week ago", kind=TargetKind.PREVIOUS, empty=_WEEK, hidden=True),
        ),
        measured=Measured(name=f"{stage}s", measure=Measure.COUNT, of=today),
        spark=Spark(
            of=today,
            grain=Grain.DAY,
            span=30,
            caption="by day, 30 days",
        ),
    )


_TOP = Row(
    height=8,
    panels=(
        _flow_tile("New leads", "new_leads", UIDS["nurture"], 5),
        _flow_tile("Reopened leads", "reopened_leads", UIDS["nurture"], 5),
        _stage_tile(
            "MQLs",
            "mql",
            5,
            Target(
                of=selector("lead_velocity_rate", basis="paced"),
                legend="vs last month",
                kind=TargetKind.GROWTH,
                unit=RATIO,
                empty=_FIRST,
            ),
        ),
        _stage_tile("SQLs", "sql", 4),
        Panel(
            title="New customers, this month",
            type=PanelType.TILE,
            unit=COUNT,
            about="lifecycle_new_customers",
            width=5,
            families=_CUSTOMERS,
            description="This month so far, the last 24 hours, and the same full days of the last month.",
            details=UIDS["convert"],
            targets=(
                Target(of=or_zero(total("new_customers", window="mtd"), *_CUSTOMERS), legend="this month"),
                Target(
                    of=or_zero(total("new_customers", window="24h"), *_CUSTOMERS),
                    legend="in 24 h",
                    kind=TargetKind.ENTRIES,
                ),
                Target(
                    of=total("new_customers", window="prev_month_to_date"),
                    legend="a month ago",
                    kind=TargetKind.PREVIOUS,
                    empty=_FIRST,
                ),
            ),
            measured=Measured(name="new_customers", measure=Measure.COUNT, of=total("new_customers", window="mtd")),
            spark=Spark(of=total("new_customers", window="mtd"), grain=Grain.DAY, span=30, caption="by day, 30 days"),
        ),
    ),
)

_CONDITIONS = (
    NURTURE_STEP_BLOCKED,
    BOUNCE_RATE_HIGH,
    COMPLAINT_RATE_HIGH,
    NURTURE_STEP_OVERDUE,
    MQL_NOT_FOLLOWED_UP,
    GROSS_MRR_CHURN_HIGH,
    MRR_AT_RISK_RISING,
)
"""Those that the page can test without Prometheus, the critical first."""

_MIDDLE = Row(
    height=9,
    panels=(
        Panel(
            title="Firing alerts",
            type=PanelType.TILE,
            unit=COUNT,
            width=6,
            empty="No alert is firing",
            details=UIDS["nurture"],
            description=(
                "Alerts that Prometheus is firing. The exporter's own page has no Prometheus: there it is a few "
                "conditions, tested on the numbers of the moment."
            ),
            targets=(
                *(
                    Target(
                        of=RawPromQL(
                            "count by (alertname) "
                            f'(ALERTS{{alertstate="firing", alertname!="Watchdog", severity="{severity}"}})'
                        ),
                        legend="{{alertname}}",
                        status=status,
                        empty="No such alert is firing.",
                    )
                    for severity, status in STATUS_OF.items()
                ),
            ),
            conditions=_CONDITIONS,
        ),
        Panel(
            title="Worst steps, most overdue first",
            type=PanelType.TABLE,
            unit=COUNT,
            about="lifecycle_step_overdue",
            width=10,
            description="The five steps with the most enrollments past their due time.",
            details=UIDS["nurture"],
            runbook="NurtureStepOverdue",
            families=("lead",),
            nothing="Nothing is overdue",
            columns=("Overdue", "In step", "Oldest is late by"),
            row_page="/detail/step",
            row_labels=_STEP,
            steps=severity_steps(NURTURE_STEP_OVERDUE.severity, limit.OVERDUE),
            targets=(
                Target(of=_WORST, empty="Nothing is overdue."),
                Target(of=SetOperation(_BALANCE, "and", _WORST), kind=TargetKind.TOTAL, empty="Nothing is overdue."),
                Target(
                    of=Arithmetic(
                        Now(), "-", SetOperation(total("step_oldest_due_timestamp_seconds", *_STEP), "and", _WORST)
                    ),
                    kind=TargetKind.LATENESS,
                    unit=LASTING,
                    empty="Nothing is overdue.",
                ),
            ),
        ),
        Panel(
            title="Leads by stage, now",
            type=PanelType.BARS,
            unit=COUNT,
            about="lifecycle_leads_in_stage",
            width=8,
            details=UIDS["convert"],
            families=("lead",),
            description="On the exporter's page also the first entries of the last 24 hours.",
            targets=(
                *(Target(of=total("leads_in_stage", funnel_stage=stage), legend=stage) for stage in STAGES),
                Target(
                    of=total("stage_entries", "funnel_stage", window="24h"),
                    legend="{{funnel_stage}} in 24 h",
                    kind=TargetKind.ENTRIES,
                    hidden=True,
                ),
            ),
        ),
    ),
)

_BOTTOM = Row(
    height=9,
    panels=(
        Panel(
            title="Data age",
            type=PanelType.TILE,
            unit=SECONDS,
            width=4,
            details=UIDS["pipeline"],
            runbook="DataStale",
            description=DATA_AGE,
            steps=DATA_AGE_STEPS,
            empty="Unknown: no worker has reported",
            targets=(
                Target(of=series_selector("stream_app_data_age_seconds"), legend="age"),
                Target(
                    of=series_selector("stream_app_data_fresh"),
                    legend="state",
                    kind=TargetKind.STATE,
                    unit=TIMES,
                    words=((1, "fresh", Status.GOOD), (0, "STALE", Status.ALARM)),
                ),
            ),
        ),
        Panel(
            title="Human click rate, 7 days",
            type=PanelType.TILE,
            unit=RATIO,
            about="lifecycle_email_click_rate",
            width=5,
            description="All programs together, with the 30 days for comparison.",
            families=("email",),
            nothing="Nothing delivered in 7 days",
            details=UIDS["email"],
            targets=(
                Target(of=_rate("clicked", "delivered", "7d"), legend="7 days"),
                Target(of=_rate("clicked", "delivered", "30d"), legend="in 30 days", kind=TargetKind.TYPICAL),
                Target(
                    of=_rate("clicked", "delivered", "7d", 7),
                    legend="before",
                    kind=TargetKind.PREVIOUS,
                    empty=_WEEK,
                    hidden=True,
                ),
            ),
            measured=Measured(name="click_rate", measure=Measure.SHARE, of=_rate("clicked", "delivered", "24h")),
            spark=Spark(
                of=_rate("clicked", "delivered", "24h"),
                grain=Grain.DAY,
                span=30,
                curve=Curve.LINE,
                caption="by day of sending, 30 days",
            ),
        ),
        Panel(
            title="MRR, last 24 h",
            type=PanelType.TILE,
            unit=COUNT,
            about="lifecycle_mrr",
            suffix="$currency",
            families=("billing",),
            width=9,
            details=UIDS["expand"],
            description="In the currency that is chosen. The exporter's page adds the movements of the last 24 hours.",
            targets=(
                Target(of=or_zero(total("mrr", currency="$currency"), "billing"), legend="MRR $currency"),
                *(
                    Target(of=_moved(movement), legend=movement, kind=kind, hidden=True)
                    for kind, movements in _MOVEMENTS.items()
                    for movement in movements
                ),
            ),
            measured=Measured(
                name="mrr", measure=Measure.LEVEL, of=_NET_MOVED, level=total("mrr", currency="$currency")
            ),
            spark=Spark(
                of=_NET_MOVED,
                grain=Grain.DAY,
                span=60,
                curve=Curve.LEVEL,
                base=total("mrr", currency="$currency"),
                caption="60 days",
            ),
        ),
        Panel(
            title="Gross MRR churn, this month",
            type=PanelType.TILE,
            unit=RATIO,
            about="lifecycle_gross_mrr_churn_rate",
            suffix="$currency",
            width=6,
            description=f"Against a budget of {limit.GROSS_CHURN_BUDGET:.1%} a month.",
            families=("billing",),
            nothing="No MRR at the start of the month",
            details=UIDS["expand"],
            runbook="GrossMrrChurnHigh",
            steps=severity_steps(GROSS_MRR_CHURN_HIGH.severity, limit.GROSS_CHURN_BUDGET, good=True),
            targets=(
                Target(of=Sum(_CHURN), legend="this month"),
                Target(of=Number(limit.GROSS_CHURN_BUDGET, alone=True), legend="budget", kind=TargetKind.LIMIT),
                Target(
                    of=Sum(selector("gross_mrr_churn_rate", currency="$currency", window="prev_month")),
                    legend="last month",
                    kind=TargetKind.PREVIOUS,
                    empty=_NO_OPENING,
                    hidden=True,
                ),
            ),
            spark=Spark(
                of=_moved(*_MOVEMENTS[TargetKind.DECREASE]),
                grain=Grain.DAY,
                span=Window.MTD,
                curve=Curve.RUNNING,
                base=total("mrr_opening", currency="$currency", window="mtd"),
                caption="this month; dashed: budget",
            ),
        ),
    ),
)

WALL = Dashboard(
    uid=UIDS["wall"],
    title="Lifecycle wall",
    refresh="5s",
    rows=(_TOP, _MIDDLE, _BOTTOM),
    variables=(CURRENCY,),
    description="The lifecycle at a glance, for a screen on the wall: open with ?kiosk&refresh=5s.",
)
