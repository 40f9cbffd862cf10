"""Batches are read however they are compressed, up to a limit, and whatever the names of headers are."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import cramjam
import pytest
from aiokafka.errors import UnsupportedCodecError
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from stream_app.clients.decompression import DECOMPRESS, BrokenError, TooLargeError
from stream_app.clients.record_batches import BoundedRecords, RefusedBatch

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
COMPRESS: dict[int, Callable[[bytes], Any]] = {
    0: bytes,
    1: cramjam.gzip.compress,
    2: cramjam.snappy.compress_raw,
    3: cramjam.lz4.compress,
    4: cramjam.zstd.compress,
}
LIMIT = 1_000_000
Header = tuple[str, bytes | None]


@pytest.fixture(autouse=True)
def _limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedRecords, "max_bytes", LIMIT)


def batch_of(values: Sequence[bytes], codec: int = 0, first: int = 0, headers: Sequence[Header] = ()) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 30,
    )
    for number, value in enumerate(values):
        builder.append(number, timestamp=1_000 + number, key=b"k", value=value, headers=list(headers))
    return struct.pack(">q", first) + bytes(builder.build())[8:]


def read(answer: bytes) -> list[Any]:
    batches = BoundedRecords(answer)
    records: list[Any] = []
    while batches.has_next():
        records += batches.next_batch()
    return records


def seen(records: Sequence[Any]) -> list[tuple[object, ...]]:
    return [(each.offset, each.timestamp, each.key, each.value, list(each.headers)) for each in records]


@pytest.mark.parametrize("codec", [0, *CODECS.values()])
@given(values=st.lists(st.binary(max_size=300), min_size=1, max_size=20), first=st.integers(0, 2**40))
def test_records_are_those_that_the_library_reads(codec: int, values: list[bytes], first: int) -> None:
    raw = batch_of(values, codec, first, [("name", b"x"), ("empty", None)])
    assert seen(read(raw)) == seen(list(DefaultRecordBatch(raw)))


@pytest.mark.parametrize("codec", [0, *CODECS.values()])
def test_in_whole_batches_each_stands_at_its_last_offset(codec: int) -> None:
    raw = [batch_of([b"one", b"two"], codec, 5), batch_of([b"three"], codec, 9)]
    batches = BoundedRecords(b"".join(raw))
    batches.in_whole_batches = True
    whole = [each for _ in raw for each in batches.next_batch()]
    assert [(each.offset, seen(each.records)) for each in whole] == [(6, seen(read(raw[0]))), (9, seen(read(raw[1])))]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_of_zeros_is_refused_and_the_ones_around_it_are_read(codec: int) -> None:
    zeros = batch_of([bytes(LIMIT), bytes(LIMIT)], codec, 1)
    answer = batch_of([b"before"]) + zeros + batch_of([b"after"], first=3)
    before, refused, after = read(answer)
    assert (before.value, after.value) == (b"before", b"after")
    assert isinstance(refused, RefusedBatch)
    assert (refused.offset, refused.timestamp, refused.size) == (2, 1_001, len(zeros))
    assert refused.reason.cause == "too_large"
    assert "offsets 1 to 2" in refused.reason.detail


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_of_very_many_empty_records_is_refused(codec: int) -> None:
    [refused] = read(batch_of([b""] * 5_000, codec))
    assert refused.reason.cause == "too_large"


def test_the_rest_of_an_answer_is_left_for_later_once_much_was_read() -> None:
    half = [batch_of([bytes(LIMIT * 6 // 10)], 4, number) for number in range(5)]
    assert [each.offset for each in read(b"".join(half))] == [0, 1]


@pytest.mark.parametrize("codec", [0, *CODECS.values()])
def test_names_of_headers_that_are_not_utf_8_are_read_all_the_same(codec: int) -> None:
    headers: list[Header] = [("name", b"x"), ("name", None)]
    plain = batch_of([b"one", b"", b"three"], headers=headers).replace(b"\x08name", b"\x08n\xff\xfee")
    body = plain[61:]
    raw = plain[:22] + bytes([codec]) + plain[23:61] + bytes(COMPRESS[codec](body))
    raw = raw[:8] + struct.pack(">i", len(raw) - 12) + raw[12:]
    expected = [("n\\xff\\xfee", b"x"), ("n\\xff\\xfee", None)]
    assert seen(read(raw)) == [
        (0, 1_000, b"k", b"one", expected),
        (1, 1_001, b"k", b"", expected),
        (2, 1_002, b"k", b"three", expected),
    ]


def test_the_time_of_the_broker_counts_where_the_batch_says_so() -> None:
    plain = batch_of([b"one", b"two"], headers=[("name", None)]).replace(b"\x08name", b"\x08n\xff\xfee")
    raw = plain[:22] + bytes([8]) + plain[23:]
    assert [each.timestamp for each in read(raw)] == [1_001, 1_001]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(garbage=st.binary(max_size=200))
def test_a_batch_that_cannot_be_decompressed_is_refused(codec: int, garbage: bytes) -> None:
    try:
        DECOMPRESS[codec](garbage, LIMIT, b"")
    except (BrokenError, TooLargeError):
        pass
    else:
        return
    raw = batch_of([b"x"])[:61] + garbage
    raw = raw[:8] + struct.pack(">i", len(raw) - 12) + raw[12:22] + bytes([codec]) + raw[23:]
    [refused] = read(raw)
    assert isinstance(refused, RefusedBatch)


@given(garbage=st.binary(max_size=200), count=st.integers(-1, 2**31 - 1))
def test_no_records_whatever_bytes_they_are_raise_anything(garbage: bytes, count: int) -> None:
    raw = batch_of([b"x"])[:57] + struct.pack(">i", count) + garbage
    raw = raw[:8] + struct.pack(">i", len(raw) - 12) + raw[12:]
    read(raw)


def test_a_codec_that_nobody_knows_is_said() -> None:
    raw = batch_of([b"x"])
    with pytest.raises(UnsupportedCodecError):
        read(raw[:22] + bytes([5]) + raw[23:])


@pytest.mark.parametrize("stream", [False, True])
def test_snappy_in_blocks_is_limited_as_a_whole(stream: bool) -> None:
    block = bytes(cramjam.snappy.compress_raw(bytes(LIMIT * 2 // 3)))
    head = b"\x82SNAPPY\x00" + bytes(8)
    one = head + struct.pack(">i", len(block)) + block if stream else block
    assert len(DECOMPRESS[2](one, LIMIT, b"")) == LIMIT * 2 // 3
    if stream:
        with pytest.raises(TooLargeError):
            DECOMPRESS[2](one + one[16:], LIMIT, b"")
