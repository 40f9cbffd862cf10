"""A process that was told to end and does not is ended."""

import ast
import subprocess
import sys
from pathlib import Path

import stream_app

_STUCK = """
import logging, threading, time
from stream_app.cli.end_in_time import EndInTime
logging.basicConfig()
stuck = threading.Lock()
stuck.acquire()
end = EndInTime(4, grace=0.1)
end.begin()
"""
_WAIT = """
for handler in logging.getLogger().handlers:
    handler.acquire()
with stuck:
    pass
"""
_GO_ON = """
end.done()
time.sleep(0.5)
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=30, check=False
    )


def test_a_process_that_is_stuck_is_ended_with_its_code_also_in_logging() -> None:
    ended = _run(_STUCK + _WAIT)
    assert ended.returncode == 4
    assert "ended without order" in ended.stderr


def test_a_process_that_goes_on_afterward_is_left_alone() -> None:
    ended = _run(_STUCK + _GO_ON)
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr


def test_only_one_module_installs_a_handler_of_a_signal() -> None:
    found = {
        path.name
        for path in Path(stream_app.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "signal.signal"
    }
    assert found == {"stop_signals.py"}
