"""E-mail: what was sent, what arrived, what people did with it, what machines did."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.email import BOUNCE_RATE_HIGH, COMPLAINT_RATE_HIGH
from stream_app.monitoring.dashboards.panels import AUDIENCE, PROGRAM, UIDS, by, lines, table, tile
from stream_app.monitoring.dashboards.targets import targets_row
from stream_app.monitoring.units import RATIO
from stream_app.spec.condition import severity_steps
from stream_app.spec.expression import Sum, or_zero, selector, share, total
from stream_app.spec.panel import Dashboard, Row, Target

_TO = {"program": "$program", "audience": "$audience"}
_IN = {"program": "$program"}
_NOTHING_SENT = "Nothing was sent in this window."


def _cohort(state: str, *labels: str, window: str = "24h") -> Sum:
    return total("email_cohort", *labels, state=state, **_TO, window=window)


def _rate(above: str, below: str, *labels: str, window: str = "24h", legend: str = "") -> Target:
    return Target(
        legend=legend,
        of=share(_cohort(above, *labels, window=window), _cohort(below, *labels, window=window)),
        unit=RATIO,
        empty=_NOTHING_SENT,
    )


EMAIL = Dashboard(
    uid=UIDS["email"],
    title="E-mail",
    variables=(PROGRAM, AUDIENCE),
    since="now-7d",
    description=(
        "E-mail by program and audience. Rates are by send time: late opens and clicks count for the day of sending."
    ),
    rows=(
        Row(
            height=5,
            panels=(
                tile("Sent, 24 h", "email_cohort", Target(of=or_zero(_cohort("sent"), "email"))),
                tile(
                    "Click rate, 7 days",
                    "email_click_rate",
                    _rate("clicked", "delivered", window="7d"),
                    runbook="ClicksZeroAfterSend",
                ),
                tile("Open rate, 7 days", "email_open_rate", _rate("opened", "delivered", window="7d")),
                tile(
                    "Bounces, 24 h",
                    "email_cohort",
                    _rate("bounced", "sent"),
                    unit=RATIO,
                    steps=severity_steps(BOUNCE_RATE_HIGH.severity, limit.BOUNCE_RATE),
                    description="Bounced of sent.",
                    runbook="BounceRateHigh",
                ),
                tile(
                    "Complaints, 24 h",
                    "email_cohort",
                    _rate("complained", "delivered"),
                    unit=RATIO,
                    steps=severity_steps(COMPLAINT_RATE_HIGH.severity, limit.COMPLAINT_RATE),
                    description="Complained of delivered.",
                    runbook="ComplaintRateHigh",
                ),
                tile(
                    "Unsubscribed, 7 days",
                    "email_cohort",
                    _rate("unsubscribed", "delivered", window="7d"),
                    unit=RATIO,
                    description="Unsubscribed of delivered.",
                ),
            ),
        ),
        Row(
            title="What people do",
            height=9,
            panels=(
                lines(
                    "Click rate by program, 7 days",
                    "email_click_rate",
                    by(selector("email_click_rate", **_TO, window="7d"), "{{program}} {{audience}}", _NOTHING_SENT),
                    runbook="ClicksZeroAfterSend",
                ),
                lines(
                    "Click to open by program, 7 days",
                    "email_click_to_open_rate",
                    by(
                        selector("email_click_to_open_rate", **_TO, window="7d"),
                        "{{program}} {{audience}}",
                        _NOTHING_SENT,
                    ),
                ),
                lines(
                    "Open rate by program, 7 days",
                    "email_open_rate",
                    by(selector("email_open_rate", **_TO, window="7d"), "{{program}} {{audience}}", _NOTHING_SENT),
                ),
                lines(
                    "Adjusted open rate by program, 7 days",
                    "email_adjusted_open_rate",
                    by(selector("email_adjusted_open_rate", **_IN, window="7d"), "{{program}}", _NOTHING_SENT),
                ),
            ),
        ),
        Row(
            title="What became of messages",
            height=9,
            panels=(
                lines(
                    "Messages by state, 24 h",
                    "email_messages",
                    by(total("email_messages", "state", **_TO, window="24h"), "{{state}}"),
                    runbook="BounceRateHigh",
                    width=8,
                ),
                lines(
                    "Bounces of sent, 24 h",
                    "email_cohort",
                    _rate("bounced", "sent", legend="bounced"),
                    _rate("soft_bounced", "sent", legend="soft bounces alone"),
                    unit=RATIO,
                    description="A soft bounce is a mailbox that is full or a server that is away: no reason to page.",
                    runbook="BounceRateHigh",
                    width=8,
                ),
                lines(
                    "Messages by state, 1 h",
                    "email_messages",
                    by(total("email_messages", "state", **_TO, window="1h"), "{{state}}"),
                    width=8,
                ),
                table(
                    "Steps, 30 days by send time",
                    "email_cohort",
                    *(
                        Target(of=_cohort(state, "program", "step", window="30d"))
                        for state in ("sent", "delivered", "opened", "clicked", "replied")
                    ),
                    Target(
                        of=share(
                            _cohort("clicked", "program", "step", window="30d"),
                            _cohort("delivered", "program", "step", window="30d"),
                        ),
                        unit=RATIO,
                    ),
                    columns=("Sent", "Delivered", "Opened", "Clicked", "Replied", "Click rate"),
                ),
            ),
        ),
        Row(
            title="Machines",
            height=9,
            panels=(
                lines(
                    "Share of machines in opens, 24 h",
                    "email_events",
                    by(
                        share(
                            total("email_events", "program", kind="opened", machine="true", **_IN, window="24h"),
                            total("email_events", "program", kind="opened", **_IN, window="24h"),
                        ),
                        "{{program}}",
                        _NOTHING_SENT,
                    ),
                    unit=RATIO,
                    runbook="MachineOpenShareJump",
                ),
                lines(
                    "Opens and clicks by people and machines, 24 h",
                    "email_events",
                    by(total("email_events", "kind", "machine", **_IN, window="24h"), "{{kind}}, machine {{machine}}"),
                ),
                lines(
                    "Opened by machines alone, 7 days",
                    "email_cohort_machine_opens",
                    by(total("email_cohort_machine_opens", "program", **_IN, window="7d"), "{{program}}"),
                    width=24,
                ),
            ),
        ),
        targets_row(UIDS["email"], RATIO),
    ),
)
