"""docker-compose.yml as its services."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
_UNITS = {"m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}


def yaml(path: str) -> Any:  # noqa: ANN401 - whatever stands in it
    """Return what stands in a file of the repository."""
    return YAML(typ="safe").load((ROOT / path).read_text())


COMPOSITION: dict[str, Any] = yaml("docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSITION["services"]
ONE_SHOTS = frozenset(name for name, service in SERVICES.items() if service["restart"] == "no")
OURS = frozenset(name for name, service in SERVICES.items() if "build" in service)


def mounts(service: str) -> dict[str, str]:
    """Return the source of each of a service's mounts by its target."""
    found = (volume.split(":") for volume in SERVICES[service].get("volumes", []))
    return {parts[1]: parts[0] for parts in found}


def mounted(service: str, path: str) -> Path:
    """Return the file of the repository that a service sees at a path."""
    for target, source in mounts(service).items():
        if source.startswith("./") and (path == target or path.startswith(f"{target}/")):
            return ROOT / source / path[len(target) :].lstrip("/")
    message = f"{service} has nothing of the repository at {path}"
    raise AssertionError(message)


def option(service: str, name: str) -> str:
    """Return the value that follows an option of a service's command, or stands behind its `=`."""
    words: list[str] = SERVICES[service]["command"]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    message = f"{service} has no {name}"
    raise AssertionError(message)


def size(text: str) -> int:
    """Return how many bytes `512m` or `1gb` are."""
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()  # type: ignore[union-attr] # a mismatch fails the test
    return int(number) * _UNITS[unit]
