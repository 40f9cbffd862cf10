"""What is known of long timelines, so that an event in order costs the same however many came before it.

Rows are added to a long timeline, and its first ones are forgotten, by the functions of this module alone. Whatever
else may happen to it takes rows away, and shows in their number.
"""

from bisect import insort
from dataclasses import dataclass
from typing import Any

LONG = 256
"""From how many rows on a timeline is long; to look through fewer takes less time than to keep a set of them."""

_MOST_ROWS = 500_000
"""Of how many rows something is known at once."""


@dataclass(slots=True, eq=False)
class Log:
    """The rows of an entity's long timelines as they are stored, in the order in which they were added."""

    fields: set[int]
    """The fields of the entity that have rows in it."""
    length: int = 0
    """How many bytes it has."""
    segments: int = 0
    """In how many parts it was written."""


class Known:
    """What is known of a list of rows. `in_log` of its first rows are in a log, after `forgotten` others of it."""

    __slots__ = ("_identities", "count", "forgotten", "in_log", "log", "rows")

    def __init__(self, rows: list[Any]) -> None:
        # Held, so that no other list gets its id.
        self.rows = rows
        self.count = len(rows)
        self._identities: set[str] | None = None
        self.log: Log | None = None
        self.in_log = self.forgotten = 0

    @property
    def identities(self) -> set[str]:
        """The identities of all rows."""
        if self._identities is None:
            self._identities = {row.identity for row in self.rows}
        return self._identities


_known: dict[int, Known] = {}
"""By the id of the list; the one that was used last is the last."""


def identities(rows: list[Any]) -> set[str]:
    """The identities of all rows."""
    return _of(rows).identities


def append(rows: list[Any], row: Any) -> None:  # noqa: ANN401 - any row
    """Add a row of a new identity after all others."""
    known = _of(rows)
    known.identities.add(row.identity)
    rows.append(row)
    known.count += 1


def insert(rows: list[Any], row: Any) -> None:  # noqa: ANN401 - any row
    """Add a row of a new identity where it belongs."""
    known = _of(rows)
    known.identities.add(row.identity)
    insort(rows, row)
    known.count += 1
    known.log = None


def replace(rows: list[Any], old: Any, new: Any) -> None:  # noqa: ANN401 - any row
    """Put a row in the place where it belongs instead of one of its identity."""
    rows.remove(old)
    insort(rows, new)
    _of(rows).log = None


def forget_first(rows: list[Any], count: int) -> None:
    """Drop the first rows; the log of what is stored may still have them."""
    known = _of(rows)
    known.identities.difference_update([row.identity for row in rows[:count]])
    del rows[:count]
    known.count -= count
    known.forgotten += count
    known.in_log -= count


def any_known() -> bool:
    """Whether anything is known of any list: mostly nothing is."""
    return bool(_known)


def known(rows: list[Any]) -> Known | None:
    """What is known of a list."""
    return _of(rows) if id(rows) in _known else None


def read_from_log(rows: list[Any], log: Log, forgotten: int) -> None:
    """Know of a list that all its rows are in a log."""
    known = _of(rows)
    known.log, known.in_log, known.forgotten = log, len(rows), forgotten


def _of(rows: list[Any]) -> Known:
    known = _known.pop(id(rows), None)
    if known is None or known.count != len(rows):
        known = Known(rows)
        left = _MOST_ROWS - len(rows) - sum(len(each.rows) for each in _known.values())
        while left < 0 and _known:
            left += len(_known.pop(next(iter(_known))).rows)
    _known[id(rows)] = known
    return known
