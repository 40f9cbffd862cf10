"""What an adapter says becomes records, and what it does wrong is parked under a reason without its text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.intake.mapping import LARGEST_ITEM_BYTES, Mapped, Result, TooManyItems, short_reason
from stream_app.sources.source import Item, Request
from tests.intake.declared import ADDRESS, PLAIN, created
from tests.intake.wiring import mapping

RECEIVED = 1_772_442_900_000  # 2026-03-02T09:15:00Z


def mapped(*items: object, body: bytes | None = None) -> list[Mapped]:
    found = mapping().request(Request("POST", "", {}, json.dumps(items).encode() if body is None else body), RECEIVED)
    assert not isinstance(found, TooManyItems)
    return found


def one(item: object) -> Mapped:
    (found,) = mapped(item)
    return found


def test_an_event_goes_to_its_topic_under_its_key() -> None:
    found = one(created(7))
    (event,) = found.events
    assert (event.topic, event.key, event.type) == ("lifecycle.lead", b"l7", "lead.created")
    assert json.loads(event.value) == created(7)["event"]
    assert event.at == 1_772_442_843_000
    assert (found.result, found.reason) == (Result.MAPPED, "")


@pytest.mark.parametrize(
    ("item", "result", "reason"),
    [
        ({"do": "ignore"}, Result.IGNORED, "none_of_ours"),
        ({"do": "stage", "stage": "8", "lead": "l"}, Result.PARKED, "stage: stage"),
        ({"do": "person", "email": "nobody"}, Result.PARKED, "no_address: email"),
        ({"do": "raise", "email": ADDRESS}, Result.PARKED, "bug: ValueError"),
        ({"do": "stage"}, Result.PARKED, "bug: KeyError"),
        (17, Result.PARKED, "bug: AttributeError"),
        ({"event": {"id": "1"}}, Result.PARKED, "bug: invalid: Object missing required field `type`"),
        ({"event": [ADDRESS]}, Result.PARKED, "bug: malformed: The value is a JSON array: send one event per record"),
        ({"event": {"type": ADDRESS}}, Result.PARKED, "bug: unknown_type: `$.type` is none of the known event types"),
    ],
)
def test_what_is_no_event_has_a_reason(item: object, result: Result, reason: str) -> None:
    found = one(item)
    assert (found.result, found.reason, found.events) == (result, reason, ())


def test_an_address_as_an_identifier_is_parked_as_a_bug() -> None:
    item: Any = created(1)
    item["event"]["data"]["lead_id"] = ADDRESS
    assert one(item).reason == "bug: pii_identifier: Expected an identifier without @ - at `$.data.lead_id`"


def test_a_field_that_is_missing_is_named_beside_the_event() -> None:
    found = one({"do": "person", "email": ADDRESS, "time": "2026-03-02T09:14:03Z"})
    assert found.incomplete == ("source",)
    assert [each.key for each in found.events] == [b"p-28"]


def test_an_event_from_the_future_is_parked_until_it_has_come() -> None:
    item: Any = created(1)
    item["event"]["time"] = "2026-03-02T09:20:01Z"
    found = one(item)
    assert short_reason(found.reason) == "bug: future"
    (later,) = mapping().again(found.item, RECEIVED + 2000)
    assert later.result is Result.MAPPED


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"[1", b"\x1f\x8b\x08"])
def test_a_request_that_cannot_be_split_is_one_parked_item(body: bytes) -> None:
    (found,) = mapped(body=body)
    assert (found.item.raw, found.item.received) == (body, RECEIVED)
    assert (found.result, found.reason) == (Result.PARKED, "malformed: the body is no JSON array")
    assert mapping().again(found.item, RECEIVED) == [found]


def test_too_many_items_are_not_mapped() -> None:
    body = json.dumps([{"do": "ignore"}] * (PLAIN.limits.items + 1)).encode()
    assert isinstance(mapping().request(Request("POST", "", {}, body), RECEIVED), TooManyItems)


def test_an_item_that_is_too_large_is_not_mapped() -> None:
    item = created(1)
    space = LARGEST_ITEM_BYTES - len(json.dumps(item | {"x": ""}))
    assert one(item | {"x": "x" * space}).result is Result.MAPPED
    assert one(item | {"x": "x" * (space + 1)}).reason == "too_large"


@pytest.mark.parametrize("id_", ["", ADDRESS, "a\nb", "x" * 129])
def test_an_item_has_an_id_without_an_address(id_: str) -> None:
    found = mapping().item(Item(id_, json.dumps(created(1)).encode(), RECEIVED))
    assert found.item.id.startswith("hash-")
    assert len(found.item.id) < 64
    assert found.result is Result.MAPPED


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_mapping_never_raises_and_loses_no_item(body: bytes) -> None:
    for found in mapped(body=body):
        assert found.result is not Result.MAPPED
        assert found.reason


def test_reasons_are_shortened_to_few() -> None:
    assert [short_reason(each) for each in ("", "stage", "stage: stage", "bug: invalid: x: y", "malformed: x")] == [
        "",
        "stage",
        "stage",
        "bug: invalid",
        "malformed",
    ]
