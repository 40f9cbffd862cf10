"""A process that has been told to end ends, whatever a server or a library does."""

import logging
import os
import threading
import time

__all__ = ["GRACE_S", "end_in_time"]

log = logging.getLogger(__name__)

GRACE_S = 35.0
"""How long a worker or a rebuild may take to end in order, in seconds."""


def end_in_time(code: int, grace: float = GRACE_S) -> None:
    """End the process with `code` after `grace` seconds, unless it has ended by then. Not for use in a signal handler.

    It was told to end and finishes what it does; what is not finished is done again by whoever comes after it.
    """

    def end() -> None:
        time.sleep(grace)
        log.error("ended without order: something took longer than %g s; nothing is lost", grace)
        os._exit(code)

    threading.Thread(target=end, name="end in time", daemon=True).start()
