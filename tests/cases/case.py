"""What a case is: events, and by hand what the numbers must be; the files beside this one hold the events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)

Envelope = dict[str, Any]
Expected = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass(frozen=True)
class Case:
    """`expected` has the value of each series with these labels; a series that is 0 may be left out of the samples."""

    file: str
    expected: Expected
    added: tuple[Envelope, ...] = ()
    title: str = ""
    as_of: datetime = field(default=AS_OF)

    @property
    def name(self) -> str:
        """The case in a test's name."""
        return f"{self.file} {self.title}".strip()

    @property
    def events(self) -> list[Envelope]:
        """The envelopes."""
        lines = (Path(__file__).parent / f"{self.file}.jsonl").read_text("utf-8").splitlines()
        return [*map(json.loads, lines), *self.added]


def of(series: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name a series with its labels."""
    return f"lifecycle_{series}", tuple(sorted(labels.items()))


def _event(number: str, type_: str, time: str, **data: object) -> Envelope:
    return {"id": number, "source": "/t", "type": type_, "time": time, "data": data}


_DEAL = {"account_id": "a", "opportunity_id": "o", "kind": "new_business", "amount_minor": 100_000, "currency": "EUR"}
_MESSAGE = {"program": "p", "step": "none", "audience": "prospect", "window": "24h"}
_PLAIN = {"program": "none", "step": "none", "audience": "prospect", "window": "24h"}
_STEP = {"program": "p", "step": "s1"}

CASES = (
    Case(
        "02-stripe-same-second",
        {
            of("mrr", currency="USD"): 49.0,
            of("customers"): 1,
            of("mrr_movement", currency="USD", movement="new", window="mtd"): 49.0,
            of("mrr_movement", currency="USD", movement="churn", window="mtd"): 0,
        },
    ),
    Case(
        "39-sub-started-canceled-same-second",
        {
            of("mrr", currency="USD"): 0,
            of("customers"): 0,
            of("mrr_movement", currency="USD", movement="new", window="mtd"): 0,
            of("mrr_movement", currency="USD", movement="churn", window="mtd"): 0,
            of("lost_customers", reason="voluntary", window="mtd"): 0,
        },
    ),
    Case(
        "10-swap-gap",
        {
            of("mrr", currency="USD"): 100.0,
            of("customers"): 1,
            of("mrr_movement", currency="USD", movement="new", window="prev_month"): 100.0,
            of("mrr_movement", currency="USD", movement="churn", window="mtd"): 0,
            of("mrr_movement", currency="USD", movement="reactivation", window="mtd"): 0,
            of("lost_customers", reason="voluntary", window="mtd"): 0,
            of("lost_opening_customers", window="mtd"): 0,
            of("customers_opening", window="mtd"): 1,
        },
    ),
    Case(
        "15-bounce-after-delivered",
        {
            of("email_messages", state="bounced", **_PLAIN): 1,
            of("email_messages", state="soft_bounced", **_PLAIN): 1,
            of("email_messages", state="delivered", **_PLAIN): 2,
            of("email_cohort", state="bounced", **_PLAIN): 1,
            of("email_cohort", state="soft_bounced", **_PLAIN): 1,
            of("email_cohort", state="delivered", **_PLAIN): 2,
        },
    ),
    Case(
        "24-won-reopened",
        {
            of("opportunities", state="won", kind="new_business", window="prev_month"): 1,
            of("open_pipeline", currency="EUR", kind="new_business"): 0,
        },
        title="a change leaves it won",
    ),
    Case(
        "24-won-reopened",
        {
            of("opportunities", state="won", kind="new_business", window="prev_month"): 0,
            of("open_pipeline", currency="EUR", kind="new_business"): 1000.0,
            of("new_customers", source="none", campaign="none", window="prev_month"): 0,
        },
        added=(_event("e9", "opportunity.reopened", "2026-11-06T10:00:00Z", **_DEAL),),
        title="a reopening takes the win back",
    ),
    Case(
        "24-won-reopened",
        {
            of("opportunities", state="created", kind="new_business", window="prev_month"): 0,
            of("opportunities", state="won", kind="new_business", window="prev_month"): 0,
            of("open_pipeline", currency="EUR", kind="new_business"): 0,
        },
        added=(_event("e9", "opportunity.deleted", "2026-11-06T10:00:00Z", account_id="a", opportunity_id="o"),),
        title="a deleted deal contributes nothing",
    ),
    Case(
        "27-step-loop",
        {
            of("step_entries", window="30d", **_STEP): 2,
            of("step_exits", window="30d", outcome="advanced", **_STEP): 1,
            of("step_balance", **_STEP): 1,
            of("step_overdue", **_STEP): 1,
            of("step_dwell_seconds_gcount", window="30d", **_STEP): 1,
        },
    ),
    Case(
        "31b-float-int",
        {
            of(
                "bookings",
                currency="EUR",
                kind="new_business",
                source="none",
                channel="none",
                campaign="none",
                window="mtd",
            ): 1000.0
        },
    ),
    Case(
        "44-merge-open-under-survivor",
        {
            of("email_messages", state="sent", **_MESSAGE): 1,
            of("email_messages", state="delivered", **_MESSAGE): 1,
            of("email_messages", state="opened", **_MESSAGE): 0,
            of("email_messages", state="opened", **_PLAIN): 1,
            of("email_cohort", state="clicked", **_MESSAGE): 0,
        },
        title="two leads",
    ),
    Case(
        "44-merge-open-under-survivor",
        {of("email_messages", state=state, **_MESSAGE): 1 for state in ("sent", "delivered", "opened", "clicked")}
        | {of("email_cohort", state="clicked", **_MESSAGE): 1, of("email_messages", state="opened", **_PLAIN): 0},
        added=(_event("e99", "lead.merged", "2026-11-20T11:00:00Z", lead_id="x", merged_id="y"),),
        title="one person",
    ),
    Case(
        "53-leap-second",
        {of("new_leads", source="unknown", channel="none", campaign="none", window="prev_month"): 1},
        as_of=datetime(2017, 1, 15, tzinfo=UTC),
    ),
)
