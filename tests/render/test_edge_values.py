"""One corpus of edge values: the published schemas and the worker give the same verdict on each of them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from stream_app.core.envelope import Rejected
from tests.render.house import ROOT
from tests.render.validators import decoded, rejected, satisfies

TIMES = {
    "2016-12-31T23:59:60Z": True,
    "2016-12-31T23:59:60.5Z": True,
    "2016-12-31T18:59:60-05:00": True,
    "2016-12-31t23:59:59z": True,
    "2016-12-31 23:59:59Z": True,
    "2016-12-31T23:59:61Z": False,
    "2016-12-31T24:00:00Z": False,
    "2016-12-31T23:60:00Z": False,
    "2016-12-31T23:59:59": False,
    "2016-12-31": False,
    "": False,
}
INTEGERS = {
    "100000.0": True,
    "1e5": True,
    "1E+2": True,
    "-0.0": True,
    "0": True,
    "100000.5": False,
    "1e-1": False,
    "1e300": False,
    "-1.0": False,
    '"100"': False,
    "true": False,
    "null": False,
    "[]": False,
}
TEXTS = {
    "plain": True,
    "Frühling": True,
    "شركة": True,
    "a\u200db": True,
    "😀": True,
    "jane@example.com": False,
    "jane\uff20example.com": False,
    "jane\ufe6bexample.com": False,
    "a\u0000b": False,
    "tab\there": False,
    "a\u001fb": False,
    "DEL\u007fx": False,
    "NEL\u0085x": False,
    "CSI\u009b31mx": False,
    "ZWSP\u200bx": False,
    "RLO\u202ex": False,
    "LRI\u2066x": False,
    "WJ\u2060x": False,
    "BOM\ufeffx": False,
    "LS\u2028x": False,
    "x" * 64: True,
    "x" * 65: False,
}
SEQUENCES = {"0": True, "1042": True, "a-7": True, "x" * 64: True, "x" * 65: False, "": False, "a\u0000": False}


def _full(kind: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((ROOT / f"schemas/examples/{kind}/valid-full.json").read_text("utf-8"))
    return value


def _verdicts_agree(text: str, *, is_valid: bool) -> None:
    value = json.loads(text)
    assert satisfies(value, value["type"]) is is_valid
    found = decoded(text.encode())
    assert isinstance(found, Rejected) is not is_valid, found


@pytest.mark.parametrize(("time", "is_valid"), TIMES.items())
@pytest.mark.parametrize("field", ["time", "due_at"])
def test_moments(field: str, time: str, *, is_valid: bool) -> None:
    value = _full("program.step_entered")
    (value if field == "time" else value["data"])[field] = time
    _verdicts_agree(json.dumps(value), is_valid=is_valid)


@pytest.mark.parametrize(("number", "is_valid"), INTEGERS.items())
def test_integers(number: str, *, is_valid: bool) -> None:
    value = _full("opportunity.won")
    value["data"]["amount_minor"] = "HERE"
    _verdicts_agree(json.dumps(value).replace('"HERE"', number), is_valid=is_valid)


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize(("text", "is_valid"), TEXTS.items())
@pytest.mark.parametrize("field", ["lead_id", "source", "channel", "campaign_id"])
def test_texts(field: str, text: str, *, is_valid: bool, ensure_ascii: bool) -> None:
    value = _full("lead.created")
    value["data"][field] = text
    longer_allowed = field == "lead_id" and len(text) == 65
    _verdicts_agree(json.dumps(value, ensure_ascii=ensure_ascii), is_valid=is_valid or longer_allowed)


@pytest.mark.parametrize(("sequence", "is_valid"), SEQUENCES.items())
def test_sequences(sequence: str, *, is_valid: bool) -> None:
    value = _full("lead.created") | {"sequence": sequence}
    _verdicts_agree(json.dumps(value), is_valid=is_valid)


def test_a_leap_second_is_the_last_millisecond_of_its_minute() -> None:
    value = _full("program.step_entered") | {"time": "2016-12-31T23:59:60Z"}
    value["data"]["due_at"] = "2016-12-31T23:59:60.25+00:00"
    found = decoded(value)
    assert not isinstance(found, Rejected)
    at, event = found
    assert at == 1_483_228_799_999
    assert event.data.due_at.isoformat() == "2016-12-31T23:59:59.999000+00:00"


def test_a_text_that_looks_like_a_leap_second_is_kept() -> None:
    value = _full("lead.created")
    value["data"] |= {"campaign_id": "2016-12-31T23:59:60Z", "score": 1.0}
    found = decoded(value)
    assert not isinstance(found, Rejected)
    assert found[1].data.campaign_id == "2016-12-31T23:59:60Z"
    assert found[1].data.score == 1


@pytest.mark.parametrize(
    ("value", "named", "remedy"),
    [
        (b"\x00\x00\x00\x00\x07{}", "Confluent", "without a registry"),
        (b"\xef\xbb\xbf{}", "byte order mark", "write UTF-8 without one"),
        (b"[{}]", "array", "one event per record"),
        (b"\x1f\x8b\x08\x00", "gzip", "compression.type"),
        (b"  \n", "empty", "send a JSON object"),
        (b'"text"', "not a JSON object", ""),
        (b"{", "not JSON", ""),
        (b'{"id":"caf\xe9"}', "UTF-8", ""),
    ],
)
def test_what_is_no_event_is_named_with_its_remedy(value: bytes, named: str, remedy: str) -> None:
    found = rejected(value)
    assert found.cause == "malformed"
    assert named in found.detail
    assert remedy in found.detail


CE = [
    ("ce_specversion", b"1.0"),
    ("ce_source", b"/t"),
    ("ce_type", b"email.clicked"),
    ("ce_time", b"2026-03-02T09:10:00Z"),
]
CLICKED = b'{"message_id":"m","lead_id":"l"}'
STRUCTURED = b'{"id":"1","type":"lead.erased","time":"2026-03-02T09:10:00Z","data":{"lead_id":"l"}}'


@pytest.mark.parametrize("content_type", [None, b"application/json", b"text/plain"])
def test_ce_id_without_a_cloudevents_content_type_is_binary_mode(content_type: bytes | None) -> None:
    headers = [*CE, ("ce_id", b"2"), *([("content-type", content_type)] if content_type else [])]
    found = decoded(CLICKED, headers)
    assert not isinstance(found, Rejected)
    assert found[1].id == "2"


@pytest.mark.parametrize(
    "content_type", [b"application/cloudevents+json", b"Application/CloudEvents+json; charset=utf-8"]
)
def test_a_cloudevents_content_type_is_structured_mode(content_type: bytes) -> None:
    found = decoded(STRUCTURED, [*CE, ("ce_id", b"2"), ("content-type", content_type)])
    assert not isinstance(found, Rejected)
    assert found[1].id == "1"


def test_the_sequence_is_an_attribute_in_binary_mode() -> None:
    found = decoded(CLICKED, [*CE, ("ce_id", b"2"), ("ce_sequence", b"0042")])
    assert not isinstance(found, Rejected)
    assert found[1].sequence == "0042"


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_anything"])
def test_a_header_that_is_not_utf8_is_malformed(name: str) -> None:
    headers = [(key, value) for key, value in [*CE, ("ce_id", b"2")] if key != name]
    found = rejected(CLICKED, [*headers, (name, b"caf\xe9")])
    assert found.cause == "malformed"
    assert f"`{name}`" in found.detail


CASES = ROOT.parent / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases from the field are not beside the repository")
@pytest.mark.parametrize("path", [CASES / "48-control-chars.jsonl"], ids=lambda path: path.stem)
def test_cases_from_the_field_that_are_rejected(path: Path) -> None:
    for line in path.read_bytes().splitlines():
        value = json.loads(line)
        assert not satisfies(copy.deepcopy(value), value["type"])
        assert rejected(json.dumps(value | {"time": "2026-05-01T00:00:00Z"}).encode()).cause == "invalid"
