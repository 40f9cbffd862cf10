"""Timelines: the rows that an entity knows of one thing, ordered by time, sequence, rank, identity, then content.

`join` is commutative, associative and idempotent, which is the whole reason why neither the order nor the number of
deliveries can matter.
"""

from bisect import insort
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from stream_app.core import long_timelines
from stream_app.core.long_timelines import LONG

FAR_FUTURE = 2**62
"""A moment after all others, in milliseconds."""


class Row(Struct, array_like=True, frozen=True, order=True, gc=False):
    """What one event says; a subclass adds the content. Rows compare by their fields in the order of declaration.

    `at` is the event time in milliseconds, `order` what `order_within_instant()` makes of the event's sequence and the
    rank of its type, `identity` what `identity()` makes of its id and source. A struct, because it is built, compared
    and decoded faster than a NamedTuple, and the garbage collector need not visit it.
    """

    at: int
    order: str
    identity: str


RowT = TypeVar("RowT", bound=Row)


_LARGEST_RANK = 9
_WITHOUT_SEQUENCE = tuple(f"\x00{rank}" for rank in range(_LARGEST_RANK + 1))


def order_within_instant(sequence: str | None, rank: int) -> str:
    """One string for a sequence and the rank of a type (0 to 9) that sorts as the pair does.

    Missing sequences come first, then those of digits only (as numbers, equal ones as text), then all others as text.
    No sequence contains the control character that ends it here.
    """
    if sequence is None:
        return _WITHOUT_SEQUENCE[rank]
    if sequence.isascii() and sequence.isdigit():
        number = sequence.lstrip("0")
        return f"1{len(number):02d}{number}\x00{sequence}\x00{rank}"
    return f"2{sequence}\x00{rank}"


def identity(event_id: str, source: str) -> str:
    """One string for (`id`, `source`) that sorts as the pair does."""
    return f"{event_id}\x00{source}" if source else event_id


def join(rows: list[RowT], row: RowT) -> bool:
    """Add a row; false if its identity is there already (then the smaller of the two rows is kept)."""
    name = row.identity
    if len(rows) >= LONG:
        return _join_long(rows, row)
    for known in rows:
        if known.identity == name:
            if row < known:
                rows.remove(known)
                insort(rows, row)
            return False
    if not rows or rows[-1] < row:
        rows.append(row)
    else:
        insort(rows, row)
    return True


def _join_long(rows: list[RowT], row: RowT) -> bool:
    if row.identity not in long_timelines.identities(rows):
        add = long_timelines.append if rows[-1] < row else long_timelines.insert
        add(rows, row)
        return True
    known = next(each for each in rows if each.identity == row.identity)
    if row < known:
        long_timelines.replace(rows, known, row)
    return False


def append(rows: list[RowT], row: RowT) -> None:
    """Add a row of which `is_next` has said that it comes after all others."""
    if len(rows) >= LONG:
        long_timelines.append(rows, row)
    else:
        rows.append(row)


def forget_first(rows: list[RowT], count: int) -> None:
    """Drop the first rows."""
    if len(rows) >= LONG:
        long_timelines.forget_first(rows, count)
    else:
        del rows[:count]


def join_all(rows: list[RowT], others: Iterable[RowT]) -> None:
    """Add all rows of another timeline of the same thing."""
    for row in others:
        join(rows, row)


def is_known(rows: list[RowT], row: RowT) -> bool:
    """Whether a row of the same identity is there."""
    if len(rows) >= LONG:
        return row.identity in long_timelines.identities(rows)
    return any(known.identity == row.identity for known in rows)


def is_next(rows: list[RowT], row: RowT) -> bool:
    """Whether a row would come after all others and is none of them: the common case, an event in order."""
    if rows and row < rows[-1]:
        return False
    name = row.identity
    if len(rows) >= LONG:
        return name not in long_timelines.identities(rows)
    for known in rows:  # noqa: SIM110 - `all` of a generator takes three times as long, for every event
        if known.identity == name:
            return False
    return True
