"""The human's side of the dead letter topic: look at what was rejected, and send it again once the cause is mended.

The topic is only appended to. That a letter was sent again is said by a mark: a record in the same partition whose
header `retried` names the place of the letter and whose header `time` is the letter's. The mark is written after the
record is safely in its topic again, so a crash in between makes a retry happen twice; the ids of events make copies
harmless. A letter that is rejected anew has another place and shows up again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from stream_app.runtime import topics
from stream_app.runtime.connections import aiokafka_options
from stream_app.runtime.dead_letters import ORIGINAL, TRUNCATED
from stream_app.runtime.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stream_app.runtime.settings import Settings

__all__ = ["Entry", "Filter", "Letter", "NoSuchLetterError", "Retry", "listing", "retry", "show"]

_LOOK_MS: Final = 500
_SILENT_LOOKS: Final = 60
_MARK_EVERY: Final = 500
_RETRIED: Final = "retried"

Place = tuple[str, int, int]
"""Topic, partition and offset of a record that was rejected."""


class NoSuchLetterError(LookupError):
    """The dead letter topic holds no record that was rejected at that place."""

    def __init__(self, place: Place) -> None:
        """Name the place."""
        super().__init__(f"no dead letter from {_text(place)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rejected record without what it holds. `size` is that of the value in bytes, -1 for a tombstone."""

    cause: str
    detail: str
    topic: str
    partition: int
    offset: int
    time: datetime
    size: int
    truncated: bool
    retried: bool = False

    @property
    def place(self) -> Place:
        """What identifies it."""
        return self.topic, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Letter:
    """A rejected record with key, value and headers as they were produced."""

    entry: Entry
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which letters are meant; of more than `limit` it is the newest."""

    cause: str | None = None
    topic: str | None = None
    since: datetime | None = None
    limit: int | None = None
    retried: bool = False

    def select(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return those that are meant, the oldest first."""
        meant = sorted((each for each in entries if self._means(each)), key=lambda each: (each.time, each.place))
        return meant if self.limit is None else meant[max(0, len(meant) - self.limit) :]

    def _means(self, entry: Entry) -> bool:
        return (
            (self.retried or not entry.retried)
            and self.cause in {None, entry.cause}
            and self.topic in {None, entry.topic}
            and (self.since is None or entry.time >= self.since)
        )


@dataclass(slots=True)
class Retry:
    """What was sent again (or would have been), and what was not, with the reason."""

    sent: list[Entry] = field(default_factory=list)
    skipped: list[tuple[Entry, str]] = field(default_factory=list)


def listing(settings: Settings, wanted: Filter | None = None) -> list[Entry]:
    """Return the letters that are meant, each once, the oldest first; those already sent again only if asked for.

    Reads the whole topic. Raises MissingTopicsError and the KafkaError of either client.
    """
    entries: dict[Place, Entry] = {}
    marks: dict[Place, datetime] = {}
    for record in _records(settings):
        if (mark := _mark_of(record)) is not None:
            place, time = mark
            marks[place] = max(time, marks.get(place, time))
        elif (letter := _letter_of(record)) is not None:
            entry = letter.entry
            # A copy from after a crash, or another record in the place of one that was deleted with its topic.
            if entry.place not in entries or entries[entry.place].time <= entry.time:
                entries[entry.place] = entry
    known = (_with_mark(entry, marks.get(place)) for place, entry in entries.items())
    return (wanted or Filter()).select(known)


def show(settings: Settings, topic: str, partition: int, offset: int) -> Letter:
    """Return one letter as a whole, also if it was sent again.

    Reads the whole topic. Raises NoSuchLetterError, MissingTopicsError and the KafkaError of either client.
    """
    place = topic, partition, offset
    found: Letter | None = None
    mark: datetime | None = None
    for record in _records(settings):
        if (marked := _mark_of(record)) is not None:
            mark = marked[1] if marked[0] == place else mark
        elif (letter := _letter_of(record)) is not None and letter.entry.place == place:
            found = letter if found is None or found.entry.time <= letter.entry.time else found
    if found is None:
        raise NoSuchLetterError(place)
    return Letter(_with_mark(found.entry, mark), found.key, found.value, found.headers)
