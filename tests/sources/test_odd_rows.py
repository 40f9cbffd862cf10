"""Whatever a row of an export holds: nothing raises, no address comes out, and what comes out is of the contract."""

import json
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import Decoder, Rejected
from stream_app.sources import EXPORTS
from stream_app.sources.identity import alias
from stream_app.sources.source import Context
from tests.sources.payload import KEY, note
from tests.sources.test_export_rows import CASES

ADDRESS = "Nobody.Here@odd.example"
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "x" * 2000,
    ADDRESS,
    f"\uff20{ADDRESS}",
    "\0",
    [],
    [[ADDRESS]],
    {"results": [{"id": ADDRESS}]},
    {"a": {"b": 1}},
    "2026-02-30",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "nan",
    "1e999",
    "1" * 40,
)
DECODER = Decoder(EVENT_TYPES)


class _Record:
    def __init__(self, event: dict[str, Any]) -> None:
        self.value, self.headers, self.timestamp = json.dumps(event).encode(), (), 253_402_300_799_999


@given(st.sampled_from(CASES), st.data())
def test_odd_rows_make_no_odd_events(path: Path, data: st.DataObject) -> None:
    case = json.loads(path.read_text("utf-8"))
    export = EXPORTS[path.parent.name]
    context = Context(msgspec.convert(case.get("settings", {}), export.settings), partial(alias, KEY))
    row = deepcopy(data.draw(st.sampled_from(case["rows"])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = row
        while isinstance(place[name := data.draw(st.sampled_from(sorted(place)))], dict) and place[name]:
            if data.draw(st.booleans()):
                break
            place = place[name]
        place[name] = deepcopy(data.draw(st.sampled_from(ODD)))
    for outcome in export.events(row, context):
        if isinstance(outcome, dict):
            decoded = DECODER.decode(_Record(outcome))
            assert not isinstance(decoded, Rejected), decoded
        assert (
            ADDRESS.casefold() not in (json.dumps(outcome) if isinstance(outcome, dict) else note(outcome)).casefold()
        )
