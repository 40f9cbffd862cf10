"""Batches of records as brokers hand them out, read so that no producer can harm who reads them.

aiokafka decompresses a batch whole, however large that makes it, and raises if a header's name is not UTF-8. It has no
option for either, so the class that cuts an answer into batches is replaced, for the whole process.
The format is Kafka's: https://kafka.apache.org/documentation/#recordbatch
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, cast

import aiokafka.consumer.fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from stream_app.clients.decompression import DECOMPRESS, BrokenError, TooLargeError
from stream_app.core.envelope import Cause, Rejected

__all__ = ["BoundedRecords", "RefusedBatch", "WholeBatch", "bound_batches"]

_LENGTH = struct.Struct(">i")
_LENGTH_AT, _LENGTH_END = 8, 12
# Nothing but Kafka before 4.0 has older formats in its logs, and these are read as aiokafka does.
_MAGIC_AT, _MAGIC = 16, 2
# The lower byte of the attributes, which has all that is looked at.
_ATTRIBUTES_AT = 22
_CODEC, _BROKERS_TIME = 0b0111, 0b1000
_TIMES = struct.Struct(">qq")
_TIMES_AT = 27
_COUNT_AT, _HEADER_BYTES = 57, 61
# What a record takes in memory besides its key and value.
_RECORD_BYTES = 256


@dataclass(frozen=True, slots=True)
class RefusedBatch:
    """A record in place of the last one of a batch that cannot be read, and of all before it.

    `size` is what the batch takes in the log, in bytes.
    """

    reason: Rejected
    size: int
    offset: int
    timestamp: int
    key: None = None
    value: bytes = b""
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp_type: int = 0
    checksum: None = None


@dataclass(frozen=True, slots=True)
class WholeBatch:
    """The records of a batch, as one record at the last offset of the batch."""

    records: Sequence[Any]
    offset: int


class BoundedRecords:
    """The batches of one partition in one answer of a broker.

    No batch may decompress to more than `max_bytes`, and a record counts for at least 256. Once all that was read of an
    answer is more than that, the rest of the answer is dropped; it is fetched again later.

    With `in_whole_batches` each batch yields one `WholeBatch` instead of its records: aiokafka has work with each that
    takes two thirds of the time of parsing it.
    """

    max_bytes: ClassVar[int] = 32 * 1024 * 1024

    def __init__(self, answer: bytes) -> None:
        self.in_whole_batches = False
        self._answer = answer
        self._batches = MemoryRecords(answer)
        self._at = 0
        self._decompressed = 0

    def size_in_bytes(self) -> int:
        """The size of the answer."""
        size: int = self._batches.size_in_bytes()
        return size

    def has_next(self) -> bool:
        """Whether there is another batch to read."""
        there_is: bool = self._decompressed <= self.max_bytes and self._batches.has_next()
        return there_is

    def next_batch(self) -> "_Batch":
        """The next batch. Raises CorruptRecordException."""
        begin = self._at
        self._at += _LENGTH_END + _LENGTH.unpack_from(self._answer, begin + _LENGTH_AT)[0]
        return _Batch(self._batches.next_batch(), self, begin, self._at)

    def records(self, batch: Any, begin: int, end: int) -> Sequence[Any]:  # noqa: ANN401 - aiokafka's are compiled
        """All records of the batch in that place of the answer, or one RefusedBatch. Raises UnsupportedCodecError."""
        plain = b""
        try:
            try:
                plain = self._decompress(begin, end)
                return list(DefaultRecordBatch(plain) if plain else batch)
            except UnicodeDecodeError:
                return list(_with_any_names(plain or self._answer[begin:end]))
        except TooLargeError:
            cause, rule = "too_large", f"Expected at most {self.max_bytes} bytes of"
        except (BrokenError, CorruptRecordException, IndexError, struct.error):
            cause, rule = "malformed", "Expected to be able to read"
        last = batch.next_offset - 1
        detail = f"{rule} the batch of offsets {batch.base_offset} to {last} - none of its records is read"
        return [RefusedBatch(Rejected(cast("Cause", cause), detail), end - begin, last, batch.max_timestamp)]

    def _decompress(self, begin: int, end: int) -> bytes:
        """The batch without compression, its length and checksum as they were; empty if no known codec has made it."""
        decompress = DECOMPRESS.get(self._answer[begin + _ATTRIBUTES_AT] & _CODEC)
        if decompress is None or self._answer[begin + _MAGIC_AT] < _MAGIC:
            return b""
        raw = self._answer[begin:end]
        least = _RECORD_BYTES * _LENGTH.unpack_from(raw, _COUNT_AT)[0]
        if least > self.max_bytes:
            raise TooLargeError
        head = bytearray(raw[:_HEADER_BYTES])
        head[_ATTRIBUTES_AT] &= ~_CODEC
        plain = decompress(raw[_HEADER_BYTES:], self.max_bytes, bytes(head))
        self._decompressed += max(len(plain), least)
        return plain


class _Batch:
    """A batch of aiokafka's whose records are read all at once, or not at all."""

    __slots__ = ("_answer", "_batch", "_begin", "_end")

    def __init__(self, batch: Any, answer: BoundedRecords, begin: int, end: int) -> None:  # noqa: ANN401
        self._batch, self._answer, self._begin, self._end = batch, answer, begin, end

    base_offset = property(attrgetter("_batch.base_offset"))
    is_control_batch = property(attrgetter("_batch.is_control_batch"))
    is_transactional = property(attrgetter("_batch.is_transactional"))
    next_offset = property(attrgetter("_batch.next_offset"))
    producer_id = property(attrgetter("_batch.producer_id"))
    validate_crc = property(attrgetter("_batch.validate_crc"))

    def __next__(self) -> Any:  # noqa: ANN401
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        records = self._answer.records(self._batch, self._begin, self._end)
        return iter([WholeBatch(records, self.next_offset - 1)] if self._answer.in_whole_batches else records)


def _with_any_names(raw: bytes) -> Iterator[DefaultRecord]:
    """The records of a batch with headers whose names are not UTF-8."""
    [base], [count] = struct.unpack_from(">q", raw), _LENGTH.unpack_from(raw, _COUNT_AT)
    first, newest = _TIMES.unpack_from(raw, _TIMES_AT)
    by_broker = bool(raw[_ATTRIBUTES_AT] & _BROKERS_TIME)
    at = _HEADER_BYTES
    for _ in range(count):
        length, at = _varint(raw, at)
        end = at + length
        later, at = _varint(raw, at + 1)
        number, at = _varint(raw, at)
        key, at = _bytes(raw, at)
        value, at = _bytes(raw, at)
        header_count, at = _varint(raw, at)
        headers = []
        for _ in range(header_count):
            name, at = _bytes(raw, at)
            content, at = _bytes(raw, at)
            headers.append(((name or b"").decode(errors="backslashreplace"), content))
        yield DefaultRecord(base + number, newest if by_broker else first + later, by_broker, key, value, headers)
        at = end


def _bytes(raw: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(raw, at)
    return (None, at) if length < 0 else (raw[at : at + length], at + length)


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while raw[at] & 0x80:
        value |= (raw[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    value |= raw[at] << shift
    return value >> 1 ^ -(value & 1), at + 1


def bound_batches(max_bytes: int) -> None:
    """Refuse batches that decompress to more than `max_bytes`, whatever consumer of this process reads them."""
    BoundedRecords.max_bytes = max_bytes


aiokafka.consumer.fetcher.MemoryRecords = BoundedRecords
