"""SIGINT and SIGTERM of a command that has no event loop.

A handler runs between two instructions of the main thread, wherever that is: it takes no lock (`threading.Event.set`
does), because the code that it interrupted may hold it. So the interpreter writes the signal to a socket, and the
command waits for that. An event loop does the same with `add_signal_handler`.
"""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Any, Self

_STOP = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """As a context manager: the first signal is waited for, the second ends the process with 128 + its number.

    Further ones change nothing, so that what the process has started is still stopped. Belongs to the main thread.
    """

    def __init__(self) -> None:
        self._received = 0
        self._handlers: dict[int, Any] = {}
        self._reader, self._writer = socket.socketpair()

    def __enter__(self) -> Self:
        """Take the signals over from whoever handled them."""
        self._reader.setblocking(False)  # noqa: FBT003 - it has no name
        self._writer.setblocking(False)  # noqa: FBT003
        self._wakeup_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, self._handle) for number in _STOP}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_fd)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float) -> bool:
        """Return true once a signal has come, false if none comes for so long."""
        return bool(select.select([self._reader], [], [], seconds)[0])

    def _handle(self, number: int, _: FrameType | None) -> None:
        self._received += 1
        if self._received == 2:  # noqa: PLR2004
            raise SystemExit(128 + number)
