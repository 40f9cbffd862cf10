"""What is rendered from an `alerts.toml`: Alertmanager accepts it, and sends to whom and when the file says."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stream_app.cli.rendered_files import stale
from stream_app.cli.rendering import rendered
from stream_app.exporter.detail import details
from stream_app.exporter.detail.due_pages import DUE_PAGES
from stream_app.monitoring.alerts import ALERTING
from stream_app.render.rules import rules
from stream_app.render.time_intervals import time_intervals
from stream_app.spec.notification import BusinessHours
from tests.alerting.servers import render
from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.alerts.tools import run
from tests.render.house import CATALOG

ALL_KINDS = """
public_url = "https://monitor.example.com"

[owners]
nurture = "Marketing"
[programs.welcome]
owner = 'The "A" team'
overdue = 50

[receivers.night]
type = "pagerduty"
key_file = "/run/secrets/pagerduty"
[receivers.chat]
type = "slack"
url_file = "/run/secrets/slack"
channel = "#alerts"
[receivers.list]
type = "email"
to = "team@example.com"
sender = "monitor@example.com"
server = "mail.example.com:587"
username = "monitor"
password_file = "/run/secrets/mail"
[receivers.deadman]
type = "webhook"
url = "https://deadman.example.com/"
send_resolved = false
[receivers.screen]
type = "sink"

[routes]
critical = ["night", "chat", "list"]
warning = ["chat"]
info = []
heartbeat = ["deadman"]

[business_hours]
timezone = "Europe/Berlin"
holidays = ["2026-12-24/2027-01-01", "05-01"]
"""


def checked(config: Path) -> str:
    """What amtool says of a configuration that it accepts."""
    code, said = run("amtool", "check-config", config)
    assert code == 0, said
    return said


def routed(config: Path, *labels: str) -> list[str]:
    """Which receivers Alertmanager sends an alert with these labels to."""
    code, said = run("amtool", "config", "routes", "test", f"--config.file={config}", *labels)
    assert code == 0, said
    return sorted(said.partition("\n")[0].split(","))


def test_alertmanager_accepts_receivers_of_every_kind(tmp_path: Path) -> None:
    config = render(tmp_path, ALL_KINDS) / "prometheus/alertmanager.yml"
    said = checked(config)
    # Those of the file, and the one that notifies nobody.
    assert " - 6 receivers" in said
    assert " - 1 templates" in said


def test_alertmanager_accepts_what_is_shipped() -> None:
    assert " - 4 receivers" in checked(ROOT / "prometheus/alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("severity=critical", "alertname=X"), ["chat", "list", "night"]),
        (("severity=warning", "alertname=X"), ["chat"]),
        (("severity=info", "alertname=X"), ["nobody"]),
        (("severity=info", "alertname=Watchdog"), ["deadman"]),
        (("alertname=X",), ["chat"]),
        (("severity=info", "alertname=StreamAppTest", "receiver=night"), ["night"]),
        (("severity=info", "alertname=StreamAppTest", "receiver=screen"), ["screen (sink)"]),
    ],
)
def test_an_alert_goes_to_whom_the_file_says(tmp_path: Path, labels: tuple[str, ...], receivers: list[str]) -> None:
    assert routed(render(tmp_path, ALL_KINDS) / "prometheus/alertmanager.yml", *labels) == receivers


def test_hours_and_holidays_are_intervals_of_alertmanager() -> None:
    hours = BusinessHours(
        timezone="Europe/Berlin",
        days=("monday", "friday"),
        begin="07:30",
        end="24:00",
        holidays=("2026-12-24/2027-02-01", "05-01", "2026-10-03"),
    )
    assert list(time_intervals(hours)) == [
        "time_intervals:",
        "  - name: business hours",
        "    time_intervals:",
        "      - weekdays: [monday, friday]",
        '        times: [{start_time: "07:30", end_time: "24:00"}]',
        '        location: "Europe/Berlin"',
        "  - name: holidays",
        "    time_intervals:",
        '      - {years: ["2026"], months: ["12"], days_of_month: ["24:31"], location: "Europe/Berlin"}',
        '      - {years: ["2027"], months: ["1"], days_of_month: ["1:31"], location: "Europe/Berlin"}',
        '      - {years: ["2027"], months: ["2"], days_of_month: ["1:1"], location: "Europe/Berlin"}',
        '      - {months: ["5"], days_of_month: ["1:1"], location: "Europe/Berlin"}',
        '      - {years: ["2026"], months: ["10"], days_of_month: ["3:3"], location: "Europe/Berlin"}',
    ]


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_only_what_may_wait_waits_for_business_hours(tmp_path: Path, severity: str) -> None:
    text = (render(tmp_path, ALL_KINDS) / "prometheus/alertmanager.yml").read_text("utf-8")
    (route,) = (part for part in text.split("    - matchers: ") if part.startswith(f"[severity = {severity}]"))
    assert ("active_time_intervals: [business hours]" in route) == (severity != "critical")
    assert ("mute_time_intervals: [holidays]" in route) == (severity != "critical")


def test_prometheus_accepts_the_rules_of_an_installation(tmp_path: Path) -> None:
    out = render(tmp_path, ALL_KINDS)
    code, said = run("promtool", "check", "rules", "--lint-fatal", *sorted((out / "prometheus/rules").iterdir()))
    assert code == 0, said


def test_links_become_absolute_and_owners_are_named(tmp_path: Path) -> None:
    text = (render(tmp_path, ALL_KINDS) / "prometheus/rules/steps.yml").read_text("utf-8")
    assert 'runbook_url: "https://monitor.example.com/docs/runbooks.md#nurturestepblocked"' in text
    assert 'dashboard_url: "https://monitor.example.com/d/stream-app-nurture?' in text
    assert 'detail_url: "https://monitor.example.com/detail/step?program=' in text
    owner = r'owner: "{{ if eq $labels.program \"welcome\" }}The \"A\" team{{ else }}Marketing{{ end }}"'
    assert owner in text


def test_a_link_to_details_leads_to_a_page_of_the_exporter() -> None:
    alerting = replace(ALERTING, exporter="")
    text = "".join(rules(replace(CATALOG, alerting=alerting)).values())
    assert "detail_url" not in text
    text = "".join(rules(replace(CATALOG, alerting=replace(alerting, exporter="https://x"))).values())
    pages = set(re.findall(r'detail_url: "https://x([^?"]*)', text))
    assert pages == {*(each.path for each in DUE_PAGES), details.ALERT}
    assert 'detail_url: "https://x/detail/mql?source={{ $labels.source | urlquery }}"' in text
    assert 'detail_url: "https://x/detail/alert?name=BounceRateHigh"' in text


def test_an_alerts_file_changes_nothing_in_the_repository(tmp_path: Path) -> None:
    render(tmp_path, ALL_KINDS)
    assert stale(rendered(), ROOT) == []


def test_what_is_rendered_no_more_is_removed_from_the_folder(tmp_path: Path) -> None:
    rules = render(tmp_path, ALL_KINDS) / "prometheus/rules"
    (rules / "old.yml").write_text("groups: []\n")
    render(tmp_path, ALL_KINDS)
    assert not (rules / "old.yml").exists()


def test_a_wrong_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text("[thresholds]\noverdu = 1\n")
    command = [
        sys.executable,
        "-m",
        "stream_app.cli",
        "render",
        "--alerts-file",
        str(file),
        "--out",
        str(tmp_path / "x"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert ended.returncode == 2
    assert "[thresholds] overdu: no such threshold; Did you mean overdue" in ended.stderr
    assert not (tmp_path / "x").exists()


EXPLAINED = """\
rule_files: [rendered/prometheus/rules/steps.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'stream_app_data_fresh', values: '1x70'}
      - {series: 'lifecycle_step_overdue{program="it''s", step="$(x) `y`"}', values: '30x70'}
      - {series: 'lifecycle_step_balance{program="it''s", step="$(x) `y`"}', values: '100x70'}
      - {series: 'lifecycle_step_oldest_due_timestamp_seconds{program="it''s", step="$(x) `y`"}', values: '0x70'}
    alert_rule_test:
      - alertname: NurtureStepOverdue
        eval_time: 1h5m
        exp_alerts:
          - exp_labels: {severity: warning, area: nurture, program: "it's", step: '$(x) `y`'}
            exp_annotations:
              summary: "it's / $(x) `y`: 30 enrollments are overdue"
              description: "30 of 100 enrollments in the step are past their due time, more than 25%, for an hour. The \
oldest fell due at 1970-01-01 00:00:00 +0000 UTC."
              runbook_url: "docs/runbooks.md#nurturestepoverdue"
              dashboard_url: "/d/stream-app-nurture?var-program=it%27s&var-step=%24%28x%29+%60y%60"
              detail_url: "https://wall.example.com/detail/step?program=it%27s&step=%24%28x%29+%60y%60"
              explain: 'stream-app explain step ''it''\\''''s'' ''$(x) `y`'''
"""


def test_the_command_that_explains_a_step_is_safe_in_a_shell(tmp_path: Path) -> None:
    render(tmp_path, 'exporter_url = "https://wall.example.com/"')
    (tmp_path / "story.yml").write_text(EXPLAINED, "utf-8")
    code, said = run("promtool", "test", "rules", tmp_path / "story.yml")
    assert code == 0, said
    words = r"""stream-app explain step 'it'\''s' '$(x) `y`'"""
    ended = subprocess.run(  # noqa: S603 - the words of this test
        ["/bin/sh", "-c", f"printf '%s|' {words}"], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout == "stream-app|explain|step|it's|$(x) `y`|"
