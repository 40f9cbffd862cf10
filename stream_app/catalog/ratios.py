"""Section D: ratios, computed on read from flows and levels. No sample where a denominator is 0 or too small."""

from stream_app.catalog.derived import CUSTOMERS_OPENING, MRR_OPENING
from stream_app.catalog.lead.outcomes import CREDITED_STAGES
from stream_app.catalog.metrics import (
    AUDIENCE,
    BY_NAME,
    CAMPAIGN,
    CHANNEL,
    COHORT_PERIODS,
    CREDITED_STAGE,
    CURRENCY,
    DUE_PERIODS,
    PROGRAM,
    SEGMENT,
    SOURCE,
)
from stream_app.spec.metric import Unit
from stream_app.spec.ratio import ConfidenceMargin, Constant, Month, Quotient, Ratio, Term, Variants
from stream_app.spec.window import Window

GROSS_MARGIN = Constant("gross_margin", 0.8)
"""The share of revenue that is left when the service has been paid for."""

CLOSED = (Window.D30, Window.MTD, Window.PREV_MONTH)
OPENED = (Window.MTD, Window.PREV_MONTH)


def _total(name: str, weight: int | Constant = 1, window: Window | None = None, **match: str | tuple[str, ...]) -> Term:
    """The sum of a metric where its labels have these values."""
    values = tuple((label, (each,) if isinstance(each, str) else each) for label, each in match.items())
    return Term(BY_NAME[name], values, weight, window)


def _quotient(numerator: Term, *denominator: Term) -> Quotient:
    return Quotient(numerator=(numerator,), denominator=denominator)


_MAIL = (PROGRAM, AUDIENCE)
_MAIL_WINDOWS = (Window.H24, Window.D7, Window.D30)


def _messages(state: str) -> Term:
    return _total("email_cohort", state=state)


_MARKETING = ("media", "labour", "technology", "agency", "event", "content")
_COSTS = {
    "lead": (
        _total("new_leads"),
        "new leads",
        "The source divides the cost per MQL by leads: that is this metric. Both are shown.",
    ),
    "mql": (
        _total("stage_entries", funnel_stage="mql"),
        "first MQL entries",
        "The source divides by leads here, which is the cost per lead. Both are shown.",
    ),
    "sql": (_total("stage_entries", funnel_stage="sql"), "first SQL entries", ""),
    "customer": (
        _total("new_customers"),
        "new customers",
        "Without spend of kind sales; with it, it is the customer acquisition cost.",
    ),
}

_RETURN = Quotient(numerator=(_total("bookings"), _total("spend", -1)), denominator=(_total("spend"),))


def _growth(window: Window, before: Window) -> Quotient:
    def mqls(weight: int, window: Window) -> Term:
        return _total("stage_entries", weight, window, funnel_stage="mql")

    return Quotient(numerator=(mqls(1, window), mqls(-1, before)), denominator=(mqls(1, before),))


_VELOCITY = Variants(
    "basis",
    (
        ("closed", _growth(Window.PREV_MONTH, Window.MONTH_BEFORE_PREV)),
        ("paced", _growth(Window.FULL_DAYS_MTD, Window.PREV_MONTH_TO_DATE)),
        ("rolling", _growth(Window.D30, Window.D30_BEFORE)),
    ),
)


def _of_opening_mrr(*, complement: bool = False, **weights: int) -> Quotient:
    """MRR movements, each with its weight, per opening MRR."""
    moved = tuple(_total("mrr_movement", weight, movement=movement) for movement, weight in weights.items())
    return Quotient(numerator=moved, denominator=(Term(MRR_OPENING),), complement=complement)


def _mrr_per_customer(cohorts: Month | None = None) -> Quotient:
    match = (("cohort", cohorts),) if cohorts else ()
    return _quotient(Term(BY_NAME["cohort_mrr"], match), Term(BY_NAME["cohort_customers"], match))


_ARPA = Variants(
    "cohort",
    (
        ("all", _mrr_per_customer()),
        ("new", _mrr_per_customer(Month.RUNNING)),
        ("existing", _mrr_per_customer(Month.EARLIER)),
    ),
)

_NPS = Quotient(
    numerator=(
        Term(BY_NAME["nps_responses"], (("class", ("promoter",)),), 1, Window.D90),
        Term(BY_NAME["nps_responses"], (("class", ("detractor",)),), -1, Window.D90),
    ),
    denominator=(Term(BY_NAME["nps_responses"], window=Window.D90),),
    scale=100,
    minimum=5,
)

CUSTOMER_ACQUISITION_COST = Ratio(
    name="customer_acquisition_cost",
    labels=(CURRENCY,),
    windows=CLOSED,
    unit=Unit.MONEY,
    value=_quotient(_total("spend"), _total("new_customers")),
    definition="All spend, sales included, divided by new customers (CAC).",
    formula="spend / new customers",
)

CUSTOMER_CHURN_RATE = Ratio(
    name="customer_churn_rate",
    windows=OPENED,
    value=_quotient(_total("lost_opening_customers"), Term(CUSTOMERS_OPENING)),
    definition="Share of the customers at the start of the month that were lost in it.",
    formula="lost opening customers / opening customers",
)

ARPA = Ratio(
    name="arpa",
    labels=(_ARPA.label, CURRENCY),
    unit=Unit.MONEY,
    value=_ARPA,
    definition="Average MRR per customer; new = first MRR this month.",
    formula="MRR / customers",
    note="With several currencies this is each currency's part of the average: converted, the parts add up.",
)


def _lifetime_value(weight: int | Constant) -> Quotient:
    average = Term(ARPA, (("cohort", ("all",)),), weight)
    return _quotient(average, Term(CUSTOMER_CHURN_RATE, window=Window.PREV_MONTH))


_LIFETIME_VALUE = Variants(
    "margin",
    (("included", _lifetime_value(GROSS_MARGIN)), ("excluded", _lifetime_value(1))),
)


RATIOS: tuple[Ratio, ...] = (
    Ratio(
        name="email_open_rate",
        value=_quotient(_messages("opened"), _messages("delivered")),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the delivered messages of a send-time cohort that a person opened.",
        formula="cohort opened / cohort delivered",
        note="Opens are a weak signal: many clients block images, and machines prefetch them.",
    ),
    Ratio(
        name="email_adjusted_open_rate",
        value=_quotient(_messages("opened"), _messages("delivered"), _total("email_cohort_machine_opens", -1)),
        labels=(PROGRAM,),
        windows=_MAIL_WINDOWS,
        definition="Open rate without the messages that only a machine opened.",
        formula="cohort opened / (cohort delivered - messages opened by machines only)",
        note="HubSpot's definition of the adjusted open rate.",
    ),
    Ratio(
        name="email_click_rate",
        value=_quotient(_messages("clicked"), _messages("delivered")),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the delivered messages of a send-time cohort in which a person followed a link.",
        formula="cohort clicked / cohort delivered",
        note="A better signal than opens.",
    ),
    Ratio(
        name="email_click_to_open_rate",
        value=_quotient(_messages("clicked"), _messages("opened")),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the opened messages in which a person followed a link.",
        formula="cohort clicked / cohort opened",
    ),
    Ratio(
        name="lead_to_mql_ratio",
        value=_quotient(_total("stage_entries", funnel_stage="mql"), _total("new_leads")),
        labels=(SOURCE,),
        windows=CLOSED,
        definition="First MQL entries in the window per new lead in the window.",
        formula="first MQL entries / new leads",
        note="In-period: two different groups of leads. The source calls it qualified lead rate.",
    ),
    Ratio(
        name="lead_to_mql_cohort_ratio",
        value=_quotient(_total("lead_mql_cohort"), _total("new_leads")),
        windows=CLOSED,
        definition="Share of the leads created in the window that became MQL within 30 days of their creation.",
        formula="leads of the window that became MQL within 30 days / new leads of the window",
        note="Leads younger than 30 days can still become MQL.",
    ),
    *(
        Ratio(
            name=f"cost_per_{what}",
            value=_quotient(_total("spend", kind=_MARKETING), count),
            labels=(CURRENCY,),
            windows=CLOSED,
            unit=Unit.MONEY,
            definition=f"Spend without kind sales, divided by {counted}.",
            formula=f"spend without sales / {counted}",
            note=note,
        )
        for what, (count, counted, note) in _COSTS.items()
    ),
    *(
        Ratio(
            name=f"campaign_cost_per_{what}",
            value=_quotient(_total("spend", kind=_MARKETING), count),
            labels=(CAMPAIGN, CURRENCY),
            windows=CLOSED,
            skip="none",
            unit=Unit.MONEY,
            definition=f"A campaign's spend without kind sales, divided by its {counted}.",
            formula=f"spend without sales of the campaign / {counted} of the campaign",
            note=note,
        )
        for what, (count, counted, note) in _COSTS.items()
    ),
    *(
        Ratio(
            name=f"program_cost_per_{stage}",
            value=_quotient(_total("spend", kind=_MARKETING), _total("program_stage_entries", funnel_stage=stage)),
            labels=(PROGRAM, CURRENCY),
            windows=CLOSED,
            skip="none",
            unit=Unit.MONEY,
            definition=f"A program's spend without kind sales, divided by first entries into {stage} credited to it.",
            formula=f"spend without sales of the program / program stage entries into {stage}",
        )
        for stage in CREDITED_STAGES
    ),
    Ratio(
        name="program_conversion_rate",
        value=_quotient(_total("program_cohort_conversions"), _total("program_cohort")),
        labels=(PROGRAM, CREDITED_STAGE),
        windows=COHORT_PERIODS,
        definition="Share of the leads that first enrolled in a program that entered a stage within 90 days of it.",
        formula="program cohort conversions / program cohort",
        note="By the time of enrollment: the youngest enrollments may still convert.",
    ),
    Ratio(
        name="mql_on_time_ratio",
        value=_quotient(_total("mql_on_time"), _total("mql_due")),
        labels=(SOURCE,),
        windows=DUE_PERIODS,
        definition="Share of the MQLs that fell due for a follow-up that had it by then.",
        formula="MQLs followed up on time / MQLs due",
        note="The running hour or day counts whole: an MQL that falls due later in it and waits counts as not on time.",
    ),
    CUSTOMER_ACQUISITION_COST,
    Ratio(
        name="campaign_roi",
        value=_RETURN,
        labels=(CAMPAIGN, CURRENCY),
        windows=CLOSED,
        skip="none",
        definition="Return on a campaign's spend.",
        formula="(bookings - spend) / spend of the campaign",
        note="First-year bookings; single attribution, that of the opportunity.",
    ),
    Ratio(
        name="channel_roi",
        value=_RETURN,
        labels=(CHANNEL, CURRENCY),
        windows=CLOSED,
        skip="none",
        definition="Return on a channel's spend.",
        formula="(bookings - spend) / spend of the channel",
        note="First-year bookings; single attribution, that of the opportunity.",
    ),
    Ratio(
        name="romi",
        value=Quotient(
            numerator=(_total("bookings", GROSS_MARGIN), _total("spend", -1)), denominator=(_total("spend"),)
        ),
        labels=(CURRENCY,),
        windows=CLOSED,
        definition="Return on marketing investment.",
        formula="(bookings x gross margin - spend) / spend",
        note="Break-even is 0, not 1 as the source prints. The gross margin is a setting.",
    ),
    Ratio(
        name="lead_velocity_rate",
        value=_VELOCITY,
        labels=(_VELOCITY.label,),
        definition="Growth of first MQL entries: closed months, full days of this month, or rolling 30 days.",
        formula="(MQLs - MQLs before) / MQLs before",
        note="A plain month-to-date value against a whole month always looks negative, so this month is paced by days.",
    ),
    CUSTOMER_CHURN_RATE,
    Ratio(
        name="gross_mrr_churn_rate",
        value=_of_opening_mrr(churn=1, contraction=1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Share of the opening MRR that was lost to churn and contraction.",
        formula="(churn + contraction) / opening MRR",
        note="The complement of gross retention, not its inverse.",
    ),
    Ratio(
        name="net_mrr_churn_rate",
        value=_of_opening_mrr(churn=1, contraction=1, expansion=-1, reactivation=-1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="MRR lost minus MRR regained from customers, by the opening MRR.",
        formula="(churn + contraction - expansion - reactivation) / opening MRR",
    ),
    Ratio(
        name="gross_revenue_retention",
        value=_of_opening_mrr(complement=True, churn=1, contraction=1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Share of the opening MRR that was kept, excluding expansion (GRR).",
        formula="1 - (churn + contraction) / opening MRR",
    ),
    Ratio(
        name="net_revenue_retention",
        value=_of_opening_mrr(complement=True, churn=1, contraction=1, expansion=-1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Opening MRR that was kept, with expansion (NRR).",
        formula="1 - (churn + contraction - expansion) / opening MRR",
        note="Without reactivation.",
    ),
    Ratio(
        name="quick_ratio",
        value=_quotient(
            _total("mrr_movement", movement=("new", "expansion", "reactivation")),
            _total("mrr_movement", movement=("churn", "contraction")),
        ),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="MRR gained per MRR lost.",
        formula="(new + expansion + reactivation) / (churn + contraction)",
    ),
    ARPA,
    Ratio(
        name="response_rate",
        value=_quotient(_total("reach", kind="responses"), _total("reach", kind="impressions")),
        labels=(CAMPAIGN,),
        windows=(Window.D7, Window.D30, Window.MTD),
        definition="Responses per impression.",
        formula="reach responses / reach impressions",
        note="An activity metric: leading, not an outcome.",
    ),
    Ratio(
        name="customer_lifetime_value",
        value=_LIFETIME_VALUE,
        labels=(CURRENCY, _LIFETIME_VALUE.label),
        unit=Unit.MONEY,
        definition="What a customer brings over its lifetime.",
        formula="ARPA x gross margin / customer churn rate of the previous month",
        note='The source leaves the margin out: that is margin="excluded".',
    ),
    Ratio(
        name="cac_payback_months",
        value=_quotient(
            Term(CUSTOMER_ACQUISITION_COST, window=Window.PREV_MONTH), Term(ARPA, (("cohort", ("all",)),), GROSS_MARGIN)
        ),
        labels=(CURRENCY,),
        unit=Unit.MONTHS,
        definition="Months until a customer has paid back its acquisition cost of the previous month.",
        formula="CAC of the previous month / (ARPA x gross margin)",
    ),
    Ratio(
        name="upsell_share",
        value=_quotient(_total("bookings", kind=("upsell", "cross_sell")), _total("bookings")),
        labels=(CURRENCY,),
        windows=CLOSED,
        definition="Share of upsell and cross-sell in bookings.",
        formula="bookings of kind upsell and cross_sell / bookings",
        note="10 to 30 % is usual for young companies, 50 % and more for mature ones.",
    ),
    Ratio(
        name="nps",
        value=_NPS,
        labels=(SEGMENT,),
        overall="segment",
        unit=Unit.POINTS,
        definition="Net promoter score over 90 days, -100 to 100.",
        formula="100 x (promoters - detractors) / answers",
        note="No sample below 5 answers.",
    ),
    Ratio(
        name="nps_margin",
        value=ConfidenceMargin(_NPS),
        labels=(SEGMENT,),
        overall="segment",
        unit=Unit.POINTS,
        definition="Half-width of the 95 % confidence interval of the NPS.",
        formula="100 x 1.96 x sqrt((promoters + detractors - (promoters - detractors)^2) / answers), of shares",
    ),
)
