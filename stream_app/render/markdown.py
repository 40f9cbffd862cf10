"""The little Markdown that the pages are made of."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Rendered from the declarations by `stream-app render`; changes go there. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table; bars and line breaks in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(values: Iterable[str]) -> str:
    """Write values as code, separated by blanks."""
    return " ".join(f"`{value}`" for value in values)


def page(*blocks: str) -> str:
    """Join blocks with a blank line between them; empty ones are left out."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
