"""The Debian programs that judge configurations; tests that need one skip where it is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE_OF = {
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
}


def program(name: str) -> str:
    """Return where a program is; skip the test if it is nowhere."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine: apt-get install {PACKAGE_OF[name]}")
    return found


def run(name: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a program to its end: its exit code and all that it prints."""
    ended = subprocess.run(  # noqa: S603 - Debian's own binaries
        [program(name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=900
    )
    return ended.returncode, ended.stdout + ended.stderr
