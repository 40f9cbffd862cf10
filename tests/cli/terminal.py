"""A program in a real pseudo-terminal of 80 columns and 24 lines, and what it shows there."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

COLUMNS, LINES = 80, 24

_TIMEOUT_S = 90


class Terminal:
    """What stands on the screen of a program, and its keyboard."""

    def __init__(self, program: "subprocess.Popen[bytes]", descriptor: int) -> None:
        self.program = program
        self.printed = ""
        self._descriptor = descriptor
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._descriptor, key.encode())

    def wait_for(self, what: Callable[[list[str]], bool]) -> list[str]:
        """Return the screen once something holds of it."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not what(lines := self.lines):
            assert time.monotonic() < deadline, "\n".join(lines)
            assert self.program.poll() is None, self.printed
            time.sleep(0.1)
        return lines

    def read(self) -> None:
        """Take over what is written until the program has ended."""
        with contextlib.suppress(OSError):
            while data := os.read(self._descriptor, 65536):
                with self._lock:
                    self.printed += data.decode("utf-8", "replace")
                    self._stream.feed(data)


@contextmanager
def terminal(command: Sequence[str | Path], env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program; whatever it does, it is over at the end of the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def controlled() -> None:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    program = subprocess.Popen(  # noqa: S603 - our own command
        command,
        env={**env, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=controlled,  # noqa: PLW1509 - a terminal of its own, so that Ctrl-C is a signal
    )
    os.close(theirs)
    shown = Terminal(program, ours)
    reader = threading.Thread(target=shown.read, daemon=True)
    reader.start()
    try:
        yield shown
    finally:
        if program.poll() is None:
            program.terminate()
        program.wait(60)
        reader.join(10)
        os.close(ours)
