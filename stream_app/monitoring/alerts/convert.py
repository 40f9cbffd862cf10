"""From lead to customer: fewer MQLs, shrinking months, waves of reopened leads, money that brings nobody."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.units import COUNT
from stream_app.spec.alert import Alert, RuleGroup, queried, while_fresh
from stream_app.spec.condition import Condition
from stream_app.spec.expression import Filter, SetOperation, largest, share


def _mqls(window: str) -> str:
    return f'sum(lifecycle_stage_entries{{funnel_stage="mql", window="{window}"}})'


def _leads(window: str) -> str:
    return f'sum(lifecycle_new_leads{{window="{window}"}})'


def _reopened(window: str) -> str:
    return f'sum(lifecycle_reopened_leads{{window="{window}"}})'


_MQLS_BEFORE = f"({_mqls('30d')} - {_mqls('7d')})"
_RATE_BEFORE = f"{_MQLS_BEFORE} / ({_leads('30d')} - {_leads('7d')})"
_EXPECTED = f"{_leads('7d')} * {_RATE_BEFORE}"
_REOPENED_BEFORE = f"({_reopened('7d')} - {_reopened('24h')}) / 6"
_REOPENED_LONG_BEFORE = f"({_reopened('30d')} - {_reopened('7d')}) / 23"

_SPENT = 'sum by (campaign, currency) (lifecycle_spend{campaign!="none", kind!="sales", window="30d"})'
_DEAREST = 'max by (currency) (lifecycle_campaign_cost_per_lead{window="30d"})'

_MQL_OVERDUE = largest("mql_overdue", "source")
_MQL_WAITING = largest("mql_waiting", "source")

MQL_NOT_FOLLOWED_UP = Condition(
    name="MqlNotFollowedUp",
    severity="warning",
    for_="30m",
    keep_firing_for="15m",
    instant=SetOperation(
        Filter(_MQL_OVERDUE, ">=", limit.MQL_OVERDUE),
        "and",
        Filter(share(_MQL_OVERDUE, _MQL_WAITING), ">", limit.MQL_OVERDUE_SHARE),
    ),
    title="MQLs not followed up",
    found_text="past due",
    unit=COUNT,
    summary="{{ $labels.source }}: sales has not followed up {{ $value | humanize }} MQLs in time",
    description=(
        "{{ $value | humanize }} of "
        + queried("max(lifecycle_mql_waiting{source=%q})", "source")
        + " MQLs of source {{ $labels.source }} that wait for sales are past their due time, more than "
        f"{limit.MQL_OVERDUE_SHARE:.0%}, for 30 min. The oldest fell due at "
        + queried("min(lifecycle_mql_oldest_due_timestamp_seconds{source=%q})", "source", shown="humanizeTimestamp")
        + "."
    ),
    variables=("source",),
)

CONVERT = RuleGroup(
    name="convert",
    area="convert",
    dashboard="stream-app-convert",
    interval="1m",
    alerts=(
        MQL_NOT_FOLLOWED_UP.alert,
        Alert(
            name="MqlRateDrop",
            severity="warning",
            for_="2h",
            keep_firing_for="2h",
            # Whole weeks, so that weekends weigh the same. Many new leads lower the rate at once and the number of
            # MQLs never, a holiday lowers the number and not the rate: both must have dropped.
            expr=while_fresh(f"""
                {_mqls("7d")} / {_leads("7d")} < {limit.MQL_DROP} * {_RATE_BEFORE}
                and
                {_mqls("7d")} < {limit.MQL_DROP} * {_MQLS_BEFORE} * 7 / 23
                and
                {_EXPECTED} >= {limit.MQLS_EXPECTED}
                and
                {_mqls("7d")} < {_EXPECTED} - {limit.SIGMAS} * sqrt({_EXPECTED})
            """),
            summary="{{ $value | humanizePercentage }} MQLs per new lead in 7 days, down from before",
            description=(
                queried(_mqls("7d"))
                + " leads became MQL in 7 days, {{ $value | humanizePercentage }} of the new leads; in the three "
                "weeks before "
                "it was "
                + queried(_RATE_BEFORE, shown="humanizePercentage")
                + ", which would have given "
                + queried(_EXPECTED)
                + "."
            ),
        ),
        Alert(
            name="LeadVelocityNegative",
            severity="info",
            for_="1h",
            keep_firing_for="1h",
            # In every time zone, four weeks before the 2nd to 26th lies in the month before.
            expr=while_fresh("""
                max by (basis) (lifecycle_lead_velocity_rate{basis="closed"}) < 0
                and
                max by (basis) (last_over_time(lifecycle_lead_velocity_rate{basis="closed"}[3d] offset 4w)) < 0
                and on ()
                (day_of_month() >= 2 and day_of_month() <= 26)
            """),
            summary="Fewer MQLs two months in a row: {{ $value | humanizePercentage }}",
            description=(
                "The last closed month had {{ $value | humanizePercentage }} MQLs against the one before, and that one "
                + queried(
                    'max(last_over_time(lifecycle_lead_velocity_rate{basis="closed"}[3d] offset 4w))',
                    shown="humanizePercentage",
                )
                + "."
            ),
        ),
        Alert(
            name="ReopenedSpike",
            severity="info",
            for_="10m",
            keep_firing_for="1h",
            expr=while_fresh(f"""
                {_reopened("24h")} >= {limit.REOPENED}
                and
                {_reopened("24h")} > {limit.REOPENED_FACTOR} * {_REOPENED_BEFORE}
                and
                {_reopened("24h")} > {limit.REOPENED_FACTOR} * {_REOPENED_LONG_BEFORE}
                and
                {_reopened("24h")} > {_REOPENED_BEFORE} + {limit.SIGMAS} * sqrt({_REOPENED_BEFORE})
            """),
            summary="{{ $value | humanize }} leads came back in 24 h",
            description=(
                "{{ $value | humanize }} leads that were not ready engaged again in 24 h; the six days before had "
                + queried(_REOPENED_BEFORE)
                + " a day, the weeks before that "
                + queried(_REOPENED_LONG_BEFORE)
                + ". Good news for sales, or a wave of robots."
            ),
        ),
        Alert(
            name="SpendWithoutLeads",
            severity="warning",
            for_="6h",
            keep_firing_for="6h",
            # At the price of the dearest campaign that does bring leads, so the currency does not matter.
            # Those that are imported, as from a trade fair, are no new leads, but they enter the first stage.
            expr=while_fresh(f"""
                {_SPENT} / on (currency) group_left () ({_DEAREST} > 0) >= {limit.POISSON_ZERO}
                unless on (campaign)
                sum by (campaign) (lifecycle_stage_entries{{funnel_stage="lead", window="30d"}}) > 0
            """),
            summary="{{ $labels.campaign }} costs money and brings no leads",
            description=(
                "Campaign {{ $labels.campaign }} spent "
                + queried(
                    'sum(lifecycle_spend{campaign=%q, currency=%q, kind!="sales", window="30d"})',
                    "campaign",
                    "currency",
                )
                + " {{ $labels.currency }} in 30 days without one lead. Even at the price of the dearest "
                "campaign that "
                "brings some ("
                + queried('max(lifecycle_campaign_cost_per_lead{currency=%q, window="30d"})', "currency")
                + " {{ $labels.currency }} a lead) it should have brought {{ $value | humanize }}."
            ),
            variables=("campaign",),
        ),
    ),
)
