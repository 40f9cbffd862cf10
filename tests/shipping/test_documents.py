"""What the pages say, as far as it can be looked up."""

import io
import re
import shlex
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stream_app import __version__
from stream_app.cli import main
from stream_app.clients.settings import PREFIX, REPLACED, SECRETS, Settings
from stream_app.monitoring.alerts import ALERTING
from tests.monitoring.dashboards.states import STATES
from tests.shipping.commands import parse
from tests.shipping.composition import ROOT
from tests.shipping.pages import PAGES, anchors, links, paths, section, shell_lines, spans, text

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GLOSSARY = re.findall(
    r"^## (.+)\n\n(.+?)\nIn the code: `(\w+)` in `([\w./]+)`\.$", text("docs/glossary.md"), re.MULTILINE
)
each_page = pytest.mark.parametrize("page", PAGES)


def _variables(group: click.Group = main) -> set[str]:
    """Every environment variable of a flag."""
    context = click.Context(group)
    found = {f"{PREFIX}{each.name}".upper() for each in group.params if each.name}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= _variables(command)
        else:
            own = (each.envvar for each in command.params if isinstance(each.envvar, str))
            found |= {*own, *(f"{PREFIX}{name}_{each.name}".upper() for each in command.params)}
    return found


VARIABLES = (
    {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    | {f"{PREFIX}{name}_FILE".upper() for name in SECRETS}
    | {f"{PREFIX}{name}" for name in REPLACED}
    | {f"{PREFIX}SOURCE"}  # the beginning of one for each source, see `secret_variable`
    | _variables()
)


# Every page -----------------------------------------------------------------------------------------------------------


@each_page
def test_links_lead_somewhere(page: str) -> None:
    here = ROOT / page
    broken = []
    for path, anchor in links(page):
        target = here.parent / path if path else here
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}")
    assert broken == []


@each_page
def test_paths_exist(page: str) -> None:
    assert [path for path in paths(page) if not (ROOT / path).exists()] == []


@each_page
def test_commands_exist(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    ours = [line for line in (*spans(page), *shell_lines(page)) if line.startswith("stream-app ")]
    for line in ours:
        words = [word for word in shlex.split(line)[1:] if word != "--help"]
        if not words or words[0].startswith("-"):
            continue
        try:
            parse(["-" if word == "FILE" else word for word in words])
        except click.MissingParameter:
            pass  # a command that is named without its arguments
        except click.exceptions.NoArgsIsHelpError:
            pass  # a group that is named as a whole


@each_page
def test_targets_of_make_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [line.split()[1] for line in (*spans(page), *shell_lines(page)) if line.startswith("make ")]
    assert [target for target in named if target not in targets] == []


@each_page
def test_variables_are_settings_or_flags(page: str) -> None:
    named = re.findall(r"STREAM_APP_[A-Z_]*[A-Z]", text(page))
    assert [name for name in named if name not in VARIABLES] == []


# README ---------------------------------------------------------------------------------------------------------------


def test_the_readme_lists_every_alert_once() -> None:
    table = section("README.md", "Dashboards and alerts")
    listed = [name for row in re.findall(r"^  \| [\w-]+ \| (.*) \|$", table, re.MULTILINE) for name in row.split(", ")]
    listed.remove("alerts")
    assert sorted(listed) == sorted(alert.name for group in ALERTING.groups for alert in group.alerts)


def test_the_readme_explains_every_dependency() -> None:
    table = section("README.md", "Dependencies")
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    required = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    assert sorted(name for row in rows for name in row.split(", ")) == sorted(
        Requirement(each).name for each in required
    )


def test_the_readme_shows_the_wall_and_two_commands_on_its_first_screen() -> None:
    first_screen = "\n".join(text("README.md").splitlines()[:30])
    assert "docs/img/wall.png" in first_screen
    assert [line for line in shell_lines("README.md") if line in first_screen] == ["make demo", "make test"]


def test_every_picture_is_shown() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"!\[[^\]]+\]\((?:docs/)?img/(\S+)\)", page.read_text())}
    assert shown == {path.name for path in (ROOT / "docs" / "img").iterdir()}
    assert {f"wall-{state}.png" for state in STATES} <= shown


def test_the_readme_links_every_page() -> None:
    linked = {path for path, _ in links("README.md")}
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages - linked == set()


def test_measured_figures_of_the_readme_are_in_the_architecture_page() -> None:
    figures = re.findall(r"[\d,]+ events?\b|\d[\d,]*,\d{3}|\d+ ms", section("README.md", "Measured"))
    details = section("docs/architecture.md", "Measured")
    assert len(figures) > 4
    assert [figure for figure in figures if figure.split()[0] not in details] == []


# Other pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("term", "sentence", "name", "place"), GLOSSARY, ids=[each[0] for each in GLOSSARY])
def test_a_word_of_the_glossary_is_in_the_code(term: str, sentence: str, name: str, place: str) -> None:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.glob("*.py"))
    code = "\n".join(each.read_text(encoding="utf-8") for each in files)
    assert re.search(rf"\b{name}\b", code), f"{term}: no {name} in {place}"
    assert sentence.endswith(".")


def test_every_heading_of_the_glossary_has_its_place_in_the_code() -> None:
    headings = re.findall(r"^## (.+)$", text("docs/glossary.md"), re.MULTILINE)
    assert headings == sorted(headings)
    assert [term for term, *_ in GLOSSARY] == headings


def test_the_architecture_page_names_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "stream_app").glob("*/__init__.py")}
    listed = re.findall(r"^\| `stream_app/(\w+)/` \|", section("docs/architecture.md", "The rooms"), re.MULTILINE)
    assert sorted(listed) == sorted(rooms)


def test_words_in_bold_of_the_architecture_page_are_in_the_glossary() -> None:
    follow = section("docs/architecture.md", "One event, from Kafka to a panel")
    bold = {word.lower() for word in re.findall(r"\*\*([\w ]+)\*\*", follow)}
    known = {term for term, *_ in GLOSSARY}
    assert {word for word in bold if word not in known and word.removesuffix("s") not in known} == set()


# Package --------------------------------------------------------------------------------------------------------------


def test_the_version_is_said_once() -> None:
    assert metadata("stream-app")["Version"] == __version__
    assert PROJECT["dynamic"] == ["version"]
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", text("CHANGELOG.md"), re.MULTILINE)[0]
    assert newest == __version__


def test_the_supported_python_is_the_classified_one() -> None:
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {oldest}" in PROJECT["classifiers"]
    assert f"Python {oldest} or newer" in text("README.md")


def test_every_dependency_is_required_once() -> None:
    required = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    names = [canonicalize_name(Requirement(each).name) for each in required]
    assert sorted(names) == sorted(set(names))


def test_urls_of_the_project_name_files_that_exist() -> None:
    for url in PROJECT["urls"].values():
        _, found, path = url.partition("/blob/main/")
        assert not found or Path(ROOT / path).is_file()
