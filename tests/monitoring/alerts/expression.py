"""What a PromQL expression names: selectors with their matchers, and labels."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z_:][\w:]*|\d[\w.]*|=~|!~|!=|[^\s]')
_RANGE = re.compile(r"\[[\dsmhdw:]*\]")
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", "sum", "max", "min", "count", "quantile", "avg", "topk"})


@dataclass(frozen=True)
class Selector:
    """A metric with its matchers (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...] = ()

    def matches(self, name: str, labels: dict[str, str]) -> bool:
        """Whether it matches a sample."""
        return name == self.name and all(_holds(labels.get(label, ""), *test) for label, *test in self.matchers)


def _holds(found: str, operator: str, wanted: str) -> bool:
    equal = re.fullmatch(wanted, found) is not None if "~" in operator else found == wanted
    return equal != operator.startswith("!")


@dataclass
class Named:
    """What an expression names; `made` are the labels that it adds itself."""

    selectors: list[Selector] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)


def named(expr: str) -> Named:
    """Read an expression that Prometheus accepts."""
    tokens = _TOKEN.findall(_RANGE.sub("", expr))
    found = Named()
    at = 0
    while at < len(tokens):
        word, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
        at += 1
        if word in _LISTS:
            if following == "(":
                end = tokens.index(")", at)
                found.labels |= set(tokens[at + 1 : end]) - {","}
                at = end + 1
        elif word == "label_replace":
            found.made |= set(re.findall(r'"(week|change|window)"', expr))
        elif re.match(r"[A-Za-z_:]", word) and word not in _WORDS and following != "(":
            matchers: list[tuple[str, str, str]] = []
            if following == "{":
                end = tokens.index("}", at)
                inner = tokens[at + 1 : end]
                matchers = [
                    (inner[i], inner[i + 1], inner[i + 2].strip('"').replace("\\\\", "\\"))
                    for i in range(0, len(inner), 4)
                ]
                at = end + 1
            found.selectors.append(Selector(word, tuple(matchers)))
    return found
