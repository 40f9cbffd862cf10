"""Who is notified of alerts, by which receivers and when, and where the links of an alert lead."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from stream_app.spec.alert import Severity

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of `alerts.toml`."""


class Links(_Table, frozen=True, kw_only=True):
    """Where people reach what alerts link to. What is left out follows from `public_url`.

    Without any URL a link is relative, and messages leave it out.
    """

    public_url: str = ""
    """Where everything is reached that has no URL of its own here."""
    runbooks_url: str = ""
    """The page of the runbooks; `docs/runbooks.md` below `public_url`."""
    grafana_url: str = ""
    """Grafana; `public_url`."""
    exporter_url: str = ""
    """The exporter, with the wall and the pages of details; `public_url`."""

    @property
    def runbooks(self) -> str:
        """What the addresses of runbooks begin with."""
        return self.runbooks_url or self._below("docs/runbooks.md") or "docs/runbooks.md"

    @property
    def dashboards(self) -> str:
        """What the addresses of dashboards begin with."""
        return f"{(self.grafana_url or self.public_url).rstrip('/')}/d"

    @property
    def exporter(self) -> str:
        """What the addresses of the exporter's pages begin with."""
        return (self.exporter_url or self.public_url).rstrip("/")

    def _below(self, path: str) -> str:
        return f"{self.public_url.rstrip('/')}/{path}" if self.public_url else ""


class _Receiver(_Table, frozen=True, kw_only=True, tag_field="type"):
    send_resolved: bool = True
    """Whether it is also said when an alert has ended."""


class Slack(_Receiver, frozen=True, kw_only=True, tag="slack"):
    """An incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat)."""

    url_file: str
    """File with the webhook's URL, which is a secret."""
    channel: str = ""
    """Channel, if the webhook lets one choose."""


class PagerDuty(_Receiver, frozen=True, kw_only=True, tag="pagerduty"):
    """A service of PagerDuty, by its Events API v2."""

    key_file: str
    """File with the integration key of the service."""


class Email(_Receiver, frozen=True, kw_only=True, tag="email"):
    """Mail to a list."""

    to: str
    """Addresses, separated by commas."""
    sender: str
    """The address that it comes from."""
    server: str
    """The mail server that sends it, as host:port."""
    username: str = ""
    password_file: str = ""
    """File with the password of the user."""
    require_tls: bool = True


class Teams(_Receiver, frozen=True, kw_only=True, tag="teams"):
    """A workflow of Microsoft Teams that takes webhook requests. Alertmanager 0.28 or newer."""

    url_file: str
    """File with the workflow's URL, which is a secret."""


class Webhook(_Receiver, frozen=True, kw_only=True, tag="webhook"):
    """A server that takes Alertmanager's own JSON."""

    url: str = ""
    """Its URL, if that is no secret."""
    url_file: str = ""
    """File with its URL. Alertmanager 0.26 or newer."""


class Sink(_Receiver, frozen=True, kw_only=True, tag="sink"):
    """`stream-app alerts sink`: a page that shows what would have been sent, and notifies nobody."""

    url: str = "http://127.0.0.1:9468"
    """Where Alertmanager reaches it."""


Receiver = Slack | PagerDuty | Email | Teams | Webhook | Sink


class Routes(_Table, frozen=True, kw_only=True):
    """Which receivers are notified of alerts of each severity."""

    critical: tuple[str, ...]
    warning: tuple[str, ...]
    info: tuple[str, ...]
    heartbeat: tuple[str, ...] = ()
    """Who raises the alarm when the alert `Watchdog`, which comes every minute, does not come."""


class BusinessHours(_Table, frozen=True, kw_only=True):
    """When people are there. Alerts of some severities wait until then."""

    timezone: str = "UTC"
    days: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    begin: str = "08:00"
    end: str = "18:00"
    holidays: tuple[str, ...] = ()
    """Days such as `2026-12-25`, spans such as `2026-12-24/2027-01-01`, and days of every year such as `12-25`."""
    waiting: tuple[Severity, ...] = ("warning", "info")
    """The severities that wait."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Receivers by name, and when which of them is notified; owners by area and by program."""

    receivers: Mapping[str, Receiver]
    routes: Routes
    business_hours: BusinessHours | None = None
    owners: Mapping[str, str] = msgspec.field(default_factory=dict)
    program_owners: Mapping[str, str] = msgspec.field(default_factory=dict)


AS_SHIPPED = Notification(
    receivers={
        "pager": Sink(),
        "chat": Sink(),
        "digest": Sink(send_resolved=False),
        "heartbeat": Sink(send_resolved=False),
    },
    routes=Routes(critical=("pager",), warning=("chat",), info=("digest",), heartbeat=("heartbeat",)),
)
"""Nobody is notified; the sink shows of what."""


def alertmanager_name(name: str, receiver: Receiver) -> str:
    """Return what a receiver is called in Alertmanager, whose own page names those that notify nobody as such."""
    return f"{name}{SINK_SUFFIX}" if isinstance(receiver, Sink) else name


SINK_SUFFIX = " (sink)"
"""How the names of receivers end that notify nobody."""

NOBODY = "nobody"
"""The receiver of what is sent to nobody."""

TEST_ALERT = "StreamAppTest"
"""The name of the alert that `stream-app alerts test` sends."""

TEST_RECEIVER = "receiver"
"""The label of that alert that names the receiver."""
