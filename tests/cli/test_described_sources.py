"""The pages about sources say what the declarations say, and their examples work."""

import re
import tomllib
from functools import partial

import msgspec
import pytest

from stream_app.cli.described_sources import described_exports, described_sources
from stream_app.render.source_page import FOLDER, source_pages
from stream_app.sources import EXPORTS, SOURCES
from stream_app.sources.exports.table import CSV
from stream_app.sources.identity import alias
from stream_app.sources.source import Context, SourceSettings

PAGES = source_pages(described_sources(), described_exports())


def test_every_source_has_a_page_and_a_line_in_the_index() -> None:
    index = PAGES[f"{FOLDER}/README.md"]
    assert [name for name in SOURCES if f"{FOLDER}/{name}.md" not in PAGES or f"({name}.md)" not in index] == []


def test_every_kind_of_export_is_in_the_index_and_on_a_page() -> None:
    index = PAGES[f"{FOLDER}/README.md"]
    pages = "".join(text for path, text in PAGES.items() if not path.endswith("README.md"))
    assert [name for name in EXPORTS if f"`{name}`" not in index or f"stream-app import {name} FILE" not in pages] == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_has_every_step_and_every_setting_with_its_meaning(name: str) -> None:
    page, source = PAGES[f"{FOLDER}/{name}.md"], SOURCES[name]
    assert [step for step in source.steps if step not in page] == []
    rows = {cells[0]: cells[2] for line in page.splitlines() if len(cells := line.strip("| ").split(" | ")) == 3}
    fields = [each.name for each in msgspec.structs.fields(source.settings)]
    assert [field for field in fields if not rows.get(f"`{field}`", "").strip()] == []


def test_a_kind_of_export_shows_no_setting_of_requests() -> None:
    requests = {f"`{each.name}`" for each in msgspec.structs.fields(SourceSettings)}
    assert [each.name for each in described_exports() if requests & {row[0] for row in each.settings}] == []


def test_the_column_map_of_the_page_makes_an_event() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGES[f"{FOLDER}/csv.md"], re.DOTALL)
    settings = msgspec.convert(tomllib.loads(example)["sources"]["csv"], CSV.settings)
    row = {"Campaign": "spring", "What": "Salaries", "Cost": "1.000,00", "From": "01.03.2026", "To": "31.03.2026"}
    (event,) = CSV.events(row, Context(settings, partial(alias, bytes(32))))
    assert isinstance(event, dict)
    assert (event["data"]["amount_minor"], event["data"]["kind"]) == (100_000, "labour")
