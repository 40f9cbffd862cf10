"""The fingerprint changes when stored numbers would have to be recomputed, and only then."""

import subprocess
import sys
from dataclasses import replace
from typing import Annotated, Any

import pytest
from msgspec import Raw, Struct, defstruct

from stream_app.catalog.entities import ACCOUNT, ENTITIES, LEAD
from stream_app.catalog.fingerprint import fingerprint, layout
from stream_app.catalog.lead.state import Lead
from stream_app.catalog.message import Message
from stream_app.catalog.metrics import METRICS
from stream_app.core.calendar import Calendar
from stream_app.core.facts import FoldSettings
from stream_app.spec.window import Window

SETTINGS = FoldSettings(Calendar())

Fields = list[tuple[str, Any]]
FIELDS: Fields = [("at", int), ("name", str)]
CHANGED_FIELDS: dict[str, Fields] = {
    "a name": [("at", int), ("title", str)],
    "a type": [("at", int), ("name", bytes)],
    "the order": [("name", str), ("at", int)],
    "one more": [("at", int), ("name", str), ("more", str)],
    "one less": [("at", int)],
}


def stored(fields: Fields) -> type[Struct]:
    """An entity of rows with these fields."""
    row = defstruct("Row", fields, array_like=True)
    return defstruct("Entity", [("id", str), ("rows", dict[str, list[row]])], array_like=True)  # type: ignore[valid-type]


@pytest.mark.parametrize("change", CHANGED_FIELDS)
def test_a_change_of_a_stored_field_changes_it(change: str) -> None:
    before, after = stored(FIELDS), stored(CHANGED_FIELDS[change])
    marks = [fingerprint(SETTINGS, entities=[replace(LEAD, state=state)]) for state in (before, after)]
    assert marks[0] != marks[1]


def test_equal_definitions_give_the_same() -> None:
    marks = {fingerprint(SETTINGS, entities=[replace(LEAD, state=stored(FIELDS))]) for _ in range(2)}
    assert len(marks) == 1
    assert fingerprint(SETTINGS, METRICS[::-1], ENTITIES[::-1]) == fingerprint(SETTINGS)


def test_another_process_gives_the_same() -> None:
    program = (
        "from stream_app.catalog.fingerprint import fingerprint\n"
        "from stream_app.core.calendar import Calendar\n"
        "from stream_app.core.facts import FoldSettings\n"
        "print(fingerprint(FoldSettings(Calendar())))"
    )
    marks = {
        subprocess.check_output(  # noqa: S603 - the program is the text above
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, text=True
        ).strip()
        for seed in ("1", "2")
    }
    assert marks == {fingerprint(SETTINGS)}


def test_a_change_of_a_setting_changes_it() -> None:
    changed = [
        FoldSettings(Calendar("Europe/Berlin")),
        FoldSettings(Calendar(), horizon_ms=1),
        FoldSettings(Calendar(), step_limit_ms=1),
        FoldSettings(Calendar(), program_credit_ms=1),
        FoldSettings(Calendar(), follow_up_ms=1),
        FoldSettings(Calendar(), follow_up_weekdays=True),
        FoldSettings(Calendar(), swap_grace_ms=1),
    ]
    assert len({fingerprint(each) for each in (SETTINGS, *changed)}) == len(changed) + 1


def test_a_change_of_a_declared_metric_changes_it() -> None:
    first, *others = METRICS
    changed = [
        replace(first, name="other"),
        replace(first, labels=first.labels[1:]),
        replace(first, windows=(Window.M5,)),
        replace(first, bounds=(1.0,)),
    ]
    marks = {fingerprint(SETTINGS, [each, *others]) for each in (first, *changed)}
    assert len(marks) == 5
    assert fingerprint(SETTINGS, [replace(first, definition="Said in other words."), *others]) in marks


def test_an_entity_more_or_less_changes_it() -> None:
    assert fingerprint(SETTINGS, entities=[LEAD]) != fingerprint(SETTINGS, entities=[LEAD, ACCOUNT])


def test_a_layout_reaches_down_to_plain_types() -> None:
    assert layout(stored(FIELDS)) == "{id: str, rows: dict[str, list[{at: int, name: str}]]}"


def test_a_layout_reaches_into_what_is_stored_encoded() -> None:
    row = defstruct("Row", FIELDS)
    assert layout(Annotated[Raw, row]) == "Raw of {at: int, name: str}"
    assert layout(Message) in layout(Lead)
