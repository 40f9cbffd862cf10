"""Rows of exports become exactly the events that were written by hand for them.

A case is `exports/<kind>/<case>.json` with `doc`, `rows` and, where needed, `settings` and `account_key`; beside it the
events and the reasons, as for payloads.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream_app.sources import EXPORTS
from stream_app.sources.export import Export
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, Outcome
from tests.sources.payload import FOLDER, KEY, note

CASES = sorted((FOLDER / "exports").glob("*/*.json"))


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def _outcomes(path: Path) -> list[Outcome]:
    case = json.loads(path.read_text("utf-8"))
    export: Export[Any] = EXPORTS[path.parent.name]
    settings = msgspec.convert(case.get("settings", {}), export.settings)
    context = Context(settings, partial(alias, KEY), case.get("account_key", "account_id"))
    return [outcome for row in case["rows"] for outcome in export.events(row, context)]


def test_every_expectation_belongs_to_rows() -> None:
    expectations = [*(FOLDER / "exports").glob("*/*.events.jsonl"), *(FOLDER / "exports").glob("*/*.parked")]
    assert [path for path in expectations if path.parent / f"{path.name.split('.')[0]}.json" not in CASES] == []


def test_every_kind_of_export_has_rows() -> None:
    kinds = {path.parent.name for path in CASES}
    assert kinds == EXPORTS.keys()


def _lines(path: Path, suffix: str) -> list[str]:
    beside = path.with_suffix(suffix)
    return beside.read_text("utf-8").splitlines() if beside.exists() else []


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_rows_become_what_was_written_by_hand(path: Path) -> None:
    found = _outcomes(path)
    expected = [json.loads(line) for line in _lines(path, ".events.jsonl")]
    canonical = partial(json.dumps, sort_keys=True)
    assert sorted(canonical(each) for each in found if isinstance(each, dict)) == sorted(map(canonical, expected))
    assert sorted(filter(None, map(note, found))) == sorted(_lines(path, ".parked"))


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_the_order_of_rows_changes_nothing(path: Path) -> None:
    def events(outcomes: list[Outcome]) -> set[str]:
        return {json.dumps(each, sort_keys=True) for each in outcomes if isinstance(each, dict)}

    found = _outcomes(path)
    assert events(found) == events([*reversed(found), *found])
