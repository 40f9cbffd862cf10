"""`docs/sources/`: a page for each source, and one that lists them all."""

from collections.abc import Iterable, Sequence

from stream_app.render.catalog import Rendered
from stream_app.render.markdown import GENERATED, page, table
from stream_app.spec.described_source import DescribedExport, DescribedSource, Rows

FOLDER = "docs/sources"

_INDEX = """\
Where events come from: the tools that you already run post to `stream-app gateway`, and `stream-app import` reads the
history that they already have. Each page has the steps in the tool's own menu names, what becomes of what, and what is
not in its payloads and what that does to the numbers."""

_SETTINGS = """\
In the table `[sources.{name}]` of `sources.toml`; everything has a default but what the steps ask you to fill in."""

_IGNORED = "nothing"


def source_pages(sources: Sequence[DescribedSource], exports: Sequence[DescribedExport]) -> Rendered:
    """Return all pages; `exports` are those of no source that posts."""
    names = {each.name for each in sources}
    tables = [each for each in exports if each.source not in names]
    pages = {f"{FOLDER}/{each.name}.md": _page(each) for each in sources}
    pages |= {f"{FOLDER}/{each.name}.md": _table_page(each) for each in tables}
    return pages | {f"{FOLDER}/README.md": _index(sources, tables)}


def _index(sources: Sequence[DescribedSource], tables: Sequence[DescribedExport]) -> str:
    rows = [
        (f"[{each.title}]({each.name}.md)", each.signature, _kinds(each.exports))
        for each in sorted(sources, key=lambda each: each.title.casefold())
    ]
    rows += [(f"[{each.name}]({each.name}.md)", "", _kinds([each])) for each in tables]
    return page("# Sources", GENERATED, _INDEX, table(("source", "how a request is believed", "history"), rows))


def _kinds(exports: Iterable[DescribedExport]) -> str:
    return ", ".join(f"`{each.name}`" for each in exports)


def _page(source: DescribedSource) -> str:
    return page(
        f"# {source.title}",
        GENERATED,
        f"`POST /in/{source.name}`. {source.signature}",
        "## Set up",
        _steps(source.steps),
        f"`stream-app map {source.name}` shows what becomes of a payload, without any server.",
        "## What becomes of what",
        _reads(source.reads),
        *_missing(source.missing),
        "## Settings",
        _SETTINGS.format(name=source.name),
        _settings(source.settings),
        *(block for export in source.exports for block in _export(export)),
    )


def _export(export: DescribedExport) -> tuple[str, ...]:
    return (
        f"## History: {export.name}",
        f"{export.title} `stream-app import {export.name} FILE`",
        _steps(export.steps),
        _reads(export.reads),
        *_missing(export.missing, "###"),
    )


def _table_page(export: DescribedExport) -> str:
    return page(
        f"# {export.name}",
        GENERATED,
        f"{export.title} `stream-app import {export.name} FILE`",
        _steps(export.steps),
        "## What becomes of what",
        _reads(export.reads),
        *_missing(export.missing),
        "## Settings",
        _SETTINGS.format(name=export.source),
        _settings(export.settings),
    )


def _steps(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _reads(rows: Rows) -> str:
    cells = ((given, becomes or _IGNORED, note) for given, becomes, note in rows)
    return table(("of", "becomes", ""), cells) if rows else ""


def _missing(rows: Rows, level: str = "##") -> tuple[str, ...]:
    if not rows:
        return ()
    return (f"{level} What is missing", table(("field", "what that does to the numbers", "what to do"), rows))


def _settings(rows: Rows) -> str:
    return table(("setting", "default", "meaning"), rows)
