"""Numbers that decide whether an alert fires: declared with a default, and set by an installation for itself."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

Unit = Literal["count", "share", "factor", "hours", "seconds", "points", "amount"]

_MARK = re.compile(r"<<(?P<name>[a-z_]+)(?::(?P<spec>[^<>]*))?>>")


class Threshold(float):
    """A number that may be set. Compared and computed with, it is its default.

    Formatted, it is a mark: the text of a rule, a description or a query that is made from it is a template, which
    `Thresholds` fills in when it is rendered. `meaning` is one sentence for the documentation.
    """

    __slots__ = ("default", "meaning", "name", "unit")

    name: str
    default: float
    unit: Unit
    meaning: str

    def __new__(cls, name: str, default: float, unit: Unit, meaning: str) -> Self:
        """Return the threshold; `default` stays an integer where it is one."""
        made = super().__new__(cls, default)
        made.name, made.default, made.unit, made.meaning = name, default, unit, meaning
        return made

    def __format__(self, spec: str) -> str:
        """Write the mark that stands for the value in this format."""
        return f"<<{self.name}:{spec}>>" if spec else f"<<{self.name}>>"


@dataclass(frozen=True, slots=True)
class Override:
    """Other values for what has these values of labels, such as one program, a step of one, or one currency."""

    labels: tuple[tuple[str, str], ...]
    thresholds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The values of all thresholds by name, and those that differ for some labels.

    Of several the one with the most labels counts.
    """

    values: Mapping[str, float]
    overrides: tuple[Override, ...] = field(default=())

    def of(self, number: float, labels: Mapping[str, str]) -> float:
        """Return what a threshold is for these labels; any other number is itself."""
        return self._value(number.name, labels) if isinstance(number, Threshold) else number

    def filled(self, template: str, labels: Mapping[str, str] | None = None) -> str:
        """Put values into the marks of a text."""
        return _MARK.sub(lambda found: format(self._value(found["name"], labels or {}), found["spec"] or ""), template)

    def annotation(self, template: str) -> str:
        """Put values into the marks of an alert's annotation, which chooses by the alert's labels where they differ."""
        return _MARK.sub(lambda found: self._chosen(found["name"], found["spec"] or ""), template)

    def overrides_of(self, template: str, labels: Collection[str]) -> tuple[Override, ...]:
        """Return those that change a text about what has these labels."""
        names = marks(template)
        return tuple(
            each
            for each in self.overrides
            if names & each.thresholds.keys() and {label for label, _ in each.labels} <= set(labels)
        )

    def _value(self, name: str, labels: Mapping[str, str]) -> float:
        for each in self._with(name):
            if set(each.labels) <= labels.items():
                return each.thresholds[name]
        return self.values[name]

    def _with(self, name: str) -> list[Override]:
        """Those that set a threshold, the ones with the most labels first."""
        found = [each for each in self.overrides if name in each.thresholds]
        return sorted(found, key=lambda each: -len(each.labels))

    def _chosen(self, name: str, spec: str) -> str:
        usual = format(self.values[name], spec)
        own = [(_equal_labels(each.labels), each.thresholds[name]) for each in self._with(name)]
        if not own:
            return usual
        cases = "{{ else if ".join(f"{test} }}}}{format(value, spec)}" for test, value in own)
        return f"{{{{ if {cases}{{{{ else }}}}{usual}{{{{ end }}}}"


def _equal_labels(labels: Iterable[tuple[str, str]]) -> str:
    tests = [f"eq $labels.{label} {json.dumps(value, ensure_ascii=False)}" for label, value in labels]
    return f"and {' '.join(f'({test})' for test in tests)}" if len(tests) > 1 else tests[0]


def marks(template: str) -> frozenset[str]:
    """Return the names of the thresholds that a text is made from."""
    return frozenset(found["name"] for found in _MARK.finditer(template))


def thresholds(declared: Iterable[object]) -> dict[str, Threshold]:
    """Return those among some declared values by name, in their order."""
    return {each.name: each for each in declared if isinstance(each, Threshold)}
