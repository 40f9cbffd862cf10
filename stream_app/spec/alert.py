"""What a rule is: an alert or a recorded series, in a group that is evaluated together and in order."""

from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Literal

from stream_app.spec.threshold import Thresholds

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A series that other rules or dashboards read; `labels`, if it compares with thresholds that they may set."""

    name: str
    expr: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Fires when `expr` has had a sample for `for_`, and until it has had none for `keep_firing_for`.

    `variables` are the labels that the dashboard is opened with.
    """

    name: str
    expr: str
    severity: Severity
    for_: str
    keep_firing_for: str
    summary: str
    description: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules of one area that read each other, what is recorded first; `dashboard` is the uid of what shows it."""

    name: str
    area: str
    dashboard: str
    interval: str
    alerts: tuple[Alert, ...]
    recordings: tuple[Recording, ...] = ()


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While the alert `source` fires, nobody is notified of `targets` with the same values of the labels `equal`."""

    source: str
    targets: tuple[str, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """All rules and which of their alerts inhibit others.

    Expressions and annotations are templates over `thresholds`. `heartbeat` is the alert that always fires; the
    addresses of runbooks and dashboards begin with `runbooks` and `dashboards`, those of the exporter's pages with
    `exporter`.
    """

    groups: tuple[RuleGroup, ...]
    inhibitions: tuple[Inhibition, ...]
    heartbeat: str
    runbooks: str
    dashboards: str
    thresholds: Thresholds
    exporter: str = ""


FRESH_SECONDS = 120
"""The age from which on data is not fresh."""

FRESH = "and on () (stream_app_data_fresh == 1)"
"""While events are missing, a zero means nothing."""


def while_fresh(expr: str) -> str:
    """Hold an expression back while the numbers are not up to date."""
    return f"(\n{indent(dedented(expr), '  ')}\n)\n{FRESH}"


def dedented(expr: str) -> str:
    """Remove the indentation that an expression has in the source."""
    return dedent(expr).strip()


def any_of(*exprs: str) -> str:
    """Join expressions of which one is enough."""
    return "\nor\n".join(f"(\n{indent(dedented(expr), '  ')}\n)" for expr in exprs)


def queried(expr: str, *labels: str, shown: str = "humanize") -> str:
    """Write the template of another value in a description; `%q` in `expr` stands for these labels of the alert."""
    arguments = "".join(f" $labels.{label}" for label in labels)
    return f"{{{{ with printf `{expr}`{arguments} | query }}}}{{{{ . | first | value | {shown} }}}}{{{{ end }}}}"
