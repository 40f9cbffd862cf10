"""The directory of a demo, beside those of others that run or were killed."""

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stream_app.demo.directory import PREFIX, demo_directory


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _of_a_killed_process(parent: Path) -> Path:
    program = f"""
import os, signal, tempfile
from stream_app.demo.directory import demo_directory
tempfile.tempdir = {str(parent)!r}
with demo_directory() as directory:
    (directory / "kafka").mkdir()
    (directory / "kafka" / "log").write_text("records")
    print(directory, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    return Path(done.stdout.strip())


def test_nothing_is_left_behind(parent: Path) -> None:
    with demo_directory() as directory:
        (directory / "log").write_text("something")
        assert list(parent.iterdir()) == [directory]
    assert list(parent.iterdir()) == []


def test_what_a_killed_demo_left_is_removed_before_the_next(parent: Path) -> None:
    left = _of_a_killed_process(parent)
    assert (left / "kafka" / "log").exists()
    with demo_directory() as directory:
        assert list(parent.iterdir()) == [directory]


def test_the_directories_of_others_stay(parent: Path) -> None:
    (parent / f"{PREFIX}being-made").mkdir()
    (parent / "somebody-elses").mkdir()
    running = parent / f"{PREFIX}running"
    running.mkdir()
    with (running / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with demo_directory():
            pass
        assert {each.name for each in parent.iterdir()} == {f"{PREFIX}being-made", "somebody-elses", running.name}
