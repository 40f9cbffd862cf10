"""Numbers that decide whether an alert fires: declared with a default, and set by an installation for itself."""

import json
import re
from collections.abc import Iterable, Mapping
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
    """Other values for what has a value of a label, such as one program or one currency."""

    label: str
    value: str
    thresholds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The values of all thresholds by name, and those that differ for a program or a currency."""

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

    def overrides_of(self, template: str) -> tuple[Override, ...]:
        """Return those that change a text."""
        return tuple(each for each in self.overrides if marks(template) & each.thresholds.keys())

    def _value(self, name: str, labels: Mapping[str, str]) -> float:
        for each in self.overrides:
            if name in each.thresholds and labels.get(each.label) == each.value:
                return each.thresholds[name]
        return self.values[name]

    def _chosen(self, name: str, spec: str) -> str:
        usual = format(self.values[name], spec)
        own = [
            (f"eq $labels.{each.label} {json.dumps(each.value, ensure_ascii=False)}", each.thresholds[name])
            for each in self.overrides
            if name in each.thresholds
        ]
        if not own:
            return usual
        cases = "{{ else if ".join(f"{test} }}}}{format(value, spec)}" for test, value in own)
        return f"{{{{ if {cases}{{{{ else }}}}{usual}{{{{ end }}}}"


def marks(template: str) -> frozenset[str]:
    """Return the names of the thresholds that a text is made from."""
    return frozenset(found["name"] for found in _MARK.finditer(template))


def thresholds(declared: Iterable[object]) -> dict[str, Threshold]:
    """Return those among some declared values by name, in their order."""
    return {each.name: each for each in declared if isinstance(each, Threshold)}
