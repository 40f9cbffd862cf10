"""`sources init` writes what a gateway begins with, adds sources later, and overwrites nothing."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream_app.intake.configuration import ConfigurationError, read_configuration
from stream_app.intake.starting import Started, start
from stream_app.sources.source import Source, SourceSettings, StandardWebhooks, Unsigned
from tests.intake.declared import PLAIN


class OddSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults of every kind."""

    text: str = 'a "quoted" ü 🎈'
    number: int = 7
    ratio: float = 0.5
    names: tuple[str, ...] = ("a", "b")
    table: dict[str, dict[str, str]] = msgspec.field(default_factory=lambda: {"x": {"y": "z"}})


def declared(name: str, signature: StandardWebhooks | Unsigned) -> Source[OddSettings]:
    return Source(
        name=name,
        title=name.title(),
        signature=signature,
        settings=OddSettings,
        split=lambda _request, _received: [],
        events=lambda _item, _context: [],
        reads=(),
        steps=("Open it.",),
    )


OWN = declared("own", StandardWebhooks())
THEIRS = declared("theirs", StandardWebhooks(prefix="svix"))
OPEN = declared("open", Unsigned())
ALL: dict[str, Source[Any]] = {each.name: each for each in (PLAIN, OWN, THEIRS, OPEN)}


def started(directory: Path, *sources: Source[Any]) -> Started:
    return start(directory / "sources.toml", directory / "identity.key", sources)


def names(directory: Path, found: Started) -> set[str]:
    return {each.relative_to(directory).as_posix() for each in found.written}


def test_all_files_are_written_and_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    found = started(tmp_path, OWN, THEIRS)
    assert names(tmp_path, found) == {"sources.toml", "identity.key", "own.secret", "theirs.secret"}
    assert {file.name for file in tmp_path.iterdir() if file.stat().st_mode & 0o077} == {"sources.toml"}
    assert found.without_secret == {"theirs": tmp_path / "theirs.secret"}
    assert found.with_secret == {"own": tmp_path / "own.secret"}


def test_what_was_written_is_read_once_the_secrets_are_there(tmp_path: Path) -> None:
    found = started(tmp_path, *ALL.values())
    assert found.without_secret.keys() == {"plain", "theirs"}
    with pytest.raises(ConfigurationError) as refused:
        read_configuration(tmp_path / "sources.toml", ALL)
    assert ["is empty" in each for each in refused.value.problems] == [True, True]
    for file in found.without_secret.values():
        file.write_text("x")
    configured = read_configuration(tmp_path / "sources.toml", ALL).sources
    assert {name: each.settings.secret_file for name, each in configured.items()} == {
        name: f"{name}.secret" for name in ALL
    }
    own, opened = configured["own"].secrets[0], configured["open"].secrets[0]
    assert own.startswith("whsec_")
    assert opened.startswith("stream-app:")
    assert len(opened) >= 40
    assert own != opened


def test_the_defaults_that_are_shown_are_toml_and_the_defaults(tmp_path: Path) -> None:
    started(tmp_path, OWN)
    text = (tmp_path / "sources.toml").read_text()
    _, _, table = text.partition("[sources.own]")
    shown = tomllib.loads(table.replace("# ", "")) | {"secret_file": ""}
    assert shown == {
        "secret_file": "",
        "test": False,
        "text": 'a "quoted" ü 🎈',
        "number": 7,
        "ratio": 0.5,
        "names": ["a", "b"],
        "table": {"x": {"y": "z"}},
    }


def test_a_source_is_added_and_what_exists_stays(tmp_path: Path) -> None:
    started(tmp_path, OWN)
    (tmp_path / "sources.toml").write_text("# mine\n[sources.own]\nsecret_file = 'own.secret'\nnumber = 8")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert names(tmp_path, started(tmp_path, OWN)) == set()
    assert names(tmp_path, started(tmp_path, OWN, OPEN)) == {"sources.toml", "open.secret"}
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert after.pop("sources.toml").startswith(before.pop("sources.toml"))
    assert before.items() <= after.items()
    assert read_configuration(tmp_path / "sources.toml", ALL).sources.keys() == {"own", "open"}


def test_a_file_that_is_no_toml_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("[sources")
    with pytest.raises(ConfigurationError, match="is no TOML"):
        started(tmp_path, OWN)
    assert {file.name for file in tmp_path.iterdir()} == {"sources.toml"}
