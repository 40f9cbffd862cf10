"""What is known of long timelines, so that an event in order costs the same however many came before it.

Rows are added to a long timeline by the functions of this module alone. Whatever else may happen to it takes rows away,
and shows in their number.
"""

from bisect import insort
from typing import Any

import msgspec

LONG = 256
"""From how many rows on a timeline is long; to look through fewer takes less time than to keep a set of them."""

_MOST_ROWS = 500_000
"""Of how many rows something is known at once."""

_FIX, _SHORT = 16, 2**16
_encoder = msgspec.msgpack.Encoder()


class _Known:
    """The identities of a list of rows, and its first rows as bytes."""

    __slots__ = ("encoded", "identities", "rows", "rows_encoded")

    def __init__(self, rows: list[Any]) -> None:
        # Held, so that no other list gets its id.
        self.rows = rows
        self.identities = {row.identity for row in rows}
        self.forget_encoded()

    def forget_encoded(self) -> None:
        self.encoded = bytearray()
        self.rows_encoded = 0


_known: dict[int, _Known] = {}
"""By the id of the list; the one that was used last is the last."""


def identities(rows: list[Any]) -> set[str]:
    """The identities of all rows."""
    return _of(rows).identities


def append(rows: list[Any], row: Any) -> None:  # noqa: ANN401 - any row
    """Add a row of a new identity after all others."""
    known = _of(rows)
    rows.append(row)
    known.identities.add(row.identity)


def insert(rows: list[Any], row: Any) -> None:  # noqa: ANN401 - any row
    """Add a row of a new identity where it belongs."""
    known = _of(rows)
    insort(rows, row)
    known.identities.add(row.identity)
    known.forget_encoded()


def replace(rows: list[Any], old: Any, new: Any) -> None:  # noqa: ANN401 - any row
    """Put a row in the place where it belongs instead of one of its identity."""
    rows.remove(old)
    insort(rows, new)
    _known.pop(id(rows), None)


def any_known() -> bool:
    """Whether anything is known of any list: mostly nothing is."""
    return bool(_known)


def is_known(rows: list[Any]) -> bool:
    """Whether anything is known of a list."""
    return id(rows) in _known


def encoded(rows: list[Any]) -> msgspec.Raw:
    """The rows as msgpack's encoder writes them; those that were encoded before are not encoded again."""
    known = _of(rows)
    for row in rows[known.rows_encoded :]:
        _encoder.encode_into(row, known.encoded, len(known.encoded))
    known.rows_encoded = len(rows)
    return msgspec.Raw(b"".join((_array_header(len(rows)), known.encoded)))


def _array_header(count: int) -> bytes:
    if count < _FIX:
        return bytes([0x90 | count])
    return b"\xdc" + count.to_bytes(2, "big") if count < _SHORT else b"\xdd" + count.to_bytes(4, "big")


def _of(rows: list[Any]) -> _Known:
    known = _known.pop(id(rows), None)
    if known is None or len(known.identities) != len(rows):
        known = _Known(rows)
        left = _MOST_ROWS - len(rows) - sum(len(each.rows) for each in _known.values())
        while left < 0 and _known:
            left += len(_known.pop(next(iter(_known))).rows)
    _known[id(rows)] = known
    return known
