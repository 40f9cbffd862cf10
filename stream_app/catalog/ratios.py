"""Section D: ratios, computed on read from flows and levels. No sample where a denominator is 0 or too small."""

from collections.abc import Callable, Iterator, Mapping
from math import sqrt

from stream_app.catalog.derived import (
    Derived,
    cohort_customers,
    cohort_mrr,
    currencies,
    opening_customers,
    opening_mrr,
)
from stream_app.catalog.metrics import AUDIENCE, BY_NAME, CAMPAIGN, CHANNEL, CURRENCY, PROGRAM, SOURCE
from stream_app.core.calendar import month_of
from stream_app.core.money import base_units
from stream_app.core.samples import Sample, View, capped, gauge
from stream_app.spec.metric import Label, Unit
from stream_app.spec.window import Window

Key = tuple[str, ...]

CLOSED = (Window.D30, Window.MTD, Window.PREV_MONTH)
OPENED = (Window.MTD, Window.PREV_MONTH)
NPS_MINIMUM = 5
_Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def total(
    view: View, window: Window, name: str, by: tuple[str, ...] = (), **only: str | frozenset[str]
) -> dict[Key, int]:
    """Sums of a flow over a window by some of its labels, where other labels have these values."""
    metric = BY_NAME[name]
    names = [label.name for label in metric.labels]
    places = [names.index(label) for label in by]
    tests = [(names.index(label), {wanted} if isinstance(wanted, str) else wanted) for label, wanted in only.items()]
    found: dict[Key, int] = {}
    for labels, amount in capped(view.total(window, name), metric, view).items():
        if all(labels[place] in wanted for place, wanted in tests):
            key = tuple(labels[place] for place in places)
            found[key] = found.get(key, 0) + amount
    return found


def _one(view: View, window: Window, name: str, **only: str | frozenset[str]) -> int:
    return total(view, window, name, (), **only).get((), 0)


def _windows(view: View, windows: tuple[Window, ...]) -> list[Window]:
    return [window for window in windows if view.answers(window)]


def _shares(
    name: str, labels: tuple[str, ...], numerator: Mapping[Key, float], denominator: Mapping[Key, float], window: Window
) -> Iterator[Sample]:
    for key in sorted(denominator):
        if denominator[key] > 0:
            value = numerator.get(key, 0) / denominator[key]
            yield gauge(name, value, **dict(zip(labels, key, strict=True)), window=window.value)


def _email_rate(name: str, above: str, below: str) -> Callable[[View], Iterator[Sample]]:
    def read(view: View) -> Iterator[Sample]:
        labels = ("program", "audience")
        for window in _windows(view, (Window.H24, Window.D7, Window.D30)):
            upper = total(view, window, "email_cohort", labels, state=above)
            lower = total(view, window, "email_cohort", labels, state=below)
            yield from _shares(name, labels, upper, lower, window)

    return read


def _adjusted_open_rate(view: View) -> Iterator[Sample]:
    for window in _windows(view, (Window.H24, Window.D7, Window.D30)):
        opened = total(view, window, "email_cohort", ("program",), state="opened")
        delivered = total(view, window, "email_cohort", ("program",), state="delivered")
        by_machine = total(view, window, "email_cohort_machine_opens", ("program",))
        lower = {key: count - by_machine.get(key, 0) for key, count in delivered.items()}
        yield from _shares("email_adjusted_open_rate", ("program",), opened, lower, window)


def _lead_to_mql(view: View) -> Iterator[Sample]:
    for window in _windows(view, CLOSED):
        entries = total(view, window, "stage_entries", ("source",), funnel_stage="mql")
        leads = total(view, window, "new_leads", ("source",))
        yield from _shares("lead_to_mql_ratio", ("source",), entries, leads, window)


def _lead_to_mql_cohort(view: View) -> Iterator[Sample]:
    for window in _windows(view, CLOSED):
        reached, leads = total(view, window, "lead_mql_cohort"), total(view, window, "new_leads")
        yield from _shares("lead_to_mql_cohort_ratio", (), reached, leads, window)


_MARKETING = frozenset({"media", "labour", "technology", "agency", "event", "content"})

Counter = Callable[[View, Window, tuple[str, ...]], dict[Key, int]]

_PER: dict[str, Counter] = {
    "lead": lambda view, window, by: total(view, window, "new_leads", by),
    "mql": lambda view, window, by: total(view, window, "stage_entries", by, funnel_stage="mql"),
    "sql": lambda view, window, by: total(view, window, "stage_entries", by, funnel_stage="sql"),
    "customer": lambda view, window, by: total(view, window, "new_customers", by),
}


def _cost_per(what: str) -> Callable[[View], Iterator[Sample]]:
    def read(view: View) -> Iterator[Sample]:
        for window in _windows(view, CLOSED):
            count = _PER[what](view, window, ()).get((), 0)
            for (currency,), amount in sorted(total(view, window, "spend", ("currency",), kind=_MARKETING).items()):
                if count > 0:
                    value = base_units(amount, currency) / count
                    yield gauge(f"cost_per_{what}", value, currency=currency, window=window.value)

    return read


def _campaign_cost_per(what: str) -> Callable[[View], Iterator[Sample]]:
    def read(view: View) -> Iterator[Sample]:
        for window in _windows(view, CLOSED):
            counts = _PER[what](view, window, ("campaign",))
            spent = total(view, window, "spend", ("campaign", "currency"), kind=_MARKETING)
            for (campaign, currency), amount in sorted(spent.items()):
                count = counts.get((campaign,), 0)
                if count > 0 and campaign != "none":
                    value = base_units(amount, currency) / count
                    name = f"campaign_cost_per_{what}"
                    yield gauge(name, value, campaign=campaign, currency=currency, window=window.value)

    return read


def acquisition_cost(view: View, window: Window) -> dict[str, float]:
    """CAC by currency, base units; empty without new customers."""
    customers = _one(view, window, "new_customers")
    spent = total(view, window, "spend", ("currency",))
    return {
        currency: base_units(amount, currency) / customers for (currency,), amount in spent.items() if customers > 0
    }


def _acquisition_cost(view: View) -> Iterator[Sample]:
    for window in _windows(view, CLOSED):
        for currency, value in sorted(acquisition_cost(view, window).items()):
            yield gauge("customer_acquisition_cost", value, currency=currency, window=window.value)


def _return_on(label: str) -> Callable[[View], Iterator[Sample]]:
    def read(view: View) -> Iterator[Sample]:
        for window in _windows(view, CLOSED):
            booked = total(view, window, "bookings", (label, "currency"))
            for key, spent in sorted(total(view, window, "spend", (label, "currency")).items()):
                if spent > 0 and key[0] != "none":
                    value = (booked.get(key, 0) - spent) / spent
                    labels = dict(zip((label, "currency"), key, strict=True))
                    yield gauge(f"{label}_roi", value, **labels, window=window.value)

    return read


def _romi(view: View) -> Iterator[Sample]:
    for window in _windows(view, CLOSED):
        booked = total(view, window, "bookings", ("currency",))
        for key, spent in sorted(total(view, window, "spend", ("currency",)).items()):
            if spent > 0:
                value = (booked.get(key, 0) * view.gross_margin - spent) / spent
                yield gauge("romi", value, currency=key[0], window=window.value)


_PACES = {
    "closed": (Window.PREV_MONTH, Window.MONTH_BEFORE_PREV),
    "paced": (Window.FULL_DAYS_MTD, Window.PREV_MONTH_TO_DATE),
    "rolling": (Window.D30, Window.D30_BEFORE),
}


def _lead_velocity(view: View) -> Iterator[Sample]:
    for basis, (window, before) in _PACES.items():
        if view.answers(window) and view.answers(before):
            earlier = _one(view, before, "stage_entries", funnel_stage="mql")
            if earlier > 0:
                value = (_one(view, window, "stage_entries", funnel_stage="mql") - earlier) / earlier
                yield gauge("lead_velocity_rate", value, basis=basis)


def customer_churn(view: View, window: Window) -> float | None:
    """Lost opening customers / opening customers; None without opening customers."""
    opening = opening_customers(view, window)
    return _one(view, window, "lost_opening_customers") / opening if opening > 0 else None


def _customer_churn(view: View) -> Iterator[Sample]:
    for window in _windows(view, OPENED):
        if (value := customer_churn(view, window)) is not None:
            yield gauge("customer_churn_rate", value, window=window.value)


def _mrr_rate(name: str, sign: int, movements: dict[str, int], base: int = 0) -> Callable[[View], Iterator[Sample]]:
    """`base + sign x (weighted movements) / opening MRR`."""

    def read(view: View) -> Iterator[Sample]:
        for window in _windows(view, OPENED):
            moved = total(view, window, "mrr_movement", ("currency", "movement"))
            for currency in currencies(view):
                opening = opening_mrr(view, window, currency)
                if opening > 0:
                    net = sum(weight * moved.get((currency, each), 0) for each, weight in movements.items())
                    yield gauge(name, base + sign * net / opening, currency=currency, window=window.value)

    return read


def _quick_ratio(view: View) -> Iterator[Sample]:
    for window in _windows(view, OPENED):
        gained = total(
            view, window, "mrr_movement", ("currency",), movement=frozenset({"new", "expansion", "reactivation"})
        )
        lost = total(view, window, "mrr_movement", ("currency",), movement=frozenset({"churn", "contraction"}))
        yield from _shares("quick_ratio", ("currency",), gained, lost, window)


def arpa(view: View) -> dict[tuple[str, str], float]:
    """ARPA in base units by cohort (`all`, `new`, `existing`) and currency."""
    this_month = month_of(view.clock.day)
    customers = {"all": 0, "new": 0, "existing": 0}
    amounts: dict[tuple[str, str], int] = {}
    for month, count in cohort_customers(view).items():
        for cohort in ("all", "new" if month == this_month else "existing"):
            customers[cohort] += count
    for (month, currency), amount in cohort_mrr(view).items():
        for cohort in ("all", "new" if month == this_month else "existing"):
            amounts[cohort, currency] = amounts.get((cohort, currency), 0) + amount
    return {
        (cohort, currency): base_units(amount, currency) / customers[cohort]
        for (cohort, currency), amount in amounts.items()
        if customers[cohort] > 0
    }


def _arpa(view: View) -> Iterator[Sample]:
    for (cohort, currency), value in sorted(arpa(view).items()):
        yield gauge("arpa", value, cohort=cohort, currency=currency)


def _response_rate(view: View) -> Iterator[Sample]:
    for window in _windows(view, (Window.D7, Window.D30, Window.MTD)):
        responses = total(view, window, "reach", ("campaign",), kind="responses")
        impressions = total(view, window, "reach", ("campaign",), kind="impressions")
        yield from _shares("response_rate", ("campaign",), responses, impressions, window)


def _lifetime_value(view: View) -> Iterator[Sample]:
    churn = customer_churn(view, Window.PREV_MONTH) if view.answers(Window.PREV_MONTH) else None
    if churn:
        for (cohort, currency), value in sorted(arpa(view).items()):
            if cohort == "all":
                for margin, factor in (("included", view.gross_margin), ("excluded", 1.0)):
                    yield gauge("customer_lifetime_value", value * factor / churn, currency=currency, margin=margin)


def _payback(view: View) -> Iterator[Sample]:
    if view.answers(Window.PREV_MONTH):
        for currency, cost in sorted(acquisition_cost(view, Window.PREV_MONTH).items()):
            monthly = arpa(view).get(("all", currency), 0) * view.gross_margin
            if monthly > 0:
                yield gauge("cac_payback_months", cost / monthly, currency=currency)


def _upsell_share(view: View) -> Iterator[Sample]:
    for window in _windows(view, CLOSED):
        upsold = total(view, window, "bookings", ("currency",), kind=frozenset({"upsell", "cross_sell"}))
        booked = total(view, window, "bookings", ("currency",))
        yield from _shares("upsell_share", ("currency",), upsold, booked, window)


def _nps_answers(view: View) -> tuple[int, int, int] | None:
    if not view.answers(Window.D90):
        return None
    answers = total(view, Window.D90, "nps_responses", ("class",))
    count = sum(answers.values())
    if count < NPS_MINIMUM:
        return None
    return answers.get(("promoter",), 0), answers.get(("detractor",), 0), count


def _nps(view: View) -> Iterator[Sample]:
    if answers := _nps_answers(view):
        promoters, detractors, count = answers
        yield gauge("nps", 100 * (promoters - detractors) / count)


def _nps_margin(view: View) -> Iterator[Sample]:
    if answers := _nps_answers(view):
        promoters, detractors, count = answers
        variance = (promoters + detractors) * count - (promoters - detractors) ** 2
        yield gauge("nps_margin", 100 * _Z95 * sqrt(variance / count) / count)


def _ratio(name: str, read: Callable[[View], Iterator[Sample]], **more: object) -> Derived:
    return Derived(name=name, read=read, section="D", **{"unit": Unit.RATIO, **more})  # type: ignore[arg-type]


_MAIL = (PROGRAM, AUDIENCE)
_MAIL_WINDOWS = (Window.H24, Window.D7, Window.D30)
_COSTS = {
    "lead": ("new leads", "The source divides the cost per MQL by leads: that is this metric. Both are shown."),
    "mql": ("first MQL entries", "The source divides by leads here, which is the cost per lead. Both are shown."),
    "sql": ("first SQL entries", ""),
    "customer": ("new customers", "Without spend of kind sales; with it, it is the customer acquisition cost."),
}

RATIOS: tuple[Derived, ...] = (
    _ratio(
        "email_open_rate",
        _email_rate("email_open_rate", "opened", "delivered"),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the delivered messages of a send-time cohort that a person opened.",
        formula="cohort opened / cohort delivered",
        note="Opens are a weak signal: images are switched off, and prefetched by machines.",
    ),
    _ratio(
        "email_adjusted_open_rate",
        _adjusted_open_rate,
        labels=(PROGRAM,),
        windows=_MAIL_WINDOWS,
        definition="Open rate without the messages that only a machine opened.",
        formula="cohort opened / (cohort delivered - messages opened by machines only)",
        note="HubSpot's definition of the adjusted open rate.",
    ),
    _ratio(
        "email_click_rate",
        _email_rate("email_click_rate", "clicked", "delivered"),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the delivered messages of a send-time cohort in which a person followed a link.",
        formula="cohort clicked / cohort delivered",
        note="The better signal than opens.",
    ),
    _ratio(
        "email_click_to_open_rate",
        _email_rate("email_click_to_open_rate", "clicked", "opened"),
        labels=_MAIL,
        windows=_MAIL_WINDOWS,
        definition="Share of the opened messages in which a person followed a link.",
        formula="cohort clicked / cohort opened",
    ),
    _ratio(
        "lead_to_mql_ratio",
        _lead_to_mql,
        labels=(SOURCE,),
        windows=CLOSED,
        definition="First MQL entries in the window per new lead in the window.",
        formula="first MQL entries / new leads",
        note="In-period: two different groups of leads. The source calls it qualified lead rate.",
    ),
    _ratio(
        "lead_to_mql_cohort_ratio",
        _lead_to_mql_cohort,
        windows=CLOSED,
        definition="Share of the leads created in the window that became MQL within 30 days of their creation.",
        formula="leads of the window that became MQL within 30 days / new leads of the window",
        note="Leads younger than 30 days can still get there.",
    ),
    *(
        _ratio(
            f"cost_per_{what}",
            _cost_per(what),
            labels=(CURRENCY,),
            windows=CLOSED,
            unit=Unit.MONEY,
            definition=f"Spend without kind sales, divided by {counted}.",
            formula=f"spend without sales / {counted}",
            note=note,
        )
        for what, (counted, note) in _COSTS.items()
    ),
    *(
        _ratio(
            f"campaign_cost_per_{what}",
            _campaign_cost_per(what),
            labels=(CAMPAIGN, CURRENCY),
            windows=CLOSED,
            unit=Unit.MONEY,
            definition=f"A campaign's spend without kind sales, divided by its {counted}.",
            formula=f"spend without sales of the campaign / {counted} of the campaign",
            note=note,
        )
        for what, (counted, note) in _COSTS.items()
    ),
    _ratio(
        "customer_acquisition_cost",
        _acquisition_cost,
        labels=(CURRENCY,),
        windows=CLOSED,
        unit=Unit.MONEY,
        definition="All spend, sales included, divided by new customers (CAC).",
        formula="spend / new customers",
    ),
    _ratio(
        "campaign_roi",
        _return_on("campaign"),
        labels=(CAMPAIGN, CURRENCY),
        windows=CLOSED,
        definition="Return on a campaign's spend.",
        formula="(bookings - spend) / spend of the campaign",
        note="First-year bookings; single attribution, that of the opportunity.",
    ),
    _ratio(
        "channel_roi",
        _return_on("channel"),
        labels=(CHANNEL, CURRENCY),
        windows=CLOSED,
        definition="Return on a channel's spend.",
        formula="(bookings - spend) / spend of the channel",
        note="First-year bookings; single attribution, that of the opportunity.",
    ),
    _ratio(
        "romi",
        _romi,
        labels=(CURRENCY,),
        windows=CLOSED,
        definition="Return on marketing investment.",
        formula="(bookings x gross margin - spend) / spend",
        note="Break-even is 0, not 1 as the source prints. The gross margin is a setting.",
    ),
    _ratio(
        "lead_velocity_rate",
        _lead_velocity,
        labels=(Label("basis", tuple(_PACES)),),
        definition="Growth of first MQL entries: closed months, full days of this month, or rolling 30 days.",
        formula="(MQLs - MQLs before) / MQLs before",
        note="A plain month-to-date value against a whole month always looks negative, so this month is paced by days.",
    ),
    _ratio(
        "customer_churn_rate",
        _customer_churn,
        windows=OPENED,
        definition="Share of the customers at the start of the month that were lost in it.",
        formula="lost opening customers / opening customers",
    ),
    _ratio(
        "gross_mrr_churn_rate",
        _mrr_rate("gross_mrr_churn_rate", 1, {"churn": 1, "contraction": 1}),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Share of the opening MRR that was lost to churn and contraction.",
        formula="(churn + contraction) / opening MRR",
        note="The complement of gross retention, not its inverse.",
    ),
    _ratio(
        "net_mrr_churn_rate",
        _mrr_rate("net_mrr_churn_rate", 1, {"churn": 1, "contraction": 1, "expansion": -1, "reactivation": -1}),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="MRR lost minus MRR regained from customers, by the opening MRR.",
        formula="(churn + contraction - expansion - reactivation) / opening MRR",
    ),
    _ratio(
        "gross_revenue_retention",
        _mrr_rate("gross_revenue_retention", -1, {"churn": 1, "contraction": 1}, base=1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Share of the opening MRR that was kept, expansion aside (GRR).",
        formula="1 - (churn + contraction) / opening MRR",
    ),
    _ratio(
        "net_revenue_retention",
        _mrr_rate("net_revenue_retention", -1, {"churn": 1, "contraction": 1, "expansion": -1}, base=1),
        labels=(CURRENCY,),
        windows=OPENED,
        definition="Opening MRR that was kept, with expansion (NRR).",
        formula="1 - (churn + contraction - expansion) / opening MRR",
        note="Without reactivation.",
    ),
    _ratio(
        "quick_ratio",
        _quick_ratio,
        labels=(CURRENCY,),
        windows=OPENED,
        definition="MRR gained per MRR lost.",
        formula="(new + expansion + reactivation) / (churn + contraction)",
    ),
    _ratio(
        "arpa",
        _arpa,
        labels=(Label("cohort", ("all", "new", "existing")), CURRENCY),
        unit=Unit.MONEY,
        definition="Average MRR per customer; new = first MRR this month.",
        formula="MRR / customers",
        note="With several currencies this is each currency's part of the average: converted, the parts add up.",
    ),
    _ratio(
        "response_rate",
        _response_rate,
        labels=(CAMPAIGN,),
        windows=(Window.D7, Window.D30, Window.MTD),
        definition="Responses per impression.",
        formula="reach responses / reach impressions",
        note="An activity metric: leading, not an outcome.",
    ),
    _ratio(
        "customer_lifetime_value",
        _lifetime_value,
        labels=(CURRENCY, Label("margin", ("included", "excluded"))),
        unit=Unit.MONEY,
        definition="What a customer brings over its lifetime.",
        formula="ARPA x gross margin / customer churn rate of the previous month",
        note='The source leaves the margin out: that is margin="excluded".',
    ),
    _ratio(
        "cac_payback_months",
        _payback,
        labels=(CURRENCY,),
        unit=Unit.MONTHS,
        definition="Months until a customer has paid back its acquisition cost of the previous month.",
        formula="CAC of the previous month / (ARPA x gross margin)",
    ),
    _ratio(
        "upsell_share",
        _upsell_share,
        labels=(CURRENCY,),
        windows=CLOSED,
        definition="Share of upsell and cross-sell in bookings.",
        formula="bookings of kind upsell and cross_sell / bookings",
        note="10 to 30 % is usual for young companies, 50 % and more for seasoned ones.",
    ),
    _ratio(
        "nps",
        _nps,
        unit=Unit.POINTS,
        definition="Net promoter score over 90 days, -100 to 100.",
        formula="100 x (promoters - detractors) / answers",
        note="No sample below 5 answers.",
    ),
    _ratio(
        "nps_margin",
        _nps_margin,
        unit=Unit.POINTS,
        definition="Half-width of the 95 % confidence interval of the NPS.",
        formula="100 x 1.96 x sqrt((promoters + detractors - (promoters - detractors)^2) / answers), of shares",
    ),
)
