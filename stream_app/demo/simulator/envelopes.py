"""How a draft becomes an envelope."""

from functools import lru_cache

from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, SECOND, Region, calendar_date, offset
from stream_app.demo.simulator.event_log import Data, Draft

_SOURCES = {
    "lead": "/hubspot/24198703",
    "program": "/hubspot/24198703/workflows",
    "email": "/hubspot/24198703/email",
    "opportunity": "/salesforce/00D5g000004xKqE",
    "subscription": "/billing",
    "invoice": "/billing",
    "survey": "/delighted",
}
"""The sources of the event families; the tools that report spend and reach name none."""
_MINUTES = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60))


def envelope(draft: Draft) -> Data:
    """Write a draft as an envelope: what the JSON of a record's value says."""
    at, event_id, event_type, region, data = draft
    written: Data = {"specversion": "1.0", "id": event_id}
    source = _source(event_type)
    if source is not None:
        written["source"] = source
    written["type"] = event_type
    written["time"] = timestamp(at, region)
    match event_type:
        case "program.step_entered" if "due_at" in data:
            data = {**data, "due_at": timestamp(data["due_at"], region)}
        case "spend.recorded":
            data = {**data, "period_start": _date(data["period_start"]), "period_end": _date(data["period_end"])}
        case "reach.recorded":
            data = {**data, "day": _date(data["day"])}
    written["data"] = data
    return written


def timestamp(at: int, region: Region | None = None) -> str:
    """Write an instant (ms) as RFC 3339: in UTC, or in the region's own offset."""
    zone = "Z"
    if region is not None:
        shift = offset(region, at)
        at += shift
        zone = f"{'-' if shift < 0 else '+'}{abs(shift) // HOUR:02d}:{abs(shift) // MINUTE % 60:02d}"
    day, rest = divmod(at, DAY)
    minute, rest = divmod(rest, MINUTE)
    return f"{_date(day)}{_MINUTES[minute]}{rest // SECOND:02d}.{rest % SECOND:03d}{zone}"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return calendar_date(day).isoformat()


@lru_cache(maxsize=64)
def _source(event_type: str) -> str | None:
    return _SOURCES.get(event_type.partition(".")[0])
