"""The receivers of Alertmanager: where it posts to, and which part of the message goes where.

https://prometheus.io/docs/alerting/latest/configuration/#receiver-integration-settings
"""

import json
from collections.abc import Iterator
from typing import Any

from stream_app.spec.notification import (
    NOBODY,
    Email,
    Notification,
    PagerDuty,
    Receiver,
    Sink,
    Slack,
    Teams,
    Webhook,
    alertmanager_name,
)

_TITLE = '{{ template "stream_app.title" . }}'
_TEXT = '{{ template "stream_app.text" . }}'
_LINK = '{{ template "stream_app.link" . }}'
_COLOR = '{{ template "stream_app.color" . }}'

Setting = tuple[str, Any]


def receivers(notification: Notification) -> Iterator[str]:
    """Return the lines of the section `receivers`."""
    yield "receivers:"
    routes = notification.routes
    if not all((routes.critical, routes.warning, routes.info, routes.heartbeat)):
        yield f"  - name: {NOBODY}"
    for name, receiver in notification.receivers.items():
        kind, settings = _integration(name, receiver)
        yield f"  - name: {json.dumps(alertmanager_name(name, receiver), ensure_ascii=False)}"
        yield f"    {kind}:"
        lead = "      - "
        for setting, value in (*settings, ("send_resolved", receiver.send_resolved)):
            if value != "":
                yield f"{lead}{setting}: {json.dumps(value, ensure_ascii=False)}"
                lead = "        "


def _integration(name: str, receiver: Receiver) -> tuple[str, tuple[Setting, ...]]:
    match receiver:
        case Slack():
            return "slack_configs", (("api_url_file", receiver.url_file), ("channel", receiver.channel), *_SLACK)
        case Sink():
            url = f"{receiver.url.rstrip('/')}/slack"
            return "slack_configs", (("api_url", url), ("channel", name), *_SLACK)
        case PagerDuty():
            return "pagerduty_configs", (("routing_key_file", receiver.key_file), *_PAGERDUTY)
        case Email():
            return "email_configs", (
                ("to", receiver.to),
                ("from", receiver.sender),
                ("smarthost", receiver.server),
                ("auth_username", receiver.username),
                ("auth_password_file", receiver.password_file),
                ("require_tls", receiver.require_tls),
                *_EMAIL,
            )
        case Teams():
            return "msteamsv2_configs", (("webhook_url_file", receiver.url_file), ("title", _TITLE), ("text", _TEXT))
        case Webhook():
            return "webhook_configs", (("url", receiver.url), ("url_file", receiver.url_file))


_SLACK: tuple[Setting, ...] = (
    ("username", "stream-app"),
    ("color", _COLOR),
    ("title", _TITLE),
    ("title_link", _LINK),
    ("text", _TEXT),
    ("fallback", _TITLE),
)
_PAGERDUTY: tuple[Setting, ...] = (
    ("client", "stream-app"),
    ("client_url", _LINK),
    ("severity", "{{ with .CommonLabels.severity }}{{ . }}{{ else }}warning{{ end }}"),
    ("description", _TITLE),
    ("details", {"text": _TEXT}),
)
_EMAIL: tuple[Setting, ...] = (
    ("headers", {"Subject": _TITLE}),
    ("text", _TEXT),
    ("html", f"<pre>{_TEXT}</pre>"),
)
