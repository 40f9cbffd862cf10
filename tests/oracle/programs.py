"""Programs: enrollments and their steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .facts import Event, Fact, Level, Observation, earliest, fact, grouped, instant, level, observation, of_type

ByLead = Mapping[str, list[Event]]


@dataclass(frozen=True)
class Enrollment:
    """One enrollment of a lead, with all its events."""

    events: tuple[Event, ...]

    @property
    def enrolled(self) -> Event | None:
        """Return its beginning: "(`program.enrolled`) [...] at the earliest such event"."""
        return earliest(of_type(self.events, "program.enrolled"))

    @property
    def exited(self) -> Event | None:
        """Return its end: "An enrollment ends at its earliest `program.exited`"."""
        return earliest(of_type(self.events, "program.exited"))

    @property
    def program(self) -> str:
        """Return "that of its earliest `program.enrolled`, without one that of its earliest event"."""
        named = self.enrolled or earliest(self.events)
        assert named is not None  # an enrollment is made of at least one event
        return named.label("program_id")

    @property
    def steps(self) -> "list[Step]":
        """Return the steps that were entered or left."""
        stepping = of_type(self.events, "program.step_entered", "program.step_exited")
        return [Step(self, name, tuple(own)) for name, own in grouped(stepping, lambda e: e.label("step_id")).items()]


@dataclass(frozen=True)
class Step:
    """One step of one enrollment."""

    enrollment: Enrollment
    name: str
    events: tuple[Event, ...]

    @property
    def entered(self) -> Event | None:
        """Return its entry: "A step is entered at its earliest `step_entered`"."""
        return earliest(of_type(self.events, "program.step_entered"))

    @property
    def left(self) -> Event | None:
        """Return the event by which the step was left.

        "left at its earliest `step_exited`, or, without one, at the enrollment's end if it was entered at or before
        it. A `step_exited` without entry is an exit too."
        """
        own = earliest(of_type(self.events, "program.step_exited"))
        if own is not None:
            return own
        entered, end = self.entered, self.enrollment.exited
        if entered is not None and end is not None and entered.at <= end.at:
            return end
        return None

    def due(self, step_limit: int) -> int | None:
        """Return when it falls due.

        "The due time is that of the earliest `step_entered`; left out, it is entry + the step limit."
        """
        entered = self.entered
        if entered is None:
            return None
        due_at = entered.data.get("due_at")
        return entered.at + step_limit if due_at is None else instant(due_at)


def enrollments(lead: Sequence[Event]) -> list[Enrollment]:
    """Return the enrollments of a lead."""
    of_programs = [event for event in lead if event.type.startswith("program.")]
    by_enrollment = grouped(of_programs, lambda event: str(event.data["enrollment_id"]))
    return [Enrollment(tuple(own)) for own in by_enrollment.values()]


def enrollment_flows(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_program_enrollments` / `lifecycle_program_exits`.

    "an enrollment begins (`program.enrolled`) / ends (`program.exited`), once each per enrollment_id, at the earliest
    such event".
    """
    for lead in leads.values():
        for enrollment in enrollments(lead):
            enrolled, exited = enrollment.enrolled, enrollment.exited
            if enrolled is not None:
                yield fact("lifecycle_program_enrollments", enrolled.at, program=enrollment.program)
            if exited is not None:
                outcome = exited.label("outcome")
                yield fact("lifecycle_program_exits", exited.at, program=enrollment.program, outcome=outcome)


def step_flows(leads: ByLead, *, step_limit: int) -> Iterator[Fact]:
    """`lifecycle_step_entries` / `lifecycle_step_exits` / `lifecycle_step_due`.

    "an enrollment enters / leaves a step, each once per (enrollment, step), at the earliest such event"; "an
    enrollment's step falls due, dated at its due time (whether it has left by then or not)".
    """
    for lead in leads.values():
        for enrollment in enrollments(lead):
            for step in enrollment.steps:
                program, name = enrollment.program, step.name
                entered, left, due = step.entered, step.left, step.due(step_limit)
                if entered is not None:
                    yield fact("lifecycle_step_entries", entered.at, program=program, step=name)
                if left is not None:
                    outcome = left.label("outcome")
                    yield fact("lifecycle_step_exits", left.at, program=program, step=name, outcome=outcome)
                if due is not None:
                    yield fact("lifecycle_step_due", due, program=program, step=name)


def program_balance(leads: ByLead) -> Iterator[Level]:
    """`lifecycle_program_balance`: "enrollments that have an `enrolled` and no `exited`"."""
    for lead in leads.values():
        for enrollment in enrollments(lead):
            if enrollment.enrolled is not None and enrollment.exited is None:
                yield level("lifecycle_program_balance", program=enrollment.program)


def steps_now(leads: ByLead) -> Iterator[tuple[str, Step]]:
    """Return the steps that somebody is in, with the lead: "In the step now = entered and not left"."""
    for name, lead in leads.items():
        for enrollment in enrollments(lead):
            for step in enrollment.steps:
                if step.entered is not None and step.left is None:
                    yield name, step


def step_balance(leads: ByLead) -> Iterator[Level]:
    """`lifecycle_step_balance`: "enrollments in the step now"."""
    for _, step in steps_now(leads):
        yield level("lifecycle_step_balance", program=step.enrollment.program, step=step.name)


def step_overdue(leads: ByLead, erased: set[str], *, as_of: int, step_limit: int) -> Iterator[Level]:
    """`lifecycle_step_overdue`: "of those, past their due time", "before `now`"; "an erased lead is never overdue"."""
    for lead, step in steps_now(leads):
        due = step.due(step_limit)
        if due is not None and due < as_of and lead not in erased:
            yield level("lifecycle_step_overdue", program=step.enrollment.program, step=step.name)


def step_due_times(leads: ByLead, erased: set[str], *, step_limit: int) -> Iterator[Level]:
    """`lifecycle_step_oldest_due_timestamp_seconds`: "earliest due time among those in the step".

    These are the due times in milliseconds, of which the earliest is the sample (`SMALLEST`).
    """
    for lead, step in steps_now(leads):
        due = step.due(step_limit)
        if due is not None and lead not in erased:
            name = "lifecycle_step_oldest_due_timestamp_seconds"
            yield level(name, due, program=step.enrollment.program, step=step.name)


def step_dwells(leads: ByLead) -> Iterator[Observation]:
    """`lifecycle_step_dwell_seconds`: "exit minus entry of a step, where the entry is not later", dated at the exit."""
    for lead in leads.values():
        for enrollment in enrollments(lead):
            for step in enrollment.steps:
                entered, left = step.entered, step.left
                if entered is not None and left is not None and entered.at <= left.at:
                    yield observation(
                        "lifecycle_step_dwell_seconds",
                        left.at,
                        left.at - entered.at,
                        program=enrollment.program,
                        step=step.name,
                    )
