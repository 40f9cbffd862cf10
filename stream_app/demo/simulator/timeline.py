"""The history of a world, and its continuation."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, takewhile

from stream_app.demo.simulator.business_hours import DAY, activity_at, instant
from stream_app.demo.simulator.envelopes import envelope
from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.live_clock import accelerated_clock, retimed, shifted_clock
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.scheduler import all_drafts

_RECENT = 28 * DAY


def history(plan: Plan) -> Iterator[Data]:
    """Yield the envelopes of a world in event-time order, up to `plan.until` inclusive.

    All but the signing of the installed base (see `Plan.backfill`) lies in the last `plan.days` days.
    """
    last = plan.last
    return map(envelope, takewhile(lambda draft: draft[0] <= last, all_drafts(plan)))


def live(plan: Plan, since: datetime, rate: float | None = None) -> Iterator[Data]:
    """Yield, without end, what comes after the history: the same leads and accounts, with event times after `since`.

    `rate` is how many events a second are wished, on average: simulated time is then accelerated, waits and due times
    included, as if its nights and weekends were short. Without it the world goes on at its own pace. Nothing happens
    between `plan.until` and a later `since`. The history is gone through once more before the first event.
    Raises ValueError for a `since` before `plan.until` and for a rate that is not above 0.
    """
    last, begin = plan.last, instant(since)
    if begin < last:
        message = "since: not before the end of the history"
        raise ValueError(message)
    if rate is not None and rate <= 0:
        message = "rate: above 0"
        raise ValueError(message)
    return _continue(plan, last, begin, rate)


def _continue(plan: Plan, last: int, begin: int, rate: float | None) -> Iterator[Data]:
    counted_from = max(plan.first, last - _RECENT)
    recent = 0
    ahead = all_drafts(plan)
    for draft in ahead:
        if draft[0] > last:
            break
        recent += draft[0] > counted_from
    if rate is None:
        clock = shifted_clock(last, begin)
    else:
        weeks = activity_at(last) - activity_at(counted_from)
        clock = accelerated_clock(last, begin, rate, max(recent, 1) / weeks)
    for following in chain((draft,), ahead):
        yield envelope(retimed(following, clock))
