"""A copy of the repository in which a recipe is followed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.shipping.composition import ROOT
from tests.shipping.pages import paths, section

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".cache", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build", "dist"
)


@dataclass(frozen=True)
class Tree:
    """The copy, and which of its files the recipe has edited by hand."""

    root: Path
    edited: set[str] = field(default_factory=set)

    @classmethod
    def copy(cls, place: Path) -> "Tree":
        """Copy the repository into a folder that does not exist yet."""
        shutil.copytree(ROOT, place, ignore=_LEFT_OUT)
        return cls(place)

    def insert(self, path: str, text: str, *, before: str = "", after: str = "") -> None:
        """Insert text before or after the first place of another. A recipe that fails here has to follow the code."""
        old = (self.root / path).read_text(encoding="utf-8")
        anchor = before or after
        assert anchor in old, f"{path} has no {anchor!r} any more: adapt the recipe in tests/recipes"
        new = text + anchor if before else anchor + text
        self.write(path, old.replace(anchor, new, 1))

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the first place of a text."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r} any more: adapt the recipe in tests/recipes"
        self.write(path, text.replace(old, new, 1))

    def write(self, path: str, text: str) -> None:
        """Write a file by hand."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")
        self.edited.add(path)

    def run(self, *words: str) -> tuple[int, str]:
        """Run a module of the copy; return its exit code and all that it printed."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def must_name(self, missing: str, tests: Sequence[str]) -> None:
        """Fail unless these tests fail and say what is missing."""
        code, said = self.run("pytest", "-q", "-p", "no:cacheprovider", *tests)
        assert code != 0, said
        assert missing in said, said

    def must_pass(self, tests: Sequence[str]) -> None:
        """Fail unless these tests pass."""
        code, said = self.run("pytest", "-q", "-p", "no:cacheprovider", *tests)
        assert code == 0, said

    def render(self) -> list[str]:
        """Render, and return which files that has written."""
        code, said = self.run("stream_app.cli", "render")
        assert code == 0, said
        return said.split()


def steps(recipe: str) -> set[str]:
    """Return the paths that a recipe of CONTRIBUTING.md tells to edit."""
    lines = [line for line in section("CONTRIBUTING.md", recipe).splitlines() if re.match(r"\d+\. ", line)]
    assert lines
    named = paths("CONTRIBUTING.md")
    return {
        path for line in lines for path in re.findall(r"`([^`]+)`", line) if path in named or (ROOT / path).is_file()
    }
