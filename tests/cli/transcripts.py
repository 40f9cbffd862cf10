"""What a command prints when its output goes to a pipe, as one text."""

import os
import subprocess
import sys
from pathlib import Path

from stream_app.clients.settings import PREFIX
from tests.servers.cluster import Cluster

COMMAND = str(Path(sys.executable).with_name("stream-app"))
SAID_NAMESPACE = "the-namespace"
"""Stands for the namespace of the test: a name of the same length, so that columns stay aligned."""


class Terminal:
    """Runs commands against the servers of one test."""

    def __init__(self, cluster: Cluster, store: str, namespace: str) -> None:
        """Take the servers."""
        assert len(namespace) == len(SAID_NAMESPACE)
        self.namespace = namespace
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | {
            "STREAM_APP_KAFKA_URL": f"kafka://{cluster.address}",
            "STREAM_APP_REDIS_URL": store,
            "STREAM_APP_NAMESPACE": namespace,
            "STREAM_APP_WORKER_PORT": "0",
        }

    def run(self, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
        """Return standard output, then standard error, then the exit code if it is not 0."""
        done = subprocess.run(  # noqa: S603 - our own command
            [COMMAND, *arguments],
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
        code = f"exit code {done.returncode}\n" if done.returncode else ""
        return self.said(done.stdout.decode() + done.stderr.decode() + code)

    def said(self, text: str) -> str:
        """The text with the stand-in for the namespace."""
        return text.replace(self.namespace, SAID_NAMESPACE)
