"""What programs achieve: first entries into a stage, each credited to the program of an enrollment before it."""

from stream_app.catalog.bounds import TRANSITION_BOUNDS
from stream_app.catalog.lead.state import Beginning, Lead, beginning, first_entry
from stream_app.core.facts import Fact, FoldSettings
from stream_app.core.histogram import observation

CREDITED_STAGES = ("mql", "sql", "customer")


def outcome_facts(lead: Lead, settings: FoldSettings) -> list[Fact]:
    """First entries by the program they are credited to, and the enrollments with what became of their lead."""
    begun = _beginnings(lead)
    found: list[Fact] = [(("program_cohort", program), since, 1) for program, since in _first(begun).items()]
    for stage in CREDITED_STAGES:
        entered = first_entry(lead, stage)
        if entered is not None:
            found += _entry(begun, stage, entered, settings)
    return found


def stage_outcomes(lead: Lead, stage: str, at: int, settings: FoldSettings) -> list[Fact]:
    """What a stage in order adds to `outcome_facts`."""
    if stage not in CREDITED_STAGES or first_entry(lead, stage) is not None:
        return []
    return _entry(_beginnings(lead), stage, at, settings)


def beginning_outcomes(lead: Lead, begun: Beginning) -> list[Fact] | None:
    """What the beginning of a new enrollment adds to `outcome_facts`; None where it may change more than that."""
    if lead.stages and lead.stages[-1].at >= begun.at:
        return None
    since = _first(_beginnings(lead)).get(begun.program)
    if since is None:
        return [(("program_cohort", begun.program), begun.at, 1)]
    return [] if since <= begun.at else None


def _entry(begun: list[Beginning], stage: str, at: int, settings: FoldSettings) -> list[Fact]:
    """The first entry into a stage, and which enrollments led to it."""
    credit = settings.program_credit_ms
    credited = [each for each in begun if 0 <= at - each.at <= credit]
    program = credited[-1].program if credited else "none"
    found: list[Fact] = [(("program_stage_entries", program, stage), at, 1)]
    if stage == "mql" and credited:
        found += observation(("program_mql_seconds", program), TRANSITION_BOUNDS, at, at - credited[-1].at, 1000)
    for each, since in _first(begun).items():
        if 0 <= at - since <= credit:
            found.append((("program_cohort_conversions", each, stage), since, 1))
    return found


def _first(begun: list[Beginning]) -> dict[str, int]:
    """When the lead was first enrolled in each program."""
    return {each.program: each.at for each in reversed(begun)}


def _beginnings(lead: Lead) -> list[Beginning]:
    """The beginnings of all enrollments, in order."""
    found = [begun for each in lead.enrollments.values() if (begun := beginning(each))]
    return sorted([*lead.beginnings, *found])
