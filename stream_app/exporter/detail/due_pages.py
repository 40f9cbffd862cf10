"""The pages about those who should have gone on by their due times: where each is, and what stands on it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

__all__ = ["DUE_PAGES", "DuePage", "page_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    """A page about those with the same values of `labels`. In texts the name of a label in braces is its value."""

    path: str
    labels: tuple[str, ...]
    title: str
    who: str
    """Who is counted, as in "2 of 3 ... are past their due time"."""
    due_times: str
    """The metric of their due times."""
    overdue: str
    """The metric that counts those who are late."""
    left: str
    """The flow that counts those who went on."""
    heads: tuple[str, ...]
    explained: tuple[str, ...]
    """What `stream-app explain` is given; `{lead}` is the lead that fell due first."""

    def address(self, labels: Mapping[str, str]) -> str:
        """The address of the page for the values of its labels."""
        return f"{self.path}?{urlencode({name: labels[name] for name in self.labels})}"

    def command(self, labels: Mapping[str, str], lead: str) -> str:
        """A line for a shell that explains one of them."""
        return shlex.join(["stream-app", "explain", *(each.format(**labels, lead=lead) for each in self.explained)])


_STEP = DuePage(
    path="/detail/step",
    labels=("program", "step"),
    title="{program} / {step}",
    who="enrollments in the step",
    due_times="step_due_at",
    overdue="step_overdue",
    left="step_exits",
    heads=("lead", "enrollment", "due", "late"),
    explained=("step", "{program}", "{step}"),
)
_MQL = DuePage(
    path="/detail/mql",
    labels=("source",),
    title="MQLs of {source}",
    who="MQLs that wait for sales",
    due_times="mql_due_at",
    overdue="mql_overdue",
    left="mql_follow_ups",
    heads=("lead", "due", "late"),
    explained=("lead", "{lead}"),
)

DUE_PAGES = (_STEP, _MQL)


def page_of(labels: Mapping[str, str]) -> str:
    """The address of the page about those who are behind a number with such labels; empty if there is none."""
    if labels.keys() >= set(_STEP.labels):
        return _STEP.address(labels)
    return _MQL.address(labels) if labels.keys() == set(_MQL.labels) else ""
