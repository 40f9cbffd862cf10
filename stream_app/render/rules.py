"""`prometheus/rules/*.yml`: what Prometheus records and alerts on, a file for each area."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from textwrap import indent

from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.each_series_once import EachSeriesOnce
from stream_app.render.own_thresholds import with_own_thresholds
from stream_app.spec.alert import Alert, Alerting, RuleGroup
from stream_app.spec.notification import Notification
from stream_app.spec.threshold import Thresholds

GENERATED = "# Rendered from the declarations by `stream-app render`; changes go there."
NO_TIME = "0s"

_DETAIL_PAGES = {"step": {"program", "step"}, "mql": {"source"}}
"""The pages of the exporter about those who wait, and the labels that they are opened with."""


def rules(catalog: Catalog) -> Rendered:
    """Return the file of every group of rules."""
    alerting = catalog.alerting
    if alerting is None:
        return {}
    own = _Templates(EachSeriesOnce(catalog), alerting.thresholds)
    groups = map(own.group, alerting.groups)
    return {f"prometheus/rules/{group.name}.yml": _file(group, alerting, catalog.notification) for group in groups}


@dataclass(frozen=True, slots=True)
class _Templates:
    """Fills in the templates of rules."""

    once: EachSeriesOnce
    thresholds: Thresholds

    def group(self, group: RuleGroup) -> RuleGroup:
        recordings = (replace(each, expr=self._own(each.expr, each.labels)) for each in group.recordings)
        return replace(group, alerts=tuple(map(self.alert, group.alerts)), recordings=tuple(recordings))

    def _own(self, expr: str, labels: tuple[str, ...]) -> str:
        return with_own_thresholds(self.once(expr), self.thresholds, labels)

    def alert(self, alert: Alert) -> Alert:
        return replace(
            alert,
            expr=self._own(alert.expr, alert.variables),
            summary=self.thresholds.annotation(self.once(alert.summary)),
            description=self.thresholds.annotation(self.once(alert.description)),
        )


def _file(group: RuleGroup, alerting: Alerting, notification: Notification) -> str:
    head = (GENERATED, "groups:", f"  - name: {group.name}", f"    interval: {group.interval}", "    rules:")
    recordings = (_item((f"record: {_text(each.name)}", *_block("expr", each.expr))) for each in group.recordings)
    alerts = (_item(_alert(each, group, alerting, notification)) for each in group.alerts)
    return "\n".join((*head, *recordings, *alerts)) + "\n"


def _alert(alert: Alert, group: RuleGroup, alerting: Alerting, notification: Notification) -> Iterator[str]:
    yield f"alert: {_text(alert.name)}"
    yield from _block("expr", alert.expr)
    if alert.for_ != NO_TIME:
        yield f"for: {alert.for_}"
    if alert.keep_firing_for != NO_TIME:
        yield f"keep_firing_for: {alert.keep_firing_for}"
    yield "labels:"
    yield f"  severity: {alert.severity}"
    yield f"  area: {group.area}"
    yield "annotations:"
    for name, value in (
        ("summary", alert.summary),
        ("description", alert.description),
        ("runbook_url", runbook_url(alert.name, alerting)),
        ("dashboard_url", _dashboard_url(alert, group, alerting)),
        ("detail_url", _detail_url(alert, alerting)),
        ("explain", _explain(alert)),
        ("owner", _owner(alert, group, notification)),
    ):
        if value:
            yield f"  {name}: {_text(value)}"


def runbook_url(alert: str, alerting: Alerting) -> str:
    """Return the address of an alert's runbook: headings become anchors in small letters."""
    return f"{alerting.runbooks}#{alert.lower()}"


def _dashboard_url(alert: Alert, group: RuleGroup, alerting: Alerting) -> str:
    variables = "&".join(f"var-{name}={_in_query(name)}" for name in alert.variables)
    return f"{alerting.dashboards}/{group.dashboard}{'?' if variables else ''}{variables}"


def _detail_url(alert: Alert, alerting: Alerting) -> str:
    """Return the address of the exporter's page: who waits, or where it holds; empty if nobody says where that is."""
    if not alerting.exporter:
        return ""
    for page, labels in _DETAIL_PAGES.items():
        if labels <= set(alert.variables):
            query = "&".join(f"{label}={_in_query(label)}" for label in alert.variables if label in labels)
            return f"{alerting.exporter}/detail/{page}?{query}"
    return f"{alerting.exporter}/detail/alert?name={alert.name}"


def _in_query(label: str) -> str:
    return f"{{{{ $labels.{label} | urlquery }}}}"


def _explain(alert: Alert) -> str:
    """The command that says who is in the very step."""
    if not {"program", "step"} <= set(alert.variables):
        return ""
    return f"stream-app explain step {_shell_word('program')} {_shell_word('step')}"


def _shell_word(label: str) -> str:
    """Write the template of a label's value as a word of a shell, whatever it holds."""
    return f"""'{{{{ reReplaceAll "'" "'\\\\''" $labels.{label} }}}}'"""


def _owner(alert: Alert, group: RuleGroup, notification: Notification) -> str:
    """Who has to act: the owner of the program, or else of the area."""
    owner = notification.owners.get(group.area, "")
    if "program" not in alert.variables or not notification.program_owners:
        return owner
    cases = "{{ else if ".join(
        f"eq $labels.program {_text(program)} }}}}{name}" for program, name in notification.program_owners.items()
    )
    return f"{{{{ if {cases}{{{{ else }}}}{owner}{{{{ end }}}}"


def _item(lines: Iterable[str]) -> str:
    first, *rest = lines
    return "\n".join((f"      - {first}", indent("\n".join(rest), " " * 8)))


def _block(name: str, text: str) -> tuple[str, ...]:
    return (f"{name}: |-", indent(text.strip(), "  "))


def _text(value: str) -> str:
    # A JSON string is a YAML string, whatever it holds.
    return json.dumps(value, ensure_ascii=False)
