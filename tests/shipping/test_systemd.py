"""deploy/systemd: accepted by systemd-analyze, hardened, secrets from files, in agreement with the settings."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stream_app.clients.settings import PREFIX, SECRETS, Settings
from tests.shipping.commands import parse
from tests.shipping.composition import ROOT

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
PROGRAM = "/opt/stream-app/bin/stream-app"
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def _lines(unit: Path) -> list[tuple[str, str]]:
    listed = [line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return [(line.partition("=")[0], line.partition("=")[2]) for line in listed]


def _all(unit: Path, name: str) -> list[str]:
    return [value for key, value in _lines(unit) if key == name]


def _analyze(*words: str) -> tuple[int, str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze on this machine: apt-get install systemd")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def installed(unit: Path, tmp_path: Path) -> str:
    """Return a copy of a unit whose program exists here, under a name as it is started."""
    copy = tmp_path / unit.name.replace("@.", "@9471.")
    copy.write_text(unit.read_text().replace(PROGRAM, shutil.which("true") or "/bin/true"))
    return str(copy)


def test_there_is_a_unit_for_each_that_stays() -> None:
    assert [unit.stem for unit in UNITS] == ["stream-app-exporter", "stream-app-gateway", "stream-app-worker@"]


@each_unit
def test_systemd_accepts_it(unit: Path, installed: str) -> None:
    code, said = _analyze("verify", "--man=no", installed)
    assert [line for line in said.splitlines() if unit.stem in line] == []
    assert code == 0, said


@each_unit
def test_systemd_finds_it_little_exposed(unit: Path, installed: str) -> None:
    # Of 100, where 0 is best; a unit with nothing of the kind has 96.
    code, said = _analyze("security", "--offline=yes", "--threshold=20", "--no-pager", installed)
    assert code == 0, f"{unit.name}\n{said}"


@each_unit
def test_a_unit_can_do_no_more_than_it_must(unit: Path) -> None:
    wanted = {
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
    }
    assert {name: _all(unit, name) for name in wanted} == {name: [value] for name, value in wanted.items()}


@each_unit
def test_a_secret_comes_from_a_credential(unit: Path) -> None:
    environment = dict(each.split("=", 1) for each in _all(unit, "Environment"))
    loaded = {each.partition(":")[0] for each in _all(unit, "LoadCredential")}
    assert environment.keys() & {f"{PREFIX}{name}".upper() for name in SECRETS} == set()
    named = {name: value.removeprefix("%d/") for name, value in environment.items() if value.startswith("%d/")}
    assert set(named.values()) <= loaded
    assert "STREAM_APP_REDIS_PASSWORD_FILE" in named


@each_unit
def test_every_variable_is_a_setting(unit: Path) -> None:
    names = {each.partition("=")[0] for each in _all(unit, "Environment")}
    fields = set(Settings.model_fields) | {f"{name}_file" for name in SECRETS}
    ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    assert ours
    assert ours <= fields


@each_unit
def test_it_runs_one_of_our_commands_and_is_started_again(unit: Path) -> None:
    (start,) = _all(unit, "ExecStart")
    program, *words = start.split()
    assert program == PROGRAM
    parse(words)
    assert words == [unit.stem.removeprefix("stream-app-").removesuffix("@")]
    assert (_all(unit, "Restart"), _all(unit, "StartLimitIntervalSec")) == (["always"], ["0"])
