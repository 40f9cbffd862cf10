"""E-mail: unique states, every open and click, cohorts by send time."""

from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"
SENT = "2026-03-12T09:00:00Z"
LABELS = {"program": "p", "step": "s1", "audience": "prospect"}


def mail(message: str, kind: str, time: str, **data: object) -> Event:
    return happened(f"email.{kind}", time, **{"lead_id": "a", "message_id": message, **data})


def test_a_state_is_unique_per_message_at_its_first_human_event() -> None:
    samples = counted(
        [
            mail("m", "sent", "2026-03-12T09:00:00Z", program_id="p", step_id="s1"),
            mail("m", "opened", "2026-03-12T09:00:05Z", machine=True, program_id="other"),
            mail("m", "opened", "2026-03-12T11:59:00Z"),
            mail("m", "opened", "2026-03-12T10:10:00Z"),
            mail("m", "clicked", "2026-03-12T11:59:30Z"),
            mail("m", "clicked", "2026-03-12T11:59:40Z"),
        ],
        NOON,
    )
    # First human open 10:10: in 24h, not in the hour from 11:01. Labels all from `sent`.
    assert number(samples, "email_messages", state="opened", **LABELS, window="24h") == 1
    assert number(samples, "email_messages", state="opened", **LABELS, window="1h") == 0
    assert number(samples, "email_messages", state="clicked", **LABELS, window="5m") == 1
    assert number(samples, "email_events", kind="opened", machine="false", program="p", window="24h") == 2
    assert number(samples, "email_events", kind="opened", machine="true", program="p", window="24h") == 1
    assert number(samples, "email_events", kind="clicked", machine="false", program="p", window="5m") == 2


def test_one_message_id_of_two_leads_is_two_messages() -> None:
    samples = counted([mail("m", "sent", SENT), mail("m", "sent", SENT, lead_id="b")], NOON)
    none = {"program": "none", "step": "none", "audience": "prospect"}
    assert number(samples, "email_messages", state="sent", **none, window="24h") == 2


def test_a_cohort_counts_in_the_bucket_of_its_sending() -> None:
    samples = counted(
        [
            # Sent in February, clicked in March by a human; never reported as delivered or opened.
            mail("old", "sent", "2026-02-27T09:00:00Z", program_id="p", step_id="s1"),
            mail("old", "clicked", "2026-03-12T09:00:00Z"),
            # Machine open only: delivered, not opened, machine-only.
            mail("bot", "sent", SENT, program_id="p", step_id="s1"),
            mail("bot", "opened", "2026-03-12T09:01:00Z", machine=True),
            # Machine open and human click: opened and clicked, not machine-only.
            mail("mix", "sent", SENT, program_id="p", step_id="s1"),
            mail("mix", "opened", "2026-03-12T09:01:00Z", machine=True),
            mail("mix", "clicked", "2026-03-12T09:02:00Z"),
            # A machine click is a delivery and nothing more.
            mail("scan", "sent", SENT, program_id="p", step_id="s1"),
            mail("scan", "clicked", "2026-03-12T09:01:00Z", machine=True),
            mail("back", "sent", SENT, program_id="p", step_id="s1"),
            mail("back", "bounced", "2026-03-12T09:01:00Z", bounce="hard"),
            # Never sent: no cohort.
            mail("stray", "opened", "2026-03-12T09:01:00Z", program_id="p", step_id="s1"),
        ],
        NOON,
    )
    day = {
        state: number(samples, "email_cohort", state=state, **LABELS, window="24h")
        for state in ("sent", "delivered", "bounced", "opened", "clicked", "replied")
    }
    # bot, mix, scan, back sent; bot, mix, scan arrived; back bounced; mix opened and clicked.
    assert day == {"sent": 4, "delivered": 3, "bounced": 1, "opened": 1, "clicked": 1, "replied": 0}
    # 30 days begin on February 11th: `old` joins, as delivered, opened and clicked.
    month = {
        state: number(samples, "email_cohort", state=state, **LABELS, window="30d")
        for state in ("sent", "delivered", "opened", "clicked")
    }
    assert month == {"sent": 5, "delivered": 4, "opened": 2, "clicked": 2}
    assert number(samples, "email_cohort", state="clicked", **LABELS, window="mtd") == 1
    assert spread(samples, "email_cohort_machine_opens") == {("p", w): 1 for w in ("24h", "7d", "30d", "mtd")}
    assert number(samples, "email_messages", state="opened", **LABELS, window="24h") == 1
