"""Who may look into which room, who may touch the world, and who may ask what time it is."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "stream_app"

# Room -> the rooms that its modules may import besides itself and the package's version. Tests may import everything.
ROOMS: dict[str, frozenset[str]] = {
    "spec": frozenset(),
    "core": frozenset({"spec"}),
    "catalog": frozenset({"core", "spec"}),
    "examples": frozenset({"spec"}),
    "monitoring": frozenset({"spec", "catalog"}),
    "render": frozenset({"spec", "core"}),
    "clients": frozenset({"core"}),
    "store": frozenset({"clients", "core", "spec"}),
    "worker": frozenset({"store", "clients", "core", "spec"}),
    "exporter": frozenset({"report", "store", "clients", "render", "core", "spec"}),
    "report": frozenset({"store", "render", "core", "spec"}),
    "admin": frozenset({"worker", "store", "clients", "core", "spec"}),
    "sources": frozenset({"core"}),  # for the decimals of currencies
    "alerting": frozenset({"admin", "clients", "spec"}),
    "intake": frozenset({"sources", "admin", "worker", "store", "clients", "core", "spec"}),
    # A second count that shared code with the first would share its mistakes.
    "audit": frozenset(),
    "demo": frozenset({"clients"}),
    "cli": frozenset(
        {
            "spec",
            "core",
            "catalog",
            "examples",
            "monitoring",
            "render",
            "clients",
            "store",
            "worker",
            "exporter",
            "report",
            "admin",
            "alerting",
            "audit",
            "sources",
            "intake",
            "demo",
        }
    ),
    "": frozenset(),  # the package itself: its version
}
# Insides: a folder within a room that may import less than its room.
FOLDERS: dict[str, frozenset[str]] = {"demo/simulator": frozenset()}
WORLD = frozenset(
    {
        "aiohttp",
        "aiokafka",
        "faust",
        "kafka",
        "mode",
        "os",
        "prometheus_client",
        "random",
        "redis",
        "secrets",
        "socket",
        "subprocess",
        "time",
    }
)
OUTSIDE = frozenset({"clients", "store", "worker", "exporter", "admin", "alerting", "intake", "demo", "cli"})
# The simulator's random numbers are seeded: the same plan, the same bytes.
EXCEPTIONS = {"demo/simulator": frozenset({"random"})}
TIMELESS = frozenset(
    {"spec", "core", "catalog", "examples", "monitoring", "render", "audit", "sources", "demo/simulator"}
)
CLOCKS = frozenset({"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter"})


@dataclass(frozen=True)
class Module:
    """A module of the house by its path below the package, such as `core/money.py`."""

    path: str
    text: str

    @property
    def room(self) -> str:
        """The folder, or for a module beside the folders its own name; empty for the package itself."""
        first = self.path.partition("/")[0].removesuffix(".py")
        return "" if first == "__init__" else first

    @property
    def place(self) -> str:
        """The room, or the folder within it that has a law of its own."""
        return next((folder for folder in FOLDERS if self.path.startswith(f"{folder}/")), self.room)


def violations(module: Module) -> list[str]:
    """Return every breach of the law in a module, each with file, line and import."""
    if module.room not in ROOMS:
        return [f"{module.path}: the law knows no room `{module.room}`"]
    tree = ast.parse(module.text)
    found = [
        *((node.lineno, problem) for node, name in _imports(tree, module) if (problem := _forbidden(module, name))),
        *((node.lineno, f"{module.place} has no clock: {name}()") for node, name in _clocks(tree, module)),
    ]
    return [f"{PACKAGE}/{module.path}:{line}: {problem}" for line, problem in sorted(found)]


def _forbidden(module: Module, name: str) -> str:
    top, _, rest = name.partition(".")
    place = module.place
    if top == PACKAGE:
        path = rest.replace(".", "/")
        if place in FOLDERS:
            allowed = path.startswith(f"{place}/") or path == place or path.split("/")[0] in FOLDERS[place]
        else:
            room = path.split("/")[0]
            allowed = room not in ROOMS or room in ROOMS[place] | {place, ""}
        return "" if allowed else f"{place} may not import {name}"
    forbidden = top in WORLD and place not in OUTSIDE and top not in EXCEPTIONS.get(place, ())
    return f"{place} may not touch the world: import {name}" if forbidden else ""


def _imports(tree: ast.AST, module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import wherever it stands, those for type checkers included: type checkers see the same rooms."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module)
            # `from stream_app import worker` imports a room by name.
            names = [f"{base}.{alias.name}" for alias in node.names] if base == PACKAGE else [base]
            yield from ((node, name) for name in names)


def _base(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = [PACKAGE, *module.path.split("/")[:-1]]
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _clocks(tree: ast.AST, module: Module) -> Iterator[tuple[ast.expr, str]]:
    if module.place not in TIMELESS:
        return
    for node in ast.walk(tree):
        # The bare `datetime.now` counts too: a clock that is handed on is a clock.
        if (
            isinstance(node, ast.Attribute)
            and node.attr in CLOCKS
            and ast.unparse(node.value).split(".")[-1]
            in {
                "date",
                "datetime",
                "dt",
                "time",
            }
        ):
            yield node, ast.unparse(node)


def _house() -> list[Module]:
    package = ROOT / PACKAGE
    return [
        Module(path.relative_to(package).as_posix(), path.read_text("utf-8")) for path in sorted(package.rglob("*.py"))
    ]


def test_no_module_breaks_the_law() -> None:
    found = [violation for module in _house() for violation in violations(module)]
    assert not found, "\n" + "\n".join(found)


def test_every_room_of_the_law_is_there() -> None:
    assert {module.room for module in _house()} == ROOMS.keys()


@pytest.mark.parametrize(
    ("path", "text", "violation"),
    [
        ("core/a.py", "import os", "core may not touch the world: import os"),
        ("core/a.py", "from os import path", "core may not touch the world: import os"),
        ("core/a.py", "import os.path as p", "core may not touch the world: import os.path"),
        ("core/a.py", "def f():\n    import time", "core may not touch the world: import time"),
        ("core/a.py", "if TYPE_CHECKING:\n    from redis import Redis", "core may not touch the world: import redis"),
        ("catalog/a.py", "import random", "catalog may not touch the world: import random"),
        ("audit/a.py", "import random", "audit may not touch the world: import random"),
        ("demo/simulator/a.py", "import time", "demo/simulator may not touch the world: import time"),
        ("core/a.py", "from stream_app.catalog.events import X", "core may not import stream_app.catalog.events"),
        ("core/a.py", "import stream_app.worker.consumer", "core may not import stream_app.worker.consumer"),
        ("core/a.py", "from stream_app import render", "core may not import stream_app.render"),
        ("core/a.py", "from ..catalog import events", "core may not import stream_app.catalog"),
        ("core/a.py", "from .. import catalog", "core may not import stream_app.catalog"),
        ("core/sub/a.py", "from ...cli import main", "core may not import stream_app.cli"),
        ("catalog/a.py", "from stream_app.render.schemas import x", "catalog may not import stream_app.render.schemas"),
        ("render/a.py", "from stream_app.catalog.metrics import M", "render may not import stream_app.catalog.metrics"),
        (
            "render/a.py",
            "from stream_app.cli.rendered_files import w",
            "render may not import stream_app.cli.rendered_files",
        ),
        ("worker/a.py", "from stream_app.catalog.events import X", "worker may not import stream_app.catalog.events"),
        ("worker/a.py", "from stream_app.cli import main", "worker may not import stream_app.cli"),
        (
            "worker/a.py",
            "from stream_app.demo.simulator import Plan",
            "worker may not import stream_app.demo.simulator",
        ),
        ("audit/a.py", "from stream_app.core.money import base_units", "audit may not import stream_app.core.money"),
        ("demo/simulator/a.py", "from stream_app.core import money", "demo/simulator may not import stream_app.core"),
        ("core/a.py", "at = datetime.now(UTC)", "core has no clock: datetime.now()"),
        ("core/a.py", "at = datetime.datetime.now()", "core has no clock: datetime.datetime.now()"),
        ("audit/a.py", "day = date.today()", "audit has no clock: date.today()"),
        ("render/a.py", "clock = datetime.utcnow", "render has no clock: datetime.utcnow()"),
        ("attic/a.py", "", "the law knows no room `attic`"),
        ("attic.py", "", "the law knows no room `attic`"),
    ],
)
def test_a_breach_is_found(path: str, text: str, violation: str) -> None:
    (found,) = violations(Module(path, text))
    assert path in found
    assert found.endswith(violation)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "core/a.py",
            "from datetime import datetime\nfrom stream_app.core.money import base_units\nfrom . import cells",
        ),
        ("core/a.py", "latest = clock.now + view.clock.day\nmoment = datetime.fromtimestamp(at, UTC)"),
        ("catalog/a.py", "from stream_app.spec.metric import Metric\nfrom .events import X"),
        ("render/a.py", "import json\nfrom stream_app.spec.metric import Metric"),
        ("worker/a.py", "import os, time, redis\nfrom stream_app.store.ledger import Ledger"),
        ("worker/a.py", "now = datetime.now(UTC)"),
        ("demo/simulator/a.py", "from random import Random"),
        ("audit/a.py", "import sqlite3"),
        ("cli.py", "from stream_app import __version__\nfrom stream_app.catalog.metrics import METRICS"),
    ],
)
def test_what_is_allowed_is_no_breach(path: str, text: str) -> None:
    assert violations(Module(path, text)) == []
