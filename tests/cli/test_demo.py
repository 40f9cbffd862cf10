"""The demo, as `make demo` runs it."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

COMMAND = Path(sys.executable).with_name("stream-app")
_OWN_LEAD = re.compile(rb'^lifecycle_new_leads{[^}]*source="own"[^}]*window="1h"[^}]*} 1\.0$', re.MULTILINE)
_FREE_PORTS = ("--exporter-port", "0", "--worker-port", "0", "--gateway-port", "0")


def test_the_demo_ends_by_itself_and_proves_its_numbers(tmp_path: Path) -> None:
    arguments = [
        "demo",
        "--seconds",
        "6",
        "--leads",
        "80",
        "--days",
        "40",
        *_FREE_PORTS,
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


def _demo(directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [COMMAND, "demo", "--leads", "80", "--days", "40", *_FREE_PORTS],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(directory), "HOME": str(directory), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 50])
def test_signals_in_quick_succession_end_the_demo(tmp_path: Path, count: int) -> None:
    with _demo(tmp_path) as program:
        assert program.stdout
        while "/health" not in program.stdout.readline():
            pass
        for _ in range(count):
            program.send_signal(signal.SIGTERM)
        said, _ = program.communicate(timeout=60)
    # Signals that come before the first is handled are one.
    assert program.returncode in {0, 128 + signal.SIGTERM}, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.slow
def test_one_signal_ends_the_demo_with_its_count(tmp_path: Path) -> None:
    with _demo(tmp_path) as program:
        assert program.stdout
        while "/health" not in program.stdout.readline():
            pass
        program.send_signal(signal.SIGTERM)
        said, _ = program.communicate(timeout=120)
    assert program.returncode == 0, said
    assert "exported numbers equal a recount" in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_line_for_an_own_event_sends_one_that_counts(tmp_path: Path) -> None:
    with _demo(tmp_path) as program:
        assert program.stdout
        said = [program.stdout.readline().strip() for _ in range(9)]
        page = next(line for line in said if line.endswith("/metrics"))
        assert said[1] == page.replace("/metrics", "/report")
        line = said[-1]
        assert said[-2] == "send an event of your own, a new lead:"
        subprocess.run(["/bin/sh", "-c", f"{line} --fail"], check=True, timeout=30)  # noqa: S603 - our own line
        deadline = time.monotonic() + 60
        while not _OWN_LEAD.search(urlopen(page).read()):  # noqa: S310
            assert time.monotonic() < deadline, "it was never counted"
            time.sleep(0.5)
        program.send_signal(signal.SIGTERM)
        rest, _ = program.communicate(timeout=120)
    assert program.returncode == 0, rest
    assert "which has all that were sent" in rest


def test_without_its_extra_the_demo_says_what_to_install(tmp_path: Path) -> None:
    # Found before the installed package of that name, and without a program.
    (tmp_path / "noida_db").mkdir()
    (tmp_path / "noida_db/__init__.py").touch()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stream_app.cli", "demo", *_FREE_PORTS],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'stream-app[demo]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_without_space_says_what_to_do(tmp_path: Path) -> None:
    # No file may grow beyond 0 bytes: to a program that is as a full disk.
    command = ["prlimit", "--fsize=0", str(COMMAND), "demo", *_FREE_PORTS]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Set TMPDIR to a directory that has space" in done.stderr
    assert "Traceback" not in done.stderr
