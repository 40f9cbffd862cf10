"""When new leads come, and from which campaign."""

from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, count
from random import Random

from stream_app.demo.simulator.business_hours import DAY, activity_at, calendar_date, instant_at_activity
from stream_app.demo.simulator.company import CAMPAIGNS, Campaign
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import seeded_rng


def arrivals(plan: Plan) -> Iterator[int]:
    """Yield when (ms) leads are created: `plan.leads` in the history, and as many in every equal span after it."""
    begin = activity_at(plan.first)
    span = activity_at(plan.last) - begin
    for period in count() if plan.leads else ():
        rng = seeded_rng(plan.seed, "arrivals", period)
        for position in sorted(rng.random() for _ in range(plan.leads)):
            yield max(plan.first, instant_at_activity(begin + (period + position) * span))


def choose_campaign(rng: Random, at: int) -> Campaign:
    """Draw the campaign that brings a lead at that instant, by what is in season."""
    shares = _running_shares(calendar_date(at // DAY).month)
    return CAMPAIGNS[bisect(shares, rng.random() * shares[-1])]


@lru_cache(maxsize=12)
def _running_shares(month: int) -> tuple[float, ...]:
    return tuple(accumulate(campaign.share * campaign.season[month - 1] for campaign in CAMPAIGNS))
