"""What should not be so, declared once: the alert that Prometheus fires and what the wall's page tests by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stream_app.spec.alert import Alert, Severity, while_fresh
from stream_app.spec.expression import Expression
from stream_app.spec.promql import promql


class Status(StrEnum):
    """What a value means."""

    PLAIN = "plain"
    GOOD = "good"
    WATCH = "watch"
    ALARM = "alarm"


STATUS_OF: Mapping[Severity, Status] = {"critical": Status.ALARM, "warning": Status.WATCH, "info": Status.PLAIN}
"""How a screen shows what an alert of each severity is about."""

Steps = tuple[tuple[float, Status], ...]
"""From which value on which status holds, in rising order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soon:
    """What the page says of what is about to hold: `minutes` until it does if nothing changes."""

    title: str
    tag: str
    minutes: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition with its alert. It holds for every labeling for which `instant` has a value.

    The wall's page evaluates `instant` on the numbers of the moment, and Prometheus too unless there is a `rule`:
    PromQL for what needs the past, with the thresholds of `instant`. The alert waits while the data is not fresh.
    """

    name: str
    severity: Severity
    for_: str
    keep_firing_for: str
    summary: str
    description: str
    instant: Expression
    title: str
    """What the page says when it holds."""
    found_text: str
    """What follows the value then."""
    unit: str
    """Grafana's unit of the value."""
    ok_text: str = ""
    """What the page says when it holds for nothing; if empty, the page shows it only while it holds."""
    tag: str = ""
    """A word for the row of a table that has the same labels."""
    soon: Soon | None = None
    rule: str = ""
    variables: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """How the page shows that it holds."""
        return STATUS_OF[self.severity]

    @property
    def waits_s(self) -> int:
        """For how many seconds it has to hold before the alert fires."""
        return int(self.for_[:-1]) * {"s": 1, "m": 60, "h": 3600}[self.for_[-1]]

    @property
    def alert(self) -> Alert:
        """The alert that Prometheus evaluates."""
        return Alert(
            name=self.name,
            expr=while_fresh(self.rule or promql(self.instant)),
            severity=self.severity,
            for_=self.for_,
            keep_firing_for=self.keep_firing_for,
            summary=self.summary,
            description=self.description,
            variables=self.variables,
        )


def severity_steps(severity: Severity, threshold: float, *, good: bool = False) -> Steps:
    """Return how a value is shown that an alert of a severity holds against a threshold; `good`: below it in green."""
    below = ((0, Status.GOOD),) if good else ()
    return (*below, (threshold, STATUS_OF[severity]))
