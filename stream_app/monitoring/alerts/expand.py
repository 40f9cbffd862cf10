"""What customers pay and think: churn against the budget, large losses, payments at risk, NPS."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.units import RATIO
from stream_app.spec.alert import Alert, Recording, RuleGroup, queried, while_fresh
from stream_app.spec.condition import Condition
from stream_app.spec.expression import Arithmetic, Filter, MonthElapsed, SetOperation, largest, share, total
from stream_app.spec.promql import promql

_LOST = 'sum by (currency) (lifecycle_mrr_movement{movement=~"churn|contraction", window="24h"})'
_OPENING = 'max by (currency) (lifecycle_mrr_opening{window="mtd"})'
_AT_RISK = "currency:lifecycle_mrr_at_risk:ratio"

_CHURN_RATE = largest("gross_mrr_churn_rate", "currency", window="mtd")
_LOST_THIS_MONTH = total("mrr_movement", "currency", movement=("churn", "contraction"), window="mtd")
_ELAPSED = MonthElapsed(limit.GROSS_CHURN_HEAD_START)
_AT_RISK_NOW = share(largest("mrr_at_risk", "currency"), largest("mrr", "currency"))

GROSS_MRR_CHURN_HIGH = Condition(
    name="GrossMrrChurnHigh",
    severity="warning",
    for_="15m",
    keep_firing_for="1h",
    # Ahead of the part of the budget that the days so far may use up; one customer can be much of a small currency.
    instant=SetOperation(
        SetOperation(_CHURN_RATE, "and", Filter(Arithmetic(_CHURN_RATE, "/", _ELAPSED), ">", limit.GROSS_CHURN_BUDGET)),
        "and",
        Filter(_LOST_THIS_MONTH, ">=", limit.GROSS_CHURN),
    ),
    title="Gross churn ahead of budget",
    found_text="of opening MRR lost this month",
    ok_text="Gross churn is within budget",
    unit=RATIO,
    summary=("{{ $labels.currency }}: {{ $value | humanizePercentage }} of MRR lost this month, ahead of the budget"),
    description=(
        "{{ $value | humanizePercentage }} of the opening MRR in {{ $labels.currency }} ("
        + queried('max(lifecycle_mrr_opening{currency=%q, window="mtd"})', "currency")
        + f") was lost to churn and contraction so far this month. The budget is "
        f"{limit.GROSS_CHURN_BUDGET:.1%} for the "
        "whole month, of which "
        + queried(f"vector({promql(_ELAPSED)})", shown="humanizePercentage")
        + f" may be used up by now; losses below {limit.GROSS_CHURN:,} {{{{ $labels.currency }}}} do not count."
    ),
    variables=("currency",),
)

MRR_AT_RISK_RISING = Condition(
    name="MrrAtRiskRising",
    severity="warning",
    for_="6h",
    keep_firing_for="6h",
    # Cards fail in waves when a month is billed: no news while it stays below the wave of the month before.
    rule=f"""
        {_AT_RISK} > {limit.AT_RISK_SHARE}
        and
        {_AT_RISK} > {limit.AT_RISK_FACTOR} * last_over_time({_AT_RISK}[1d] offset 1w)
        unless
        {_AT_RISK} <= max_over_time({_AT_RISK}[3w] offset 2w)
    """,
    instant=Filter(_AT_RISK_NOW, ">", limit.AT_RISK_SHARE),
    title="Much MRR at risk",
    found_text="of MRR is past due",
    ok_text="Little MRR is past due",
    unit=RATIO,
    summary="{{ $value | humanizePercentage }} of MRR in {{ $labels.currency }} is past due, and rising",
    description=(
        queried("max(lifecycle_mrr_at_risk{currency=%q})", "currency")
        + " {{ $labels.currency }} of MRR, {{ $value | humanizePercentage }}, are on past-due subscriptions; "
        "a week ago it "
        "was "
        + queried(f"last_over_time({_AT_RISK}{{currency=%q}}[1d] offset 1w)", "currency", shown="humanizePercentage")
        + "."
    ),
    variables=("currency",),
)

_NPS = 'max(lifecycle_nps{segment="all"})'
_NPS_BEFORE = 'max(last_over_time(lifecycle_nps{segment="all"}[3d] offset 4w))'
_NPS_MARGIN = 'max(lifecycle_nps_margin{segment="all"})'

EXPAND = RuleGroup(
    name="expand",
    area="expand",
    dashboard="stream-app-expand",
    interval="1m",
    recordings=(
        Recording(
            name=_AT_RISK,
            expr=while_fresh(promql(_AT_RISK_NOW)),
        ),
    ),
    alerts=(
        GROSS_MRR_CHURN_HIGH.alert,
        Alert(
            name="LargeMrrLoss",
            severity="warning",
            for_="2m",
            keep_firing_for="1h",
            # Where customers are few, each of them is a large share.
            expr=while_fresh(f"""
                {_LOST} > {limit.LARGE_LOSS_SHARE} * ({_OPENING} > 0)
                and
                {_LOST} >= {limit.LARGE_LOSS}
            """),
            summary="{{ $value | humanize }} {{ $labels.currency }} of MRR lost in 24 h",
            description=(
                "Churn and contraction took {{ $value | humanize }} {{ $labels.currency }} of MRR within 24 h, more "
                "than "
                f"{limit.LARGE_LOSS_SHARE:.0%} of the "
                + queried('max(lifecycle_mrr_opening{currency=%q, window="mtd"})', "currency")
                + f" {{{{ $labels.currency }}}} that the month began with, and at least {limit.LARGE_LOSS:,}."
            ),
            variables=("currency",),
        ),
        MRR_AT_RISK_RISING.alert,
        Alert(
            name="NpsDrop",
            severity="info",
            for_="6h",
            keep_firing_for="1d",
            expr=while_fresh(f"""
                {_NPS_BEFORE} - {_NPS} >= {limit.NPS_DROP}
                and
                {_NPS_BEFORE} - {_NPS} > {_NPS_MARGIN}
            """),
            summary="NPS fell by {{ $value | humanize }} points in four weeks",
            description=(
                "NPS over 90 days is "
                + queried(_NPS)
                + " +/- "
                + queried(_NPS_MARGIN)
                + ", {{ $value | humanize }} points below what it was four weeks ago: more than its margin of error."
            ),
        ),
    ),
)
