"""The questions about converting: sources and campaigns, speed, sales."""

from collections.abc import Iterator, Mapping

from stream_app.report.document import Answer, Chart, ChartKind, Figure, Line, Section
from stream_app.report.quantity import LEAST_CASES, Quantity, Selector, median, samples_of, total
from stream_app.report.review import Review, by_name, of_each
from stream_app.report.words import counted, small
from stream_app.spec.metric import Unit

_RETURN = "Return on spend, "
_TRANSITIONS = {"lead_mql": "lead to MQL", "mql_sql": "MQL to SQL", "sql_customer": "SQL to customer"}


def convert(review: Review) -> Section:
    """The section."""
    return Section("Convert", [_sources(review), _speed(review), _sales(review)])


def _sources(review: Review) -> Answer:
    customers = samples_of("new_customers", window="mtd")
    found = review.figure("New customers", Quantity(customers))
    sources = {
        name: review.figure(f"New customers from {name}", Quantity(of))
        for name, of in of_each(customers, "source", review.now).items()
    }
    campaigns = {
        name: review.figure(f"New customers of {name}", Quantity(of))
        for name, of in of_each(customers, "campaign", review.now).items()
    }
    enough = {name: each for name, each in campaigns.items() if (each.now or 0) >= LEAST_CASES}
    costs = list(
        _money(review, "Acquisition cost of a customer (CAC)", samples_of("customer_acquisition_cost", window="mtd"))
    )
    of_campaigns = [
        figure
        for name in enough
        for figure in _money(
            review, f"Cost per customer, {name}", samples_of("campaign_cost_per_customer", window="mtd", campaign=name)
        )
    ]
    returns = {label: list(_returns(review, label)) for label in ("channel", "campaign")}
    figures = [
        found,
        *sources.values(),
        *enough.values(),
        *costs,
        *of_campaigns,
        *returns["channel"],
        *returns["campaign"],
    ]
    few = len(campaigns) - len(enough)
    said = [review.sentence(found)]
    if sources:
        said.append(f"By source, in the order of names: {by_name(sources.items())}.")
    said += [review.sentence(each) for each in costs]
    said += [review.sentence(each) for each in of_campaigns]
    said += [
        f"Return on spend by {label}, in the order of names: {by_name((_name(each), each) for each in found)}."
        for label, found in returns.items()
        if found
    ]
    return Answer(
        "Which sources and campaigns make customers, at what cost and return?",
        said,
        figures,
        _bars("New customers by source", sources),
        review.define(figures),
        cautions=[f"Too few for a comparison, with fewer than {LEAST_CASES} new customers: {counted(few, 'campaign')}."]
        * bool(few),
    )


def _name(figure: Figure) -> str:
    return figure.title.removeprefix(_RETURN)


def _money(review: Review, title: str, of: Selector) -> Iterator[Figure]:
    for each in of_each(of, "currency", review.now).values():
        yield review.figure(title, Quantity(each), Unit.MONEY)


def _returns(review: Review, label: str) -> Iterator[Figure]:
    of_label = samples_of(f"{label}_roi", window="mtd")
    for name, of_name in of_each(of_label, label, review.now).items():
        for currency, of in of_each(of_name, "currency", review.now).items():
            yield review.figure(f"{_RETURN}{name} ({currency})", Quantity(of), Unit.RATIO)


def _bars(title: str, figures: Mapping[str, Figure]) -> Chart | None:
    if not figures:
        return None
    line = Line(title, [each.now for each in figures.values()])
    return Chart(ChartKind.BARS, title, Unit.COUNT, list(figures), [line])


def _speed(review: Review) -> Answer:
    figures = [
        review.figure(
            f"Median time from {text}", median("stage_transition_seconds", window="mtd", transition=name), Unit.SECONDS
        )
        for name, text in _TRANSITIONS.items()
    ]
    known = [each for each in figures if each.now is not None]
    return Answer(
        "How fast do leads convert?",
        [review.sentence(each) for each in figures],
        figures,
        review.lines(
            "Median times by month",
            {
                text: median("stage_transition_seconds", window="mtd", transition=name)
                for name, text in _TRANSITIONS.items()
            },
            Unit.SECONDS,
        ),
        review.define(figures),
        cautions=small(known),
    )


def _sales(review: Review) -> Answer:
    sqls = review.figure("SQLs", total("stage_entries", funnel_stage="sql", window="mtd"))
    customers = review.figure("New customers", total("new_customers", window="mtd"))
    won = review.figure("Opportunities won", total("opportunities", state="won", window="mtd"))
    lost = review.figure("Opportunities lost", total("opportunities", state="lost", window="mtd"))
    due, on_time = samples_of("mql_due", window="mtd"), samples_of("mql_on_time", window="mtd")
    followed = review.figure("MQLs followed up in time", Quantity(on_time, per=due, share=(on_time, due)), Unit.RATIO)
    waiting = review.figure("MQLs that wait for sales", total("mql_waiting"))
    of_sources = {
        source: review.figure(
            f"Followed up in time, {source}",
            Quantity(
                samples_of("mql_on_time_ratio", window="mtd", source=source), share=(on_time.where(source=source), of)
            ),
            Unit.RATIO,
        )
        for source, of in of_each(due, "source", review.now).items()
    }
    ranking = review.ranking(of_sources)
    headlines = [sqls, customers, won, lost, followed, waiting]
    figures = [*headlines, *ranking.shown]
    return Answer(
        "How many SQLs and new customers, and does sales follow up?",
        [
            *map(review.sentence, headlines),
            *ranking.sentences(review, "share followed up in time", "source", "MQLs that fell due"),
        ],
        figures,
        review.lines("SQLs and new customers by month", {"SQLs": sqls.quantity, "New customers": customers.quantity}),
        review.define(figures),
        cautions=[*ranking.caution("source", "MQLs that fell due"), *small([followed])],
    )
