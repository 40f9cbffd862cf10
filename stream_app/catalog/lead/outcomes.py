"""What programs achieve: first entries into a stage, each credited to the program of an enrollment before it."""

from stream_app.catalog.bounds import TRANSITION_BOUNDS
from stream_app.catalog.lead.state import Beginning, Lead, beginning, first_entry
from stream_app.core.facts import Fact, FoldSettings
from stream_app.core.histogram import observation

CREDITED_STAGES = ("mql", "sql", "customer")


def outcome_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """First entries by the program they are credited to, and the enrollments with what became of their lead."""
    begun = _beginnings(lead)
    entries = [(stage, at) for stage in CREDITED_STAGES if (at := first_entry(lead, stage)) is not None]
    found: list[Fact] = []
    for stage, at in entries:
        credited = [each for each in begun if 0 <= at - each.at <= settings.program_credit_ms]
        program = credited[-1].program if credited else "none"
        found.append((("program_stage_entries", program, stage), at, 1))
        if stage == "mql" and credited:
            series = ("program_mql_seconds", program)
            found += observation(series, TRANSITION_BOUNDS, at, at - credited[-1].at, 1000)
    first = {each.program: each.at for each in reversed(begun)}
    for program, since in first.items():
        found.append((("program_cohort", program), since, 1))
        found += [
            (("program_cohort_conversions", program, stage), since, 1)
            for stage, at in entries
            if 0 <= at - since <= settings.program_credit_ms
        ]
    return found


def _beginnings(lead: Lead) -> list[Beginning]:
    """The beginnings of all enrollments, in order."""
    found = [begun for each in lead.enrollments.values() if (begun := beginning(each))]
    return sorted([*lead.beginnings, *found])
