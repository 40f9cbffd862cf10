"""Keys are built in one module."""

import ast
import re
from pathlib import Path

import pytest

from stream_app.store.keys import GenerationKeys, due_member, of_due_member, partition_field, partition_of

_TOP = Path(__file__).parents[2]
_END_OF_HASH_TAG = r"\}:(?! )"


def _builds_a_key(source: str) -> bool:
    """Whether an f-string goes on with `}:` behind a value: a hash tag that ends."""
    return "}:" in source and any(
        isinstance(before, ast.FormattedValue)
        and isinstance(after, ast.Constant)
        and re.match(_END_OF_HASH_TAG, str(after.value))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        for before, after in zip(node.values, node.values[1:], strict=False)
    )


def test_no_other_module_builds_a_key() -> None:
    sources = [path for folder in ("stream_app", "bench", "tests") for path in sorted((_TOP / folder).rglob("*.py"))]
    found = [path.relative_to(_TOP).as_posix() for path in sources if _builds_a_key(path.read_text("utf-8"))]
    assert found == ["stream_app/store/keys.py"]


@pytest.mark.parametrize("script", ["commit.lua", "read.lua"])
def test_the_scripts_name_no_key_and_no_field(script: str) -> None:
    source = (_TOP / "stream_app" / "store" / script).read_text("utf-8")
    words = {"generations", "ledger", "offsets", "current", "level", "due", "definitions", "newest", "swept"}
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("--"))
    literals = set(code.split("'")[1::2])
    verdicts = {"generation", "definitions", "offset", "version", "applied"}
    assert not {literal for literal in literals if ":" in literal}
    assert not literals & words - verdicts


def test_keys_of_a_generation_share_the_hash_tag_of_the_namespace() -> None:
    keys = GenerationKeys.of("acme.eu", "3")
    assert keys.ledger == "{acme.eu}:3:ledger"
    assert keys.due("step_due_at", "p", "s") == "{acme.eu}:3:due:step_due_at\x1fp\x1fs"


def test_fields_and_members_are_read_as_they_were_built() -> None:
    assert partition_of(partition_field(("acme.lead:odd", 12))) == ("acme.lead:odd", 12)
    assert of_due_member(due_member("L:1", "e-1")) == ("L:1", "e-1")
    assert of_due_member("L:1") == ("L:1", "")
