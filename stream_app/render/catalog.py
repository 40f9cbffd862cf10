"""What is rendered: everything that is declared, handed over in one piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stream_app.core.envelope import Event
from stream_app.spec.metric import Label, Metric, Unit
from stream_app.spec.panel import Dashboard
from stream_app.spec.window import Window

Rendered = dict[str, str]
"""Path relative to the repository, with `/` -> the whole text of the file."""


class Declared(Protocol):
    """What is read of a metric, however it is computed. It may have an `example` too: a sentence with numbers."""

    @property
    def series(self) -> str:
        """The name that users script against."""

    @property
    def definition(self) -> str:
        """What the value is, in a sentence."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels but `window`."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The values of the label `window`; empty if there is none."""

    @property
    def unit(self) -> Unit:
        """The unit of the value."""

    @property
    def note(self) -> str:
        """What users have to know, such as a source that prints another formula; may be empty."""

    @property
    def section(self) -> str:
        """The letter under which the page lists it."""


class Example(Protocol):
    """A worked example in words."""

    @property
    def title(self) -> str:
        """What it is about."""

    @property
    def setting(self) -> str:
        """When and where the numbers are read."""

    @property
    def given(self) -> Sequence[str]:
        """What happened, a line each."""

    @property
    def arithmetic(self) -> str:
        """The computation by hand."""

    @property
    def source(self) -> str:
        """Where the numbers come from; empty if they are our own."""

    @property
    def explains(self) -> Sequence[str]:
        """The series that it explains, above all the first."""

    def results(self, series: str) -> Sequence[str]:
        """What a series reads in the end, a line for each set of labels."""


class Recording(Protocol):
    """A series that Prometheus records."""

    @property
    def name(self) -> str:
        """The name under which other rules read it."""

    @property
    def expr(self) -> str:
        """PromQL."""


class Alert(Protocol):
    """An alert as Prometheus evaluates it."""

    @property
    def name(self) -> str:
        """What it is called everywhere."""

    @property
    def expr(self) -> str:
        """PromQL; it is about whatever has a sample."""

    @property
    def severity(self) -> str:
        """Who is told, and when."""

    @property
    def for_(self) -> str:
        """How long it must last before it fires."""

    @property
    def keep_firing_for(self) -> str:
        """How long it goes on firing when it is over."""

    @property
    def summary(self) -> str:
        """What is wrong, as a template."""

    @property
    def description(self) -> str:
        """The same with the values, as a template."""

    @property
    def variables(self) -> Sequence[str]:
        """Its labels with which the dashboard is opened."""


class RuleGroup(Protocol):
    """Rules of one area that read each other."""

    @property
    def name(self) -> str:
        """The name of the group and of its file."""

    @property
    def area(self) -> str:
        """The label `area` of its alerts."""

    @property
    def dashboard(self) -> str:
        """The uid of the dashboard that shows it."""

    @property
    def interval(self) -> str:
        """How often its rules are evaluated."""

    @property
    def recordings(self) -> Sequence[Recording]:
        """Evaluated first, in this order."""

    @property
    def alerts(self) -> Sequence[Alert]:
        """Evaluated after them."""


class Alerting(Protocol):
    """All rules, who is told of their alerts, and where these lead."""

    @property
    def groups(self) -> Sequence[RuleGroup]:
        """The groups, each in a file of its own."""

    @property
    def muted(self) -> Sequence[tuple[str, Sequence[str], Sequence[str]]]:
        """An alert, the alerts that say nothing new while it fires, and the labels that both must share."""

    @property
    def heartbeat(self) -> str:
        """The alert that always fires."""

    @property
    def runbooks(self) -> str:
        """What the address of a runbook begins with."""

    @property
    def dashboards(self) -> str:
        """What the address of a dashboard begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All declarations.

    `topics` maps the last part of a topic's name to the event families on it, `keys` an event type to the field of
    `data` that is the record key.
    """

    event_types: Sequence[type[Event]]
    topics: Mapping[str, Sequence[str]]
    keys: Mapping[type[Event], str]
    metrics: Sequence[Metric] = ()
    derived: Sequence[Declared] = ()
    ratios: Sequence[Declared] = ()
    examples: Sequence[Example] = ()
    dashboards: Sequence[Dashboard] = ()
    alerting: Alerting | None = None
    namespace: str = "lifecycle"
