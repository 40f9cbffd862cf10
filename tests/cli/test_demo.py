"""The demo, as `make demo` runs it."""

import re
import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("stream-app")


def test_the_demo_ends_by_itself_and_proves_its_numbers(tmp_path: Path) -> None:
    arguments = [
        "demo",
        "--seconds",
        "6",
        "--leads",
        "80",
        "--days",
        "40",
        "--exporter-port",
        "0",
        "--worker-port",
        "0",
    ]
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *arguments],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"([\d,]+) exported numbers equal a recount of the ([\d,]+) events", done.stdout)
    assert found, done.stdout
    assert all(int(count.replace(",", "")) > 1000 for count in found.groups())
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def test_without_its_extra_the_demo_says_what_to_install(tmp_path: Path) -> None:
    # Found before the installed package of that name, and without a program.
    (tmp_path / "noida_db").mkdir()
    (tmp_path / "noida_db/__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "stream_app.cli", "demo", "--exporter-port", "0", "--worker-port", "0"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'stream-app[demo]'" in done.stderr
    assert "Traceback" not in done.stderr
