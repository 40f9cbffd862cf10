"""What programs achieve: first entries into a stage, each credited to the program of an enrollment before it."""

from collections.abc import Iterator

from stream_app.catalog.bounds import TRANSITION_BOUNDS
from stream_app.catalog.enrollment import ENROLLED, EnrollmentRow
from stream_app.catalog.lead.state import Lead, first_entry
from stream_app.core.facts import Fact, FoldSettings
from stream_app.core.histogram import observation

CREDITED_STAGES = ("mql", "sql", "customer")


def outcome_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """First entries by the program they are credited to, and the enrollments with what became of their lead."""
    begun = sorted(_beginnings(lead), key=lambda each: (each[0].at, each[0].order, each[0].identity, each[1]))
    entries = [(stage, at) for stage in CREDITED_STAGES if (at := first_entry(lead, stage)) is not None]
    found: list[Fact] = []
    for stage, at in entries:
        credited = [each for each in begun if 0 <= at - each[0].at <= settings.program_credit_ms]
        program = credited[-1][1] if credited else "none"
        found.append((("program_stage_entries", program, stage), at, 1))
        if stage == "mql" and credited:
            series = ("program_mql_seconds", program)
            found += observation(series, TRANSITION_BOUNDS, at, at - credited[-1][0].at, 1000)
    first = {program: row.at for row, program in reversed(begun)}
    for program, since in first.items():
        found.append((("program_cohort", program), since, 1))
        found += [
            (("program_cohort_conversions", program, stage), since, 1)
            for stage, at in entries
            if 0 <= at - since <= settings.program_credit_ms
        ]
    return found


def _beginnings(lead: Lead) -> Iterator[tuple[EnrollmentRow, str]]:
    for enrollment in lead.enrollments.values():
        begun = enrollment.first(ENROLLED)
        if begun is not None:
            yield begun, enrollment.program
