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
    def audience(self) -> str:
        """Return whom it is for: that of its earliest `program.enrolled`, `prospect` if it says nothing."""
        return "prospect" if self.enrolled is None else self.enrolled.label("audience", "prospect")

    @property
    def visits(self) -> "list[Visit]":
        """Return the visits of all its steps."""
        stepping = of_type(self.events, "program.step_entered", "program.step_exited")
        by_step = grouped(stepping, lambda event: event.label("step_id"))
        return [visit for name, own in by_step.items() for visit in self._visits_of(name, own)]

    def _visits_of(self, step: str, events: "list[Event]") -> "Iterator[Visit]":
        """Return the visits of one step.

        "a visit begins at an entry while not in the step and ends at the next exit; an entry while inside changes
        nothing (its `due_at` neither). A visit left open ends at the enrollment's end if it was entered at or before
        it. Of exits before the first entry the earliest counts as an exit; other exits outside a visit count for
        nothing."
        """
        entered: Event | None = None
        before_first_entry = True
        stray: Event | None = None
        for event in sorted(events, key=lambda event: event.order):
            if event.type == "program.step_entered":
                before_first_entry = False
                entered = entered or event
            elif entered is not None:
                yield Visit(self, step, entered, event)
                entered = None
            elif before_first_entry and stray is None:
                stray = event
        if entered is not None:
            end = self.exited
            yield Visit(self, step, entered, end if end is not None and entered.at <= end.at else None)
        if stray is not None:
            yield Visit(self, step, None, stray)


@dataclass(frozen=True)
class Visit:
    """One stay of an enrollment in a step; `entered` is None for an exit without entry."""

    enrollment: Enrollment
    name: str
    entered: Event | None
    left: Event | None

    def due(self, step_limit: int) -> int | None:
        """Return when it falls due: "Every visit has its own entry, exit, due time and dwell"."""
        if self.entered is None:
            return None
        due_at = self.entered.data.get("due_at")
        return self.entered.at + step_limit if due_at is None else instant(due_at)


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
                labels = {"program": enrollment.program, "audience": enrollment.audience}
                yield fact("lifecycle_program_enrollments", enrolled.at, **labels)
            if exited is not None:
                outcome = exited.label("outcome")
                yield fact("lifecycle_program_exits", exited.at, program=enrollment.program, outcome=outcome)


def step_flows(leads: ByLead, *, step_limit: int) -> Iterator[Fact]:
    """`lifecycle_step_entries` / `lifecycle_step_exits` / `lifecycle_step_due`.

    Every visit enters, leaves and "falls due, dated at its due time (whether it has left by then or not)".
    """
    for lead in leads.values():
        for enrollment in enrollments(lead):
            for step in enrollment.visits:
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
                labels = {"program": enrollment.program, "audience": enrollment.audience}
                yield level("lifecycle_program_balance", **labels)


def steps_now(leads: ByLead, until: int | None = None) -> Iterator[tuple[str, Visit]]:
    """Return the steps that somebody is in, with the lead: "In the step now = entered and not left".

    With `until`, those that somebody was in right before that instant.
    """
    for name, lead in leads.items():
        for enrollment in enrollments(lead):
            for step in enrollment.visits:
                if step.entered is None or (until is not None and step.entered.at >= until):
                    continue
                if step.left is None or (until is not None and step.left.at >= until):
                    yield name, step


def step_balance(leads: ByLead, until: int) -> Iterator[Level]:
    """`lifecycle_step_balance`: "enrollments in the step now", right before an instant."""
    for _, step in steps_now(leads, until):
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
            for step in enrollment.visits:
                entered, left = step.entered, step.left
                if entered is not None and left is not None and entered.at <= left.at:
                    yield observation(
                        "lifecycle_step_dwell_seconds",
                        left.at,
                        left.at - entered.at,
                        program=enrollment.program,
                        step=step.name,
                    )
