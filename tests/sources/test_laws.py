"""What holds for every source, whatever it is sent."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import Decoder, Rejected
from stream_app.sources.source import Item, Malformed, Outcome, Request
from stream_app.worker.batch import Record
from tests.sources.payload import PAYLOADS, Payload, items, note, outcomes

HERE = [payload for payload in PAYLOADS if payload.is_here]
SPLIT = [payload for payload in HERE if not isinstance(payload.source.split(payload.request, 0), Malformed)]
SOURCES = sorted({payload.source_name for payload in SPLIT})
DECODER = Decoder(EVENT_TYPES)
ADDRESS = re.compile(r"[^\s@<>\"'\\:,;/?&=]+@[^\s@<>\"'\\:,;/?&=]+\.[a-z]{2,}", re.IGNORECASE)

HUGE: tuple[Any, ...] = (10**18, 10**30, -1, 1e300, -1e300, 0.5, 2**63, 253_402_300_800)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "x",
    "0",
    "\u0000",
    "a@b.example",
    "x" * 2000,
    [],
    {},
    [[]],
    [{}],
    {"id": {}},
)


def written(outcome: Outcome | Malformed) -> str:
    """An outcome as a text that is the same for the same outcome."""
    return json.dumps(outcome, sort_keys=True) if isinstance(outcome, dict) else note(outcome)


def refused(payload: Payload, outcome: Outcome | Malformed) -> str:
    """Why the worker would refuse an event; empty for what it takes, for what is none, and for a sender's own."""
    if not isinstance(outcome, dict) or payload.source.is_own:
        return ""
    # A record without a timestamp: no event of a fuzzed time is too far ahead.
    result = DECODER.decode(Record(0, 0, None, json.dumps(outcome).encode()))
    return f"{result.cause}: {result.detail}" if isinstance(result, Rejected) else ""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Every path in JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:  # noqa: ANN401 - any JSON
    """A copy with one place changed."""
    whole = copy.deepcopy(value)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return whole


def fuzzed(payload: Payload, body: bytes) -> list[Outcome | Malformed]:
    """What becomes of a body in the place of that of a payload."""
    request = payload.request
    found = payload.source.split(Request(request.method, request.url, request.headers, body), 0)
    if isinstance(found, Malformed):
        return [found]
    return [outcome for item in found for outcome in payload.source.events(item, payload.context)]


def parsed(payload: Payload) -> Any:  # noqa: ANN401 - any JSON
    """The payload's body if it is JSON."""
    try:
        return json.loads(payload.body)
    except ValueError:
        return None


@given(st.data(), st.sampled_from(SOURCES))
def test_order_and_copies_of_items_change_nothing(data: st.DataObject, source: str) -> None:
    payloads = [payload for payload in SPLIT if payload.source_name == source]
    chosen = data.draw(st.lists(st.sampled_from(payloads), min_size=1, max_size=8, unique_by=str))
    delivered = [(payload, item) for payload in chosen for item in items(payload.source, payload.request)]
    shuffled = data.draw(st.permutations(delivered)) + data.draw(st.lists(st.sampled_from(delivered), max_size=4))
    assert _all(shuffled) == _all(delivered)


def _all(delivered: list[tuple[Payload, Item]]) -> set[str]:
    return {written(outcome) for payload, item in delivered for outcome in payload.source.events(item, payload.context)}


@pytest.mark.parametrize("payload", SPLIT, ids=str)
def test_when_an_item_comes_and_with_which_headers_changes_nothing(payload: Payload) -> None:
    request = payload.request
    # What the content is stays: all else is of the delivery.
    headers = {name: value for name, value in request.headers.items() if name.startswith(("content-", "ce-"))}
    retried = Request(request.method, request.url, headers | {"x-retry": "3", "user-agent": "again"}, request.body)
    first, second = payload.source.split(request, 1), payload.source.split(retried, 1_900_000_000_000)
    assert not isinstance(first, Malformed)
    assert not isinstance(second, Malformed)
    assert [item.id for item in first] == [item.id for item in second]
    assert [payload.source.events(item, payload.context) for item in first] == [
        payload.source.events(item, payload.context) for item in second
    ]


@pytest.mark.parametrize("payload", HERE, ids=str)
def test_every_event_is_one_that_the_worker_takes(payload: Payload) -> None:
    assert [reason for outcome in outcomes(payload) if (reason := refused(payload, outcome))] == []


@pytest.mark.parametrize("payload", HERE, ids=str)
def test_no_address_of_the_input_is_in_what_comes_out(payload: Payload) -> None:
    addresses = {found.lower() for found in ADDRESS.findall(payload.body.decode("utf-8", "replace"))}
    found = payload.source.split(payload.request, 0)
    ids = [] if isinstance(found, Malformed) else [item.id for item in found]
    shown = " ".join([*ids, *map(written, outcomes(payload))]).lower()
    assert [address for address in addresses if address in shown] == []
    assert "@" not in "".join(ids)


@pytest.mark.parametrize("payload", HERE, ids=str)
def test_a_payload_without_one_of_its_fields_never_fails(payload: Payload) -> None:
    body = parsed(payload)
    for path in places(body):
        found = fuzzed(payload, json.dumps(changed(body, path, lambda holder, key: holder.pop(key))).encode())
        assert [reason for outcome in found if (reason := refused(payload, outcome))] == [], path


@pytest.mark.parametrize("payload", HERE, ids=str)
def test_a_payload_with_other_numbers_never_fails(payload: Payload) -> None:
    body = parsed(payload)
    for path in places(body):
        if isinstance(_at(body, path), int | float):
            for value in HUGE:
                found = fuzzed(
                    payload,
                    json.dumps(changed(body, path, lambda holder, key, v=value: _put(holder, key, v))).encode(),  # type: ignore[misc]
                )
                assert [reason for outcome in found if (reason := refused(payload, outcome))] == [], path


def _at(value: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any JSON
    for key in path:
        value = value[key]
    return value


@given(st.data(), st.sampled_from(HERE))
def test_a_payload_with_anything_in_a_place_never_fails(data: st.DataObject, payload: Payload) -> None:
    body = parsed(payload)
    paths = list(places(body))
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    value = data.draw(st.one_of(st.sampled_from(ODD), st.sampled_from(HUGE), st.sampled_from([body])))
    found = fuzzed(payload, json.dumps(changed(body, path, lambda holder, key: _put(holder, key, value))).encode())
    assert [reason for outcome in found if (reason := refused(payload, outcome))] == []
    assert "a@b.example" not in " ".join(map(written, found))


def _put(holder: Any, key: Any, value: Any) -> None:  # noqa: ANN401 - any JSON
    holder[key] = value


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff", b"null", b"[]", b"[null]", b"{}", b"[{}]", b"1", b'"x"', b"[" * 2000, b"{" * 2000),
        *(b'{"a":' * 2000, b'"\\ud800"', b"1e999", b"9" * 5000, b'{"id":"\\u0000"}', b"a=1&b=2", b"NaN"),
        b'{"data":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_a_body_of_anything_never_fails(source: str, body: bytes) -> None:
    payload = next(each for each in SPLIT if each.source_name == source)
    assert [reason for outcome in fuzzed(payload, body) if (reason := refused(payload, outcome))] == []
