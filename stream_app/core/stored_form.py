"""How an entity is stored: as MessagePack, and one with long timelines as a log of their rows before everything else.

Rows that come after all others are added to the log, so that only the end of what is stored is written anew:

    state    MessagePack of the entity
             or: 0xC7, LZ4 of the same, as one block after its length
             or: 0xC1, length of the log, length of the rest, log, rest (and bytes of a longer rest of before)
    log      segments: number of the field, length, MessagePack of the rows that were added
    rest     MessagePack of the number of forgotten rows by field, and of the entity without the rows in the log
"""

from collections.abc import Callable, Hashable
from functools import cache
from struct import Struct
from typing import Any, cast, get_args, get_origin, get_type_hints

import cramjam
import msgspec

from stream_app.core import long_timelines
from stream_app.core.long_timelines import LONG, Known, Log
from stream_app.core.timeline import Row

STORED_FORM = 3
"""Raised by hand when the form changes: what is stored in another one cannot be read."""

# No MessagePack of an entity begins with these bytes.
_WITH_LOG, _COMPRESSED = 0xC1, b"\xc7"
_HEADER = Struct(">BII")
_SEGMENT = Struct(">BI")
HEADER_LENGTH = _HEADER.size

_MOST_SEGMENTS = 4096
"""After so many the log is written anew, so that reading it stays cheap."""

_COMPRESSED_FROM = 200
"""From how many bytes on a state is compressed: sources and labels recur in it, a shorter one gains next to nothing."""

_encode = msgspec.msgpack.Encoder().encode


Encoded = tuple[bytes, int]
"""A state as bytes, and how many bytes of the stored state stay; 0 = none.

If some stay, the bytes are a header, to be put in place of the one that is stored, and what is to follow after those
that stay. What is stored has to be the state that this one was made from.
"""


def encode_entity(entity: Any) -> Encoded:  # noqa: ANN401 - any kind of entity
    """The state of an entity, still to be compressed."""
    long = _long(entity) if long_timelines.any_known() else None
    if not long:
        return _encode(entity), 0
    log = _usable_log(long)
    if log is None:
        log = Log(set(long))
        for known in long.values():
            known.in_log = known.forgotten = 0
    stays, added = log.length, list[bytes]()
    log.fields.update(long)
    for field, known in long.items():
        if known.in_log < len(known.rows):
            rows = _encode(known.rows[known.in_log :])
            added += (_SEGMENT.pack(field, len(rows)), rows)
            log.segments += 1
        known.log, known.in_log = log, len(known.rows)
    segments = b"".join(added)
    log.length += len(segments)
    rest = _encode_rest(entity, long)
    header = _HEADER.pack(_WITH_LOG, log.length, len(rest))
    return b"".join((header, segments, rest)), HEADER_LENGTH + stays if stays else 0


def compressed(state: bytes) -> bytes:
    """What `encode_entity` made, as it is to be stored: what belongs to a log stays as it is.

    For all of a batch in turn: LZ4 lets other threads run each time, and fills the processor's cache. Among other work
    it takes twice as long.
    """
    if len(state) < _COMPRESSED_FROM or state[0] == _WITH_LOG:
        return state
    block = cramjam.lz4.compress_block(state)
    return b"".join((_COMPRESSED, block)) if len(block) < len(state) else state


def decompressed(state: bytes) -> bytes:
    """What `compressed` was given. For all of a batch in turn, as there."""
    if state[0] != _COMPRESSED[0]:
        return state
    # As bytes: parts of an entity stay as they are read, and longer than a buffer may.
    return bytes(cramjam.lz4.decompress_block(memoryview(state)[1:]))


def _long(entity: Any) -> dict[int, Known]:  # noqa: ANN401 - any kind of entity
    """What is known of each long timeline of an entity, by the number of the field."""
    found = {}
    for field, name in _timelines(cast("Hashable", type(entity))).items():
        rows = getattr(entity, name)
        if len(rows) >= LONG and (known := long_timelines.known(rows)) is not None:
            found[field] = known
    return found


def _usable_log(long: dict[int, Known]) -> Log | None:
    """The log of an entity, if it holds what it should: None if rows of it changed, or have become many for nothing."""
    log = next((known.log for known in long.values() if known.log is not None), None)
    if log is None or log.segments >= _MOST_SEGMENTS:
        return None
    for field in log.fields:
        known = long.get(field)
        if known is None or known.log is not log or known.in_log < 0 or known.forgotten > len(known.rows):
            return None
    return log


def _encode_rest(entity: Any, long: dict[int, Known]) -> bytes:  # noqa: ANN401 - any kind of entity
    names = _timelines(cast("Hashable", type(entity)))
    try:
        for field in long:
            setattr(entity, names[field], [])
        return _encode(({field: known.forgotten for field, known in long.items() if known.forgotten}, entity))
    finally:
        for field, known in long.items():
            setattr(entity, names[field], known.rows)


def entity_decoder(state: Any, *others: Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - types
    """Reads what is stored of entities with this state; and values of other types, which have no log."""
    types = state
    for other in others:
        types |= other
    decode = msgspec.msgpack.Decoder(types).decode
    decode_rest = msgspec.msgpack.Decoder(tuple[dict[int, int], state]).decode
    names = _timelines(state)
    hints = get_type_hints(state)
    decode_rows = {field: msgspec.msgpack.Decoder(hints[name]).decode for field, name in names.items()}

    def read(value: bytes) -> Any:  # noqa: ANN401 - as above
        if value[0] != _WITH_LOG:
            return decode(decompressed(value))
        _, log_length, rest_length = _HEADER.unpack_from(value)
        end = HEADER_LENGTH + log_length
        view = memoryview(value)
        forgotten, entity = decode_rest(view[end : end + rest_length])
        at, segments = HEADER_LENGTH, 0
        timelines: dict[int, list[Row]] = {}
        while at < end:
            field, length = _SEGMENT.unpack_from(value, at)
            at += _SEGMENT.size
            timelines.setdefault(field, []).extend(decode_rows[field](view[at : at + length]))
            at, segments = at + length, segments + 1
        log = Log(set(timelines), log_length, segments)
        for field, rows in timelines.items():
            del rows[: forgotten.get(field, 0)]
            setattr(entity, names[field], rows)
            long_timelines.read_from_log(rows, log, forgotten.get(field, 0))
        return entity

    return read


@cache
def _timelines(state: Hashable) -> dict[int, str]:
    """The fields of a state that are timelines, by their number."""
    lists = {name: get_args(hint) for name, hint in get_type_hints(state).items() if get_origin(hint) is list}
    return {
        field: name
        for field, name in enumerate(get_type_hints(state))
        if name in lists and isinstance(lists[name][0], type) and issubclass(lists[name][0], Row)
    }
