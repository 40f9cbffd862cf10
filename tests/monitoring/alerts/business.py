"""Stories of mail, conversion and expansion."""

from tests.monitoring.alerts.story import FRESH, Story, flat

PROGRAM = 'program="welcome"'
THE_PROGRAM = f"{{{PROGRAM}}}"
STALE = {FRESH: flat(0, 200)}


def _opens(machines: int, people: int, window: str, samples: int = 100) -> dict[str, str]:
    series = f'lifecycle_email_events{{{PROGRAM}, kind="opened", machine="%s", window="{window}"}}'
    return {series % "true": flat(machines, samples), series % "false": flat(people, samples)}


def _cohort(window: str, samples: int = 200, **counts: int) -> dict[str, str]:
    series = f'lifecycle_email_cohort{{{PROGRAM}, step="guide", audience="prospect", window="{window}", state="%s"}}'
    return {series % state: flat(count, samples) for state, count in counts.items()}


_JUMP = _opens(150, 50, "24h") | _opens(350, 450, "7d")
_EIGHT_DAYS = 8 * 24
_BOUNCES = _cohort("24h", sent=200, bounced=12)
_COMPLAINTS = _cohort("24h", delivered=2000, complained=4)
_USUAL_CLICKS = _cohort("30d", opened=3000, clicked=300, delivered=30_000)
_READ = _cohort("24h", opened=100, clicked=0, delivered=500) | _cohort("7d", delivered=0, clicked=5) | _USUAL_CLICKS
_FOUR_DAYS = 4 * 24
_UNSEEN = _cohort("24h", _FOUR_DAYS, opened=0, clicked=0) | _cohort("7d", _FOUR_DAYS, delivered=1000, clicked=0)
_UNSEEN |= _cohort("30d", _FOUR_DAYS, opened=3000, clicked=300, delivered=30_000)
_DELIVERED = next(series for series in _UNSEEN if "delivered" in series and "7d" in series)

EMAIL = (
    Story(
        alert="MachineOpenShareJump",
        name="fires when machines open most of a day's mail",
        at="1h10m",
        series=_JUMP,
        firing=THE_PROGRAM,
    ),
    Story(
        alert="MachineOpenShareJump",
        name="stays quiet on a weekend like the one before",
        at="7d2h",
        step="1h",
        series=_opens(150, 50, "24h", _EIGHT_DAYS) | _opens(350, 450, "7d", _EIGHT_DAYS),
    ),
    Story(
        alert="MachineOpenShareJump",
        name="stays quiet when few open anything",
        at="1h10m",
        series=_opens(70, 20, "24h") | _opens(270, 420, "7d"),
    ),
    Story(
        alert="MachineOpenShareJump",
        name="stays quiet while the data is stale",
        at="1h10m",
        series=_JUMP | STALE,
    ),
    Story(
        alert="BounceRateHigh",
        name="fires at 12 of 200",
        at="10m",
        series=_BOUNCES,
        firing=THE_PROGRAM,
    ),
    Story(
        alert="BounceRateHigh",
        name="stays quiet at 2 of 20 on a quiet night",
        at="10m",
        series=_cohort("24h", sent=20, bounced=2),
    ),
    Story(
        alert="BounceRateHigh",
        name="stays quiet at 12 of 400",
        at="10m",
        series=_cohort("24h", sent=400, bounced=12),
    ),
    Story(alert="BounceRateHigh", name="stays quiet while the data is stale", at="10m", series=_BOUNCES | STALE),
    Story(
        alert="ComplaintRateHigh",
        name="fires at 4 of 2000",
        at="10m",
        series=_COMPLAINTS,
        firing=THE_PROGRAM,
    ),
    Story(
        alert="ComplaintRateHigh",
        name="stays quiet at 1 of 500",
        at="10m",
        series=_cohort("24h", delivered=500, complained=1),
    ),
    Story(
        alert="ComplaintRateHigh",
        name="stays quiet at 4 of 5000",
        at="10m",
        series=_cohort("24h", delivered=5000, complained=4),
    ),
    Story(alert="ComplaintRateHigh", name="stays quiet while the data is stale", at="10m", series=_COMPLAINTS | STALE),
    Story(
        alert="ClicksZeroAfterSend",
        name="fires when a hundred read and none clicks",
        at="40m",
        series=_READ,
        firing=THE_PROGRAM,
    ),
    Story(
        alert="ClicksZeroAfterSend",
        name="fires when three days after delivery nothing was ever seen",
        at="3d2h",
        step="1h",
        series=_UNSEEN,
        firing=THE_PROGRAM,
    ),
    Story(
        alert="ClicksZeroAfterSend",
        name="stays quiet on the weekend after a blast on Friday",
        at="3d2h",
        step="1h",
        series=_UNSEEN | {_DELIVERED: f"{flat(0, 24)} {flat(1000, 80)}"},
    ),
    Story(
        alert="ClicksZeroAfterSend",
        name="stays quiet at night while few read",
        at="40m",
        series=_READ | _cohort("24h", opened=60, clicked=0),
    ),
    Story(
        alert="ClicksZeroAfterSend",
        name="stays quiet when one clicks",
        at="40m",
        series=_READ | _cohort("24h", opened=100, clicked=1),
    ),
    Story(alert="ClicksZeroAfterSend", name="stays quiet while the data is stale", at="40m", series=_READ | STALE),
)


def _mqls(week: int, month: int, leads_week: int, leads_month: int) -> dict[str, str]:
    entries = 'lifecycle_stage_entries{funnel_stage="mql", source="web", campaign="none", window="%s"}'
    leads = 'lifecycle_new_leads{source="web", channel="web", campaign="none", window="%s"}'
    return {
        entries % "7d": flat(week, 200),
        entries % "30d": flat(month, 200),
        leads % "7d": flat(leads_week, 200),
        leads % "30d": flat(leads_month, 200),
    }


def _reopened(day: int, week: int, month: int) -> dict[str, str]:
    series = 'lifecycle_reopened_leads{program="welcome", window="%s"}'
    return {series % "24h": flat(day, 100), series % "7d": flat(week, 100), series % "30d": flat(month, 100)}


def _campaign(spent: int, *, leads: int | None = None) -> dict[str, str]:
    spend = (
        'lifecycle_spend{campaign="expo", currency="EUR", kind="media", program="none", channel="event", window="30d"}'
    )
    found = {
        spend: flat(spent, 100),
        'lifecycle_campaign_cost_per_lead{campaign="brand", currency="EUR", window="30d"}': flat(100, 100),
        'lifecycle_stage_entries{funnel_stage="lead", source="web", campaign="brand", window="30d"}': flat(50, 100),
    }
    if leads is not None:
        found['lifecycle_new_leads{source="event", channel="event", campaign="expo", window="30d"}'] = flat(0, 100)
        found['lifecycle_stage_entries{funnel_stage="lead", source="event", campaign="expo", window="30d"}'] = flat(
            leads, 100
        )
    return found


_VELOCITY = 'lifecycle_lead_velocity_rate{basis="closed"}'
_SHRINKING = {_VELOCITY: flat(-0.1, 900)}
_LONG_STALE = {FRESH: flat(0, 900)}

_WAITING = 'lifecycle_mql_waiting{source="%s"}'
_OVERDUE_MQLS = 'lifecycle_mql_overdue{source="%s"}'


def _mqls_left(source: str, waiting: int, overdue: int, samples: int = 100) -> dict[str, str]:
    return {_WAITING % source: flat(waiting, samples), _OVERDUE_MQLS % source: flat(overdue, samples)}


CONVERT = (
    Story(
        alert="MqlNotFollowedUp",
        name="fires when a third is overdue for half an hour",
        at="31m",
        firing='{source="webinar"}',
        series=_mqls_left("webinar", 15, 5) | _mqls_left("referral", 40, 4),
    ),
    Story(
        alert="MqlNotFollowedUp",
        name="stays quiet in the first half hour",
        at="29m",
        series=_mqls_left("webinar", 15, 5),
    ),
    Story(
        alert="MqlNotFollowedUp",
        name="stays quiet when a quarter of them is overdue",
        at="2h",
        series=_mqls_left("webinar", 20, 5, 121),
    ),
    Story(
        alert="MqlNotFollowedUp",
        name="stays quiet when four of five are overdue",
        at="2h",
        series=_mqls_left("webinar", 5, 4, 121),
    ),
    Story(
        alert="MqlNotFollowedUp",
        name="ends a quarter of an hour after the last follow-up",
        at="76m",
        series={
            _WAITING % "webinar": f"{flat(15, 60)} {flat(8, 41)}",
            _OVERDUE_MQLS % "webinar": f"{flat(9, 60)} {flat(0, 41)}",
        },
    ),
    Story(
        alert="MqlNotFollowedUp",
        name="stays quiet while the data is stale",
        at="1h",
        series=_mqls_left("webinar", 15, 9) | STALE,
    ),
    Story(
        alert="MqlRateDrop",
        name="fires when a third of the MQLs come from as many leads",
        at="2h30m",
        firing="{}",
        series=_mqls(10, 110, 300, 1300),
    ),
    Story(
        alert="MqlRateDrop",
        name="stays quiet after a trade fair with a flood of leads",
        at="2h30m",
        series=_mqls(30, 130, 1500, 2500),
    ),
    Story(
        alert="MqlRateDrop",
        name="stays quiet in a week of holidays",
        at="2h30m",
        series=_mqls(7, 107, 70, 1070),
    ),
    Story(
        alert="MqlRateDrop",
        name="stays quiet when it may be chance",
        at="2h30m",
        series=_mqls(3, 33, 210, 910),
    ),
    Story(
        alert="MqlRateDrop",
        name="stays quiet while the data is stale",
        at="2h30m",
        series=_mqls(10, 110, 300, 1300) | STALE,
    ),
    Story(
        alert="LeadVelocityNegative",
        name="fires when two closed months in a row shrank",
        at="35d",
        step="1h",
        series=_SHRINKING,
        firing='{basis="closed"}',
    ),
    Story(
        alert="LeadVelocityNegative",
        name="stays quiet when the month before grew",
        at="35d",
        step="1h",
        series={_VELOCITY: f"{flat(0.1, 31 * 24)} {flat(-0.1, 200)}"},
    ),
    Story(
        alert="LeadVelocityNegative",
        name="stays quiet when four weeks ago was the same month",
        at="28d5h",
        step="1h",
        series=_SHRINKING,
    ),
    Story(
        alert="LeadVelocityNegative",
        name="stays quiet while the data is stale",
        at="35d",
        step="1h",
        series=_SHRINKING | _LONG_STALE,
    ),
    Story(
        alert="ReopenedSpike",
        name="fires when twelve times as many come back",
        at="15m",
        series=_reopened(60, 90, 200),
        firing="{}",
    ),
    Story(
        alert="ReopenedSpike",
        name="stays quiet on a Monday with twice the average",
        at="15m",
        series=_reopened(40, 160, 600),
    ),
    Story(
        alert="ReopenedSpike",
        name="stays quiet after a week of holidays",
        at="15m",
        series=_reopened(40, 46, 506),
    ),
    Story(alert="ReopenedSpike", name="stays quiet when they are few", at="15m", series=_reopened(19, 19, 19)),
    Story(
        alert="ReopenedSpike",
        name="stays quiet while the data is stale",
        at="15m",
        series=_reopened(60, 90, 200) | STALE,
    ),
    Story(
        alert="SpendWithoutLeads",
        name="fires when the money for fifty leads brought none",
        at="7h",
        step="5m",
        series=_campaign(5000),
        firing='{campaign="expo", currency="EUR"}',
    ),
    Story(
        alert="SpendWithoutLeads",
        name="stays quiet when the campaign has just begun",
        at="7h",
        step="5m",
        series=_campaign(600),
    ),
    Story(
        alert="SpendWithoutLeads",
        name="stays quiet when there is a lead, were it imported",
        at="7h",
        step="5m",
        series=_campaign(5000, leads=1),
    ),
    Story(
        alert="SpendWithoutLeads",
        name="stays quiet while the data is stale",
        at="7h",
        step="5m",
        series=_campaign(5000) | STALE,
    ),
)

THE_CURRENCY = '{currency="EUR"}'
_CHURN_RATE = 'lifecycle_gross_mrr_churn_rate{currency="EUR", window="mtd"}'


def _churned(rate: float, amount: int) -> dict[str, str]:
    return {
        _CHURN_RATE: flat(rate, 900),
        'lifecycle_mrr_movement{currency="EUR", movement="churn", window="mtd"}': flat(amount - 100, 900),
        'lifecycle_mrr_movement{currency="EUR", movement="contraction", window="mtd"}': flat(100, 900),
        'lifecycle_mrr_movement{currency="EUR", movement="new", window="mtd"}': flat(9000, 900),
    }


_CHURN = _churned(0.015, 1500)
_AT_RISK, _MRR = 'lifecycle_mrr_at_risk{currency="EUR"}', 'lifecycle_mrr{currency="EUR"}'
_RISING = {_AT_RISK: f"{flat(2000, 192)} {flat(5000, 100)}", _MRR: flat(100_000, 900)}


def _lost(amount: int, opening: int = 100_000) -> dict[str, str]:
    return {
        'lifecycle_mrr_movement{currency="EUR", movement="churn", window="24h"}': flat(amount, 100),
        'lifecycle_mrr_movement{currency="EUR", movement="contraction", window="24h"}': flat(100, 100),
        'lifecycle_mrr_movement{currency="EUR", movement="new", window="24h"}': flat(9000, 100),
        'lifecycle_mrr_opening{currency="EUR", window="mtd"}': flat(opening, 100),
    }


def _of_sixty(**moved: int) -> dict[str, str]:
    """MRR moves ten minutes on, at a business with sixty customers of 50 each."""
    amounts = {"churn": 0, "contraction": 0} | moved
    return {
        f'lifecycle_mrr_movement{{currency="EUR", movement="{movement}", window="24h"}}': f"{flat(0, 10)} {amount}x60"
        for movement, amount in amounts.items()
    } | {'lifecycle_mrr_opening{currency="EUR", window="mtd"}': flat(3000, 100)}


def _nps(margin: int) -> dict[str, str]:
    return {
        'lifecycle_nps{segment="all"}': f"{flat(40, 672)} {flat(25, 100)}",
        'lifecycle_nps_margin{segment="all"}': flat(margin, 900),
    }


EXPAND = (
    Story(
        alert="GrossMrrChurnHigh",
        name="fires on the tenth at three quarters of the budget",
        at="9d",
        step="1h",
        series=_CHURN,
        firing=THE_CURRENCY,
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="stays quiet near the end of the month at three quarters of it",
        at="28d",
        step="1h",
        series=_CHURN,
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="stays quiet while the month before has not ended everywhere",
        at="5h",
        step="1h",
        series=_CHURN,
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="stays quiet when what ended with the month is half the budget",
        at="1d",
        step="1h",
        series=_CHURN | {_CHURN_RATE: flat(0.01, 900)},
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="fires at exactly the least amount",
        at="9d",
        step="1h",
        series=_churned(0.015, 1000),
        firing=THE_CURRENCY,
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="stays quiet when one customer of a small currency is three times what there was",
        at="9d",
        step="1h",
        series=_churned(2.76, 999),
    ),
    Story(
        alert="GrossMrrChurnHigh",
        name="stays quiet while the data is stale",
        at="9d",
        step="1h",
        series=_CHURN | _LONG_STALE,
    ),
    Story(
        alert="LargeMrrLoss", name="fires at two per cent in a day", at="5m", series=_lost(2000), firing=THE_CURRENCY
    ),
    Story(
        alert="LargeMrrLoss",
        name="fires at exactly the least amount",
        at="5m",
        series=_lost(900, opening=50_000),
        firing=THE_CURRENCY,
    ),
    Story(alert="LargeMrrLoss", name="stays quiet at half a per cent", at="5m", series=_lost(1500, opening=320_000)),
    Story(
        alert="LargeMrrLoss",
        name="stays quiet when one of sixty equal customers leaves",
        at="30m",
        series=_of_sixty(churn=50),
    ),
    Story(
        alert="LargeMrrLoss",
        name="stays quiet when a customer of three per cent takes a new plan",
        at="30m",
        series=_of_sixty(churn=100, reactivation=120),
    ),
    Story(alert="LargeMrrLoss", name="stays quiet while the data is stale", at="5m", series=_lost(2000) | STALE),
    Story(
        alert="MrrAtRiskRising",
        name="fires when it more than doubles in a week",
        at="9d",
        step="1h",
        series=_RISING,
        firing=THE_CURRENCY,
    ),
    Story(
        alert="MrrAtRiskRising",
        name="stays quiet in the wave of failed cards that every month brings",
        at="31d",
        step="1h",
        series=_RISING | {_AT_RISK: f"{flat(5000, 48)} {flat(2000, 672)} {flat(5000, 100)}"},
    ),
    Story(
        alert="MrrAtRiskRising",
        name="stays quiet after a restart of Prometheus without history",
        at="9d",
        step="1h",
        series=_RISING | {_AT_RISK: f"_x192 {flat(5000, 100)}"},
    ),
    Story(
        alert="MrrAtRiskRising",
        name="stays quiet while the data is stale",
        at="9d",
        step="1h",
        series=_RISING | {FRESH: f"{flat(1, 192)} {flat(0, 100)}"},
    ),
    Story(alert="NpsDrop", name="fires at fifteen points below", at="29d", step="1h", series=_nps(8), firing="{}"),
    Story(alert="NpsDrop", name="stays quiet within the margin of error", at="29d", step="1h", series=_nps(20)),
    Story(
        alert="NpsDrop",
        name="stays quiet while the data is stale",
        at="29d",
        step="1h",
        series=_nps(8) | {FRESH: f"{flat(1, 672)} {flat(0, 100)}"},
    ),
)
