"""`targets.toml`: what the tiles of the wall should reach, and in which period.

Everything that is wrong is found at once, and named by file, table, key and rule; no value is repeated.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from stream_app.clients.toml_file import ConfigurationError, parsed, table_as
from stream_app.core.money import Currency
from stream_app.core.targets import Period, PeriodTarget, Targets
from stream_app.spec.panel import Dashboard, Measure

__all__ = ["read_targets"]

_MOST = 10**15


class _Amount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    goal: Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
    """A number of leads or customers, or money in base units of its currency."""
    period: Literal["month", "quarter", "year"]


class _Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    goal: Annotated[float, msgspec.Meta(gt=0, le=1)]
    period: Literal["month", "quarter", "year"]


_CURRENCIES = frozenset(get_args(Currency))


def read_targets(path: Path, declared: Dashboard) -> Targets:
    """Read `targets.toml`. Raises ConfigurationError."""
    known = declared.measured
    problems: list[str] = []
    found: dict[tuple[str, str], PeriodTarget] = {}
    for name, table in parsed(path, "docs/wall.md shows one").items():
        measured = known.get(name)
        if measured is None:
            problems.append(f"{path}: [{name}]: no such tile; there are {', '.join(known)}")
        elif measured.measure is not Measure.LEVEL:
            kind = _Share if measured.measure is Measure.SHARE else _Amount
            found |= _targets(name, "", table_as(path, name, table, kind, problems))
        elif not isinstance(table, dict) or not table or not all(isinstance(each, dict) for each in table.values()):
            problems.append(f"{path}: [{name}]: expected a table of each currency, as in [{name}.EUR]")
        else:
            problems += _no_currencies(path, name, table)
            for currency in table.keys() & _CURRENCIES:
                amount = table_as(path, f"{name}.{currency}", table[currency], _Amount, problems)
                found |= _targets(name, currency, amount)
    if problems:
        raise ConfigurationError(problems)
    return found


def _no_currencies(path: Path, name: str, given: Iterable[str]) -> Iterator[str]:
    for each in given:
        if each not in _CURRENCIES:
            yield f"{path}: [{name}.{each}]: no currency of ISO 4217; one looks like EUR"


def _targets(name: str, currency: str, target: Any) -> dict[tuple[str, str], PeriodTarget]:  # noqa: ANN401 - a struct
    return {(name, currency): PeriodTarget(target.goal, Period(target.period))} if target else {}
