"""`prometheus/alertmanager.yml`: who is notified of which alert, and which alerts inhibit others."""

import json
from collections.abc import Iterator
from importlib.resources import files

from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.receivers import receivers
from stream_app.render.rules import GENERATED
from stream_app.render.time_intervals import BUSINESS_HOURS, HOLIDAYS, time_intervals
from stream_app.spec.alert import Alerting, Severity
from stream_app.spec.notification import (
    NOBODY,
    TEST_ALERT,
    TEST_RECEIVER,
    BusinessHours,
    Notification,
    alertmanager_name,
)

PATH = "prometheus/alertmanager.yml"
MESSAGES = "alertmanager.tmpl"

_ROOT = """\
# What the messages say.
templates: [{messages}]

route:
  receiver: {usual}
  group_by: [alertname, area]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:"""

_HEARTBEAT = """\
    # Comes all the time; a dead man's switch raises the alarm when it does not.
    - matchers: [alertname = {heartbeat}]
      group_wait: 0s
      group_interval: 1m
      repeat_interval: 1m"""

_GROUPS: dict[Severity, str] = {
    "critical": """\
    - matchers: [severity = critical]
      group_wait: 10s
      repeat_interval: 1h""",
    "warning": """\
    - matchers: [severity = warning]""",
    "info": """\
    - matchers: [severity = info]
      group_by: [area]
      group_wait: 5m
      group_interval: 1h
      repeat_interval: 24h""",
}


def alertmanager(catalog: Catalog) -> Rendered:
    """Return the configuration of Alertmanager, and the templates of its messages."""
    alerting, notification = catalog.alerting, catalog.notification
    if alerting is None:
        return {}
    hours = notification.business_hours
    sections = (
        (GENERATED,),
        (
            _ROOT.format(messages=MESSAGES, usual=_first(notification, notification.routes.warning)),
            *_routes(alerting, notification),
        ),
        tuple(time_intervals(hours)) if hours else (),
        ("inhibit_rules:", *_inhibitions(alerting)),
        tuple(receivers(notification)),
    )
    text = "\n\n".join("\n".join(section) for section in sections if section) + "\n"
    messages = (files("stream_app.render") / MESSAGES).read_text("utf-8")
    return {PATH: text, f"prometheus/{MESSAGES}": messages}


def _routes(alerting: Alerting, notification: Notification) -> Iterator[str]:
    yield from _test_routes(notification)
    yield _HEARTBEAT.format(heartbeat=alerting.heartbeat)
    yield from _notified(notification, notification.routes.heartbeat, "heartbeat")
    for severity, head in _GROUPS.items():
        yield head
        yield from _notified(notification, getattr(notification.routes, severity), severity)


def _test_routes(notification: Notification) -> Iterator[str]:
    yield "    # `stream-app alerts test` tries each receiver alone."
    for name in notification.receivers:
        yield f"    - matchers: [{_equal('alertname', TEST_ALERT)}, {_equal(TEST_RECEIVER, name)}]"
        yield f"      receiver: {_name(notification, name)}"
        yield "      group_by: [...]"
        yield "      group_wait: 0s"


def _notified(notification: Notification, names: tuple[str, ...], severity: str) -> Iterator[str]:
    """Yield the receivers of a route, and when they are notified; several are routes within it."""
    when = tuple(_when(notification.business_hours, severity))
    if len(names) < 2:  # noqa: PLR2004 - one needs no routes within
        yield f"      receiver: {_first(notification, names)}"
        yield from (f"      {line}" for line in when)
        return
    yield "      routes:"
    for number, name in enumerate(names, 1):
        yield f"        - receiver: {_name(notification, name)}"
        yield from (f"          {line}" for line in when)
        if number < len(names):
            yield "          continue: true"


def _when(hours: BusinessHours | None, severity: str) -> Iterator[str]:
    if hours is None or severity not in hours.waiting:
        return
    yield f"active_time_intervals: [{BUSINESS_HOURS}]"
    if hours.holidays:
        yield f"mute_time_intervals: [{HOLIDAYS}]"


def _first(notification: Notification, names: tuple[str, ...]) -> str:
    return _name(notification, names[0]) if names else NOBODY


def _name(notification: Notification, name: str) -> str:
    return json.dumps(alertmanager_name(name, notification.receivers[name]), ensure_ascii=False)


def _equal(label: str, value: str) -> str:
    # A JSON string within single quotes is one of YAML, whose matcher is a JSON string again.
    quoted = json.dumps(value, ensure_ascii=False).replace("'", "''")
    return f"'{label} = {quoted}'"


def _inhibitions(alerting: Alerting) -> Iterator[str]:
    for each in alerting.inhibitions:
        yield f"  - source_matchers: [alertname = {each.source}]"
        yield f'    target_matchers: [alertname =~ "{"|".join(each.targets)}"]'
        if each.equal:
            yield f"    equal: [{', '.join(each.equal)}]"
