"""When new leads come, and from which campaign."""

from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, count
from random import Random

from stream_app.demo.simulator.company import CAMPAIGNS, Campaign
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rhythm import DAY, activity_at, calendar_date, moment_of
from stream_app.demo.simulator.rng import chance


def arrivals(plan: Plan) -> Iterator[int]:
    """Yield the instants (ms) at which leads are born: `plan.leads` in the history, and so on in every equal span."""
    begin = activity_at(plan.first)
    span = activity_at(plan.last) - begin
    for period in count() if plan.leads else ():
        rng = chance(plan.seed, "arrivals", period)
        for position in sorted(rng.random() for _ in range(plan.leads)):
            yield max(plan.first, moment_of(begin + (period + position) * span))


def pick_campaign(rng: Random, at: int) -> Campaign:
    """Draw the campaign that brings a lead at that instant, by what is in season."""
    shares = _running_shares(calendar_date(at // DAY).month)
    return CAMPAIGNS[bisect(shares, rng.random() * shares[-1])]


@lru_cache(maxsize=12)
def _running_shares(month: int) -> tuple[float, ...]:
    return tuple(accumulate(campaign.share * campaign.season[month - 1] for campaign in CAMPAIGNS))
