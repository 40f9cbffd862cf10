"""The world: everything that lives in it, in the order in which it happens."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import TypeAlias

from stream_app.demo.simulator.arrivals import arrivals
from stream_app.demo.simulator.company import CAMPAIGNS
from stream_app.demo.simulator.event_log import Draft
from stream_app.demo.simulator.installed_base import base_life, base_size
from stream_app.demo.simulator.lead import lead_life
from stream_app.demo.simulator.market import campaign_days, overhead_months
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rhythm import DAY
from stream_app.demo.simulator.scenarios import disturbance

Living: TypeAlias = "Iterator[tuple[int, list[Draft]]]"
"""Something that lives in spans: yields when its next one begins (ms) and what happens from the present one on."""


def happenings(plan: Plan) -> Iterator[Draft]:
    """Yield what happens in a world, without end, in order of (time, id).

    Memory holds what is still ahead of those who are alive, and no past.
    """
    trouble = disturbance(plan)
    begin = (plan.first - plan.backfill * DAY) // DAY - 1
    waiting: defaultdict[int, list[Living]] = defaultdict(list)
    ahead: defaultdict[int, list[Draft]] = defaultdict(list)
    waiting[begin] += (base_life(plan, trouble, index) for index in range(base_size(plan)))
    waiting[plan.first // DAY] += (campaign_days(plan, campaign) for campaign in CAMPAIGNS)
    waiting[plan.first // DAY].append(overhead_months(plan))
    births = enumerate(arrivals(plan))
    index, born = next(births, (0, None))
    for day in count(begin):
        while born is not None and born < (day + 1) * DAY:
            waiting[day].append(lead_life(plan, trouble, index, born))
            index, born = next(births, (0, None))
        for living in waiting.pop(day, ()):
            _live_through(living, day, waiting, ahead)
        yield from sorted(ahead.pop(day, ()))


def _live_through(
    living: Living, day: int, waiting: defaultdict[int, list[Living]], ahead: defaultdict[int, list[Draft]]
) -> None:
    """Let somebody live until their next span begins after this day, or until they are gone."""
    for wakes_at, drafts in living:
        for draft in drafts:
            ahead[draft[0] // DAY].append(draft)
        if wakes_at >= (day + 1) * DAY:
            waiting[wakes_at // DAY].append(living)
            return
