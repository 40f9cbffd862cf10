"""Leads with an ordinary history of five events."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from bench.intake import Intake, envelope

__all__ = ["HISTORY", "fill", "history", "of_lead"]

HISTORY = ("lead.created", "email.sent", "email.delivered", "email.opened", "lead.score_changed")
"""The types of the events of a lead."""

_BATCH = 4000


def history(leads: range, until: datetime) -> Iterator[tuple[str, bytes]]:
    """Families and values of the events of leads, lead after lead, over the 60 days before `until`."""
    for lead in leads:
        at = until - timedelta(days=1 + 59 * (1 - lead / leads.stop))
        for place, kind in enumerate(HISTORY):
            yield of_lead(kind, lead, lead * len(HISTORY) + place, at + timedelta(hours=place))


def of_lead(kind: str, lead: int, number: int, at: datetime) -> tuple[str, bytes]:
    """Family and value of one event."""
    data: dict[str, Any] = {"lead_id": f"lead-{lead:09}"}
    if kind == "lead.created":
        data |= {"source": f"source-{lead % 10}", "channel": "web", "campaign_id": f"campaign-{lead % 20}"}
    elif kind == "lead.score_changed":
        data |= {"score": number % 100, "activity": "webinar"}
    else:
        data |= {"message_id": f"message-{lead:09}", "program_id": "nurture", "step_id": f"step-{lead % 5}"}
    return kind.partition(".")[0], envelope(kind, number, at.isoformat(), data)


async def fill(intake: Intake, events: Iterable[tuple[str, bytes]]) -> None:
    """Apply events by families and values, in batches of 4,000 of one topic."""
    waiting: dict[str, list[bytes]] = {}
    for family, value in events:
        waiting.setdefault(family, []).append(value)
        if len(waiting[family]) == _BATCH:
            await intake.apply(family, waiting.pop(family))
    for family, values in waiting.items():
        await intake.apply(family, values)
