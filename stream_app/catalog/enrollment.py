"""One enrollment of a lead in a nurture program: its steps, their due times, its end, and the facts of them."""

from typing import NamedTuple

from msgspec import Struct

from stream_app.catalog.bounds import DWELL_BOUNDS
from stream_app.core.facts import LEVEL, Fact
from stream_app.core.histogram import observation
from stream_app.core.timeline import join

ENROLLED, ENTERED, LEFT, EXITED = range(4)
EVENT_NAMES = ("enrolled", "entered", "left", "exited")

_UNKNOWN_ORIGIN = (9, 0, "", "")

Event = tuple[int, str, int, str, int | str]
"""(at, identity, code, step or "", due time in ms or outcome)."""


class Enrollment(Struct, array_like=True, gc=False):
    """`events` are in order; `origin` is what the event says that names the program."""

    origin: tuple[int, int, str, str] = _UNKNOWN_ORIGIN
    events: list[Event] = []

    @property
    def program(self) -> str:
        """That of the earliest `enrolled`, else of the earliest event."""
        return self.origin[3]

    def first(self, code: int) -> Event | None:
        """The earliest event with a code."""
        for row in self.events:
            if row[2] == code:
                return row
        return None


class Visit(NamedTuple):
    """An enrollment's stay in a step, milliseconds; None is not yet, or not seen."""

    entered: int | None
    due: int
    left: int | None
    outcome: str


def merge(enrollment: Enrollment, row: Event, program: str) -> bool:
    """Add an event; false for a duplicate."""
    enrollment.origin = min(enrollment.origin, (0 if row[2] == ENROLLED else 1, row[0], row[1], program))
    return join(enrollment.events, row)


def visits(enrollment: Enrollment) -> dict[str, Visit]:
    """The stay in each step; the end of the enrollment is the exit of a step that has none of its own."""
    entries: dict[str, Event] = {}
    exits: dict[str, Event] = {}
    end: Event | None = None
    for row in enrollment.events:
        _, _, code, step, _ = row
        if code == ENTERED:
            entries.setdefault(step, row)
        elif code == LEFT:
            exits.setdefault(step, row)
        elif code == EXITED and end is None:
            end = row
    if end is not None:
        for step, entry in entries.items():
            if entry[0] <= end[0]:
                exits.setdefault(step, end)
    return {step: _visit(entries.get(step), exits.get(step)) for step in entries | exits}


def _visit(entry: Event | None, exit_: Event | None) -> Visit:
    entered, due = (entry[0], int(entry[4])) if entry else (None, 0)
    left, outcome = (exit_[0], str(exit_[4])) if exit_ else (None, "")
    return Visit(entered, due, left, outcome)


def facts(enrollment: Enrollment, member: str) -> list[Fact]:
    """The enrollment as a whole (begun, ended or running) and its steps; `member` names it in the sets of due times."""
    program = enrollment.program
    begun, ended = enrollment.first(ENROLLED), enrollment.first(EXITED)
    found: list[Fact] = []
    if begun:
        found.append((("program_enrollments", program), begun[0], 1))
    if ended:
        found.append((("program_exits", program, str(ended[4])), ended[0], 1))
    elif begun:
        found.append((("program_balance", program), LEVEL, 1))
    for step, (entered, due, left, outcome) in visits(enrollment).items():
        if entered is not None:
            found += _entry(program, step, entered, due)
            if left is None:
                found += _stay(program, step, due, member)
        if left is not None:
            found += _exit(program, step, outcome, entered, left)
    return found


def increment(enrollment: Enrollment, row: Event, member: str) -> list[Fact] | None:
    """What an event that comes after all others adds to `facts`; None where it may change more than that."""
    at, _, code, step, detail = row
    of_step: list[Event] = []
    for known in enrollment.events:
        if known[2] == EXITED:
            return None
        if known[3] == step:
            of_step.append(known)
    if code == EXITED:
        return _ended(enrollment, at, str(detail), member)
    program = enrollment.program
    if code == ENTERED and not of_step:
        due = int(detail)
        return _entry(program, step, at, due) + _stay(program, step, due, member)
    if code == LEFT and len(of_step) == 1 and of_step[0][2] == ENTERED:
        entered, due = of_step[0][0], int(of_step[0][4])
        return _stay(program, step, due, member, -1) + _exit(program, step, str(detail), entered, at)
    return None


def _ended(enrollment: Enrollment, at: int, outcome: str, member: str) -> list[Fact]:
    """What the end of an enrollment adds that comes after everything else in it."""
    program = enrollment.program
    found: list[Fact] = [(("program_exits", program, outcome), at, 1)]
    if enrollment.first(ENROLLED):
        found.append((("program_balance", program), LEVEL, -1))
    for step, (entered, due, left, _) in visits(enrollment).items():
        if left is None:
            found += _stay(program, step, due, member, -1) + _exit(program, step, outcome, entered, at)
    return found


def _entry(program: str, step: str, entered: int, due: int) -> list[Fact]:
    return [(("step_entries", program, step), entered, 1), (("step_due", program, step), due, 1)]


def _stay(program: str, step: str, due: int, member: str, amount: int = 1) -> list[Fact]:
    return [(("step_balance", program, step), LEVEL, amount), (("step_due_at", program, step, member), due, amount)]


def _exit(program: str, step: str, outcome: str, entered: int | None, left: int) -> list[Fact]:
    found: list[Fact] = [(("step_exits", program, step, outcome), left, 1)]
    if entered is not None and entered <= left:
        found += observation(("step_dwell_seconds", program, step), DWELL_BOUNDS, left, left - entered, 1000)
    return found
