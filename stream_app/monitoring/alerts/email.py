"""What harms or betrays a sender: bounces, complaints, machines that open, links that nobody follows."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.units import RATIO
from stream_app.spec.alert import Alert, Recording, RuleGroup, any_of, queried, while_fresh
from stream_app.spec.condition import Condition
from stream_app.spec.expression import Filter, SetOperation, share, total

_MACHINES = "program:lifecycle_machine_opens:ratio24h"


def _cohort(state: str, window: str, ago: str = "") -> str:
    then = f" offset {ago}" if ago else ""
    return f'sum by (program) (lifecycle_email_cohort{{state="{state}", window="{window}"}}{then})'


def _opens(window: str, machine: str = "") -> str:
    only = f', machine="{machine}"' if machine else ""
    return f'sum by (program) (lifecycle_email_events{{kind="opened"{only}, window="{window}"}})'


_BEFORE = f"({_opens('7d', 'true')} - {_opens('24h', 'true')}) / ({_opens('7d')} - {_opens('24h')})"

_DELIVERED = _cohort("delivered", "7d", "3d")

# People click when they read, so what was opened says what to expect at night and on weekends; and when opens are not
# seen either, three days after delivery are a weekend and more.
_NO_CLICKS = any_of(
    f"""
    {_cohort("opened", "24h")} * {_cohort("clicked", "30d")} / {_cohort("opened", "30d")} >= {limit.POISSON_ZERO}
    and
    {_cohort("clicked", "24h")} == 0
    """,
    f"""
    {_DELIVERED} * {_cohort("clicked", "30d")} / {_cohort("delivered", "30d")} >= {limit.POISSON_ZERO}
    and
    {_cohort("clicked", "7d")} == 0
    """,
)


def _too_many(state: str, of: str, rate: float, least: float) -> SetOperation:
    some, all_ = (total("email_cohort", "program", state=each, window="24h") for each in (state, of))
    return SetOperation(Filter(share(some, all_), ">", rate), "and", Filter(some, ">=", least))


BOUNCE_RATE_HIGH = Condition(
    name="BounceRateHigh",
    severity="critical",
    for_="5m",
    keep_firing_for="30m",
    instant=_too_many("bounced", "sent", limit.BOUNCE_RATE, limit.BOUNCES),
    title="Many bounces",
    found_text="of messages sent in 24 h",
    ok_text="Few messages bounce",
    unit=RATIO,
    summary="{{ $labels.program }}: {{ $value | humanizePercentage }} of the mail bounces",
    description=(
        queried('sum(lifecycle_email_cohort{program=%q, state="bounced", window="24h"})', "program")
        + " of "
        + queried('sum(lifecycle_email_cohort{program=%q, state="sent", window="24h"})', "program")
        + " messages sent in 24 h bounced: {{ $value | humanizePercentage }}, more than "
        f"{limit.BOUNCE_RATE:.1%}. Mailbox providers throttle and block senders for this."
    ),
    variables=("program",),
)

COMPLAINT_RATE_HIGH = Condition(
    name="ComplaintRateHigh",
    severity="critical",
    for_="5m",
    keep_firing_for="30m",
    instant=_too_many("complained", "delivered", limit.COMPLAINT_RATE, limit.COMPLAINTS),
    title="Many complaints",
    found_text="of messages delivered in 24 h",
    ok_text="Few complaints",
    unit=RATIO,
    summary="{{ $labels.program }}: {{ $value | humanizePercentage }} of the recipients report spam",
    description=(
        queried('sum(lifecycle_email_cohort{program=%q, state="complained", window="24h"})', "program")
        + " of "
        + queried('sum(lifecycle_email_cohort{program=%q, state="delivered", window="24h"})', "program")
        + " messages delivered of 24 h were reported as spam: {{ $value | humanizePercentage }}, more than "
        f"{limit.COMPLAINT_RATE:.2%}."
    ),
    variables=("program",),
)

EMAIL = RuleGroup(
    name="email",
    area="email",
    dashboard="stream-app-email",
    interval="1m",
    recordings=(Recording(name=_MACHINES, expr=while_fresh(f"{_opens('24h', 'true')} / {_opens('24h')}")),),
    alerts=(
        Alert(
            name="MachineOpenShareJump",
            severity="info",
            for_="1h",
            keep_firing_for="1h",
            # On weekends people are away and machines are not: then it is the same as a week before.
            expr=while_fresh(f"""
                {_MACHINES} - {_BEFORE} > {limit.MACHINE_OPEN_JUMP}
                and
                {_opens("24h")} >= {limit.MACHINE_OPENS}
                and
                {_opens("7d")} - {_opens("24h")} >= {limit.MACHINE_OPENS}
                unless
                {_MACHINES} - ({_MACHINES} offset 1w) <= {limit.MACHINE_OPEN_JUMP}
            """),
            summary=(
                "{{ $labels.program }}: machines open {{ $value | humanizePercentage }} more of the mail than before"
            ),
            description=(
                "The machines' share of all opens in 24 h is "
                + queried(f"{_MACHINES}{{program=%q}}", "program", shown="humanizePercentage")
                + ", {{ $value | humanizePercentage }} (absolute) above that of the six days before, of "
                + queried('sum(lifecycle_email_events{program=%q, kind="opened", window="24h"})', "program")
                + " opens. Open rates say less than usual; clicks by people are counted apart."
            ),
            variables=("program",),
        ),
        BOUNCE_RATE_HIGH.alert,
        COMPLAINT_RATE_HIGH.alert,
        Alert(
            name="ClicksZeroAfterSend",
            severity="warning",
            for_="30m",
            keep_firing_for="30m",
            expr=while_fresh(_NO_CLICKS),
            summary="{{ $labels.program }}: nobody clicks, where {{ $value | humanize }} clicks were expected",
            description=(
                "{{ $value | humanize }} clicks by people were expected from the mail that was opened in the last 24 "
                "h, or "
                "delivered more than three days ago, at the rates of 30 days; there is none. Opened in 24 h: "
                + queried('sum(lifecycle_email_cohort{program=%q, state="opened", window="24h"})', "program")
                + "; delivered in 7 days: "
                + queried('sum(lifecycle_email_cohort{program=%q, state="delivered", window="7d"})', "program")
                + "."
            ),
            variables=("program",),
        ),
    ),
)
