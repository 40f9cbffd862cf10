"""`targets.toml` of the exporter and of `doctor`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stream_app.cli.main import main
from stream_app.cli.options import EXIT_USAGE
from stream_app.cli.targets_file import diagnose_targets, targets_of
from stream_app.clients.settings import Settings


def test_without_a_file_there_are_no_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load()
    assert targets_of(settings) == {}
    assert list(diagnose_targets(settings)) == []


def test_the_file_beside_is_read_unless_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("targets.toml").write_text('mqls = {goal = 4, period = "month"}')
    Path("others.toml").write_text("")
    assert set(targets_of(Settings.load())) == {("mqls", "")}
    assert targets_of(Settings.load(targets_file="others.toml")) == {}


def test_doctor_names_the_targets(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('mqls = {goal = 4, period = "month"}\n[mrr]\nEUR = {goal = 9, period = "year"}')
    (finding,) = diagnose_targets(Settings.load(targets_file=str(path)))
    assert (finding.check, finding.status) == ("targets", "ok")
    assert finding.detail == f"{path} has targets of mqls, mrr EUR"


def test_doctor_says_each_thing_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('sqls = {goal = 4}\nmqls = {period = "year"}')
    found = list(diagnose_targets(Settings.load(targets_file=str(path))))
    assert [(each.status, each.detail) for each in found] == [
        ("failed", f"{path}: [sqls] period: is needed"),
        ("failed", f"{path}: [mqls] goal: is needed"),
    ]
    assert all(each.fix for each in found)


def test_the_exporter_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["exporter", "--targets-file", str(tmp_path / "none.toml")])
    assert done.exit_code == EXIT_USAGE
    assert done.stderr == f"cannot read {tmp_path / 'none.toml'}: No such file or directory; docs/wall.md shows one\n"
