"""The dead letter topic for people: list what was rejected, and send it again once the cause is fixed.

The topic is only appended to. That a letter was sent again is said by a mark: a record in the same partition whose
header `retried` names the position of the letter and whose header `time` is the letter's. The mark is written after the
record is safely in its topic again, so a crash in between makes a retry happen twice; the ids of events make copies
harmless. A letter that is rejected anew has another position and shows up again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from stream_app.admin import topics
from stream_app.admin.batch_producer import BatchProducer
from stream_app.admin.log_reader import read_log
from stream_app.clients.settings import Settings
from stream_app.worker.dead_letters import ORIGINAL, TRUNCATED

__all__ = ["DeadLetter", "Entry", "Filter", "NoSuchDeadLetterError", "RetryResult", "listing", "retry", "show"]

_RETRIES_PER_MARK = 500
_RETRIED = "retried"

Position = tuple[str, int, int]
"""Topic, partition and offset of a record that was rejected."""


class NoSuchDeadLetterError(LookupError):
    """The dead letter topic holds no record that was rejected at that position."""

    def __init__(self, position: Position) -> None:
        """Name the position."""
        super().__init__(f"no dead letter from {_position_text(position)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rejected record without what it holds. `size` is that of the value in bytes, -1 for a tombstone.

    `key` is the record's as it was, the id of the entity if the producer does as the documents say.
    """

    cause: str
    detail: str
    topic: str
    partition: int
    offset: int
    time: datetime
    key: bytes | None
    size: int
    truncated: bool
    retried: bool = False

    @property
    def position(self) -> Position:
        """What identifies it."""
        return self.topic, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected record with key, value and headers as they were produced."""

    entry: Entry
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters to select; of more than `limit` it is the newest."""

    cause: str | None = None
    topic: str | None = None
    since: datetime | None = None
    limit: int | None = None
    retried: bool = False

    def select(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the selected ones, the oldest first."""
        selected = sorted(filter(self._matches, entries), key=lambda each: (each.time, each.position))
        return selected if self.limit is None else selected[max(0, len(selected) - self.limit) :]

    def _matches(self, entry: Entry) -> bool:
        return (
            (self.retried or not entry.retried)
            and self.cause in {None, entry.cause}
            and self.topic in {None, entry.topic}
            and (self.since is None or entry.time >= self.since)
        )


@dataclass(slots=True)
class RetryResult:
    """What was sent again (or would have been), and what was not, with the reason."""

    sent: list[Entry] = field(default_factory=list)
    skipped: list[tuple[Entry, str]] = field(default_factory=list)


def listing(settings: Settings, wanted: Filter | None = None) -> list[Entry]:
    """Return the letters that are selected, each once, the oldest first; those already sent again only if asked for.

    Reads the whole topic. Raises MissingTopicsError and topics.KAFKA_ERRORS.
    """
    entries: dict[Position, Entry] = {}
    marks: dict[Position, datetime] = {}
    for record in _records(settings):
        if (mark := _mark_of(record)) is not None:
            position, time = mark
            marks[position] = max(time, marks.get(position, time))
        elif (letter := _letter_of(record)) is not None:
            entry = letter.entry
            # A copy from after a crash, or another record in the position of one that was deleted with its topic.
            if entry.position not in entries or entries[entry.position].time <= entry.time:
                entries[entry.position] = entry
    known = (_with_mark(entry, marks.get(position)) for position, entry in entries.items())
    return (wanted or Filter()).select(known)


def show(settings: Settings, topic: str, partition: int, offset: int) -> DeadLetter:
    """Return one letter as a whole, also if it was sent again.

    Reads the whole topic. Raises NoSuchDeadLetterError, MissingTopicsError and topics.KAFKA_ERRORS.
    """
    position = topic, partition, offset
    wanted = [entry for entry in listing(settings, Filter(topic=topic, retried=True)) if entry.position == position]
    for _, letter in _letters(settings, wanted):
        return letter
    raise NoSuchDeadLetterError(position)


def retry(
    settings: Settings,
    wanted: Filter | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> RetryResult:
    """Send letters again as they were, to the topics that they came from; `dry_run` only says which.

    It is those that `listing` shows for the same filter. Each is sent at least once, and again only if this ends before
    its mark is written. Skipped are letters that were cut, and those whose topic is none of the namespace's.
    `progress` is called with how many are done, of how many. Raises MissingTopicsError and topics.KAFKA_ERRORS.
    """
    selected = [entry for entry in listing(settings, wanted) if not entry.retried]
    dead_letters = settings.topic("dlq")
    named = {entry.topic for entry in selected if entry.topic.startswith(settings.topic(""))} - {dead_letters}
    targets = topics.describe(settings, named).keys()
    done = RetryResult()
    ready: list[Entry] = []
    for entry in selected:
        if entry.truncated:
            done.skipped.append((entry, "it was too large to be kept whole"))
        elif entry.topic not in targets:
            done.skipped.append((entry, f"no topic {entry.topic} in namespace {settings.namespace}"))
        else:
            ready.append(entry)
    if dry_run or not ready:
        done.sent = ready
        return done
    with BatchProducer(settings, [*targets, dead_letters]) as producer:
        letters = _letters(settings, ready)
        while chunk := list(islice(letters, _RETRIES_PER_MARK)):
            for _, letter in chunk:
                producer.send(letter.entry.topic, letter.key, letter.value, letter.headers)
            producer.flush()
            for dead_letter_partition, letter in chunk:
                entry = letter.entry
                mark = [(_RETRIED, _position_text(entry.position).encode()), ("time", _iso(entry.time))]
                # Behind the letter in its own partition, so that retention never takes the mark first.
                producer.send(dead_letters, None, None, mark, partition=dead_letter_partition)
                done.sent.append(entry)
            producer.flush()
            if progress is not None:
                progress(len(done.sent), len(ready))
    return done


def _letters(settings: Settings, wanted: Iterable[Entry]) -> Iterator[tuple[int, DeadLetter]]:
    """Yield each letter that is wanted, once, and its partition in the dead letter topic."""
    left = {entry.position: entry for entry in wanted}
    for record in _records(settings) if left else ():
        letter = _letter_of(record)
        if letter is None or (entry := left.get(letter.entry.position)) is None or letter.entry.time != entry.time:
            continue
        del left[entry.position]
        yield record.partition, replace(letter, entry=entry)
        if not left:
            return


def _records(settings: Settings) -> Iterator[Any]:
    """Yield every record of the dead letter topic that is there now."""
    return read_log(settings, topics.ends(settings, [settings.topic("dlq")]))


def _letter_of(record: Any) -> DeadLetter | None:  # noqa: ANN401 - aiokafka has no types
    """Return the letter that a record is; None for one that somebody else has put there."""
    about = {name: value for name, value in record.headers if not name.startswith(ORIGINAL)}
    try:
        entry = Entry(
            cause=about["cause"].decode(),
            detail=about["detail"].decode(),
            topic=about["topic"].decode(),
            partition=int(about["partition"]),
            offset=int(about["offset"]),
            time=datetime.fromisoformat(about["time"].decode()),
            key=record.key,
            size=int(about[TRUNCATED]) if TRUNCATED in about else -1 if record.value is None else len(record.value),
            truncated=TRUNCATED in about,
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        return None
    headers = tuple((name.removeprefix(ORIGINAL), value) for name, value in record.headers if name.startswith(ORIGINAL))
    return DeadLetter(entry, record.key, record.value, headers)


def _mark_of(record: Any) -> tuple[Position, datetime] | None:  # noqa: ANN401 - aiokafka has no types
    about = dict(record.headers)
    try:
        topic, partition, offset = about[_RETRIED].decode().rsplit(":", 2)
        return (topic, int(partition), int(offset)), datetime.fromisoformat(about["time"].decode())
    except (KeyError, ValueError, AttributeError, TypeError):
        return None


def _with_mark(entry: Entry, mark: datetime | None) -> Entry:
    return replace(entry, retried=mark is not None and entry.time <= mark)


def _position_text(position: Position) -> str:
    return ":".join(map(str, position))


def _iso(time: datetime) -> bytes:
    return time.isoformat(timespec="milliseconds").encode()
