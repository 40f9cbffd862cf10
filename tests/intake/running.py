"""A gateway as a process of its own, for the source that tests declare, and what it has written."""

import json
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from stream_app.intake.identity_key import create_identity_key
from tests.intake.declared import SECRET, signed
from tests.system.installation import Installation, answer, get, port
from tests.system.processes import CommandProcess, eventually

_ROOT = Path(__file__).parents[2]
# From whatever directory it is started.
_PROGRAM = ("env", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "tests.intake.process")


class Running:
    """A gateway process, and its ports."""

    def __init__(
        self,
        installation: Installation,
        directory: Path,
        program: Sequence[str] = _PROGRAM,
        **environment: str,
    ) -> None:
        self.at, self.metrics_at, self.installation, self._program = port(), port(), installation, program
        (directory / "plain.secret").write_text(f"{SECRET}\nthe next one")
        if not (directory / "sources.toml").exists():
            (directory / "sources.toml").write_text('[sources.plain]\nsecret_file = "plain.secret"\n')
        if not (directory / "identity.key").exists():
            create_identity_key(directory / "identity.key")
        self._environment = {
            "gateway_port": self.at,
            "gateway_metrics_port": self.metrics_at,
            "sources_file": str(directory / "sources.toml"),
            **environment,
        }
        self.process = self.start()

    def start(self) -> CommandProcess:
        """Start one more on the same ports."""
        self.process = self.installation.start_by(self._program, "gateway", **self._environment)
        return self.process

    def ready(self) -> "Running":
        """Return once it takes requests."""
        answer(self.metrics_at, "/health", self.process, lambda page: page.status == 200)
        return self

    def post(self, *items: object) -> tuple[int, Message]:
        """Post items, signed; return status and headers."""
        body = json.dumps(items).encode()
        return self.send("POST", "/in/plain", body, signed(body))

    def send(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Message]:
        """Send one request; return status and headers, also if they came before the body was sent."""
        with closing(HTTPConnection("127.0.0.1", int(self.at), timeout=30)) as connection:
            connection.connect()  # a gateway that ends may reset it: no answer to read then
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers

    def begin(self, path: str, headers: Mapping[str, str]) -> socket.socket:
        """Return a connection on which a request has begun: its headers are sent."""
        sender = socket.create_connection(("127.0.0.1", int(self.at)), timeout=20)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sender.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        return sender

    def await_in_flight(self, count: int) -> None:
        """Return once so many requests are being answered."""
        in_flight = "stream_app_gateway_in_flight", ()
        eventually(lambda: self.samples()[in_flight] == count, f"{count} requests are in flight", self.process)

    def samples(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """Return the metrics by name and label values, the source first."""
        page = get(self.metrics_at, "/metrics")
        assert page is not None
        return {
            (
                sample.name,
                tuple(sample.labels[name] for name in sorted(sample.labels, key="source".__ne__)),
            ): sample.value
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }

    def logged(self, topic: str) -> list[Any]:
        """Return the records of a topic."""
        return self.installation.cluster.read(f"{self.installation.namespace}.{topic}")

    def inbox(self) -> list[dict[str, str]]:
        """Return the headers of what is in the inbox."""
        return [{name: value.decode() for name, value in each.headers} for each in self.logged("inbox")]


def _values(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in sorted(labels, key="source".__ne__))
