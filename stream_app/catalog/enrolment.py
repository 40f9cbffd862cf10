"""One enrolment of a lead in a nurture program: its steps, their due times, its end, and the facts of them."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from stream_app.catalog.bounds import DWELL_BOUNDS
from stream_app.core.facts import LEVEL, Fact
from stream_app.core.histogram import observation
from stream_app.core.timeline import Row, join

ENROLLED, ENTERED, LEFT, EXITED = range(4)

_UNKNOWN_ORIGIN = (9, 0, "", "")


class Enrolment(Struct, array_like=True):
    """`events` are rows (at, identity, code, step, due time in ms | outcome). `origin` is the row that names the program."""

    origin: tuple[int, int, str, str] = _UNKNOWN_ORIGIN
    events: list[tuple[int, str, int, str, int | str]] = []

    @property
    def program(self) -> str:
        """That of the earliest `enrolled`, else of the earliest event."""
        return self.origin[3]

    def first(self, code: int) -> tuple[int, str, int, str, int | str] | None:
        """The earliest event with a code."""
        return next((row for row in self.events if row[2] == code), None)


class Visit(NamedTuple):
    """An enrolment's stay in a step, milliseconds; None is not yet, or not seen."""

    step: str
    entered: int | None
    due: int | None
    left: int | None
    outcome: str | None


def merge(enrolment: Enrolment, row: tuple[int, str, int, str, int | str], program: str) -> bool:
    """Add an event; false for a duplicate."""
    at, name, code, *_ = row
    enrolment.origin = min(enrolment.origin, (0 if code == ENROLLED else 1, at, name, program))
    rows: list[Row] = enrolment.events  # type: ignore[assignment]
    return join(rows, row)


def visits(enrolment: Enrolment) -> Iterator[Visit]:
    """The steps that the enrolment entered or left."""
    entered: dict[str, tuple[int, int]] = {}
    left: dict[str, tuple[int, str]] = {}
    end: tuple[int, str] | None = None
    for at, _, code, step, detail in enrolment.events:
        if code == ENTERED:
            entered.setdefault(step, (at, int(detail)))
        elif code == LEFT:
            left.setdefault(step, (at, str(detail)))
        elif code == EXITED and end is None:
            end = (at, str(detail))
    for step in {**entered, **left}:
        since, due = entered.get(step, (None, None))
        exit_ = left.get(step)
        if exit_ is None and end is not None and since is not None and since <= end[0]:
            exit_ = end
        yield Visit(step, since, due, *(exit_ or (None, None)))


def facts(enrolment: Enrolment, member: str) -> list[Fact]:
    """`member` names the enrolment in the sets of due times."""
    program = enrolment.program
    begun, ended = enrolment.first(ENROLLED), enrolment.first(EXITED)
    found: list[Fact] = []
    if begun:
        found.append((("program_enrollments", program), begun[0], 1))
    if ended:
        found.append((("program_exits", program, str(ended[4])), ended[0], 1))
    elif begun:
        found.append((("program_balance", program), LEVEL, 1))
    for step, entered, due, left, outcome in visits(enrolment):
        if entered is not None and due is not None:
            found.append((("step_entries", program, step), entered, 1))
            found.append((("step_due", program, step), due, 1))
            if left is None:
                found.append((("step_balance", program, step), LEVEL, 1))
                found.append((("step_due_at", program, step, member), due, 1))
        if left is not None:
            found.append((("step_exits", program, step, str(outcome)), left, 1))
            if entered is not None and entered <= left:
                found += observation(("step_dwell_seconds", program, step), DWELL_BOUNDS, left, left - entered, 1000)
    return found
