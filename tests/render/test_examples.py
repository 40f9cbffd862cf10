"""Every committed example is judged alike by the decoder and by the schema, and as its name says."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream_app.catalog.events import EVENT_TYPES
from stream_app.core.envelope import Rejected, event_type
from tests.render.house import ROOT
from tests.render.validators import decoded, names, rejected, satisfies, schema_of

EXAMPLES = ROOT / "schemas" / "examples"
TYPES = [event_type(kind) for kind in EVENT_TYPES]
VALID = sorted(EXAMPLES.glob("*/valid-*.json"))
INVALID = sorted(EXAMPLES.glob("*/invalid-*.json"))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _read(path: Path) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("path", VALID, ids=_name)
def test_decoder_and_schema_accept_valid_examples(path: Path) -> None:
    value = _read(path)
    assert value["type"] == path.parent.name
    assert not isinstance(decoded(value), Rejected), decoded(value)
    assert satisfies(value, path.parent.name)


@pytest.mark.parametrize("path", INVALID, ids=_name)
def test_decoder_and_schema_refuse_invalid_examples(path: Path) -> None:
    example = _read(path)
    reason = rejected(example["value"])
    assert reason.cause == example["cause"]
    assert names(reason.detail, example["path"]), reason.detail
    # What compares two fields, or a field with the clock, is beyond a schema.
    assert satisfies(example["value"], path.parent.name) is example.get("beyond_schema", False)


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_has_valid_and_invalid_examples(type_: str) -> None:
    folder = EXAMPLES / type_
    assert len(list(folder.glob("valid-*.json"))) >= 2
    assert len(list(folder.glob("invalid-*.json"))) >= 2


@pytest.mark.parametrize("type_", TYPES)
def test_the_full_example_shows_every_field(type_: str) -> None:
    shown = _read(EXAMPLES / type_ / "valid-full.json")
    schema = schema_of(type_).schema
    data = schema["properties"]["data"]["properties"]
    # Only some types have a use for these two, whatever the shared struct allows.
    needless = {"bounce", "reason"} - ({"bounce"} if type_ == "email.bounced" else set())
    assert schema["properties"].keys() == shown.keys()
    assert data.keys() - shown["data"].keys() <= needless


@pytest.mark.parametrize("type_", TYPES)
def test_the_minimal_example_shows_only_what_is_required(type_: str) -> None:
    shown = _read(EXAMPLES / type_ / "valid-minimal.json")
    schema = schema_of(type_).schema
    assert set(schema["required"]) == shown.keys()
    assert set(schema["properties"]["data"]["required"]) == shown["data"].keys()


def test_every_example_file_has_a_known_type_and_name() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(TYPES)
    assert {*EXAMPLES.rglob("*.json")} == {*VALID, *INVALID}


@pytest.mark.parametrize("type_", TYPES)
def test_every_schema_is_valid(type_: str) -> None:
    Draft202012Validator.check_schema(schema_of(type_).schema)
