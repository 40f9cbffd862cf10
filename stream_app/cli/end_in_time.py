"""A process that has been told to end ends, whatever a server or a library does."""

import os
import sys
import threading

__all__ = ["GRACE_S", "EndInTime"]

GRACE_S = 35.0
"""How long a worker or a rebuild may take to end in order, in seconds."""


class EndInTime:
    """Ends the process with a code when it takes too long to end in order. Not for use in a signal handler.

    What is not finished then is done again by whoever comes after it.
    """

    def __init__(self, code: int, grace: float = GRACE_S) -> None:
        """Nothing happens before `begin`. `grace` is in seconds."""
        self._code, self._grace = code, grace
        self._ended = threading.Event()

    def begin(self) -> None:
        """The end has begun: from now on `grace` counts, until `done`."""
        threading.Thread(target=self._wait, name="end in time", daemon=True).start()

    def done(self) -> None:
        """What had to end has ended; the process may go on with something else."""
        self._ended.set()

    def _wait(self) -> None:
        if not self._ended.wait(self._grace):
            # Not by way of logging: whoever is stuck may hold its lock.
            os.write(sys.__stderr__.fileno(), self._message.encode())  # type: ignore[union-attr]  # a command has one
            os._exit(self._code)

    @property
    def _message(self) -> str:
        return f"ended without order: something took longer than {self._grace:g} s; nothing is lost\n"
