"""The simulation: every process of it, and its events in order of time."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import TypeAlias

from stream_app.demo.simulator.arrivals import arrivals
from stream_app.demo.simulator.business_hours import DAY
from stream_app.demo.simulator.company import CAMPAIGNS
from stream_app.demo.simulator.event_log import Draft
from stream_app.demo.simulator.installed_base import base_size, installed_account_lifecycle
from stream_app.demo.simulator.lead_lifecycle import lead_lifecycle
from stream_app.demo.simulator.market import campaign_days, overhead_months
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.scenarios import active_scenario

Process: TypeAlias = "Iterator[tuple[int, list[Draft]]]"
"""A process of the simulation: yields when it resumes (ms) and the events from now on; it ends with its subject."""


def all_drafts(plan: Plan) -> Iterator[Draft]:
    """Yield the events of a plan, without end, in order of (time, id).

    Memory holds what is still ahead, and no past.
    """
    scenario = active_scenario(plan)
    begin = (plan.first - plan.backfill * DAY) // DAY - 1
    waiting: defaultdict[int, list[Process]] = defaultdict(list)
    ahead: defaultdict[int, list[Draft]] = defaultdict(list)
    waiting[begin] += (installed_account_lifecycle(plan, scenario, index) for index in range(base_size(plan)))
    waiting[plan.first // DAY] += (campaign_days(plan, campaign) for campaign in CAMPAIGNS)
    waiting[plan.first // DAY].append(overhead_months(plan))
    creations = enumerate(arrivals(plan))
    index, created_at = next(creations, (0, None))
    for day in count(begin):
        while created_at is not None and created_at < (day + 1) * DAY:
            waiting[day].append(lead_lifecycle(plan, scenario, index, created_at))
            index, created_at = next(creations, (0, None))
        for process in waiting.pop(day, ()):
            _advance(process, day, waiting, ahead)
        yield from sorted(ahead.pop(day, ()))


def _advance(
    process: Process, day: int, waiting: defaultdict[int, list[Process]], ahead: defaultdict[int, list[Draft]]
) -> None:
    """Run a process until it resumes after this day, or ends."""
    for resumes_at, drafts in process:
        for draft in drafts:
            ahead[draft[0] // DAY].append(draft)
        if resumes_at >= (day + 1) * DAY:
            waiting[resumes_at // DAY].append(process)
            return
