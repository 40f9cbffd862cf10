"""`prometheus/alertmanager.yml`: who is notified of which alert, and which alerts inhibit others."""

from collections.abc import Iterator

from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.rules import GENERATED
from stream_app.spec.alert import Alerting

PATH = "prometheus/alertmanager.yml"

_ROUTES = """\
route:
  receiver: chat
  group_by: [alertname, area]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    # Comes all the time; a dead man's switch raises the alarm when it does not.
    - matchers: [alertname = {heartbeat}]
      receiver: heartbeat
      group_wait: 0s
      group_interval: 1m
      repeat_interval: 1m
    - matchers: [severity = critical]
      receiver: pager
      group_wait: 10s
      repeat_interval: 1h
    - matchers: [severity = warning]
      receiver: chat
    - matchers: [severity = info]
      receiver: digest
      group_by: [area]
      group_wait: 5m
      group_interval: 1h
      repeat_interval: 24h"""

_RECEIVERS = """\
# Placeholders: put your pager, chat, mail and dead man's switch here.
receivers:
  - name: pager
    webhook_configs: [{url: "http://127.0.0.1:5001/pager"}]
  - name: chat
    webhook_configs: [{url: "http://127.0.0.1:5001/chat"}]
  - name: digest
    webhook_configs: [{url: "http://127.0.0.1:5001/digest", send_resolved: false}]
  - name: heartbeat
    webhook_configs: [{url: "http://127.0.0.1:5001/heartbeat", send_resolved: false}]"""


def alertmanager(catalog: Catalog) -> Rendered:
    """Return the configuration of Alertmanager."""
    alerting = catalog.alerting
    if alerting is None:
        return {}
    routes = _ROUTES.format(heartbeat=alerting.heartbeat)
    inhibited = "\n".join(("inhibit_rules:", *_inhibitions(alerting)))
    return {PATH: f"{GENERATED}\n\n{routes}\n\n{inhibited}\n\n{_RECEIVERS}" + "\n"}


def _inhibitions(alerting: Alerting) -> Iterator[str]:
    for each in alerting.inhibitions:
        yield f"  - source_matchers: [alertname = {each.source}]"
        yield f'    target_matchers: [alertname =~ "{"|".join(each.targets)}"]'
        if each.equal:
            yield f"    equal: [{', '.join(each.equal)}]"
