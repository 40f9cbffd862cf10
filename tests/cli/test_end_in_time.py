"""A process that was told to end and does not is ended."""

import subprocess
import sys

_STUCK = """
import threading
from stream_app.cli.end_in_time import end_in_time
stuck = threading.Lock()
stuck.acquire()
end_in_time(4, grace=0.1)
with stuck:
    pass
"""


def test_a_process_that_is_stuck_is_ended_with_its_code() -> None:
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", _STUCK], stderr=subprocess.PIPE, text=True, timeout=30, check=False
    )
    assert ended.returncode == 4
    assert "ended without order" in ended.stderr
