"""A real Alertmanager inhibits alerts that add nothing to others."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_app.clients.ports import free_port
from stream_app.monitoring.alerts import ALERTING
from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.alerts.tools import program

_TIMEOUT_S = 30
BUSINESS = {alert.name for group in ALERTING.groups if group.area != "pipeline" for alert in group.alerts}
PIPELINE = {alert.name for group in ALERTING.groups if group.area == "pipeline" for alert in group.alerts}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """Run Alertmanager with the committed configuration; gives its address."""
    binary = program("prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary,
        f"--config.file={ROOT / 'prometheus/alertmanager.yml'}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - Debian's own binary
    try:
        yield f"http://{address}/api/v2"
    finally:
        process.terminate()
        process.wait(10)


def inhibited(address: str, *alerts: dict[str, str]) -> set[str]:
    """Let alerts fire and return the names of those that are inhibited."""
    _eventually(lambda: _call(f"{address}/status"))
    _call(f"{address}/alerts", [{"labels": labels} for labels in alerts])
    found = _eventually(lambda: _all(address, len(alerts)))
    return {each["labels"]["alertname"] for each in found if each["status"]["inhibitedBy"]}


def _all(address: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _call(f"{address}/alerts")
    # Whether an alert is inhibited is decided when it is read, and the inhibitor gets alerts after the store.
    return found if len(found) == count and any(each["status"]["inhibitedBy"] for each in found) else []


def _eventually(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            if answer := ask():
                return answer
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _call(url: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
        text = answer.read()
    return json.loads(text) if text else None


def test_only_business_alerts_are_inhibited_while_the_data_is_not_fresh(
    alertmanager: str,
) -> None:
    causes = {
        "RedisDown",
        "StoreUnsafe",
        "ExporterDown",
        "WorkersDown",
        "KafkaUnreachable",
        "IntakeStopped",
        "CommitStalled",
    }
    names = BUSINESS | (PIPELINE - causes - {"GatewayDown"})
    assert inhibited(alertmanager, *({"alertname": name} for name in sorted(names))) == BUSINESS


def test_a_inhibited_alert_still_inhibits_others(alertmanager: str) -> None:
    names = ("RedisDown", "DataNotFresh", "NurtureStepBlocked")
    assert inhibited(alertmanager, *({"alertname": name} for name in names)) == {"DataNotFresh", "NurtureStepBlocked"}


def test_without_a_gateway_nothing_is_said_of_sources(alertmanager: str) -> None:
    names = ("GatewayDown", "GatewaySlow", "SourceSilent", "InboxExpiring")
    assert inhibited(alertmanager, *({"alertname": name} for name in names)) == {"GatewaySlow", "SourceSilent"}


def test_a_blocked_step_inhibits_only_alerts_of_the_same_step(alertmanager: str) -> None:
    here, there = {"program": "welcome", "step": "guide"}, {"program": "welcome", "step": "case"}
    found = inhibited(
        alertmanager,
        {"alertname": "NurtureStepBlocked", **here},
        {"alertname": "NurtureStepOverdue", **here},
        {"alertname": "NurtureStepSilent", **there},
    )
    assert found == {"NurtureStepOverdue"}
