"""The decoder and the audit read every byte string alike: they take it with the same numbers, or neither takes it."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.audit import Recount, compare
from stream_app.catalog.sample_source import SampleSource
from stream_app.cli.audit import valid
from stream_app.core.envelope import MAX_DEPTH, Event, Rejected
from stream_app.worker.batch import Record
from tests.laws.memory import DECODER, MemoryStore

EXAMPLES = Path(__file__).resolve().parents[2] / "schemas" / "examples"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
WRITTEN = int(NOW.timestamp() * 1000)

CORPUS = [
    json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False).encode()
    for path in sorted(EXAMPLES.glob("*/*.json"))
    if "cause" not in json.loads(path.read_text("utf-8"))
]
_NUMBER = re.compile(rb"(?<=: )-?\d+")
_MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT[^"]*"')
_OPENED = re.compile(rb"\{(?=\")")
_NAMED = re.compile(rb'"[a-z_]+": (?:"[^"]*"|-?\d+)')


class Edit(NamedTuple):
    """One change of a byte string: what is looked for, which of those found is changed, and what it becomes."""

    pattern: re.Pattern[bytes]
    choice: int
    becomes: bytes

    def __call__(self, value: bytes) -> bytes:
        found = list(self.pattern.finditer(value))
        if not found:
            return value
        match = found[self.choice % len(found)]
        return value[: match.start()] + self.becomes.replace(b"\0same", match[0]) + value[match.end() :]


ODD_NUMBERS = [
    *(
        b"1e400",
        b"-1e400",
        b"9" * 400,
        b"-" + b"9" * 5_000,
        b"0." + b"1" * 400,
        b"1E-400",
        b"-0",
        b"-0.0",
        b"00",
        b"1.",
    ),
    *(b"1e2", b"100.0", b"1.5", b"9007199254740993", b"18446744073709551616", b"NaN", b"Infinity", b"0x10", b"true"),
]
ODD_TEXTS = [
    *(
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\u0000"',
        b'"\xff"',
        b'"\xc3\x28"',
        b'"\xed\xa0\x80"',
        b'"\xf0\x9f\x98\x80"',
    ),
    *(b'"\\x41"', b'"\t"', b'"' + b"a" * 2_000 + b'"', b'""', b'"\\/"', '"caf\u00e9"'.encode(), b'"@"', b'"\\u0040"'),
]
ODD_MOMENTS = [
    *(b'"2026-03-02t09:14:03z"', b'"2026-03-02 09:14:03Z"', b'"2026-03-02T09:14:60Z"', b'"2026-03-02T23:59:60.5Z"'),
    *(b'"2026-03-02T09:14:03.1234567891Z"', b'"2026-03-02T09:14:03-23:59"', b'"2026-03-02T24:00:00Z"', b'"2026-03-02"'),
    *(b'"2026-03-02T09:14:03"', b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59Z"', b'"2026-03-02T09:14Z"'),
    *(b'"2026-02-29T09:14:03Z"', b'"2026-03-02T09:14:03,5Z"', b'"2026-03-02T09:14:03+0100"', b"1772442843", b"null"),
]
NESTED = [
    opened * depth + b"1" + closed * depth
    for opened, closed in ((b"[", b"]"), (b'{"a": ', b"}"))
    for depth in (MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 950)
]
ODD_VALUES = st.sampled_from([*ODD_NUMBERS, *ODD_TEXTS, *ODD_MOMENTS, *NESTED, b"[]", b"{}"])
CHOICES = st.integers(0, 30)
EDITS = st.one_of(
    st.builds(Edit, st.just(_NUMBER), CHOICES, st.sampled_from(ODD_NUMBERS)),
    st.builds(Edit, st.just(_MOMENT), CHOICES, st.sampled_from(ODD_MOMENTS)),
    # A field that is ignored, before the others and after one of them.
    st.builds(Edit, st.just(_OPENED), CHOICES, ODD_VALUES.map(lambda value: b'{"ignored": ' + value + b", ")),
    st.builds(Edit, st.just(_NAMED), CHOICES, ODD_VALUES.map(lambda value: b'\0same, "x": ' + value)),
    # A field that stands there twice.
    st.builds(Edit, st.just(_NAMED), CHOICES, st.just(b"\0same, \0same")),
    st.builds(
        Edit, st.just(_NAMED), CHOICES, st.sampled_from([b'"lead_id": "other", \0same', b'\0same, "id": "other"'])
    ),
    st.builds(Edit, st.just(re.compile(rb"[\s\S]")), st.integers(0, 500), st.binary(max_size=3)),
    st.builds(Edit, st.just(re.compile(rb"$")), st.just(0), st.sampled_from([b" ", b"\n{}", b"\x00", b",", b"\xff"])),
)


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """An example as it may reach us when somebody else has written the producer."""
    value = draw(st.sampled_from(CORPUS))
    for edit in draw(st.lists(EDITS, max_size=3)):
        value = edit(value)
    return value


def agreeing(logged: Sequence[bytes]) -> list[Record]:
    """Records without those that differ from an earlier one of their identity in type, or at one time in content.

    Which of such counts is not defined (`contradictory copies` in `stream_app/audit/series.py`).
    """
    types: dict[tuple[str, str], type[Event]] = {}
    contents: dict[tuple[str, str, int], Event] = {}
    records = []
    for number, value in enumerate(logged):
        record = Record(number, WRITTEN, None, value)
        decoded = DECODER.decode(record)
        if not isinstance(decoded, Rejected):
            at, event = decoded
            same_type = types.setdefault((event.id, event.source), type(event)) is type(event)
            if not same_type or contents.setdefault((event.id, event.source, at), event) != event:
                continue
        records.append(record)
    return records


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(values() | st.binary(max_size=40), max_size=20))
def test_any_bytes_are_counted_alike_or_by_neither(logged: Sequence[bytes]) -> None:
    records = agreeing(logged)
    decoded = [result for record in records if not isinstance(result := DECODER.decode(record), Rejected)]
    store = MemoryStore()
    store.apply_events(decoded)
    view = store.view(WRITTEN)
    shown = {(each.name, frozenset(each.labels)): each.value for each in SampleSource(100, 0.8).samples(view)}
    with Recount(series_limit=100, gross_margin=0.8) as recount:
        envelopes = list(valid(records))
        recount.add(envelopes)
        counted = recount.samples(NOW)
    assert len(envelopes) == len(decoded)
    assert compare(shown, counted) == []


def test_most_examples_stay_events_after_one_edit() -> None:
    """Else the law would be about rejected records alone."""
    edits = [Edit(_OPENED, 0, b'{"ignored": ' + value + b", ") for value in (b"1e400", *NESTED[:2], b'"\xc3\xa9"')]
    taken = [
        not isinstance(DECODER.decode(Record(0, WRITTEN, None, edit(each))), Rejected)
        for each in CORPUS
        for edit in edits
    ]
    assert all(taken)
