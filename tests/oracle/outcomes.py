"""What programs achieve: entries into a stage that are credited to a program, and what became of its enrollments."""

from collections.abc import Iterator, Mapping, Sequence

from .facts import NONE, Event, Fact, Observation, earliest, fact, grouped, observation
from .programs import enrollments
from .stages import first_entries, stage_history

ByLead = Mapping[str, list[Event]]

CREDITED = ("mql", "sql", "customer")


def beginnings(lead: Sequence[Event]) -> list[tuple[Event, str]]:
    """Return the earliest `program.enrolled` of each enrollment, with its program."""
    return [(each.enrolled, each.program) for each in enrollments(lead) if each.enrolled is not None]


def credited(lead: Sequence[Event], at: int, *, credit: int) -> tuple[Event, str] | None:
    """Return the enrollment to which an entry is credited.

    "the program of its latest enrollment that began at or before that entry and at most 90 days before it (setting)".
    """
    candidates = [(begun, program) for begun, program in beginnings(lead) if 0 <= at - begun.at <= credit]
    return max(candidates, key=lambda each: each[0].order, default=None)


def program_outcomes(leads: ByLead, *, credit: int) -> Iterator[Fact]:
    """`lifecycle_program_stage_entries`, `lifecycle_program_cohort`, `lifecycle_program_cohort_conversions`.

    "enrollments by their begin, the first of each (lead, program)"; "of those, the ones whose lead first entered the
    stage at or after the begin and within 90 days of it".
    """
    for lead in leads.values():
        entries = {stage: at for stage, at in first_entries(stage_history(lead)).items() if stage in CREDITED}
        for stage, at in entries.items():
            to = credited(lead, at, credit=credit)
            yield fact("lifecycle_program_stage_entries", at, program=to[1] if to else NONE, funnel_stage=stage)
        for program, own in grouped(beginnings(lead), lambda each: each[1]).items():
            begun = earliest([event for event, _ in own])
            assert begun is not None  # a group is never empty
            yield fact("lifecycle_program_cohort", begun.at, program=program)
            for stage, at in entries.items():
                if 0 <= at - begun.at <= credit:
                    name = "lifecycle_program_cohort_conversions"
                    yield fact(name, begun.at, program=program, funnel_stage=stage)


def program_mql_seconds(leads: ByLead, *, credit: int) -> Iterator[Observation]:
    """`lifecycle_program_mql_seconds`: "begin of the credited enrollment to MQL"."""
    for lead in leads.values():
        at = first_entries(stage_history(lead)).get("mql")
        to = None if at is None else credited(lead, at, credit=credit)
        if at is not None and to is not None:
            yield observation("lifecycle_program_mql_seconds", at, at - to[0].at, program=to[1])
