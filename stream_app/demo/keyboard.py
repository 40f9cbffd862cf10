"""Single key presses from a terminal."""

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

KEYS = "sbcp"
_POLL_S = 0.2


@contextmanager
def pressed_keys(into: Queue[str]) -> Iterator[None]:
    """Put every known key that is pressed into the queue while the block runs; without a terminal nothing happens."""
    if not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if (
                select.select([terminal], [], [], _POLL_S)[0]
                and (key := os.read(terminal, 1).decode("ascii", "replace")) in KEYS
            ):
                into.put(key)

    reader = threading.Thread(target=read, name="keyboard", daemon=True)
    tty.setcbreak(terminal)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
