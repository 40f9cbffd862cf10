"""History from files: rows to events, by the same rules as what is posted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

from stream_app.admin import topics
from stream_app.admin.batch_producer import BatchProducer
from stream_app.admin.log_reader import read_log
from stream_app.admin.produce import Routes
from stream_app.clients.settings import Settings
from stream_app.intake.inbox import inbox_item, inbox_topic
from stream_app.intake.mapping import OutcomeReader, Outgoing
from stream_app.intake.ordered import ordered
from stream_app.intake.rows import BadRow, read_rows
from stream_app.sources.export import Export
from stream_app.sources.source import Context, Item

__all__ = ["Imported", "Importer", "Skipped", "first_live", "send"]


@dataclass(slots=True)
class Skipped:
    """How many rows were skipped for a reason, and the first of them: the file's number and the row's."""

    count: int = 0
    first: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Imported:
    """What the rows were: events by type, what is no event and why, and fields that are missing."""

    rows: int = 0
    events: Counter[str] = field(default_factory=Counter)
    parked: dict[str, Skipped] = field(default_factory=dict)
    ignored: dict[str, Skipped] = field(default_factory=dict)
    incomplete: Counter[str] = field(default_factory=Counter)
    after_until: int = 0
    """Events that the gateway has taken already, or was there to take."""


class Importer:
    """Makes events of the rows of one kind of export."""

    def __init__(self, export: Export[Any], context: Context[Any], routes: Routes, now: int, until: int | None) -> None:
        """Events at or after `until` are left out; times are in epoch milliseconds."""
        self._export, self._context, self._now, self._until = export, context, now, until
        self._outcomes = OutcomeReader(routes)
        self.done = Imported()

    def events(self, files: Iterable[BinaryIO]) -> Iterator[Outgoing]:
        """Yield the events of files; `done` says what else there was. Raises BadFileError and OSError."""
        for number, file in enumerate(files, 1):
            for row in read_rows(file):
                self.done.rows += 1
                place = number, row.number
                if isinstance(row, BadRow):
                    _note(self.done.parked, row.reason, place)
                    continue
                item = Item(str(row.number), b"", self._now)
                mapped = self._outcomes.read(item, partial(self._export.events, row.values, self._context), self._now)
                for reason in mapped.parked:
                    _note(self.done.parked, reason, place)
                for reason in mapped.ignored:
                    _note(self.done.ignored, reason, place)
                self.done.incomplete.update(mapped.incomplete)
                yield from filter(self._is_wanted, mapped.events)

    def _is_wanted(self, event: Outgoing) -> bool:
        if self._until is not None and event.at >= self._until:
            self.done.after_until += 1
            return False
        self.done.events[event.type] += 1
        return True


def send(
    settings: Settings,
    events: Iterable[Outgoing],
    names: Iterable[str],
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Send events in the order in which they happened, all of them before it returns; nothing before all are read.

    `names` are the topics. Raises what `events` raises, and MissingTopicsError and topics.KAFKA_ERRORS.
    """
    with BatchProducer(settings, set(names)) as producer:
        for sent, each in enumerate(ordered(events), 1):
            producer.send(each.topic, each.key, each.value)
            progress(sent)


def first_live(settings: Settings, source: str) -> int | None:
    """When the first item of a source came that the inbox still has, in epoch milliseconds; None if there is none.

    Raises topics.KAFKA_ERRORS.
    """
    inbox = inbox_topic(settings)
    try:
        ends = topics.ends(settings, [inbox])
    except topics.MissingTopicsError:
        return None
    found: dict[int, int] = {}
    filled = sum(end > 0 for end in ends.values())
    for record in read_log(settings, ends):
        item = inbox_item(record)
        if item is not None and item.source == source:
            # Within a partition items stand in the order in which they came.
            found.setdefault(record.partition, item.item.received)
            if len(found) == filled:
                break
    return min(found.values(), default=None)


def _note(skipped: dict[str, Skipped], reason: str, place: tuple[int, int]) -> None:
    entry = skipped.setdefault(reason, Skipped(first=place))
    entry.count += 1
