"""Erasure of a lead on request."""

from stream_app.demo.simulator.business_hours import DAY
from stream_app.demo.simulator.event_log import Draft, EventLog
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import happens, lognormal, seeded_rng

_ERASURE_SHARE = 0.005


def maybe_erase(plan: Plan, lead_id: str, event_log: EventLog) -> list[Draft]:
    """Take what a lead leaves behind; of the few that ask for it nothing follows their erasure."""
    drafts = event_log.drain()
    rng = seeded_rng(plan.seed, "erasure", lead_id)
    if not drafts or not happens(rng, _ERASURE_SHARE):
        return drafts
    at = min(drafts)[0] + lognormal(rng, 15 * DAY, 0.9)
    event_log.write(at, "lead.erased", {"lead_id": lead_id})
    return [draft for draft in drafts if draft[0] < at] + event_log.drain()
