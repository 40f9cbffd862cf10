"""The pages of the definitions: they name every series, and what the recounts quote stands in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_app.catalog.sample_source import DEFINITIONS_OF

ROOT = Path(__file__).parents[2]
FEWEST_WORDS = 4
"""A shorter quotation could stand anywhere."""


def plain(text: str) -> str:
    """Leave out markup, line breaks and case."""
    for written, meant in (("→", "->"), ("`", ""), ("*", "")):
        text = text.replace(written, meant)
    return " ".join(text.split()).lower()


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def sql_comments() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "stream_app/audit/sql").glob("*.sql")):
        comments = (line[2:] for line in path.read_text("utf-8").splitlines() if line.startswith("--"))
        yield path.name, "\n".join(comments)


def oracle_docstrings() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests/oracle").glob("[!t]*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                yield path.name, text


def quotations() -> list[tuple[str, str]]:
    """Return file and text of every quotation; one with an ellipsis is several."""
    return [
        (name, words)
        for name, text in (*sql_comments(), *oracle_docstrings())
        for quoted in re.findall(r'"([^"]+)"', text)
        for part in re.split(r"\[?\.\.\.\]?", quoted)
        if len((words := plain(part).strip(" .,;:()")).split()) >= FEWEST_WORDS
    ]


@pytest.mark.parametrize("series", DEFINITIONS_OF)
def test_every_series_has_a_definition(series: str) -> None:
    assert f"`{series}`" in page("definitions")


def test_no_definition_is_of_a_series_that_does_not_exist() -> None:
    named = set(re.findall(r"`(lifecycle_\w+)`", page("definitions")))
    assert named - DEFINITIONS_OF.keys() == {"lifecycle_metric_info"}


def test_what_the_recounts_quote_stands_in_the_pages() -> None:
    pages = plain("\n".join(map(page, ("definitions", "decisions", "events"))))
    assert len(quotations()) > len(DEFINITIONS_OF)
    assert [(name, words) for name, words in quotations() if words not in pages] == []
