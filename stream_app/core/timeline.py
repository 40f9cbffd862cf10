"""Timelines: the rows that an entity knows of one thing, each row `(at, identity, *content)`, in that order.

`join` is commutative, associative and idempotent, which is the whole reason why neither the order nor the number of
deliveries can matter.
"""

from bisect import insort
from typing import Any, TypeVar

Row = TypeVar("Row", bound=tuple[Any, ...])
"""`(at, identity, *content)`."""

FAR = 2**62
"""A moment after all others, in milliseconds."""


def identity(event_id: str, source: str) -> str:
    """One string for (`id`, `source`) that sorts as the pair does."""
    return f"{event_id}\x00{source}" if source else event_id


def join(rows: list[Row], row: Row) -> bool:
    """Add a row; false if its identity stood there already (then the smaller of the two rows stands)."""
    name = row[1]
    for known in rows:
        if known[1] == name:
            if row < known:
                rows.remove(known)
                insort(rows, row)
            return False
    if not rows or rows[-1] < row:
        rows.append(row)
    else:
        insort(rows, row)
    return True


def is_next(rows: list[Row], row: Row) -> bool:
    """Whether a row would come after all others and is none of them: the common case, an event in order."""
    if rows and row < rows[-1]:
        return False
    name = row[1]
    for known in rows:  # noqa: SIM110 - `all` of a generator takes three times as long, for every event
        if known[1] == name:
            return False
    return True
