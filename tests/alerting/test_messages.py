"""A real Alertmanager delivers to a local receiver, as a rendered `alerts.toml` says; its text is as written here."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.alerting.servers import alertmanager, eventually, get, post, render, sink
from tests.monitoring.alerts.tools import run

ALERTS = """
public_url = "https://monitor.example.com"
grafana_url = "https://grafana.example.com/"

[receivers.night]
type = "sink"
url = "URL"
[receivers."the team"]
type = "sink"
url = "URL"
[receivers.reports]
type = "sink"
url = "URL"
send_resolved = false

[routes]
critical = ["night", "the team"]
warning = ["the team"]
info = ["reports"]
"""

BLOCKED: dict[str, Any] = {
    "labels": {
        "alertname": "NurtureStepBlocked",
        "severity": "critical",
        "area": "nurture",
        "program": "welcome",
        "step": "żółw <b>",
    },
    "annotations": {
        "summary": "welcome / żółw <b> is blocked: nothing has advanced for 30 min",
        "description": "12 enrollments fell due in step żółw <b> of welcome.",
        "owner": "Lifecycle team",
        "runbook_url": "https://monitor.example.com/docs/runbooks.md#nurturestepblocked",
        "dashboard_url": "https://grafana.example.com/d/stream-app-nurture?var-program=welcome",
        "detail_url": "https://monitor.example.com/detail/step?program=welcome",
        "explain": "stream-app explain step 'welcome' 'żółw <b>'",
    },
    "startsAt": "2026-03-02T10:14:07+01:00",
}
TITLE = "Critical: welcome / żółw <b> is blocked: nothing has advanced for 30 min"
TEXT = """\
welcome / żółw <b> is blocked: nothing has advanced for 30 min
12 enrollments fell due in step żółw <b> of welcome.
Since: 2026-03-02 09:14 UTC
Owner: Lifecycle team
Runbook: https://monitor.example.com/docs/runbooks.md#nurturestepblocked
Dashboard: https://grafana.example.com/d/stream-app-nurture?var-program=welcome
Details: https://monitor.example.com/detail/step?program=welcome
Explain: stream-app explain step 'welcome' 'żółw <b>'"""

STALE = {
    "labels": {"alertname": "DataNotFresh", "severity": "warning", "area": "pipeline"},
    "annotations": {
        "summary": "The numbers are not up to date",
        "description": "Events in the log have not been applied.",
        "runbook_url": "docs/runbooks.md#datanotfresh",
        "dashboard_url": "/d/stream-app-pipeline",
    },
    "startsAt": "2026-03-02T09:14:00Z",
}
STALE_TEXT = """\
The numbers are not up to date
Events in the log have not been applied.
Since: 2026-03-02 09:14 UTC"""


class Site(NamedTuple):
    """Where Alertmanager and the sink answer."""

    alertmanager: str
    sink: str

    def messages(self, receiver: str) -> list[dict[str, Any]]:
        """What a receiver was sent, the newest first."""
        found: list[dict[str, Any]] = json.loads(get(f"{self.sink}/messages.json")).get(receiver, [])
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An installation whose receivers are the sink; groups do not wait for more alerts."""
    with sink(tmp_path) as url:
        config = render(tmp_path, ALERTS.replace("URL", url)) / "prometheus/alertmanager.yml"
        at_once = re.sub("group_(wait|interval): [0-9]+[sm]", r"group_\1: 1s", config.read_text("utf-8"))
        config.write_text(at_once, "utf-8")
        code, said = run("amtool", "check-config", config)
        assert code == 0, said
        with alertmanager(tmp_path, config) as manager:
            yield Site(manager, url)


def test_a_critical_alert_reaches_every_receiver_of_its_route(site: Site) -> None:
    post(f"{site.alertmanager}/api/v2/alerts", [BLOCKED])
    for receiver in ("night", "the team"):
        (message,) = eventually(partial(site.messages, receiver))
        assert (message["title"], message["text"]) == (TITLE, TEXT)
    assert site.messages("reports") == []


def test_links_that_lead_nowhere_are_left_out(site: Site) -> None:
    post(f"{site.alertmanager}/api/v2/alerts", [STALE])
    (message,) = eventually(lambda: site.messages("the team"))
    assert (message["title"], message["text"]) == ("Warning: The numbers are not up to date", STALE_TEXT)
    assert site.messages("night") == []


GUIDE = {
    "labels": {**BLOCKED["labels"], "step": "guide"},
    "annotations": {"summary": "welcome / guide is blocked", "description": "7 enrollments fell due."},
    "startsAt": "2026-03-02T09:20:00Z",
}
GUIDE_TEXT = """\
welcome / guide is blocked
7 enrollments fell due.
Since: 2026-03-02 09:20 UTC"""


def test_several_alerts_of_one_kind_are_one_message(site: Site) -> None:
    post(f"{site.alertmanager}/api/v2/alerts", [BLOCKED, GUIDE])
    # Alertmanager does not wait for a group whose first alert is old, and may send that one alone before.
    title = "Critical: 2 NurtureStepBlocked in welcome"
    (message,) = eventually(lambda: [each for each in site.messages("night") if each["title"] == title])
    assert message["text"] == f"{GUIDE_TEXT}\n\n{TEXT}"


def test_what_has_ended_is_said_to_be_over(site: Site) -> None:
    post(f"{site.alertmanager}/api/v2/alerts", [GUIDE])
    eventually(lambda: site.messages("night"))
    post(f"{site.alertmanager}/api/v2/alerts", [{**GUIDE, "endsAt": "2026-03-02T10:05:00Z"}])
    over, _ = eventually(lambda: found if len(found := site.messages("night")) > 1 else None)
    assert over["title"] == "Over: welcome / guide is blocked"
    assert over["text"] == f"{GUIDE_TEXT}\nOver: 2026-03-02 10:05 UTC"
