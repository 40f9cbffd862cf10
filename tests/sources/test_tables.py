"""What a table of `sources.toml` may say of types is what the contract says of them."""

from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import event_type
from stream_app.sources.exports.contract import FIELDS, Type, choices
from stream_app.sources.exports.table import Table
from stream_app.sources.segment import Mapped

DATA = {
    event_type(kind): next(each.type for each in msgspec.structs.fields(kind) if each.name == "data")
    for kind in EVENT_TYPES
}


def _words(hint: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type hint
    literals = [each for each in (hint, *get_args(hint)) if get_origin(each) is Literal]
    return get_args(literals[0]) if literals else ()


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_the_fields_of_a_type_are_those_of_the_contract(kind: str) -> None:
    fields = msgspec.structs.fields(DATA[kind])
    needed, more = FIELDS[kind]
    assert {each.name for each in fields if each.required} == set(needed)
    assert {each.name for each in fields if not each.required} == set(more)


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_the_words_of_a_field_are_those_of_the_contract(kind: str) -> None:
    words = {each.name: _words(each.type) for each in msgspec.structs.fields(DATA[kind]) if each.name != "currency"}
    assert {name: choices(kind, name) for name in words} == words


def test_every_type_without_a_list_of_items_can_be_imported() -> None:
    lists = {f"subscription.{each}" for each in ("started", "changed", "paused", "resumed", "canceled")}
    assert set(get_args(Type)) == set(FIELDS) == set(DATA) - lists - {"lead.erased", "opportunity.deleted"}


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ({"type": "reach.recorded", "columns": {"day": "a", "kind": "b"}}, "reach.recorded needs count"),
        ({"type": "lead.merged", "columns": {"lead_id": "a", "merged_id": "b", "e_mail": "c"}}, "no field e_mail"),
        (
            {"type": "reach.recorded", "columns": {"count": "a"}, "constants": {"day": "soon", "kind": "responses"}},
            "does not take this constant as its day",
        ),
        ({"type": "lead.engaged", "columns": {"lead_id": "a"}, "constants": {"kind": "demo"}}, "constant as its kind"),
        ({"type": "subscription.started"}, "Invalid enum value"),
    ],
)
def test_a_table_that_makes_no_event_is_refused(table: dict[str, Any], rule: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rule):
        msgspec.convert(table, Table)


@pytest.mark.parametrize(
    ("mapped", "rule"),
    [
        ({"type": "lead.engaged"}, "lead.engaged needs `kind`: one of form_submit"),
        ({"type": "lead.engaged", "kind": "demo"}, "lead.engaged needs `kind`"),
        ({"type": "lead.stage_changed", "to": "open"}, "one of lead, mql, sal, sql, opportunity, customer"),
    ],
)
def test_a_tracked_event_that_makes_no_event_is_refused(mapped: dict[str, Any], rule: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rule):
        msgspec.convert(mapped, Mapped)
