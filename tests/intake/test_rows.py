"""Exports are read row by row, whatever form they have, and no value of a bad one is repeated."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.intake.rows import LARGEST_ROW, BadFileError, BadRow, Row, read_rows


def rows(data: str | bytes) -> list[Row | BadRow]:
    return list(read_rows(io.BytesIO(data if isinstance(data, bytes) else data.encode())))


def values(data: str | bytes) -> list[Any]:
    return [each.values for each in rows(data) if isinstance(each, Row)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_with_any_usual_delimiter(delimiter: str) -> None:
    text = delimiter.join(["Record ID", "Email, of work", "stage"]).replace(
        "Email, of work", '"Email, of work"'
    ) + delimiter.join(["\r\n1", "a@example.com", '"two\r\nlines"\r\n'])
    assert values(b"\xef\xbb\xbf" + text.encode()) == [
        {"Record ID": "1", "Email, of work": "a@example.com", "stage": "two\r\nlines"}
    ]


def test_csv_rows_are_numbered_by_their_lines_and_bad_ones_skipped() -> None:
    found = rows('a,b\n1,"x\ny"\n\n2\n3,4\n')
    assert found == [
        Row(2, {"a": "1", "b": "x\ny"}),
        BadRow(5, "1 columns instead of 2"),
        Row(6, {"a": "3", "b": "4"}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"id":1}\n{"id":2}\n',
        '\n {"id":1}\r\n\r\n{"id":2}',
        '[{"id":1},{"id":2}]',
        '{"object":"list","data":[{"id":1},{"id":2}],"has_more":false,"url":"/v1/x"}',
        '{"object":"list","url":"/v1/x","has_more":1,"data":[{"id":1}]}\n{"object":"list","data":[{"id":2}]}',
        '{"data":[{"id":1},{"id":2}],"object":"list"}',
        '{"results":[{"id":1},{"id":2}],"paging":{"next":{"after":"x"}}}',
        '{"items":[{"id":1}],"paging":{}} {"items":[{"id":2}],"paging":{}}',
        '{"object":"list","data":[]}{"id":1}{"id":2}',
    ],
)
def test_json_is_read_in_every_form_that_vendors_give(text: str) -> None:
    assert values(text) == [{"id": 1}, {"id": 2}]


def test_an_object_that_only_looks_like_a_page_is_a_row() -> None:
    row = {"object": "subscription", "items": {"object": "list", "data": [{"id": 1}]}, "data": [1]}
    assert values(json.dumps(row)) == [row]


def test_what_is_no_object_is_a_bad_row() -> None:
    assert rows('[{"id":1}, 17, "secret"]') == [Row(1, {"id": 1}), BadRow(2, "no object"), BadRow(3, "no object")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"id":1}\n{"secret"', "behind row 1"),
        (b'[{"id":1},{"secret":]', "behind row 1"),
        (b'{"object":"list","data":{"secret"', "behind row 0"),
        (b'{"secret":"\xff"}', "no text in UTF-8"),
        (b"a,b\n\xff,secret", "no text in UTF-8"),
        ("a,b\nsecret".encode("utf-16"), "UTF-16"),
        (b"secret,secret\n1,2", "the same name"),
        (b"a," + b"secret" * LARGEST_ROW, "longer than a row may be"),
        (b'["' + b"secret" * LARGEST_ROW + b'"]', "behind row 0"),
    ],
)
def test_a_file_that_cannot_be_read_on_says_why_and_not_what(data: bytes, said: str) -> None:
    with pytest.raises(BadFileError) as refused:
        rows(data)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_empty_file_has_no_rows() -> None:
    assert [rows(data) for data in (b"", b" \n", b"\xef\xbb\xbf", b"[]", b"a,b\n")] == [[]] * 5


_OBJECTS = st.lists(
    st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.floats(allow_nan=False)))
)


@given(_OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_json_comes_back_as_it_was_written(objects: list[Any], ascii_only: bool, indent: int | None) -> None:
    written = [json.dumps(each, ensure_ascii=ascii_only, indent=indent) for each in objects]
    assert values(f"[{','.join(written)}]".encode("utf-8", "surrogatepass")) == objects


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1),
            st.text(st.characters(exclude_characters="\r\0", codec="utf-8")),
        )
    )
)
def test_csv_comes_back_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("name", "text"), *pairs])
    assert values(text.getvalue()) == [{"name": name, "text": value} for name, value in pairs]


class Made(io.RawIOBase):
    """A file that is made while it is read: a head, and so many times the same."""

    def __init__(self, head: bytes, row: bytes, count: int) -> None:
        self._parts: Iterator[bytes] = iter([head, *[row] * count])
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the library's
        while not self._left and (part := next(self._parts, None)) is not None:
            self._left = part
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (b'{"object":"list","data":[{"id":0}', b"," + json.dumps({"x": "y" * 20_000}).encode()),
        (b"", json.dumps({"x": "y" * 20_000}).encode() + b"\n"),
        (b"x,y\n", b"1," + b"y" * 20_000 + b"\n"),
    ],
)
def test_memory_does_not_grow_with_the_file(head: bytes, row: bytes) -> None:
    tracemalloc.start()
    try:
        for number, _ in enumerate(read_rows(io.BufferedReader(Made(head, row, 3000)))):
            if number == 500:
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[1]
    except BadFileError:
        pass  # the list has no end
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak - before < 4 * 1024 * 1024
