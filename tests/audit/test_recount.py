"""The audit as a thing of its own: what it imports, where it keeps its events, what it refuses."""

import ast
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

import stream_app.audit
from stream_app.audit import Recount
from tests.audit.stories import happened

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)


def imports_of(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_the_audit_shares_nothing_with_what_it_audits() -> None:
    modules = sorted(Path(stream_app.audit.__file__).parent.glob("*.py"))
    ours = {name for module in modules for name in imports_of(module) if name.startswith("stream_app")}
    assert ours
    assert {name for name in ours if not name.startswith("stream_app.audit")} == set()


def test_a_given_file_is_kept_and_can_be_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    with Recount(path=path) as recount:
        recount.add([happened("lead.created", "2026-03-12T09:00:00Z", lead_id="a")])
        recount.samples(NOON)
    database = sqlite3.connect(path)
    assert database.execute(
        "SELECT funnel, value FROM (SELECT labels ->> 'funnel_stage' AS funnel, value FROM level_leads_in_stage)"
    ).fetchall() == [("lead", 1)]
    database.close()


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    path.write_bytes(b"")
    with pytest.raises(FileExistsError):
        Recount(path=path)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        Recount(timezone="Atlantis/Capital")


def test_an_unknown_type_is_refused() -> None:
    with Recount() as recount, pytest.raises(ValueError, match=r"lead\.abducted"):
        recount.add([happened("lead.abducted", "2026-03-12T09:00:00Z", lead_id="a")])
