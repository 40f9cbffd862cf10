"""Kafka's disk fills up under a gateway: nothing that was answered 2xx is lost, and it goes on once there is space."""

import subprocess
from pathlib import Path

import pytest

from tests.faults.test_gateways import Senders, assert_all_in_kafka
from tests.intake.declared import created
from tests.intake.running import Running
from tests.servers.cluster import Cluster
from tests.servers.java import UnavailableError
from tests.servers.kafka import real_kafka_server
from tests.system.installation import Installation, answer
from tests.system.processes import eventually

_SPACE_BYTES = 200_000
_REFUSED = ("stream_app_source_requests_total", ("plain", "503"))


def test_what_was_answered_2xx_is_there_after_kafkas_disk_was_full(
    redis_url: str, namespace: str, tmp_path: Path
) -> None:
    try:
        broker = real_kafka_server(tmp_path / "kafka")
    except UnavailableError as reason:
        pytest.skip(str(reason))
    with broker, Installation(Cluster(broker.address), redis_url, namespace, tmp_path) as installation:
        installation.run("topics", "apply")
        gateway = Running(installation, tmp_path).ready()
        with Senders(gateway) as senders:
            senders.await_more()
            # A file that may not grow is to a program what a full disk is.
            subprocess.run(["prlimit", f"--fsize={_SPACE_BYTES}", "--pid", str(broker.pid)], check=True)  # noqa: S603, S607
            eventually(lambda: gateway.samples().get(_REFUSED, 0) > 0, "senders are refused", gateway.process)
            answer(gateway.metrics_at, "/health", gateway.process, lambda page: page.status == 503)
            broker.kill()
            broker.start()
            gateway.ready()
            senders.await_more()
        assert gateway.post(created(10**6))[0] == 200
        assert_all_in_kafka(gateway, senders)
