"""`alerts.toml` is read or refused with file, table, key and rule; no value is repeated."""

from pathlib import Path

import pytest

from stream_app.alerting.configuration import AlertSettings, read_alerts
from stream_app.alerting.installation import settable
from stream_app.clients.toml_file import ConfigurationError
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.thresholds import DEFAULTS, THRESHOLDS
from stream_app.spec.notification import AS_SHIPPED, BusinessHours, Email, Links, PagerDuty, Routes, Slack, Webhook
from stream_app.spec.threshold import Override

SETTABLE = settable(ALERTING, THRESHOLDS)
ROUTED = """
[routes]
critical = ["chat"]
warning = []
info = []
"""


def read(directory: Path, text: str) -> AlertSettings:
    path = directory / "alerts.toml"
    path.write_text(text, "utf-8")
    return read_alerts(path, SETTABLE)


def problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        read(directory, text)
    return [each.removeprefix(f"{directory}/alerts.toml: ") for each in refused.value.problems]


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == AlertSettings(DEFAULTS, Links(), AS_SHIPPED)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        public_url = "https://monitor.example.com"
        grafana_url = "https://grafana.example.com/"

        [thresholds]
        overdue = 25
        bounce_rate = 0.03

        [programs.welcome]
        owner = "Lifecycle team"
        overdue = 50
        [programs.welcome.steps.guide]
        overdue = 200
        [programs."trial ends"]
        owner = "Sales"

        [currencies.JPY]
        large_loss = 150_000

        [owners]
        nurture = "Marketing"

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
        send_resolved = false
        [receivers.deadman]
        type = "webhook"
        url_file = "/run/secrets/deadman"

        [routes]
        critical = ["night", "chat"]
        warning = ["chat"]
        info = ["list"]
        heartbeat = ["deadman"]

        [business_hours]
        timezone = "Europe/Berlin"
        days = ["monday", "friday"]
        begin = "07:30"
        end = "24:00"
        holidays = ["2026-12-24/2027-01-01", "05-01"]
        waiting = ["info"]
        """,
    )
    assert found.thresholds.values == {**DEFAULTS.values, "overdue": 25, "bounce_rate": 0.03}
    assert found.thresholds.overrides == (
        Override((("program", "welcome"), ("step", "guide")), {"overdue": 200}),
        Override((("program", "welcome"),), {"overdue": 50}),
        Override((("currency", "JPY"),), {"large_loss": 150_000}),
    )
    assert found.links.runbooks == "https://monitor.example.com/docs/runbooks.md"
    assert found.links.dashboards == "https://grafana.example.com/d"
    assert found.links.exporter == "https://monitor.example.com"
    notification = found.notification
    assert notification.receivers == {
        "night": PagerDuty(key_file="/run/secrets/pagerduty"),
        "chat": Slack(url_file="/run/secrets/slack", channel="#alerts"),
        "list": Email(
            to="team@example.com",
            sender="monitor@example.com",
            server="mail.example.com:587",
            username="monitor",
            password_file="/run/secrets/mail",  # noqa: S106 - a path
            send_resolved=False,
        ),
        "deadman": Webhook(url_file="/run/secrets/deadman"),
    }
    assert notification.routes == Routes(
        critical=("night", "chat"), warning=("chat",), info=("list",), heartbeat=("deadman",)
    )
    assert notification.business_hours == BusinessHours(
        timezone="Europe/Berlin",
        days=("monday", "friday"),
        begin="07:30",
        end="24:00",
        holidays=("2026-12-24/2027-01-01", "05-01"),
        waiting=("info",),
    )
    assert notification.owners == {"nurture": "Marketing"}
    assert notification.program_owners == {"welcome": "Lifecycle team", "trial ends": "Sales"}


CHAT = '[receivers.chat]\ntype = "slack"\n'
HOURS = "[business_hours]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("treshold = 1", "treshold: no such key; Did you mean thresholds?"),
        ('public_url = "monitor.example.com"', "public_url: expected a URL such as https://monitor.example.com"),
        ('public_url = "https://a:secret@b"', "public_url: expected a URL such as https://monitor.example.com"),
        ("[thresholds]\noverdu = 1", "[thresholds] overdu: no such threshold; Did you mean overdue"),
        ('[thresholds]\noverdue = "1"', "[thresholds] overdue: expected a number"),
        ("[thresholds]\noverdue = true", "[thresholds] overdue: expected a number"),
        ("[thresholds]\noverdue = 0", "[thresholds] overdue: expected a number above 0"),
        ("[thresholds]\noverdue = nan", "[thresholds] overdue: expected a number above 0"),
        ("[thresholds]\noverdue_share = 25", "[thresholds] overdue_share: expected a share, from 0 to 1"),
        ("[thresholds]\nsilent_hours_lead = 721", "[thresholds] silent_hours_lead: expected at most 720 hours"),
        (
            "[programs.welcome]\nlarge_loss = 1",
            "[programs.welcome] large_loss: is not set here; docs/thresholds.md says where",
        ),
        (
            "[currencies.EUR]\noverdue = 1",
            "[currencies.EUR] overdue: is not set here; docs/thresholds.md says where",
        ),
        (
            "[programs.welcome.steps.guide]\nbounces = 1",
            "[programs.welcome.steps.guide] bounces: is not set here; docs/thresholds.md says where",
        ),
        (
            "[programs.welcome.steps]\nguide = 1",
            "[programs.welcome.steps]: expected tables, as in [programs.welcome.steps.NAME]",
        ),
        ("[programs]\nwelcome = 1", "[programs]: expected tables, as in [programs.NAME]"),
        ("[programs.welcome]\nowner = 1", "[programs.welcome] owner: expected text"),
        ('[owners]\nnuture = "x"', "[owners] nuture: no such key; Did you mean nurture?"),
        (f'{ROUTED}[receivers.chat]\ntype = "slak"', "[receivers.chat] type: expected one of "),
        (f"{ROUTED}{CHAT}", "[receivers.chat] url_file: is needed"),
        (
            f'{ROUTED}{CHAT}url_file = "/s"\nchanel = "x"',
            "[receivers.chat] chanel: no such key; there may be send_resolved, url_file, channel",
        ),
        (
            f'{ROUTED}{CHAT}url_file = "slack.secret"',
            "[receivers.chat] url_file: expected an absolute path: it is a file of the machine of Alertmanager",
        ),
        (
            f'{ROUTED}{CHAT}url_file = "/s"\n[receivers."{{x}}"]',
            "[receivers.{x}]: a name has letters, digits, spaces, dots, _ and -",
        ),
        (
            f'{CHAT}url_file = "/s"\n[routes]\ncritical = ["chad"]\nwarning = []\ninfo = []',
            "[routes] critical: no such receiver; Did you mean chat?",
        ),
        (f'{CHAT}url_file = "/s"\n[routes]\ncritical = ["chat"]\nwarning = []', "[routes] info: is needed"),
        (
            f'{CHAT}url_file = "/s"\n[routes]\ncritical = ["chat", "chat"]\nwarning = []\ninfo = []',
            "[routes] critical: a receiver is named twice",
        ),
        (f'{ROUTED}[receivers.chat]\ntype = "webhook"', "[receivers.chat] url: either this or url_file is needed"),
        (
            f'{ROUTED}[receivers.chat]\ntype = "webhook"\nurl = "https://a/?token=1"',
            "[receivers.chat] url: expected a URL without password and query; url_file takes one with a secret",
        ),
        (
            f'{ROUTED}[receivers.chat]\ntype = "email"\nto = "a@b"\nsender = "c@d"\nserver = "mail"',
            "[receivers.chat] server: expected host:port, such as mail.example.com:587",
        ),
        (
            f'{HOURS}timezone = "Berlin"',
            "[business_hours] timezone: no time zone of that name; one looks like Europe/Berlin",
        ),
        (f'{HOURS}begin = "8"', "[business_hours] begin: expected a time such as 08:30"),
        (f'{HOURS}begin = "18:00"', "[business_hours] end: expected a time after begin"),
        (
            f'{HOURS}days = ["mon"]',
            "[business_hours] days[0]: expected one of friday, monday, saturday, sunday, thursday, tuesday, wednesday",
        ),
        (
            f'{HOURS}holidays = ["2026-02-29"]',
            "[business_hours] holidays: expected days such as 2026-12-25, 2026-12-24/2027-01-01 or 12-25",
        ),
        (
            f'{HOURS}holidays = ["2026-02-03/2026-02-02"]',
            "[business_hours] holidays: expected days such as 2026-12-25, 2026-12-24/2027-01-01 or 12-25",
        ),
    ],
)
def test_what_is_wrong_is_named_by_place_and_rule(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(problem)


def test_everything_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, 'x = 1\n[thresholds]\ny = 1\n[programs.a]\nz = 1\n[business_hours]\nend = "1"')) == 4


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*none\.toml: .*; docs/alerts\.md shows one"):
        read_alerts(tmp_path / "none.toml", SETTABLE)


@pytest.mark.parametrize("label", ["program", "currency"])
def test_what_a_label_may_set_is_what_decides_about_it(label: str) -> None:
    assert {"program": "overdue", "currency": "large_loss"}[label] in SETTABLE.by_label[label]
    assert "lag_records" not in SETTABLE.by_label[label]
