"""The configurations, judged by the programs that read them."""

import json
import re

import pytest

from stream_app.clients.settings import Settings
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.alerts.pipeline import EXPORTER_JOB, WORKER_JOB
from stream_app.spec.alert import Alert, RuleGroup
from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.alerts.tools import run

PROMETHEUS = ROOT / "prometheus/prometheus.yml"
ALERTMANAGER = ROOT / "prometheus/alertmanager.yml"
ALERTS = [(alert, group) for group in ALERTING.groups for alert in group.alerts]
RECEIVER = {"critical": "pager (sink)", "warning": "chat (sink)", "info": "digest (sink)"}


def test_promtool_accepts_the_configuration_and_the_rules_that_it_names() -> None:
    code, said = run("promtool", "check", "config", PROMETHEUS)
    assert code == 0, said
    for group in ALERTING.groups:
        assert f"rules/{group.name}.yml\n  SUCCESS: {len(group.alerts) + len(group.recordings)} rules found" in said


def test_promtool_finds_nothing_to_complain_about_in_the_rules() -> None:
    code, said = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *(ROOT / "prometheus/rules").iterdir())
    assert code == 0, said


def test_amtool_accepts_the_configuration() -> None:
    code, said = run("amtool", "check-config", ALERTMANAGER)
    assert code == 0, said


@pytest.mark.parametrize(("alert", "group"), ALERTS, ids=lambda each: each.name)
def test_an_alert_reaches_whom_its_severity_names(alert: Alert, group: RuleGroup) -> None:
    name, severity, area = alert.name, alert.severity, group.area
    receiver = "heartbeat (sink)" if name == ALERTING.heartbeat else RECEIVER[severity]
    code, said = run(
        "amtool",
        "config",
        "routes",
        "test",
        f"--config.file={ALERTMANAGER}",
        f"--verify.receivers={receiver}",
        f"alertname={name}",
        f"severity={severity}",
        f"area={area}",
    )
    assert code == 0, said


def test_only_alerts_that_exist_are_inhibited() -> None:
    names = {alert.name for alert, _ in ALERTS}
    assert {name for each in ALERTING.inhibitions for name in (each.source, *each.targets)} <= names


def test_jobs_and_ports_are_those_of_the_rules_and_the_settings() -> None:
    text = PROMETHEUS.read_text("utf-8")
    assert {EXPORTER_JOB, WORKER_JOB} <= set(re.findall(r"job_name: (\S+)", text))
    assert f"exporter:{Settings.model_fields['exporter_port'].default}" in text
    assert f"port: {Settings.model_fields['worker_port'].default}\n" in text


@pytest.mark.parametrize("alert", [alert for alert, _ in ALERTS], ids=lambda each: each.name)
def test_the_description_tells_values(alert: Alert) -> None:
    assert re.search(r"\$value|\| query|with query", alert.description)


@pytest.mark.parametrize(("alert", "group"), ALERTS, ids=lambda each: each.name)
def test_an_alert_opens_a_dashboard_that_exists_with_variables_that_it_has(alert: Alert, group: RuleGroup) -> None:
    boards = [json.loads(path.read_text("utf-8")) for path in (ROOT / "grafana/dashboards").glob("*.json")]
    variables = {board["uid"]: {each["name"] for each in board["templating"]["list"]} for board in boards}
    assert set(alert.variables) <= variables[group.dashboard]
