"""One enrolment of a lead in a nurture program: its steps, their due times, its end, and the facts of them."""

from typing import NamedTuple

from msgspec import Struct

from stream_app.catalog.bounds import DWELL_BOUNDS
from stream_app.core.facts import LEVEL, Fact
from stream_app.core.histogram import observation
from stream_app.core.timeline import is_next, join

ENROLLED, ENTERED, LEFT, EXITED = range(4)
EVENT_NAMES = ("enrolled", "entered", "left", "exited")

_UNKNOWN_ORIGIN = (9, 0, "", "")

Event = tuple[int, str, int, str, int | str]
"""(at, identity, code, step or "", due time in ms or outcome)."""


class Enrolment(Struct, array_like=True, gc=False):
    """`events` are in order; `origin` is what the event says that names the program."""

    origin: tuple[int, int, str, str] = _UNKNOWN_ORIGIN
    events: list[Event] = []

    @property
    def program(self) -> str:
        """That of the earliest `enrolled`, else of the earliest event."""
        return self.origin[3]

    def first(self, code: int) -> Event | None:
        """The earliest event with a code."""
        return next((row for row in self.events if row[2] == code), None)


class Visit(NamedTuple):
    """An enrolment's stay in a step, milliseconds; None is not yet, or not seen."""

    entered: int | None
    due: int
    left: int | None
    outcome: str


def origin(row: Event, program: str) -> tuple[int, int, str, str]:
    """What an event says about the enrolment's program; the smallest counts."""
    return 0 if row[2] == ENROLLED else 1, row[0], row[1], program


def merge(enrolment: Enrolment, row: Event, program: str) -> bool:
    """Add an event; false for a duplicate."""
    enrolment.origin = min(enrolment.origin, origin(row, program))
    return join(enrolment.events, row)


def steps(enrolment: Enrolment) -> list[str]:
    """The steps that the enrolment entered or left."""
    return list({row[3]: None for row in enrolment.events if row[3]})


def visit(enrolment: Enrolment, step: str) -> Visit:
    """The stay in one step; the end of the enrolment is the exit of a step that has none of its own."""
    entered: int | None = None
    due, left, end = 0, None, None
    for row in enrolment.events:
        code = row[2]
        if code == EXITED:
            end = end or row
        elif row[3] == step:
            if code == ENTERED:
                if entered is None:
                    entered, due = row[0], int(row[4])
            elif left is None:
                left = row
    if left is None and end is not None and entered is not None and entered <= end[0]:
        left = end
    return Visit(entered, due, left[0], str(left[4])) if left else Visit(entered, due, None, "")


def facts(enrolment: Enrolment) -> list[Fact]:
    """The enrolment as a whole: begun, ended, or running."""
    program = enrolment.program
    begun, ended = enrolment.first(ENROLLED), enrolment.first(EXITED)
    found: list[Fact] = []
    if begun:
        found.append((("program_enrollments", program), begun[0], 1))
    if ended:
        found.append((("program_exits", program, str(ended[4])), ended[0], 1))
    elif begun:
        found.append((("program_balance", program), LEVEL, 1))
    return found


def step_facts(enrolment: Enrolment, step: str, member: str) -> list[Fact]:
    """One step of the enrolment; `member` names the enrolment in the set of due times."""
    entered, due, left, outcome = visit(enrolment, step)
    program = enrolment.program
    found: list[Fact] = []
    if entered is not None:
        found += _entry(program, step, entered, due)
        if left is None:
            found += _stay(program, step, due, member)
    if left is not None:
        found += _exit(program, step, outcome, entered, left)
    return found


def step_gained(enrolment: Enrolment, row: Event, program: str, member: str) -> list[Fact] | None:
    """What an event in order adds to `step_facts` of its step; None where it may change more than that."""
    at, _, code, step, detail = row
    if origin(row, program) < enrolment.origin or not is_next(enrolment.events, row) or enrolment.first(EXITED):
        return None
    of_step = [known for known in enrolment.events if known[3] == step]
    program = enrolment.program
    if code == ENTERED and not of_step:
        due = int(detail)
        return [*_entry(program, step, at, due), *_stay(program, step, due, member)]
    if code == LEFT and len(of_step) == 1 and of_step[0][2] == ENTERED:
        entered, due = of_step[0][0], int(of_step[0][4])
        ended: list[Fact] = [(series, when, -amount) for series, when, amount in _stay(program, step, due, member)]
        return [*ended, *_exit(program, step, str(detail), entered, at)]
    return None


def _entry(program: str, step: str, entered: int, due: int) -> list[Fact]:
    return [(("step_entries", program, step), entered, 1), (("step_due", program, step), due, 1)]


def _stay(program: str, step: str, due: int, member: str) -> list[Fact]:
    return [(("step_balance", program, step), LEVEL, 1), (("step_due_at", program, step, member), due, 1)]


def _exit(program: str, step: str, outcome: str, entered: int | None, left: int) -> list[Fact]:
    found: list[Fact] = [(("step_exits", program, step, outcome), left, 1)]
    if entered is not None and entered <= left:
        found += observation(("step_dwell_seconds", program, step), DWELL_BOUNDS, left, left - entered, 1000)
    return found
