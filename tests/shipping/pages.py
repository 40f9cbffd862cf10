"""The pages that are written by hand, and what can be looked up of what they say."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.shipping.composition import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
    if "<!-- Rendered" not in path.read_text()
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROOTS = ("stream_app", "tests", "docs", "schemas", "grafana", "prometheus", "deploy", "bench", ".ci", ".github")


def text(page: str) -> str:
    """Return a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", text(page))


def links(page: str) -> Iterator[tuple[str, str]]:
    """Yield path (empty for the page itself) and anchor of every link that stays in the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(path: Path) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def spans(page: str) -> list[str]:
    """Return every piece of code within a line."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def shell_lines(page: str) -> list[str]:
    """Return the lines of all shell blocks, without comments."""
    lines = (line for kind, body in _FENCE.findall(text(page)) if kind == "sh" for line in body.splitlines())
    return [stripped for line in lines if (stripped := line.partition(" #")[0].strip())]


def paths(page: str) -> list[str]:
    """Return every piece of code that is a path of the repository."""
    return [span for span in spans(page) if re.fullmatch(r"[\w./-]+", span) and span.split("/")[0] in _ROOTS]


def section(page: str, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading}"
    return found[1]
