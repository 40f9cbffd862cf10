"""From lines of JSON to events in the log, each in its topic and under its entity's key."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from stream_app.admin.batch_producer import LARGEST_BYTES, BatchProducer
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, Event, Rejected, event_type

__all__ = ["BadLine", "ProduceResult", "Routes", "produce"]

_PROGRESS_INTERVAL_S = 0.1
_BAD_LINES_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Routes:
    """Where events go: the full name of the topic of each type, and the field of `data` that is the record's key."""

    decoder: Decoder
    topic_of: Mapping[type[Event], str]
    key_of: Mapping[type[Event], str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event: its number, counted from 1, and why. Says nothing of what it holds."""

    number: int
    cause: str
    detail: str


@dataclass(slots=True)
class ProduceResult:
    """What became of the lines: records per topic, and what was refused, of which the first 1,000 are named."""

    lines: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bad_lines: list[BadLine] = field(default_factory=list)


def produce(
    settings: Settings,
    lines: Iterable[bytes],
    routes: Routes,
    *,
    keep_going: bool = False,
    raw_topic: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProduceResult:
    """Send every line that is an event by the worker's own rules; return when all of them are safely written.

    The first line that is none ends it, and what stands before it is written; with `keep_going` it is only counted.
    With `raw_topic` every line is sent as it is, for trying out dead letters: to the topic of its type's family under
    its key where it has them, else to `raw_topic`; only a line larger than a broker takes is refused. Blank lines
    are skipped. `progress` is called ten times a second with the lines and bytes read.
    Raises MissingTopicsError and topics.KAFKA_ERRORS; what was written before that stays.
    """
    done = ProduceResult()
    names = {*routes.topic_of.values(), *([raw_topic] if raw_topic else [])}
    router = _Router(routes) if raw_topic is None else _RawRouter(routes, raw_topic)
    size, reported = 0, time.monotonic()
    with BatchProducer(settings, names) as producer:
        for line in lines:
            done.lines += 1
            size += len(line)
            value = line.rstrip(b"\r\n")
            if not value.strip():
                continue
            route = router.route(value)
            if isinstance(route, Rejected):
                done.refused[route.cause] += 1
                if len(done.bad_lines) < _BAD_LINES_KEPT:
                    done.bad_lines.append(BadLine(done.lines, route.cause, route.detail))
                if not keep_going:
                    break
            else:
                producer.send(*route, value)
            if progress is not None and (now := time.monotonic()) - reported >= _PROGRESS_INTERVAL_S:
                reported = now
                progress(done.lines, size)
    done.topics += producer.delivered
    if progress is not None:
        progress(done.lines, size)
    return done


def _mistaken(value: bytes) -> Rejected | None:
    """What a line is that is no event, and how to mend it, where the decoder speaks of records."""
    text = value.strip()
    return next((Rejected("malformed", detail) for head, detail in _MISTAKEN if text.startswith(head)), None) or (
        Rejected("malformed", _PRETTY) if text in _PARTS_OF_JSON else None
    )


_MISTAKEN = (
    (b"\xef\xbb\xbf", "The line begins with a byte order mark: save the file as UTF-8 without one"),
    (
        (b"\xff\xfe", b"\xfe\xff"),
        "The file is UTF-16: convert it, `iconv -f UTF-16 -t UTF-8 FILE | stream-app produce -`",
    ),
    (b"\x1f\x8b", "The file is compressed with gzip: unpack it, `gunzip -c FILE | stream-app produce -`"),
    (b"[", "The line is a JSON array: write one event a line, `jq -c '.[]' FILE | stream-app produce -`"),
)
_PRETTY = "The line is a part of JSON: write one event a line, `jq -c . FILE | stream-app produce -`"
_PARTS_OF_JSON = frozenset({b"{", b"}", b"},"})


class _Line:
    """What a decoder reads of a record that is about to be written."""

    __slots__ = ("timestamp", "value")
    headers = ()

    def __init__(self, value: bytes) -> None:
        self.value = value
        self.timestamp = time.time_ns() // 1_000_000


class _Router:
    """Knows topic and key of events."""

    def __init__(self, routes: Routes) -> None:
        self._decode = routes.decoder.decode
        self._routes = {kind: (topic, routes.key_of[kind]) for kind, topic in routes.topic_of.items()}

    def route(self, value: bytes) -> tuple[str, bytes | None] | Rejected:
        """Return the topic and the key of a line, or why it is no event."""
        result = self._decode(_Line(value))
        if isinstance(result, Rejected):
            return _mistaken(value) or result
        event = result[1]
        topic, key = self._routes[type(event)]
        return topic, getattr(event.data, key).encode()


class _RawRouter:
    """Knows topic and key of whatever looks a little like an event."""

    def __init__(self, routes: Routes, fallback_topic: str) -> None:
        self._fallback_topic = fallback_topic
        self._families = {
            _family(event_type(kind)): (topic, routes.key_of[kind]) for kind, topic in routes.topic_of.items()
        }

    def route(self, value: bytes) -> tuple[str, bytes | None] | Rejected:
        """Return the topic and the key of a line, which is refused only for its size."""
        if len(value) > LARGEST_BYTES:
            return Rejected("too_large", f"Expected a value of at most {LARGEST_BYTES} bytes")
        try:
            envelope = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            envelope = None
        kind = envelope.get("type") if isinstance(envelope, dict) else None
        found = self._families.get(_family(kind)) if isinstance(kind, str) else None
        if not isinstance(envelope, dict) or found is None:
            return self._fallback_topic, None
        topic, name = found
        data = envelope.get("data")
        key = data.get(name) if isinstance(data, dict) else None
        return topic, key.encode("utf-8", "replace") if isinstance(key, str) else None


def _family(kind: str) -> str:
    return kind.partition(".")[0]
