"""One enrollment of a lead in a nurture program: its steps, their due times, its end, and the facts of them."""

from typing import NamedTuple

from msgspec import Struct

from stream_app.catalog.bounds import DWELL_BOUNDS
from stream_app.core.facts import Fact
from stream_app.core.histogram import observation
from stream_app.core.timeline import Row, join, join_all

ENROLLED, STEP_ENTERED, STEP_EXITED, EXITED = range(4)
"""Codes of what happened: their places in `EVENT_NAMES`."""

EVENT_NAMES = ("enrolled", "entered", "left", "exited")

_STEPPING = frozenset({STEP_ENTERED, STEP_EXITED})


class EnrollmentRow(Row, frozen=True):
    """Something happened to an enrollment. `due` (milliseconds) belongs to entries, `outcome` to exits.

    `audience` belongs to the beginning.
    """

    code: int
    step: str = ""
    due: int = 0
    outcome: str = ""
    audience: str = ""


class Origin(Struct, array_like=True, frozen=True, order=True, gc=False):
    """The program and the event that states it; the smallest counts. `rank` is 0 for `enrolled`, else 1."""

    rank: int
    at: int
    order: str
    identity: str
    program: str


_UNKNOWN_ORIGIN = Origin(9, 0, "", "", "")


class Enrollment(Struct, array_like=True, gc=False):
    """What happened to an enrollment, in order, and its program."""

    origin: Origin = _UNKNOWN_ORIGIN
    events: list[EnrollmentRow] = []

    @property
    def program(self) -> str:
        """That of the earliest `enrolled`, else of the earliest event."""
        return self.origin.program

    def first(self, code: int) -> EnrollmentRow | None:
        """The earliest event with a code."""
        for row in self.events:
            if row.code == code:
                return row
        return None


class Visit(NamedTuple):
    """An enrollment's stay in a step, milliseconds; None is not yet, or not seen."""

    step: str
    entered: int | None
    due: int
    left: int | None
    outcome: str


def merge(enrollment: Enrollment, row: EnrollmentRow, program: str) -> bool:
    """Add an event; false for a duplicate."""
    if row.code == ENROLLED or enrollment.origin.rank > 0:
        origin = Origin(0 if row.code == ENROLLED else 1, row.at, row.order, row.identity, program)
        enrollment.origin = min(enrollment.origin, origin)
    return join(enrollment.events, row)


def unite(enrollment: Enrollment, other: Enrollment) -> None:
    """Add everything that is remembered of the same enrollment elsewhere."""
    enrollment.origin = min(enrollment.origin, other.origin)
    join_all(enrollment.events, other.events)


def visits(enrollment: Enrollment) -> list[Visit]:
    """The stays in all steps. A visit that is left open ends at the end of the enrollment.

    An entry while inside changes nothing; of exits outside a visit only the first before any entry is one.
    """
    found: list[Visit] = []
    inside: dict[str, EnrollmentRow] = {}
    known: set[str] = set()
    end: EnrollmentRow | None = None
    for row in enrollment.events:
        code, step = row.code, row.step
        if code == STEP_ENTERED:
            inside.setdefault(step, row)
            known.add(step)
        elif code == STEP_EXITED:
            if step in inside or step not in known:
                found.append(_visit(step, inside.pop(step, None), row))
                known.add(step)
        elif code == EXITED and end is None:
            end = row
    for step, entry in inside.items():
        found.append(_visit(step, entry, end if end is not None and entry.at <= end.at else None))
    return found


def _visit(step: str, entry: EnrollmentRow | None, exit_: EnrollmentRow | None) -> Visit:
    entered, due = (entry.at, entry.due) if entry else (None, 0)
    left, outcome = (exit_.at, exit_.outcome) if exit_ else (None, "")
    return Visit(step, entered, due, left, outcome)


def facts(enrollment: Enrollment, member: str) -> list[Fact]:
    """The enrollment as a whole (begun, ended or running) and its steps; `member` names it in the sets of due times."""
    program = enrollment.program
    begun, ended = enrollment.first(ENROLLED), enrollment.first(EXITED)
    found: list[Fact] = []
    if begun:
        found.append((("program_enrollments", program, begun.audience), begun.at, 1))
    if ended:
        found.append((("program_exits", program, ended.outcome), ended.at, 1))
    if begun and (ended is None or begun.at < ended.at):
        running = ("program_balance", program, begun.audience)
        found.append((running, begun.at, 1))
        if ended:
            found.append((running, ended.at, -1))
    for step, entered, due, left, outcome in visits(enrollment):
        if entered is not None:
            found += _entry(program, step, entered, due)
            if left is None:
                found.append(_wait(program, step, due, member))
            else:
                found.append((("step_balance", program, step), left, -1))
        if left is not None:
            found += _exit(program, step, outcome, entered, left)
    return found


def increment(enrollment: Enrollment, row: EnrollmentRow, member: str) -> list[Fact] | None:
    """What an event that comes after all others adds to `facts`; None where it may change more than that."""
    code, step = row.code, row.step
    inside: EnrollmentRow | None = None
    is_known = False
    for known in enrollment.events:
        if known.code == EXITED:
            return None
        if known.step == step and known.code in _STEPPING:
            is_known = True
            inside = None if known.code == STEP_EXITED else inside or known
    if code == EXITED:
        return _end(enrollment, row, member)
    program = enrollment.program
    if code == STEP_ENTERED and enrollment.events:
        return [] if inside else [*_entry(program, step, row.at, row.due), _wait(program, step, row.due, member)]
    if code == STEP_EXITED and inside:
        left_step = _exit(program, step, row.outcome, inside.at, row.at)
        return _leave(program, step, row.at, inside.due, member) + left_step
    return [] if code == STEP_EXITED and is_known else None


def _end(enrollment: Enrollment, row: EnrollmentRow, member: str) -> list[Fact]:
    """What the end of an enrollment adds that comes after everything else in it."""
    program = enrollment.program
    found: list[Fact] = [(("program_exits", program, row.outcome), row.at, 1)]
    if begun := enrollment.first(ENROLLED):
        found.append((("program_balance", program, begun.audience), row.at, -1))
    for step, entered, due, left, _ in visits(enrollment):
        if left is None:
            found += _leave(program, step, row.at, due, member) + _exit(program, step, row.outcome, entered, row.at)
    return found


def _entry(program: str, step: str, entered: int, due: int) -> list[Fact]:
    return [
        (("step_entries", program, step), entered, 1),
        (("step_due", program, step), due, 1),
        (("step_balance", program, step), entered, 1),
    ]


def _wait(program: str, step: str, due: int, member: str, amount: int = 1) -> Fact:
    return ("step_due_at", program, step, member), due, amount


def _leave(program: str, step: str, left: int, due: int, member: str) -> list[Fact]:
    return [(("step_balance", program, step), left, -1), _wait(program, step, due, member, -1)]


def _exit(program: str, step: str, outcome: str, entered: int | None, left: int) -> list[Fact]:
    found: list[Fact] = [(("step_exits", program, step, outcome), left, 1)]
    if entered is not None and entered <= left:
        found += observation(("step_dwell_seconds", program, step), DWELL_BOUNDS, left, left - entered, 1000)
    return found
