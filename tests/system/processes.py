"""The product's commands as processes of their own."""

import os
import re
import signal
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_COMMAND = str(Path(sys.executable).with_name("stream-app"))
_TIMEOUT_S = 60.0
_POLL_S = 0.02
_TAIL = 30
_ASSIGNED = re.compile(r" assigned: (\[.*\])$", re.MULTILINE)


def eventually(condition: Callable[[], bool], what: str, *programs: "CommandProcess") -> None:
    """Return once the condition holds; fail if it never does, or one of the programs ends before."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        dead = [program for program in programs if program.code is not None]
        assert not dead, f"ended while waiting: {what}\n{_tails(*dead)}"
        assert time.monotonic() < deadline, f"it never came to be: {what}\n{_tails(*programs)}"
        time.sleep(_POLL_S)


def run(arguments: list[str], environment: Mapping[str, str], log: Path) -> tuple[int, str]:
    """Run a command to its end; return its exit code and what it printed."""
    with log.open("ab") as errors:
        done = subprocess.run(  # noqa: S603 - our own command
            [_COMMAND, *arguments],
            env=_clean(environment),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    return done.returncode, done.stdout


def run_line(line: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a line as a shell does that finds our command; return its exit code and all that it printed."""
    path = f"{Path(_COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    shell = ["/bin/bash", "-uo", "pipefail", "-c", line]
    done = subprocess.run(  # noqa: S603 - our own line
        shell,
        env={**_clean(environment), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    return done.returncode, done.stdout


class CommandProcess:
    """One that goes on until it is told to end. `log` takes all it says."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], log: Path, program: Sequence[str] = (_COMMAND,)
    ) -> None:
        """Start it."""
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*program, *arguments],
                env=_clean(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    @property
    def id(self) -> int:
        """Its number among the machine's processes."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    @property
    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text()

    @property
    def partitions(self) -> set[tuple[str, int]]:
        """What the group assigned to it last, if it is a worker."""
        found = _ASSIGNED.findall(self.said)
        return set(literal_eval(found[-1])) if found else set()

    def kill(self) -> None:
        """Crash it: SIGKILL."""
        self._process.kill()
        self._process.wait(_TIMEOUT_S)

    def suspend(self) -> None:
        """Stop it where it stands: SIGSTOP."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it stood: SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """Ask it to end: SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to end, SIGTERM, and return its exit code."""
        self.ask_to_end()
        return self.ended()

    def ended(self) -> int:
        """Return its exit code once it has ended by itself."""
        try:
            return self._process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError("it does not end\n" + _tails(self)) from None


def _tails(*programs: CommandProcess) -> str:
    return "\n".join(
        "\n".join([f"{program.log.name} ends:", *program.said.splitlines()[-_TAIL:]]) for program in programs
    )


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAM_APP_")}
    return {**kept, **environment}
