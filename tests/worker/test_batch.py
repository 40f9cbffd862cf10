"""Batches of one partition join up."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stream_app.worker.batch import Batch, Record, split


def _joined(whole: Batch, parts: list[Batch]) -> bool:
    """Whether the parts join up and have every record."""
    records = [record for part in parts for record in part.records]
    return (
        records == list(whole.records)
        and (parts[0].begin, parts[-1].end) == (whole.begin, whole.end)
        and all(left.end == right.begin for left, right in pairwise(parts))
        and all(part.begin <= record.offset < part.end for part in parts for record in part.records)
    )


@given(st.sets(st.integers(0, 60)), st.integers(1, 12), st.integers(0, 5))
def test_split_batches_join_up_and_keep_every_record(offsets: set[int], limit: int, tail: int) -> None:
    records = [Record(offset, 0, None, None) for offset in sorted(offsets)]
    whole = Batch("t", 0, 0, max(offsets, default=0) + 1 + tail, records)
    parts = list(split(whole, limit))
    assert _joined(whole, parts)
    assert all(len(part.records) <= limit for part in parts)


@given(st.lists(st.sampled_from([None, b"a", b"b", b"c", b"d", b"e", b"f"]), max_size=60), st.integers(1, 9))
def test_split_batches_have_at_most_so_many_keys(keys: list[bytes | None], most_keys: int) -> None:
    whole = Batch("t", 0, 0, len(keys), [Record(offset, 0, key, None) for offset, key in enumerate(keys)])
    parts = list(split(whole, 20, most_keys))
    assert _joined(whole, parts)
    for part in parts:
        of_part = [record.key for record in part.records]
        assert len(of_part) <= 20
        assert len({*of_part} - {None}) + of_part.count(None) <= most_keys


def test_a_batch_that_is_about_few_keys_is_as_large_as_it_may_be() -> None:
    whole = Batch("t", 0, 0, 50, [Record(offset, 0, b"ab"[offset % 2 :][:1], None) for offset in range(50)])
    assert [len(part.records) for part in split(whole, 20, 2)] == [20, 20, 10]


def test_records_about_too_many_keys_are_left_for_the_next_batch() -> None:
    whole = Batch("t", 0, 0, 130, [Record(offset, 0, b"%d" % offset, None) for offset in range(130)])
    assert [len(part.records) for part in split(whole, 1000, 100)] == [100, 30]
