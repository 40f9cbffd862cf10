"""Maps what is in the inbox again, with today's settings and adapters.

The ids of events are the same as before, so that what was counted is not counted again. What became of an item now is
noted behind it, by a record without its content: the inbox keeps nothing longer for it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from stream_app.admin import topics
from stream_app.admin.batch_producer import BatchProducer
from stream_app.admin.log_reader import read_log
from stream_app.clients.settings import Settings
from stream_app.intake.inbox import InboxItem, inbox_item, inbox_note, inbox_topic
from stream_app.intake.mapping import Mapped, short_reason
from stream_app.intake.mapping import Mapping as ItemMapping

__all__ = ["NOT_CONFIGURED", "NOT_KEPT", "Replayed", "Selection", "replay"]

NOT_CONFIGURED = "the source is not configured"
NOT_KEPT = "it was too large to be kept"

_REPORT_EVERY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which items: of a source, parked or ignored for a reason, received since (epoch milliseconds)."""

    source: str | None = None
    reason: str | None = None
    since: int | None = None

    def matches(self, item: InboxItem) -> bool:
        """Whether an item is selected. A reason selects those that begin with it, up to a colon."""
        return (
            self.source in {None, item.source}
            and (self.since is None or item.item.received >= self.since)
            and (self.reason is None or any(_begins(each, self.reason) for each in item.reason.split("; ")))
        )


@dataclass(slots=True)
class Replayed:
    """What became of the items: how many of each result, events by type, and why the rest is none."""

    items: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    def note(self, mapped: Mapped) -> None:
        """Count an item."""
        self.items[mapped.result] += 1
        self.events.update(event.type for event in mapped.events)
        self.parked.update(map(short_reason, mapped.parked))


def replay(
    settings: Settings,
    mappings: Mapping[str, ItemMapping],
    selection: Selection,
    event_topics: Iterable[str],
    now: int,
    *,
    into: Settings | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Replayed:
    """Map the selected items again and send their events, all of them or as far as a server allows.

    `mappings` are by source and know the topics that they map to, which are `event_topics`: those of the namespace, or
    of the namespace `into`. `now` is in epoch milliseconds. `progress` is called with how many records are read, of how
    many. Raises MissingTopicsError and topics.KAFKA_ERRORS; what was sent before that stays.
    """
    inbox = inbox_topic(settings)
    begins, ends = topics.begins(settings, [inbox]), topics.ends(settings, [inbox])
    total = sum(end - begins[source] for source, end in ends.items())
    done = Replayed()
    notes = [inbox] if into is None else []
    with ExitStack() as stack:
        producer = None if dry_run else stack.enter_context(BatchProducer(into or settings, {*event_topics, *notes}))
        for read, record in enumerate(read_log(settings, ends), 1):
            for item, mapped in _again(record, mappings, selection, now, done):
                done.note(mapped)
                if producer is not None:
                    for event in mapped.events:
                        producer.send(event.topic, event.key, event.value)
                    if notes and (item.result, item.reason) != (mapped.result, mapped.reason):
                        producer.send(inbox, *inbox_note(item, mapped))
            if read % _REPORT_EVERY == 0:
                progress(read, total)
    progress(total, total)
    return done


def _again(
    record: Any,  # noqa: ANN401 - aiokafka has no types
    mappings: Mapping[str, ItemMapping],
    selection: Selection,
    now: int,
    done: Replayed,
) -> Iterator[tuple[InboxItem, Mapped]]:
    item = inbox_item(record)
    if item is None or item.is_note or not selection.matches(item):
        return
    mapping = mappings.get(item.source)
    if mapping is None:
        done.skipped[NOT_CONFIGURED] += 1
    elif not item.is_whole:
        done.skipped[NOT_KEPT] += 1
    else:
        yield from ((item, mapped) for mapped in mapping.again(item.item, now))


def _begins(reason: str, wanted: str) -> bool:
    return reason == wanted or reason.startswith(f"{wanted}:")
