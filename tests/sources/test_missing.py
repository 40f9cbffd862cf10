"""What an adapter calls incomplete is explained on its page: what it does to the numbers, and what to do."""

import json
from functools import partial

import msgspec

from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Incomplete
from tests.sources.payload import KEY, PAYLOADS, outcomes
from tests.sources.test_export_rows import CASES


def test_what_is_incomplete_in_a_payload_is_explained() -> None:
    found = {
        (payload.source_name, outcome.field)
        for payload in PAYLOADS
        if payload.is_here
        for outcome in outcomes(payload)
        if isinstance(outcome, Incomplete)
    }
    explained = {(name, each.field) for name, source in SOURCES.items() for each in source.missing}
    assert found
    assert found - explained == set()


def test_what_is_incomplete_in_a_row_is_explained() -> None:
    found = set()
    for path in CASES:
        case, export = json.loads(path.read_text("utf-8")), EXPORTS[path.parent.name]
        context = Context(msgspec.convert(case.get("settings", {}), export.settings), partial(alias, KEY))
        made = [outcome for row in case["rows"] for outcome in export.events(row, context)]
        found |= {(export.name, outcome.field) for outcome in made if isinstance(outcome, Incomplete)}
    explained = {(name, each.field) for name, export in EXPORTS.items() for each in export.missing}
    assert found
    assert found - explained == set()


def test_every_source_says_how_it_is_set_up() -> None:
    assert [name for name, source in SOURCES.items() if not (source.steps and source.reads and source.title)] == []
