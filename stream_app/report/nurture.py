"""The questions about nurturing: programs, steps, scores, MQLs."""

from stream_app.report.document import Answer, Figure, Section
from stream_app.report.quantity import Quantity, Selector, median, samples_of, total
from stream_app.report.review import Review, by_name, of_each
from stream_app.report.words import small
from stream_app.spec.metric import Unit

_DROPPED = ("unsubscribed", "bounced", "disqualified", "list_removed", "error", "timeout")
"""How an enrollment leaves a step if it neither goes on nor has reached its goal."""

_NO_EFFECT = 0.5
"""Activities that change a score by less than this on average have no effect."""

_SLOWEST = 3
"""Of so many steps the time is shown."""


def nurture(review: Review) -> Section:
    """The section."""
    return Section("Nurture", [_programs(review), _steps(review), _scores(review), _mqls(review)])


def _programs(review: Review) -> Answer:
    enrolled = of_each(samples_of("program_cohort", window="90d"), "program", review.now)
    rates = {program: _conversion(review, program, cohort) for program, cohort in enrolled.items()}
    times = [
        review.figure(
            f"Median time to MQL, {program}", median("program_mql_seconds", window="mtd", program=program), Unit.SECONDS
        )
        for program in enrolled
    ]
    spent = samples_of("program_cost_per_mql", window="mtd")
    costs = [
        review.figure(f"Cost per MQL, {program}", Quantity(cost), Unit.MONEY)
        for program, of_program in of_each(spent, "program", review.now).items()
        for cost in of_each(of_program, "currency", review.now).values()
    ]
    ranking = review.ranking(rates)
    figures = [*ranking.shown, *(each for each in times if each.now is not None), *costs]
    return Answer(
        "Which programs are most effective?",
        [
            *ranking.sentences(review, "conversion to MQL", "program", "enrollments in 90 days"),
            *map(review.sentence, costs),
        ],
        figures,
        ranking.chart("Share of enrollments that became MQL, 90 days"),
        review.define(figures),
        cautions=[
            *ranking.caution("program", "enrollments in 90 days"),
            *review.still_open(
                90, "Conversions are of the enrollments of 90 days, the youngest of which may still convert"
            ),
            *small(figures),
        ],
    )


def _conversion(review: Review, program: str, cohort: Selector) -> Figure:
    converted = samples_of("program_cohort_conversions", window="90d", program=program, funnel_stage="mql")
    rate = samples_of("program_conversion_rate", window="90d", program=program, funnel_stage="mql")
    return review.figure(f"Conversion to MQL, {program}", Quantity(rate, share=(converted, cohort)), Unit.RATIO)


def _steps(review: Review) -> Answer:
    dropouts: dict[str, Figure] = {}
    times: dict[str, Figure] = {}
    in_step: list[Figure] = []
    for program, of_program in of_each(samples_of("step_exits", window="30d"), "program", review.now).items():
        for step, left in of_each(of_program, "step", review.now).items():
            name, labels = f"{step} of {program}", {"program": program, "step": step}
            dropped = left.where(outcome=_DROPPED)
            share = Quantity(dropped, per=left, share=(dropped, left))
            dropouts[name] = review.figure(f"Dropped out of {name}", share, Unit.RATIO)
            dwell = median("step_dwell_seconds", window="mtd", **labels)
            times[name] = review.figure(f"Median time in {name}", dwell, Unit.SECONDS)
            in_step.append(review.figure(f"Leads in {name}", total("step_balance", **labels)))
    drop, slow = review.ranking(dropouts), review.ranking(times)
    fullest = sorted(in_step, key=lambda each: -(each.now or 0))[:1]
    said = drop.sentences(review, "share of dropouts", "step", "exits in 30 days")
    said += [f"Longest stay: {review.sentence(each)}" for each in slow.shown[:1]]
    said += [f"Most leads: {review.sentence(each)}" for each in fullest]
    figures = [*drop.shown, *slow.shown[:_SLOWEST], *fullest]
    return Answer(
        "Where do leads stall or drop out?",
        said,
        figures,
        drop.chart("Share of those that left a step that dropped out, 30 days"),
        review.define(figures),
        cautions=[
            *drop.caution("step", "exits in 30 days"),
            "How many were overdue on a past day is not known; the wall and its alerts know it of now.",
        ],
    )


def _scores(review: Review) -> Answer:
    effects = {
        activity: review.figure(
            f"Points per change by {activity}",
            Quantity(samples_of("score_delta", window="30d", activity=activity), per=changes),
            Unit.POINTS,
        )
        for activity, changes in of_each(samples_of("score_changes", window="30d"), "activity", review.now).items()
    }
    ranking = review.ranking(effects)
    idle = [name for name, each in ranking.figures if abs(each.now or 0) < _NO_EFFECT]
    said = ranking.sentences(review, "effect on a score", "activity", "changes of a score in 30 days")
    if ranking.figures:
        said.append(f"No effect: {', '.join(idle)}." if idle else "Each of them has an effect.")
    return Answer(
        "What moves scores, and what has no effect?",
        said,
        ranking.shown,
        ranking.chart("Points per change of a score, 30 days"),
        review.define(ranking.shown),
        cautions=ranking.caution("activity", "changes in 30 days"),
    )


def _mqls(review: Review) -> Answer:
    mqls = samples_of("stage_entries", funnel_stage="mql", window="mtd")
    found = review.figure("MQLs", Quantity(mqls))
    leads = review.figure("New leads", total("new_leads", window="mtd"))
    share = (samples_of("lead_mql_cohort", window="mtd"), samples_of("new_leads", window="mtd"))
    became = review.figure(
        "New leads that became MQL within 30 days",
        Quantity(samples_of("lead_to_mql_cohort_ratio", window="mtd"), share=share),
        Unit.RATIO,
    )
    sources = {
        source: review.figure(f"MQLs from {source}", Quantity(of))
        for source, of in of_each(mqls, "source", review.now).items()
    }
    costs = [
        review.figure("Cost per MQL", Quantity(of), Unit.MONEY)
        for of in of_each(samples_of("cost_per_mql", window="mtd"), "currency", review.now).values()
    ]
    figures = [found, leads, became, *sources.values(), *costs]
    said = [review.sentence(each) for each in (found, leads, became, *costs)]
    if sources:
        said.append(f"By source: {by_name(sources.items())}.")
    return Answer(
        "How many MQLs?",
        said,
        figures,
        review.lines("MQLs by month", {"MQLs": found.quantity}),
        review.define(figures),
        cautions=[*review.still_open(30, "The leads of the last 30 days can still become MQL"), *small([became])],
    )
