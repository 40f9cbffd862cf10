"""A lead and the plain facts that are written about it."""

from dataclasses import dataclass

from stream_app.demo.simulator.company import Campaign
from stream_app.demo.simulator.contact import Contact
from stream_app.demo.simulator.event_log import Data


@dataclass(frozen=True, slots=True)
class Prospect:
    """A lead: its contact, the campaign that brought it, and the account that it would become."""

    contact: Contact
    campaign: Campaign
    account_id: str


def write_stage(prospect: Prospect, at: int, stage: str, reason: str | None = None) -> None:
    """Write that the lead is in a funnel stage now."""
    _write(prospect, at, "lead.stage_changed", stage, reason)


def write_status(prospect: Prospect, at: int, status: str, reason: str | None = None) -> None:
    """Write that the lead has a status now."""
    _write(prospect, at, "lead.status_changed", status, reason)


def write_engagement(prospect: Prospect, at: int, kind: str, points: int, program_id: str | None = None) -> None:
    """Write that the lead did something, and note the points that it earns for it."""
    person = prospect.contact.person
    engagement: Data = {"lead_id": person.lead_id, "kind": kind}
    if program_id is not None:
        engagement["program_id"] = program_id
    elif kind in {"form_submit", "webinar"}:
        engagement["campaign_id"] = prospect.campaign.campaign_id
    prospect.contact.event_log.write(at, "lead.engaged", engagement)
    person.score_changes.append((at + 700, points, kind))


def _write(prospect: Prospect, at: int, event_type: str, to: str, reason: str | None) -> None:
    change: Data = {"lead_id": prospect.contact.person.lead_id, "to": to}
    if reason is not None:
        change["reason"] = reason
    prospect.contact.event_log.write(at, event_type, change)
