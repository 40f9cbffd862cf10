"""What holds for every source, whatever it is sent."""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import Decoder, Rejected
from stream_app.sources import EXPORTS
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Item, Malformed, Outcome, Request
from stream_app.worker.batch import Record
from tests.sources.payload import KEY, PAYLOADS, Payload, items, note, outcomes
from tests.sources.test_export_rows import CASES

Case = TypeVar("Case")

HERE = [payload for payload in PAYLOADS if payload.is_here]
SPLIT = [payload for payload in HERE if not isinstance(payload.source.split(payload.request, 0), Malformed)]
SOURCES = sorted({payload.source_name for payload in SPLIT})
DECODER = Decoder(EVENT_TYPES)
ADDRESS = re.compile(r"[^\s@<>\"'\\:,;/?&=]+@[^\s@<>\"'\\:,;/?&=]+\.[a-z]{2,}", re.IGNORECASE)

HUGE: tuple[Any, ...] = (10**18, 10**30, -1, 1e300, -1e300, 0.5, 2**63, 253_402_300_800)
ODD_ADDRESS = "a@b.example"
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "x",
    "0",
    "\u0000",
    ODD_ADDRESS,
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


def refused(outcome: Outcome | Malformed) -> str:
    """Why the worker would refuse an event; empty for what it takes, and for what is none."""
    if not isinstance(outcome, dict):
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
    """A copy with one place changed; what does not lie on the way to it is shared."""
    whole = holder = copy.copy(value)
    for key in path[:-1]:
        holder[key] = copy.copy(holder[key])
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
    assert [reason for outcome in outcomes(payload) if (reason := refused(outcome))] == []


@pytest.mark.parametrize("payload", HERE, ids=str)
def test_no_address_of_the_input_is_in_what_comes_out(payload: Payload) -> None:
    addresses = {found.lower() for found in ADDRESS.findall(payload.body.decode("utf-8", "replace"))}
    found = payload.source.split(payload.request, 0)
    ids = [] if isinstance(found, Malformed) else [item.id for item in found]
    shown = " ".join([*ids, *map(written, outcomes(payload))]).lower()
    assert [address for address in addresses if address in shown] == []
    assert "@" not in "".join(ids)


def variants(cases: Iterable[tuple[Case, Any]]) -> Iterator[tuple[Case, tuple[Any, ...], Any]]:
    """Cases with each place left out, and with each odd value in it; a place counts once for two cases that have it."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for case, whole in cases:
        new = {path: tuple("[]" if isinstance(key, int) else key for key in path) for path in places(whole)}
        chosen = [path for path, general in new.items() if seen[general] < _TIMES]
        seen.update({new[path] for path in chosen})
        for path in chosen:
            yield case, path, changed(whole, path, lambda holder, key: holder.pop(key))
            for value in (*ODD, *HUGE):
                yield case, path, changed(whole, path, partial(_put, value=value))


_TIMES = max(1, settings().max_examples // 50)


def _put(holder: Any, key: Any, value: Any) -> None:  # noqa: ANN401 - any JSON
    holder[key] = value


def objections(outcomes: Iterable[Outcome | Malformed], *, is_own: bool = False) -> list[str]:
    """What may not come out of odd input: an event that the worker refuses, and an address."""
    made = list(outcomes)
    reasons = [] if is_own else [reason for outcome in made if (reason := refused(outcome))]
    return reasons + [shown for outcome in made if ODD_ADDRESS in (shown := written(outcome).lower())]


@pytest.mark.parametrize("source", SOURCES)
def test_a_payload_with_any_odd_value_in_any_place_never_fails(source: str) -> None:
    bodies = [(each, body) for each in HERE if each.source_name == source and (body := parsed(each)) is not None]
    for payload, path, body in variants(bodies):
        made = fuzzed(payload, json.dumps(body).encode())
        assert objections(made, is_own=payload.source.is_own) == [], (str(payload), path)


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_row_with_any_odd_value_in_any_place_never_fails(kind: str) -> None:
    export = EXPORTS[kind]
    cases = [json.loads(path.read_text("utf-8")) for path in CASES if path.parent.name == kind]
    rows = [(each.get("settings", {}), row) for each in cases for row in each["rows"]]
    for stated, path, row in variants(rows):
        settings = msgspec.convert(stated, export.settings)
        made = export.events(row, Context(settings, partial(alias, KEY)))
        assert objections(made) == [], (kind, path)


@given(st.data(), st.sampled_from(HERE))
def test_a_payload_with_odd_values_in_several_places_never_fails(data: st.DataObject, payload: Payload) -> None:
    body = parsed(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        if paths := list(places(body)):
            value = data.draw(st.one_of(st.sampled_from(ODD), st.sampled_from(HUGE), st.sampled_from([body])))
            body = changed(body, data.draw(st.sampled_from(paths)), partial(_put, value=copy.deepcopy(value)))
    assert objections(fuzzed(payload, json.dumps(body).encode()), is_own=payload.source.is_own) == []


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
    assert objections(fuzzed(payload, body), is_own=payload.source.is_own) == []
