"""Short ways to tell what happened and to read one number of what was counted."""

from collections.abc import Iterable
from datetime import datetime
from itertools import count

from stream_app.audit import Recount

Event = dict[str, object]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float | int]

_numbers = count(1)


def happened(kind: str, time: str, /, **data: object) -> Event:
    """Build the envelope of an event of this type and time; its id is a new one."""
    return {
        "specversion": "1.0",
        "id": f"evt-{next(_numbers):06}",
        "source": "/test",
        "type": kind,
        "time": time,
        "data": data,
    }


def counted(events: Iterable[Event], as_of: str, *, timezone: str = "UTC", series_limit: int = 1000) -> Samples:
    """Recount the events as of a time with offset."""
    with Recount(timezone=timezone, series_limit=series_limit) as recount:
        recount.add(events)
        return recount.samples(datetime.fromisoformat(as_of))


def number(samples: Samples, series: str, **labels: str) -> float | int:
    """Read one sample; 0 if there is none."""
    return samples.get((f"lifecycle_{series}", frozenset(labels.items())), 0)


def spread(samples: Samples, series: str) -> dict[tuple[str, ...], float | int]:
    """Read all samples of a series by their label values, ordered by label name."""
    return {
        tuple(value for _, value in sorted(labels)): value
        for (name, labels), value in samples.items()
        if name == f"lifecycle_{series}"
    }
