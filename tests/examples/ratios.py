"""Section D once more: from what is exported, by the definitions, in exact fractions and the plainest words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

Samples = Iterator[tuple[str, dict[str, str], Fraction]]

Key = tuple[str, frozenset[tuple[str, str]]]
Labels = tuple[str, ...]
Wanted = str | tuple[str, ...]

GROSS_MARGIN = Fraction(8, 10)
DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
MONTHLY = ("mtd", "prev_month")
PERIODS = ("30d", *MONTHLY)
MARKETING = ("media", "labour", "technology", "agency", "event", "content")


@dataclass(frozen=True)
class Exported:
    """The samples of one moment, and those of the moments whose windows lie before it."""

    now: Mapping[Key, float]
    end_of_yesterday: Mapping[Key, float]
    end_of_last_month: Mapping[Key, float]
    thirty_days_ago: Mapping[Key, float]
    today: date

    def total(self, series: str, window: str, by: Labels = (), **only: Wanted) -> dict[Labels, Fraction]:
        """Add up the samples of a window by some labels, where other labels have these values."""
        return add_up(self.now, series, by, window=window, **only)

    def one(self, series: str, window: str, **only: Wanted) -> Fraction:
        """Add up the samples of a window."""
        return self.total(series, window, (), **only).get((), Fraction(0))


def add_up(samples: Mapping[Key, float], series: str, by: Labels = (), **only: Wanted) -> dict[Labels, Fraction]:
    """Add up samples exactly."""
    found: dict[Labels, Fraction] = defaultdict(Fraction)
    for (name, pairs), value in samples.items():
        labels = dict(pairs)
        if name == f"lifecycle_{series}" and all(
            labels.get(label) in ((wanted,) if isinstance(wanted, str) else wanted) for label, wanted in only.items()
        ):
            found[tuple(labels[label] for label in by)] += exact(value, labels.get("currency"))
    return found


def exact(value: float, currency: str | None) -> Fraction:
    """Return the number that was meant: money is whole in the currency's minor unit, all else is whole."""
    scale = 10 ** DECIMALS[currency] if currency else 1
    return Fraction(round(value * scale), scale)


def ratios(exported: Exported) -> dict[Key, Fraction]:
    """Every sample of section D but the margin of the NPS, which is no fraction."""
    parts = (
        _mail,
        _leads,
        _programs,
        _follow_up,
        _program_costs,
        _costs,
        _returns,
        _velocity,
        _churn,
        _arpa,
        _lifetime,
        _others,
    )
    return {
        (f"lifecycle_{name}", frozenset(labels.items())): value
        for part in parts
        for name, labels, value in part(exported)
    }


def _mail(exported: Exported) -> Samples:
    for window in ("24h", "7d", "30d"):
        by = ("program", "audience")
        count = {
            state: exported.total("email_cohort", window, by, state=state)
            for state in ("delivered", "opened", "clicked")
        }
        for name, above, below in (
            ("email_open_rate", "opened", "delivered"),
            ("email_click_rate", "clicked", "delivered"),
            ("email_click_to_open_rate", "clicked", "opened"),
        ):
            for (program, audience), whole in count[below].items():
                if whole:
                    part = count[above].get((program, audience), Fraction(0))
                    yield name, {"program": program, "audience": audience, "window": window}, part / whole
        delivered = exported.total("email_cohort", window, ("program",), state="delivered")
        opened = exported.total("email_cohort", window, ("program",), state="opened")
        by_machine = exported.total("email_cohort_machine_opens", window, ("program",))
        for (program,), count_of in delivered.items():
            whole = count_of - by_machine.get((program,), Fraction(0))
            if whole > 0:
                labels = {"program": program, "window": window}
                yield "email_adjusted_open_rate", labels, opened.get((program,), Fraction(0)) / whole


def _leads(exported: Exported) -> Samples:
    for window in PERIODS:
        mqls = exported.total("stage_entries", window, ("source",), funnel_stage="mql")
        for (source,), leads in exported.total("new_leads", window, ("source",)).items():
            if leads:
                value = mqls.get((source,), Fraction(0)) / leads
                yield "lead_to_mql_ratio", {"source": source, "window": window}, value
        if leads := exported.one("new_leads", window):
            yield "lead_to_mql_cohort_ratio", {"window": window}, exported.one("lead_mql_cohort", window) / leads


def _programs(exported: Exported) -> Samples:
    for window in ("30d", "90d", *MONTHLY):
        enrolled = exported.total("program_cohort", window, ("program",))
        for stage in ("mql", "sql", "customer"):
            converted = exported.total("program_cohort_conversions", window, ("program",), funnel_stage=stage)
            for (program,), leads in enrolled.items():
                if leads:
                    labels = {"program": program, "funnel_stage": stage, "window": window}
                    yield "program_conversion_rate", labels, converted.get((program,), Fraction(0)) / leads


def _follow_up(exported: Exported) -> Samples:
    for window in ("7d", *PERIODS):
        on_time = exported.total("mql_on_time", window, ("source",))
        for (source,), due in exported.total("mql_due", window, ("source",)).items():
            if due:
                labels = {"source": source, "window": window}
                yield "mql_on_time_ratio", labels, on_time.get((source,), Fraction(0)) / due


def _program_costs(exported: Exported) -> Samples:
    for window in PERIODS:
        spent = exported.total("spend", window, ("program", "currency"), kind=MARKETING)
        for stage in ("mql", "sql", "customer"):
            entries = exported.total("program_stage_entries", window, ("program",), funnel_stage=stage)
            for (program, currency), amount in spent.items():
                count = entries.get((program,), Fraction(0))
                if program != "none" and amount and count:
                    labels = {"program": program, "currency": currency, "window": window}
                    yield f"program_cost_per_{stage}", labels, amount / count


def _costs(exported: Exported) -> Samples:
    for window in PERIODS:
        for by in ((), ("campaign",)):
            prefix = "campaign_" if by else ""
            counts = {
                "lead": exported.total("new_leads", window, by),
                "mql": exported.total("stage_entries", window, by, funnel_stage="mql"),
                "sql": exported.total("stage_entries", window, by, funnel_stage="sql"),
                "customer": exported.total("new_customers", window, by),
            }
            for key, spent in exported.total("spend", window, (*by, "currency"), kind=MARKETING).items():
                labels = dict(zip((*by, "currency"), key, strict=True))
                for what, found in counts.items():
                    count = found.get(key[:-1], Fraction(0))
                    if spent and count and labels.get("campaign") != "none":
                        yield f"{prefix}cost_per_{what}", {**labels, "window": window}, spent / count
        for currency, cost in _acquisition_cost(exported, window):
            yield "customer_acquisition_cost", {"currency": currency, "window": window}, cost


def _acquisition_cost(exported: Exported, window: str) -> Iterator[tuple[str, Fraction]]:
    customers = exported.one("new_customers", window)
    for (currency,), spent in exported.total("spend", window, ("currency",)).items():
        if spent and customers:
            yield currency, spent / customers


def _returns(exported: Exported) -> Samples:
    for window in PERIODS:
        for label in ("campaign", "channel"):
            booked = exported.total("bookings", window, (label, "currency"))
            for key, spent in exported.total("spend", window, (label, "currency")).items():
                if spent and key[0] != "none":
                    value = (booked.get(key, Fraction(0)) - spent) / spent
                    yield f"{label}_roi", {label: key[0], "currency": key[1], "window": window}, value
        booked = exported.total("bookings", window, ("currency",))
        for key, spent in exported.total("spend", window, ("currency",)).items():
            if spent:
                value = (booked.get(key, Fraction(0)) * GROSS_MARGIN - spent) / spent
                yield "romi", {"currency": key[0], "window": window}, value


def _velocity(exported: Exported) -> Samples:
    def mqls(samples: Mapping[Key, float], window: str) -> Fraction:
        return add_up(samples, "stage_entries", window=window, funnel_stage="mql").get((), Fraction(0))

    pairs = {
        "closed": (mqls(exported.now, "prev_month"), mqls(exported.end_of_last_month, "prev_month")),
        "rolling": (mqls(exported.now, "30d"), mqls(exported.thirty_days_ago, "30d")),
    }
    if exported.today.day > 1:
        pairs["paced"] = mqls(exported.end_of_yesterday, "mtd"), mqls(exported.now, "prev_month_to_date")
    for basis, (now, before) in pairs.items():
        if before:
            yield "lead_velocity_rate", {"basis": basis}, (now - before) / before


def _churn(exported: Exported) -> Samples:
    for window in MONTHLY:
        if opening := exported.one("customers_opening", window):
            lost = exported.one("lost_opening_customers", window)
            yield "customer_churn_rate", {"window": window}, lost / opening
        moved = exported.total("mrr_movement", window, ("currency", "movement"))
        openings = exported.total("mrr_opening", window, ("currency",))
        for currency in {key[0] for key in (*moved, *openings)}:
            labels = {"currency": currency, "window": window}
            new, expansion, contraction, churn, reactivation = (
                moved.get((currency, movement), Fraction(0))
                for movement in ("new", "expansion", "contraction", "churn", "reactivation")
            )
            if churn + contraction:
                yield "quick_ratio", labels, (new + expansion + reactivation) / (churn + contraction)
            if opening := openings.get((currency,), Fraction(0)):
                yield "gross_mrr_churn_rate", labels, (churn + contraction) / opening
                yield "net_mrr_churn_rate", labels, (churn + contraction - expansion - reactivation) / opening
                yield "gross_revenue_retention", labels, 1 - (churn + contraction) / opening
                yield "net_revenue_retention", labels, 1 - (churn + contraction - expansion) / opening


def _arpas(exported: Exported) -> dict[tuple[str, str], Fraction]:
    """MRR by customers, by cohort and currency."""
    this_month = f"{exported.today:%Y-%m}"
    customers, mrr = add_up(exported.now, "customers").get((), Fraction(0)), add_up(exported.now, "mrr", ("currency",))
    new = add_up(exported.now, "cohort_customers", cohort=this_month).get((), Fraction(0))
    mrr_of_new = add_up(exported.now, "cohort_mrr", ("currency",), cohort=this_month)
    found = {}
    for (currency,), amount in mrr.items():
        of_new = mrr_of_new.get((currency,), Fraction(0))
        for cohort, part, count in (
            ("all", amount, customers),
            ("new", of_new, new),
            ("existing", amount - of_new, customers - new),
        ):
            if part and count:
                found[cohort, currency] = part / count
    return found


def _arpa(exported: Exported) -> Samples:
    for (cohort, currency), value in _arpas(exported).items():
        yield "arpa", {"cohort": cohort, "currency": currency}, value


def _lifetime(exported: Exported) -> Samples:
    average = {currency: value for (cohort, currency), value in _arpas(exported).items() if cohort == "all"}
    opening, lost = (
        exported.one("customers_opening", "prev_month"),
        exported.one("lost_opening_customers", "prev_month"),
    )
    if opening and lost:
        for currency, value in average.items():
            lifetime = value / (lost / opening)
            yield "customer_lifetime_value", {"currency": currency, "margin": "included"}, lifetime * GROSS_MARGIN
            yield "customer_lifetime_value", {"currency": currency, "margin": "excluded"}, lifetime
    for currency, cost in _acquisition_cost(exported, "prev_month"):
        if average.get(currency):
            yield "cac_payback_months", {"currency": currency}, cost / (average[currency] * GROSS_MARGIN)


def _others(exported: Exported) -> Samples:
    for window in ("7d", "30d", "mtd"):
        responses = exported.total("reach", window, ("campaign",), kind="responses")
        for (campaign,), shown in exported.total("reach", window, ("campaign",), kind="impressions").items():
            if shown:
                value = responses.get((campaign,), Fraction(0)) / shown
                yield "response_rate", {"campaign": campaign, "window": window}, value
    for window in PERIODS:
        upsold = exported.total("bookings", window, ("currency",), kind=("upsell", "cross_sell"))
        for key, booked in exported.total("bookings", window, ("currency",)).items():
            if booked:
                yield "upsell_share", {"currency": key[0], "window": window}, upsold.get(key, Fraction(0)) / booked
    answers = exported.total("nps_responses", "90d", ("segment", "class"))
    for segment in {name for name, _ in answers} | {"all"}:
        classes: dict[str, Fraction] = defaultdict(Fraction)
        for (name, which), count in answers.items():
            classes[which] += count if segment in {name, "all"} else 0
        if (count := sum(classes.values(), Fraction(0))) >= 5:
            yield "nps", {"segment": segment}, 100 * (classes["promoter"] - classes["detractor"]) / count
