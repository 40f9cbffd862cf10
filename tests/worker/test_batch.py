"""Batches of one partition join up."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stream_app.worker.batch import Batch, Record, split


@given(st.sets(st.integers(0, 60)), st.integers(1, 12), st.integers(0, 5))
def test_split_batches_join_up_and_keep_every_record(offsets: set[int], limit: int, tail: int) -> None:
    records = [Record(offset, 0, None, None) for offset in sorted(offsets)]
    whole = Batch("t", 0, 0, max(offsets, default=0) + 1 + tail, records)
    parts = list(split(whole, limit))
    assert [record for part in parts for record in part.records] == records
    assert all(len(part.records) <= limit for part in parts)
    assert (parts[0].begin, parts[-1].end) == (whole.begin, whole.end)
    assert all(left.end == right.begin for left, right in pairwise(parts))
    assert all(part.begin <= record.offset < part.end for part in parts for record in part.records)
