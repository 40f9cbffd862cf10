"""The clock of live events: how fast simulated time passes after the history."""

from collections.abc import Callable
from typing import TypeAlias

from stream_app.demo.simulator.business_hours import DAY, HOUR, SECOND, activity_at
from stream_app.demo.simulator.event_log import Draft

Clock: TypeAlias = "Callable[[int], int]"
"""Turns an instant of the world into the instant at which it is to be seen (both ms); never goes backwards."""

_INSTANTS = frozenset({"due_at"})
_DAYS = frozenset({"day", "period_start", "period_end"})


def shifted_clock(last: int, since: int) -> Clock:
    """Return the clock that lets the world go on at its own pace from `since` as if it were `last`."""
    return lambda at: at if at <= last else at + since - last


def accelerated_clock(last: int, since: int, rate: float, per_week: float) -> Clock:
    """Return the clock that makes a world of `per_week` events a week show `rate` events a second from `since` on.

    Nights and weekends take as little time as little happens in them.
    """
    slowdown = per_week / rate * SECOND
    begin = activity_at(last)
    return lambda at: at if at <= last else since + 1 + int((activity_at(at) - begin) * slowdown)


def retimed(draft: Draft, clock: Clock) -> Draft:
    """Return a draft with every time and date in it as the clock has them."""
    at, event_id, event_type, region, data = draft
    moved: dict[str, int] = {}
    for field in _INSTANTS & data.keys():
        moved[field] = clock(data[field])
    for field in _DAYS & data.keys():
        moved[field] = clock(data[field] * DAY + 12 * HOUR) // DAY
    return clock(at), event_id, event_type, region, {**data, **moved} if moved else data
