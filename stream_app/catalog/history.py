"""What is remembered to have happened to an entity, in words, for `explain`."""

from collections.abc import Iterable
from typing import NamedTuple

from stream_app.core.timeline import Row


class Happened(NamedTuple):
    """An event in words. `ignored` says why it counts for nothing; empty if it counts.

    `money` is the amount that it states, in minor units, and its currency.
    """

    row: Row
    what: str
    ignored: str = ""
    money: tuple[int, str] | None = None


def in_order(found: Iterable[Happened]) -> list[Happened]:
    """The events in the order that counts: time, sequence, rank of the type, id, source."""
    return sorted(found, key=lambda each: (each.row.at, each.row.order, each.row.identity, each.what))
