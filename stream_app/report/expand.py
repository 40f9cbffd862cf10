"""The questions about expanding: customer programs, retention, loyalty."""

from stream_app.report.document import Answer, Figure, Section
from stream_app.report.quantity import LEAST_CASES, Quantity, samples_of
from stream_app.report.review import Review, by_name, of_each
from stream_app.report.words import counted, small
from stream_app.spec.metric import Unit

_UPSELL_YARDSTICKS = (
    "Upsell: 10 to 30 % of bookings is usual for young companies, 50 % for seasoned ones.",
    "Revenue from existing customers: 30 % on average, 50 % for the best.",
)


def expand(review: Review) -> Section:
    """The section."""
    return Section("Expand", [_programs(review), _retention(review), _loyalty(review)])


def _programs(review: Review) -> Answer:
    delivered = samples_of("email_cohort", window="30d", audience="customer", state="delivered")
    rates = {
        program: review.figure(
            f"Click rate of customers, {program}, 30 days",
            Quantity(
                samples_of("email_click_rate", window="30d", audience="customer", program=program),
                share=(
                    samples_of("email_cohort", window="30d", audience="customer", state="clicked", program=program),
                    of,
                ),
            ),
            Unit.RATIO,
        )
        for program, of in of_each(delivered, "program", review.now).items()
    }
    enrolled = {
        program: review.figure(f"Customers enrolled in {program}, 30 days", Quantity(of))
        for program, of in of_each(
            samples_of("program_enrollments", window="30d", audience="customer"), "program", review.now
        ).items()
    }
    ranking = review.ranking(rates)
    said = ranking.sentences(review, "click rate", "program", "messages delivered to customers in 30 days")
    if enrolled:
        said.append(f"Customers enrolled in 30 days: {by_name(enrolled.items())}.")
    figures = [*ranking.shown, *enrolled.values()]
    return Answer(
        "Which customer programs work?",
        said,
        figures,
        ranking.chart("Click rate of customers, 30 days"),
        review.define(figures),
        cautions=ranking.caution("program", "messages delivered to customers in 30 days"),
    )


def _retention(review: Review) -> Answer:
    lost, opening = samples_of("lost_opening_customers", window="mtd"), samples_of("customers_opening", window="mtd")
    churn = review.figure(
        "Customers lost of those at the start",
        Quantity(samples_of("customer_churn_rate", window="mtd"), share=(lost, opening)),
        Unit.RATIO,
    )
    reasons = {
        reason: review.figure(f"Customers lost, {reason}", Quantity(of))
        for reason, of in of_each(samples_of("lost_customers", window="mtd"), "reason", review.now).items()
    }
    money = [
        review.figure(f"{title}, {currency}", Quantity(samples_of(series, currency=currency, **window)), unit)
        for currency in review.now.names(samples_of("mrr"), "currency")
        for title, series, window, unit in _OF_CURRENCY
    ]
    figures = [churn, *reasons.values(), *money]
    said = [review.sentence(churn)]
    said.append(f"Lost, by reason: {by_name(reasons.items())}." if reasons else "No customer was lost.")
    said += [review.sentence(each) for each in money if each.now is not None]
    currencies = review.now.names(samples_of("mrr"), "currency")
    return Answer(
        "How is retention, why do customers leave, and how much is upsell?",
        said,
        figures,
        review.lines(
            "Net revenue retention by month",
            {each: Quantity(samples_of("net_revenue_retention", window="mtd", currency=each)) for each in currencies},
            Unit.RATIO,
        ),
        review.define(figures),
        yardsticks=_UPSELL_YARDSTICKS,
        cautions=small([churn]),
    )


_OF_CURRENCY: tuple[tuple[str, str, dict[str, str], Unit], ...] = (
    ("MRR", "mrr", {}, Unit.MONEY),
    ("Gross MRR churn", "gross_mrr_churn_rate", {"window": "mtd"}, Unit.RATIO),
    ("Net revenue retention", "net_revenue_retention", {"window": "mtd"}, Unit.RATIO),
    ("Upsell and cross-sell of bookings", "upsell_share", {"window": "mtd"}, Unit.RATIO),
)


def _loyalty(review: Review) -> Answer:
    answers = samples_of("nps_responses", window="90d")
    overall = review.figure("NPS, 90 days", Quantity(samples_of("nps", segment="all")), Unit.POINTS)
    margin = review.figure("Margin of the NPS", Quantity(samples_of("nps_margin", segment="all")), Unit.POINTS)
    count = review.figure("Answers in 90 days", Quantity(answers))
    themes = {
        f"{theme} ({of_class})": review.figure(
            f"{theme}, {of_class}s, 90 days", Quantity(of.where(**{"class": of_class}))
        )
        for theme, of in of_each(samples_of("nps_themes", window="90d"), "theme", review.now).items()
        for of_class in ("promoter", "detractor")
    }
    said = [review.sentence(overall)]
    if overall.now is not None and margin.now is not None:
        said.append(f"The NPS may be off by {margin.now:.0f} points either way (95 %).")
        said += _moved(overall, margin)
    said.append(review.sentence(count))
    if themes:
        said.append(f"Themes, in the order of names: {by_name(themes.items())}.")
    figures = [overall, margin, count, *themes.values()]
    return Answer(
        "How does loyalty move, and why?",
        said,
        figures,
        review.lines("NPS of 90 days by month", {"NPS": overall.quantity}, Unit.POINTS),
        review.define(figures),
        cautions=[f"Only {counted(count.now or 0, 'answer')}: a small number."] * ((count.now or 0) < LEAST_CASES),
    )


def _moved(overall: Figure, margin: Figure) -> list[str]:
    if overall.now is None or overall.before is None or margin.now is None:
        return []
    if abs(overall.now - overall.before) <= margin.now:
        return ["The change against the month before is within that margin."]
    return ["The change against the month before is larger than that margin."]
