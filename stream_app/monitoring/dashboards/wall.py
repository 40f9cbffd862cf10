"""The wall: the lifecycle at a glance, on one screen of Grafana, and as the exporter's own page."""

from stream_app.catalog.events import STAGES
from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.dashboards.panels import CURRENCY, DATA_AGE, UIDS
from stream_app.monitoring.units import COUNT, LASTING, RATIO, SECONDS
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
    selector,
    series_selector,
    share,
    total,
)
from stream_app.spec.metric import PREFIX
from stream_app.spec.panel import Check, Curve, Dashboard, Panel, PanelType, Role, Row, Spark, Status, Target
from stream_app.spec.window import Grain, Window

_WEEK = "Empty until Prometheus has collected for a week."
_FIRST = "No sample on the first day of a month: no full day has passed yet."

_STEP = ("program", "step")
_OVERDUE = total("step_overdue", *_STEP)
_BALANCE = total("step_balance", *_STEP)
_WORST = TopK(5, Filter(_OVERDUE, ">", 0))
_STALLED = SetOperation(
    Filter(_OVERDUE, ">=", limit.OVERDUE), "and", Filter(share(_OVERDUE, _BALANCE), ">", limit.OVERDUE_SHARE)
)


def _sent(state: str, window: str = "24h") -> Sum:
    return total("email_cohort", state=state, window=window)


def _rate(state: str, of: str, window: str) -> Arithmetic:
    return share(_sent(state, window), _sent(of, window))


def _many(state: str, of: str, rate: float, least: int) -> SetOperation:
    return SetOperation(Filter(_rate(state, of, "24h"), ">", rate), "and", Filter(_sent(state), ">=", least))


def _moved(*movements: str, window: str = "24h", **more: str) -> Sum:
    return total("mrr_movement", currency="$currency", movement=movements, window=window, **more)


_NET_MOVED = Arithmetic(_moved("new", "expansion", "reactivation"), "-", _moved("contraction", "churn"))
_PAID = {"currency": "$currency"}
_CHURN = selector("gross_mrr_churn_rate", currency="$currency", window="mtd")


def _flow_tile(title: str, name: str, to: str, width: int, **match: str) -> Panel:
    today = total(name, window="24h", **match)
    return Panel(
        title=f"{title}, 24 h",
        type=PanelType.TILE,
        unit=COUNT,
        about=PREFIX + name,
        width=width,
        to=to,
        says="The last 24 hours, and the same 24 hours a week before.",
        targets=(
            Target(of=today, legend="24 h"),
            Target(of=Offset(today, 7), legend="a week ago", role=Role.BEFORE, empty=_WEEK),
        ),
        spark=Spark(of=today, grain=Grain.HOUR, span=24, before=168, caption="by hour; outlined: a week ago"),
    )


def _stage_tile(title: str, stage: str, width: int, *more: Target) -> Panel:
    return Panel(
        title=f"{title}, 24 h",
        type=PanelType.TILE,
        unit=COUNT,
        about="lifecycle_stage_entries",
        width=width,
        to=UIDS["convert"],
        says="First entries into the stage: the last 24 hours, and this month so far.",
        targets=(
            Target(of=total("stage_entries", funnel_stage=stage, window="24h"), legend="24 h"),
            Target(of=total("stage_entries", funnel_stage=stage, window="mtd"), legend="this month", role=Role.MONTH),
            *more,
        ),
        spark=Spark(
            of=total("stage_entries", funnel_stage=stage, window="24h"),
            grain=Grain.DAY,
            span=30,
            caption="by day, 30 days",
        ),
    )


_TOP = Row(
    height=9,
    panels=(
        _flow_tile("New leads", "new_leads", UIDS["nurture"], 5),
        _flow_tile("Reopened leads", "reopened_leads", UIDS["nurture"], 5),
        _stage_tile(
            "MQLs",
            "mql",
            5,
            Target(
                of=selector("lead_velocity_rate", basis="paced"),
                legend="pace",
                role=Role.PACE,
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
            says="This month so far, the last 24 hours, and the same full days of the last month.",
            to=UIDS["convert"],
            targets=(
                Target(of=total("new_customers", window="mtd"), legend="this month"),
                Target(of=total("new_customers", window="24h"), legend="24 h", role=Role.ENTRIES),
                Target(
                    of=total("new_customers", window="prev_month_to_date"),
                    legend="by now last month",
                    role=Role.BEFORE,
                    empty=_FIRST,
                ),
            ),
            spark=Spark(of=total("new_customers", window="mtd"), grain=Grain.DAY, span=30, caption="by day, 30 days"),
        ),
    ),
)

_CHECKS = (
    Check(title="Nurture step stalled", well="No nurture step is stalled", of=_STALLED, says="overdue"),
    Check(
        title="Gross churn over budget",
        well="Gross churn is within budget",
        status=Status.WATCH,
        unit=RATIO,
        of=Filter(Sum(_CHURN, ("currency",)), ">", limit.GROSS_CHURN_BUDGET),
        says="of opening MRR",
    ),
    Check(
        title="Much MRR at risk",
        well="Little MRR is past due",
        status=Status.WATCH,
        unit=RATIO,
        says="of MRR is past due",
        of=Filter(share(total("mrr_at_risk", **_PAID), total("mrr", **_PAID)), ">", limit.AT_RISK_SHARE),
    ),
    Check(
        title="Many bounces",
        well="Few mails bounce",
        of=_many("bounced", "sent", limit.BOUNCE_RATE, limit.BOUNCES),
        unit=RATIO,
        says="of mails in 24 h",
    ),
    Check(
        title="Many complaints",
        well="Few complaints",
        says="of mails in 24 h",
        unit=RATIO,
        of=_many("complained", "delivered", limit.COMPLAINT_RATE, limit.COMPLAINTS),
    ),
)

_MIDDLE = Row(
    height=9,
    panels=(
        Panel(
            title="Firing alerts",
            type=PanelType.TILE,
            unit=COUNT,
            width=6,
            empty="No alert is firing",
            to=UIDS["nurture"],
            says=(
                "Alerts that Prometheus is firing. The exporter's own page has no Prometheus: there it is a few "
                "conditions, judged on the numbers of the moment, without the time that an alert waits before it fires."
            ),
            targets=(
                Target(
                    of=RawPromQL('count by (alertname) (ALERTS{alertstate="firing", alertname!="Watchdog"})'),
                    legend="{{alertname}}",
                    empty="No alert is firing.",
                ),
            ),
            steps=((1, Status.ALARM),),
            checks=_CHECKS,
        ),
        Panel(
            title="Worst steps, most overdue first",
            type=PanelType.TABLE,
            unit=COUNT,
            about="lifecycle_step_overdue",
            width=10,
            says="The five steps with the most enrollments past their due time.",
            to=UIDS["nurture"],
            runbook="NurtureStepOverdue",
            empty="Nothing is overdue",
            columns=("Overdue", "In step", "Oldest is late by"),
            steps=((limit.OVERDUE / 2, Status.WATCH), (limit.OVERDUE, Status.ALARM)),
            targets=(
                Target(of=_WORST, empty="Nothing is overdue."),
                Target(of=SetOperation(_BALANCE, "and", _WORST), role=Role.BALANCE, empty="Nothing is overdue."),
                Target(
                    of=Arithmetic(
                        Now(), "-", SetOperation(total("step_oldest_due_timestamp_seconds", *_STEP), "and", _WORST)
                    ),
                    role=Role.LATE,
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
            to=UIDS["convert"],
            says="On the exporter's page also the first entries of the last 24 hours.",
            targets=(
                *(Target(of=total("leads_in_stage", funnel_stage=stage), legend=stage) for stage in STAGES),
                Target(
                    of=total("stage_entries", "funnel_stage", window="24h"),
                    legend="{{funnel_stage}} in 24 h",
                    role=Role.ENTRIES,
                    hidden=True,
                ),
            ),
        ),
    ),
)

_BOTTOM = Row(
    height=8,
    panels=(
        Panel(
            title="Data age",
            type=PanelType.TILE,
            unit=SECONDS,
            width=4,
            to=UIDS["pipeline"],
            runbook="EventsStale",
            says=DATA_AGE,
            steps=((0, Status.GOOD), (30, Status.WATCH), (120, Status.ALARM)),
            empty="Unknown: no worker has reported",
            targets=(
                Target(of=series_selector("stream_app_data_age_seconds"), legend="age"),
                Target(
                    of=series_selector("stream_app_data_fresh"),
                    legend="state",
                    role=Role.PART,
                    unit="none",
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
            says="All programs together, with the 30 days for comparison.",
            to=UIDS["email"],
            targets=(
                Target(of=_rate("clicked", "delivered", "7d"), legend="7 days"),
                Target(of=_rate("clicked", "delivered", "30d"), legend="30 days", role=Role.TYPICAL),
            ),
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
            width=9,
            to=UIDS["expand"],
            says="In the currency that is chosen, with the movements of the last 24 hours.",
            targets=(
                Target(of=total("mrr", currency="$currency"), legend="MRR $currency"),
                *(
                    Target(of=_moved(movement), legend=movement, role=Role.PART)
                    for movement in ("new", "expansion", "reactivation", "contraction", "churn")
                ),
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
            width=6,
            says=f"Against a budget of {limit.GROSS_CHURN_BUDGET:.1%} a month.",
            to=UIDS["expand"],
            runbook="GrossMrrChurnHigh",
            steps=(
                (0, Status.GOOD),
                (0.75 * limit.GROSS_CHURN_BUDGET, Status.WATCH),
                (limit.GROSS_CHURN_BUDGET, Status.ALARM),
            ),
            targets=(
                Target(of=Sum(_CHURN), legend="this month"),
                Target(of=Number(limit.GROSS_CHURN_BUDGET, alone=True), legend="budget", role=Role.BUDGET),
            ),
            spark=Spark(
                of=_moved("contraction", "churn"),
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
    says="The lifecycle at a glance, for a screen on the wall: open with ?kiosk&refresh=5s.",
)
