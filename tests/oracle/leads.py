"""Leads: new ones, their stages, what reopens them, their scores."""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from .facts import (
    UNKNOWN,
    Event,
    Fact,
    Level,
    Observation,
    earliest,
    fact,
    grouped,
    level,
    newest,
    observation,
    of_type,
)
from .programs import Enrollment, enrollments
from .stages import first_entries, origin, stage_history
from .windows import DAY, first_instant, last_months, local_day, month_after, month_name

ByLead = Mapping[str, list[Event]]

MQL_DAYS = 30
TRANSITIONS = (("lead", "mql"), ("mql", "sql"), ("sql", "customer"))


def by_lead(events: Sequence[Event]) -> ByLead:
    """Group what is about a lead."""
    families = ("lead", "program", "email")
    of_leads = [event for event in events if event.type.split(".")[0] in families]
    return grouped(of_leads, lambda event: str(event.data["lead_id"]))


def imported(created: Event) -> bool:
    """Tell whether a `lead.created` is an import (default false)."""
    return bool(created.data.get("is_import") or False)


def came_new(lead: Sequence[Event]) -> int | None:
    """Return when a lead came into being: "dated at the earliest `lead.created` with `is_import=false`"."""
    created = earliest([event for event in of_type(lead, "lead.created") if not imported(event)])
    return None if created is None else created.at


def new_leads(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_new_leads`.

    "a lead exists: `lead.created` with is_import=false, at its time (earliest, if several)".
    """
    for lead in leads.values():
        at = came_new(lead)
        if at is not None:
            source, channel, campaign = origin(lead)
            yield fact("lifecycle_new_leads", at, source=source, channel=channel, campaign=campaign)


def stage_entries(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_stage_entries`: "a lead enters a funnel stage for the first time, at that first time"."""
    for lead in leads.values():
        source, _, campaign = origin(lead)
        for stage, at in first_entries(stage_history(lead)).items():
            yield fact("lifecycle_stage_entries", at, funnel_stage=stage, source=source, campaign=campaign)


def mql_cohort(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_lead_mql_cohort`.

    "Leads by the time of their creation that became MQL within 30 days of it." "An MQL entry before the creation
    counts."
    """
    for lead in leads.values():
        at, firsts = came_new(lead), first_entries(stage_history(lead))
        if at is not None and "mql" in firsts and firsts["mql"] <= at + MQL_DAYS * DAY:
            yield fact("lifecycle_lead_mql_cohort", at)


def stage_reentries(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_stage_reentries`: "a lead enters a stage again after having been in another"."""
    for lead in leads.values():
        been_in: set[str] = set()
        for stage, at in stage_history(lead):
            if stage in been_in:
                yield fact("lifecycle_stage_reentries", at, funnel_stage=stage)
            been_in.add(stage)


def not_ready_episodes(lead: Sequence[Event]) -> list[tuple[int, int | None]]:
    """Return the not-ready episodes of a lead; the end of the last one may be open.

    "A not-ready episode is `[first not_ready, next other status)`; consecutive `not_ready` are one episode."
    """
    episodes: list[tuple[int, int | None]] = []
    begun: int | None = None
    for event in sorted(of_type(lead, "lead.status_changed"), key=lambda event: event.order):
        if event.data["to"] == "not_ready":
            if begun is None:
                begun = event.at
        elif begun is not None:
            episodes.append((begun, event.at))
            begun = None
    if begun is not None:
        episodes.append((begun, None))
    return episodes


def reopens(event: Event) -> bool:
    """Tell whether an event is an engagement that can reopen.

    "Reopening engagements: `email.clicked` that is not `machine`, `email.replied`, `lead.engaged` except `page_view`."
    """
    if event.type == "email.clicked":
        return not event.data.get("machine")
    if event.type == "lead.engaged":
        return bool(event.data["kind"] != "page_view")
    return event.type == "email.replied"


def program_at(candidates: Sequence[Enrollment], at: int) -> str | None:
    """Return the program in which the lead is at an instant.

    ""Was in a program": an enrollment whose earliest `program.enrolled` is at or before the engagement and whose
    earliest `program.exited` is not. Several: the one that began latest by (`time`, `id`)."
    """
    running = []
    for enrollment in candidates:
        begun, ended = enrollment.enrolled, enrollment.exited
        if begun is None or begun.at > at:
            continue
        if ended is not None and ended.at <= at:
            continue
        running.append((begun.order, enrollment.program))
    return max(running)[1] if running else None


def reopened_leads(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_reopened_leads`.

    "once per not-ready episode [...]: the earliest of a human click, a reply, or `lead.engaged` (not `page_view`)
    inside the episode, provided the lead was in a program at that time [...]: the earliest engagement that meets all
    of this; opens never reopen. Dated at that engagement"; "program (of the latest such enrollment)".
    """
    for lead in leads.values():
        lead_enrollments = enrollments(lead)
        engagements = sorted((event for event in lead if reopens(event)), key=lambda event: event.order)
        for begun, ended in not_ready_episodes(lead):
            for engagement in engagements:
                # "An engagement at the very start counts, one at the very end does not."
                inside = begun <= engagement.at and (ended is None or engagement.at < ended)
                program = program_at(lead_enrollments, engagement.at)
                if inside and program is not None:
                    yield fact("lifecycle_reopened_leads", engagement.at, program=program)
                    break


def scores(lead: Sequence[Event]) -> list[Event]:
    """Return the events that give a lead's scores, in order.

    "A lead's scores are those of its `score_changed` events and of its earliest `lead.created` that carries one, in
    order."
    """
    scored = of_type(lead, "lead.score_changed")
    created = earliest([event for event in of_type(lead, "lead.created") if event.data.get("score") is not None])
    if created is not None:
        scored.append(created)
    return sorted(scored, key=lambda event: event.order)


def score_changes(leads: ByLead) -> Iterator[Fact]:
    """`lifecycle_score_delta` / `lifecycle_score_changes`.

    "difference between consecutive scores of a lead by event time (sum) / how many, by the activity of the later
    one"; "the first score has no difference"; "(`created` never has one but can be later than a `score_changed`: then
    it is `unknown`)".
    """
    for lead in leads.values():
        before: Event | None = None
        for event in scores(lead):
            if before is not None:
                activity = event.label("activity", UNKNOWN) if event.type == "lead.score_changed" else UNKNOWN
                difference = int(event.data["score"]) - int(before.data["score"])
                yield fact("lifecycle_score_delta", event.at, difference, activity=activity)
                yield fact("lifecycle_score_changes", event.at, activity=activity)
            before = event


def leads_in_stage(leads: ByLead) -> Iterator[Level]:
    """`lifecycle_leads_in_stage`: "leads whose latest stage is this [...]; disqualified leads excluded"."""
    for lead in leads.values():
        status = newest(of_type(lead, "lead.status_changed"))
        if status is not None and status.data["to"] == "disqualified":
            continue
        history = stage_history(lead)
        if history:
            yield level("lifecycle_leads_in_stage", funnel_stage=history[-1][0])


def stage_transitions(leads: ByLead) -> Iterator[Observation]:
    """`lifecycle_stage_transition_seconds`.

    "first entry into a stage minus first entry into the previous of lead → mql → sql → customer (previous must be
    earlier or equal)", "dated at the later event".
    """
    for lead in leads.values():
        firsts = first_entries(stage_history(lead))
        for previous, stage in TRANSITIONS:
            if previous in firsts and stage in firsts and firsts[previous] <= firsts[stage]:
                yield observation(
                    "lifecycle_stage_transition_seconds",
                    firsts[stage],
                    firsts[stage] - firsts[previous],
                    transition=f"{previous}_{stage}",
                )


def new_lead_scores(leads: ByLead, *, as_of: int, zone: ZoneInfo) -> dict[str, list[int]]:
    """`lifecycle_new_lead_score`: the observations of each cohort.

    "score of each new lead as of the end of the month in which it was created (the last score by then; during the
    month, so far); label `cohort` = `YYYY-MM`, the last 13". "No score by then: no observation."
    """
    cohorts: dict[str, list[int]] = {cohort: [] for cohort in last_months(as_of, zone)}
    for lead in leads.values():
        at = came_new(lead)
        if at is None or month_name(at, zone) not in cohorts:
            continue
        month_end = first_instant(month_after(local_day(at, zone)), zone)
        by_then = [event for event in scores(lead) if event.at < month_end]
        if by_then:
            cohorts[month_name(at, zone)].append(int(by_then[-1].data["score"]))
    return cohorts
