"""E-mail: states by their own time and by send time, machines, and the rates."""

from fractions import Fraction

from stream_app.examples.events import each, expect, mail
from stream_app.spec.example import Example

_NOW = "2026-03-15 12:00"
_SENT = "2026-03-14 20:00"
_SCANNED = "2026-03-14 20:01"
_LAUNCH = {"program_id": "launch", "step_id": "intro"}
_LABELS = {"program": "launch", "step": "intro", "audience": "prospect"}

LAUNCH = Example(
    title="Six messages of one mailing",
    explains=(
        "email_messages",
        "email_events",
        "email_cohort",
        "email_cohort_machine_opens",
        "email_open_rate",
        "email_adjusted_open_rate",
        "email_click_rate",
        "email_click_to_open_rate",
    ),
    as_of=_NOW,
    given=(
        each(6, mail("sent", _SENT, "m", **_LAUNCH)),
        each(3, mail("delivered", _SENT, "m", **_LAUNCH)),
        mail("opened", "2026-03-15 08:00", "m-1"),
        mail("opened", "2026-03-15 11:59", "m-1"),
        mail("clicked", "2026-03-15 11:59", "m-1"),
        each(2, mail("opened", _SCANNED, "m", machine=True), first=2),
        mail("opened", "2026-03-15 09:00", "m-3"),
        mail("clicked", "2026-03-15 10:00", "m-4"),
        mail("bounced", _SCANNED, "m-5", bounce="hard"),
        mail("delivered", _SENT, "m-6", **_LAUNCH),
        mail("clicked", _SCANNED, "m-6", machine=True),
    ),
    arithmetic=(
        "By what happened when: sent 6; delivered 1, 2, 3, 6 = 4; bounced 1; opened by people 1, 3 = 2; clicked by "
        "people 1, 4 = 2. In the last five minutes (11:56 on) message 1 was clicked for the first time; its open then "
        "was its second. Every event: opens by people 2 + 1 = 3, by machines 2; clicks by people 2, by a machine 1. By"
        " send time: message 4 was clicked, so it was delivered and opened: delivered 4 + 1 = 5, opened 2 + 1 = 3, "
        "clicked 2. Opened by a machine alone: message 2 = 1; message 3 was opened by a person too. Rates: open 3 / 5 "
        "= 0.6, adjusted 3 / (5 - 1) = 0.75, click 2 / 5 = 0.4, click to open 2 / 3."
    ),
    expected=(
        expect("email_messages", {"5m": 0, "24h": 6}, state="sent", **_LABELS),
        expect("email_messages", {"5m": 0, "24h": 4}, state="delivered", **_LABELS),
        expect("email_messages", {"5m": 0, "24h": 1}, state="bounced", **_LABELS),
        expect("email_messages", {"5m": 0, "24h": 2}, state="opened", **_LABELS),
        expect("email_messages", {"5m": 1, "24h": 2}, state="clicked", **_LABELS),
        expect("email_events", {"5m": 1, "24h": 3}, kind="opened", machine="false", program="launch"),
        expect("email_events", {"5m": 0, "24h": 2}, kind="opened", machine="true", program="launch"),
        expect("email_events", {"5m": 1, "24h": 2}, kind="clicked", machine="false", program="launch"),
        expect("email_events", {"5m": 0, "24h": 1}, kind="clicked", machine="true", program="launch"),
        expect("email_cohort", {"24h": 6}, state="sent", **_LABELS),
        expect("email_cohort", {"24h": 5}, state="delivered", **_LABELS),
        expect("email_cohort", {"24h": 1}, state="bounced", **_LABELS),
        expect("email_cohort", {"24h": 3}, state="opened", **_LABELS),
        expect("email_cohort", {"24h": 2}, state="clicked", **_LABELS),
        expect("email_cohort_machine_opens", {"24h": 1, "7d": 1, "30d": 1, "mtd": 1}, program="launch"),
        expect("email_open_rate", {"24h": Fraction(3, 5)}, program="launch", audience="prospect"),
        expect("email_adjusted_open_rate", {"24h": Fraction(3, 4)}, program="launch"),
        expect("email_click_rate", {"24h": Fraction(2, 5)}, program="launch", audience="prospect"),
        expect("email_click_to_open_rate", {"24h": Fraction(2, 3)}, program="launch", audience="prospect"),
    ),
)

ADJUSTED = Example(
    title="HubSpot's adjusted open rate",
    explains=("email_adjusted_open_rate", "email_open_rate", "email_cohort_machine_opens"),
    as_of=_NOW,
    given=(
        each(138, mail("sent", _SENT, "m", program_id="news")),
        each(138, mail("delivered", _SENT, "m", program_id="news")),
        each(47, mail("opened", "2026-03-15 08:00", "m")),
        each(41, mail("opened", _SCANNED, "m", machine=True), first=48),
    ),
    arithmetic=(
        "138 delivered, 88 with any open: 47 reliable, 88 - 47 = 41 by machines only. Plain 47 / 138 = 34.06 %; "
        "adjusted 47 / (138 - 41) = 47 / 97 = 48.45 %."
    ),
    source=(
        'the formula is HubSpot\'s, knowledge base, "Analyze the adjusted open rate of your emails", which prints no '
        "numbers; these are a user's in HubSpot's community, idea 1065284"
    ),
    expected=(
        expect("email_cohort_machine_opens", {"24h": 41}, program="news"),
        expect("email_open_rate", {"24h": Fraction(47, 138)}, program="news", audience="prospect"),
        expect("email_adjusted_open_rate", {"24h": Fraction(47, 97)}, program="news"),
    ),
)

SEND_TIME = Example(
    title="An open counts today, but in the cohort on the day of sending",
    explains=("email_messages", "email_cohort", "email_open_rate"),
    as_of=_NOW,
    given=(
        mail("sent", "2026-03-10 09:00", "m", program_id="news", audience="customer"),
        mail("delivered", "2026-03-10 09:01", "m", program_id="typo"),
        mail("opened", "2026-03-15 11:00", "m"),
        mail("replied", "2026-03-15 11:10", "m"),
        mail("unsubscribed", "2026-03-15 11:20", "m"),
        mail("complained", "2026-03-15 11:21", "m"),
    ),
    arithmetic=(
        "All labels are those of the sending: news, customer. Open, reply, unsubscription and complaint happened in "
        "the last 24 hours: 1 each. Sent on March 10, so the cohort of 24h is empty and has no rate; that of 7d: 1 / 1"
        " = 1."
    ),
    expected=(
        *(
            expect("email_messages", {"24h": 1}, state=state, program="news", step="none", audience="customer")
            for state in ("opened", "replied", "unsubscribed", "complained")
        ),
        *(
            expect("email_cohort", {"24h": 0, "7d": 1}, state=state, program="news", step="none", audience="customer")
            for state in ("sent", "delivered", "opened", "replied", "unsubscribed", "complained")
        ),
        expect("email_open_rate", {"24h": None, "7d": 1}, program="news", audience="customer"),
    ),
)

BOUNCES = Example(
    title="A hard bounce after the delivery, and a soft one before it",
    explains=("email_messages", "email_cohort"),
    as_of=_NOW,
    given=(
        *(mail("sent", "2026-03-15 09:00", message) for message in ("m", "n")),
        mail("delivered", "2026-03-15 09:01", "m"),
        mail("bounced", "2026-03-15 09:30", "m", bounce="hard"),
        mail("bounced", "2026-03-15 09:05", "n", bounce="soft"),
        mail("delivered", "2026-03-15 09:20", "n"),
    ),
    arithmetic="Message m bounced; n only softly, and was delivered: bounced 1, soft_bounced 1, delivered 2.",
    expected=tuple(
        expect(series, {"24h": count}, state=state, program="none", step="none", audience="prospect")
        for series in ("email_messages", "email_cohort")
        for state, count in (("sent", 2), ("delivered", 2), ("bounced", 1), ("soft_bounced", 1))
    ),
)

MAIL = (LAUNCH, ADJUSTED, SEND_TIME, BOUNCES)
