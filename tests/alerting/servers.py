"""A real Alertmanager with the configuration of an `alerts.toml`, and the product's own sink."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream_app.clients.ports import free_port
from tests.monitoring.alerts.tools import program

_TIMEOUT_S = 60


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends."""
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)  # noqa: S603 - our own and Debian's
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_TIMEOUT_S)


@contextmanager
def sink(directory: Path) -> Iterator[str]:
    """Run `stream-app alerts sink`; gives its URL."""
    port = free_port()
    command = [sys.executable, "-m", "stream_app.cli", "alerts", "sink", "--alert-sink-port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, directory / "sink.log"):
        eventually(lambda: get(f"{url}/health"))
        yield url


@contextmanager
def alertmanager(directory: Path, config: Path) -> Iterator[str]:
    """Run Alertmanager with a configuration; gives its URL."""
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with running(command, directory / "alertmanager.log"):
        eventually(lambda: get(f"http://{address}/-/ready"))
        yield f"http://{address}"


def render(directory: Path, alerts: str) -> Path:
    """Render an installation by the command; gives the folder."""
    (directory / "alerts.toml").write_text(alerts, "utf-8")
    out = directory / "rendered"
    command = ["render", "--alerts-file", str(directory / "alerts.toml"), "--out", str(out)]
    subprocess.run([sys.executable, "-m", "stream_app.cli", *command], check=True, timeout=_TIMEOUT_S)  # noqa: S603
    return out


def eventually(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is answered
    """Ask until there is an answer."""
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            if answer := ask():
                return answer
        except OSError:
            pass
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.1)


def get(url: str) -> bytes:
    """What is answered to a GET."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
        body: bytes = answer.read()
        return body


def post(url: str, body: Any) -> None:  # noqa: ANN401 - JSON
    """Post JSON."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own
