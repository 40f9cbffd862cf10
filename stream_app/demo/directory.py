"""The directory of a demo: data and logs of its servers, gone when it ends, or before the next one starts."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "stream-app-demo-"
_LOCK = "lock"


@contextmanager
def demo_directory() -> Iterator[Path]:
    """Make a directory that is locked while the block runs, and remove those of demos that were killed.

    Raises OSError if there is no space for it.
    """
    parent = Path(tempfile.gettempdir())
    _remove_left_behind(parent)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name,
        (Path(name) / _LOCK).open("wb") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def _remove_left_behind(parent: Path) -> None:
    """Remove directories whose lock nobody holds. One that has no lock yet is only being made, and stays."""
    for directory in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if directory.stat().st_uid != os.getuid():
                continue
            with (directory / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
