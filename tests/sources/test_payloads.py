"""Every payload becomes exactly the events that were written by hand for it."""

import json
from typing import Any

import pytest

from tests.sources.payload import FOLDER, PAYLOADS, Payload, note, outcomes


def _canonical(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in events)


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
def test_a_payload_becomes_what_was_written_by_hand(payload: Payload) -> None:
    if not payload.is_here:
        pytest.skip("a real payload that is not here")
    found = outcomes(payload)
    assert _canonical([each for each in found if isinstance(each, dict)]) == _canonical(payload.expected_events)
    assert sorted(filter(None, map(note, found))) == sorted(payload.expected_notes)


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
def test_a_payload_names_the_page_that_describes_it(payload: Payload) -> None:
    assert payload.case["doc"].strip()


def test_every_expectation_belongs_to_a_payload() -> None:
    cases = {(payload.source_name, payload.name) for payload in PAYLOADS}
    expectations = [*FOLDER.glob("*/*.events.jsonl"), *FOLDER.glob("*/*.parked")]
    assert [path for path in expectations if (path.parent.name, path.name.split(".")[0]) not in cases] == []


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
def test_a_payload_becomes_something(payload: Payload) -> None:
    assert payload.expected_events or payload.expected_notes
