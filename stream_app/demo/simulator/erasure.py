"""The right to be forgotten."""

from stream_app.demo.simulator.event_log import Diary, Draft
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rhythm import DAY
from stream_app.demo.simulator.rng import around, chance, happens

_ASKS = 0.005


def erase_some(plan: Plan, lead_id: str, diary: Diary) -> list[Draft]:
    """Take what a lead leaves behind; of the few that ask for it nothing follows their erasure."""
    drafts = diary.take()
    rng = chance(plan.seed, "erasure", lead_id)
    if not drafts or not happens(rng, _ASKS):
        return drafts
    at = min(drafts)[0] + around(rng, 15 * DAY, 0.9)
    diary.write(at, "lead.erased", {"lead_id": lead_id})
    return [draft for draft in drafts if draft[0] < at] + diary.take()
