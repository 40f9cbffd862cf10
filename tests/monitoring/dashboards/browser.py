"""A headless Chromium, and what it made of a page."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# The shell starts in a third of the time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: .ci/install-tools")

# Without these it talks to servers of its maker, or waits for a screen.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within, in one line."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        # A name that is too long is two parts of one word.
        return " ".join(("" if self.tag == "bdi" else " ").join(parts).split())

    @property
    def kinds(self) -> set[str]:
        """The classes."""
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", kind: str = "", **attributes: str) -> "list[Element]":
        """Every element within of this tag, class and attributes (`data_panel` for `data-panel`)."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.within()
            if tag in {"", each.tag} and (not kind or kind in each.kinds) and wanted.items() <= each.attributes.items()
        ]

    def one(self, tag: str = "", kind: str = "", **attributes: str) -> "Element":
        """The only such element."""
        (found,) = self.all(tag, kind, **attributes)
        return found

    def within(self) -> "Iterator[Element]":
        """Every element within, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.within()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(each.tag == tag for each in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open[-1].tag not in {"script", "style"}:
            self._open[-1].children.append(data)


def opened(url: str, width: int = 1920, height: int = 1080, after_ms: int = 2000, flags: Sequence[str] = ()) -> Element:
    """The page as it stands some time after it was opened by a browser with some flags besides ours."""
    builder = _Builder()
    builder.feed(_chromium(url, after_ms, f"--window-size={width},{height}", *flags, "--dump-dom"))
    return builder.root


def photograph(url: str, path: Path, width: int = 1920, height: int = 1080, after_ms: int = 2000) -> None:
    """Write a screenshot of the page some time after it was opened."""
    _chromium(url, after_ms, f"--window-size={width},{height}", f"--screenshot={path}")


def _chromium(url: str, after_ms: int, *flags: str) -> str:
    assert CHROMIUM
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        when = f"--virtual-time-budget={after_ms}"
        command = [CHROMIUM, *_FLAGS, when, f"--user-data-dir={profile}", *flags, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - a browser
    return done.stdout
