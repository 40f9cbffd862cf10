"""Section D from what was recounted: each ratio as the quotient of two sums of samples, in exact fractions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from stream_app.audit.capping import OTHER, RANKED_BY, Combination, beyond, combination_of, replaced
from stream_app.audit.comparison import Labels
from stream_app.audit.money import minor_units

Counts = Mapping[tuple[str, Labels], int]
"""Samples in whole units: counts, and money in minor units."""
Key = tuple[str, ...]
Sums = Mapping[Key, Fraction]

_PERIODS = ("30d", "mtd", "prev_month")
_MONTHS = ("mtd", "prev_month")
_SEND_TIME = ("24h", "7d", "30d")
_NOT_SALES = frozenset({"media", "labour", "technology", "agency", "event", "content"})
_FEWEST_ANSWERS = 5
_CONFIDENCE = 0.95
_WORTH = {"promoter": 100, "passive": 0, "detractor": -100}

MQL_ENTRIES = "mql_entries"
"""First entries into `mql` by window, those windows included that no series shows. Recounted for the velocity alone."""


class Part(NamedTuple):
    """The samples of a series whose labels have one of these values, each counted so many times."""

    series: str
    match: Mapping[str, frozenset[str]] = {}
    times: Fraction | int = 1


class Quotient(NamedTuple):
    """A ratio: the sum of some parts by the sum of others, for every value of the labels `by` and for each window.

    It has a sample where the lower sum is above 0; with `only_if_any` the upper sum must not be 0 either. `is_money`:
    the upper sum is money and the lower one a count. The value `none` of the label `named` has no sample. `also` are
    labels that each sample has besides.
    """

    name: str
    upper: tuple[Part, ...]
    lower: tuple[Part, ...]
    by: Key
    windows: Key
    is_money: bool = False
    only_if_any: bool = False
    named: str = ""
    also: Mapping[str, str] = {}


def _part(series: str, times: Fraction | int = 1, **match: str | frozenset[str]) -> Part:
    sets = {label: frozenset({value}) if isinstance(value, str) else value for label, value in match.items()}
    return Part(series, sets, times)


def _moved(*signed: str) -> tuple[Part, ...]:
    """MRR movements, each with the sign before its name."""
    return tuple(_part("mrr_movement", 1 if each[0] == "+" else -1, movement=each[1:]) for each in signed)


def _email() -> Iterator[Quotient]:
    delivered, opened, clicked = (_part("email_cohort", state=state) for state in ("delivered", "opened", "clicked"))
    both = ("program", "audience")
    yield Quotient("email_open_rate", (opened,), (delivered,), both, _SEND_TIME)
    yield Quotient("email_click_rate", (clicked,), (delivered,), both, _SEND_TIME)
    yield Quotient("email_click_to_open_rate", (clicked,), (opened,), both, _SEND_TIME)
    by_person = (delivered, _part("email_cohort_machine_opens", -1))
    yield Quotient("email_adjusted_open_rate", (opened,), by_person, ("program",), _SEND_TIME)


def _costs() -> Iterator[Quotient]:
    marketing = (_part("spend", kind=_NOT_SALES),)
    counted = {
        "lead": (_part("new_leads"),),
        "mql": (_part("stage_entries", funnel_stage="mql"),),
        "sql": (_part("stage_entries", funnel_stage="sql"),),
        "customer": (_part("new_customers"),),
    }
    for what, lower in counted.items():
        yield Quotient(f"cost_per_{what}", marketing, lower, ("currency",), _PERIODS, is_money=True, only_if_any=True)
        yield Quotient(
            f"campaign_cost_per_{what}",
            marketing,
            lower,
            ("campaign", "currency"),
            _PERIODS,
            is_money=True,
            only_if_any=True,
            named="campaign",
        )
    yield Quotient(
        "customer_acquisition_cost",
        (_part("spend"),),
        counted["customer"],
        ("currency",),
        _PERIODS,
        is_money=True,
        only_if_any=True,
    )


def _returns(margin: Fraction) -> Iterator[Quotient]:
    spend, loss = (_part("spend"),), _part("spend", -1)
    for label in ("campaign", "channel"):
        upper = (_part("bookings"), loss)
        yield Quotient(f"{label}_roi", upper, spend, (label, "currency"), _PERIODS, named=label)
    yield Quotient("romi", (_part("bookings", margin), loss), spend, ("currency",), _PERIODS)
    upsold = _part("bookings", kind=frozenset({"upsell", "cross_sell"}))
    yield Quotient("upsell_share", (upsold,), (_part("bookings"),), ("currency",), _PERIODS)


def _retention() -> Iterator[Quotient]:
    opening = (_part("mrr_opening"),)
    rates = {
        "gross_mrr_churn_rate": _moved("+churn", "+contraction"),
        "net_mrr_churn_rate": _moved("+churn", "+contraction", "-expansion", "-reactivation"),
        # What is left of the opening, instead of 1 - what is gone.
        "gross_revenue_retention": (*opening, *_moved("-churn", "-contraction")),
        "net_revenue_retention": (*opening, *_moved("-churn", "-contraction", "+expansion")),
    }
    for name, upper in rates.items():
        yield Quotient(name, upper, opening, ("currency",), _MONTHS)
    gains, losses = _moved("+new", "+expansion", "+reactivation"), _moved("+churn", "+contraction")
    yield Quotient("quick_ratio", gains, losses, ("currency",), _MONTHS)
    yield Quotient(
        "customer_churn_rate", (_part("lost_opening_customers"),), (_part("customers_opening"),), (), _MONTHS
    )


def _others() -> Iterator[Quotient]:
    mqls = _part("stage_entries", funnel_stage="mql")
    leads = (_part("new_leads"),)
    yield Quotient("lead_to_mql_ratio", (mqls,), leads, ("source",), _PERIODS)
    yield Quotient("lead_to_mql_cohort_ratio", (_part("lead_mql_cohort"),), leads, (), _PERIODS)
    responses, impressions = _part("reach", kind="responses"), _part("reach", kind="impressions")
    for stage in ("mql", "sql", "customer"):
        credited = (_part("program_stage_entries", funnel_stage=stage),)
        yield Quotient(
            f"program_cost_per_{stage}",
            (_part("spend", kind=_NOT_SALES),),
            credited,
            ("program", "currency"),
            _PERIODS,
            is_money=True,
            only_if_any=True,
            named="program",
        )
    cohort = (_part("program_cohort"),)
    for stage in ("mql", "sql", "customer"):
        yield Quotient(
            "program_conversion_rate",
            (_part("program_cohort_conversions", funnel_stage=stage),),
            cohort,
            ("program",),
            ("30d", "90d", "mtd", "prev_month"),
            also={"funnel_stage": stage},
        )
    on_time = (_part("mql_on_time"),)
    yield Quotient("mql_on_time_ratio", on_time, (_part("mql_due"),), ("source",), ("7d", "30d", "mtd", "prev_month"))
    yield Quotient("response_rate", (responses,), (impressions,), ("campaign",), ("7d", "30d", "mtd"))


class Recounted:
    """Samples that were recounted, to be added up by labels."""

    def __init__(self, counts: Counts) -> None:
        """Take samples in whole units."""
        self._of: dict[tuple[str, str], list[tuple[dict[str, str], int]]] = defaultdict(list)
        for (series, pairs), value in counts.items():
            labels = dict(pairs)
            self._of[series, labels.get("window", "")].append((labels, value))

    def sums(self, part: Part, by: Key, window: str = "") -> dict[Key, Fraction]:
        """Add up a part by the labels `by`; those that its series lacks are left out of the key."""
        found: dict[Key, Fraction] = defaultdict(Fraction)
        for labels, value in self._of.get((f"lifecycle_{part.series}", window), ()):
            if all(labels[label] in wanted for label, wanted in part.match.items()):
                found[tuple(labels[label] for label in by if label in labels)] += value * part.times
        return found

    def one(self, part: Part, window: str = "") -> Fraction:
        """Add up a part."""
        return self.sums(part, (), window).get((), Fraction(0))


def ratios(counts: Counts, *, gross_margin: float, this_month: str, limit: int) -> dict[tuple[str, Labels], float]:
    """Return every sample of section D; money in base units. `this_month` is the local month, as `YYYY-MM`.

    `counts` have every label value; those of ratios beyond the `limit` largest lower sums are `other`.
    """
    recounted, margin = Recounted(counts), Fraction(str(gross_margin))
    parts = (
        _quotients(recounted, (*_email(), *_costs(), *_returns(margin), *_retention(), *_others()), limit),
        _velocity(counts),
        _customer_value(recounted, margin, this_month),
        _promoters(recounted, limit),
    )
    return {
        (f"lifecycle_{name}", frozenset(labels.items())): float(value) for part in parts for name, labels, value in part
    }


Ratios = Iterator[tuple[str, dict[str, str], Fraction | float]]


def _quotients(recounted: Recounted, quotients: Iterable[Quotient], limit: int) -> Ratios:
    for quotient in quotients:
        folded = _folded(recounted, quotient, limit)
        for window in quotient.windows:
            for key, value in _by_key(recounted, quotient, window, folded):
                labels = dict(zip(quotient.by, key, strict=True))
                units = minor_units(labels["currency"]) if quotient.is_money else 1
                if labels.get(quotient.named) != "none":
                    yield quotient.name, {**labels, **quotient.also, "window": window}, value / units


def _folded(recounted: Recounted, quotient: Quotient, limit: int) -> frozenset[Combination]:
    """The combinations of the lower side beyond the `limit` largest sums over 30 days."""
    ranks: dict[Combination, Fraction] = {}
    for window in quotient.windows:
        for key, value in _added([recounted.sums(part, quotient.by, window) for part in quotient.lower]).items():
            if value:
                each = combination_of(dict(zip(quotient.by, key, strict=False)))
                ranks[each] = ranks.get(each, Fraction(0)) + (value if window == RANKED_BY else 0)
    return beyond(ranks, limit)


def _added(sides: Iterable[Mapping[Key, Fraction]]) -> dict[Key, Fraction]:
    found: dict[Key, Fraction] = defaultdict(Fraction)
    for sums in sides:
        for key, value in sums.items():
            found[key] += value
    return found


def _shown(sums: Mapping[Key, Fraction], quotient: Quotient, folded: frozenset[Combination], width: int) -> Sums:
    """Sums with `other` where the labels of the lower side, the first `width`, are folded."""
    if not folded:
        return sums
    found: dict[Key, Fraction] = defaultdict(Fraction)
    for key, value in sums.items():
        labels = dict(zip(quotient.by, key[:width], strict=False))
        named = tuple(replaced(labels).values()) if combination_of(labels) in folded else key[:width]
        found[(*named, *key[width:])] += value
    return found


def _by_key(
    recounted: Recounted, quotient: Quotient, window: str, folded: frozenset[Combination]
) -> Iterator[tuple[Key, Fraction]]:
    lower: list[Sums] = [recounted.sums(part, quotient.by, window) for part in quotient.lower]
    width = max((len(key) for sums in lower for key in sums), default=0)
    upper: list[Sums] = [recounted.sums(part, quotient.by, window) for part in quotient.upper]
    upper, lower = ([_shown(sums, quotient, folded, width) for sums in side] for side in (upper, lower))
    keys = {key for sums in (*upper, *lower) for key in sums if len(key) == len(quotient.by)}
    for key in keys:
        above, below = (sum((_at(sums, key) for sums in side), Fraction(0)) for side in (upper, lower))
        if below > 0 and (above or not quotient.only_if_any):
            yield key, above / below


def _at(sums: Mapping[Key, Fraction], key: Key) -> Fraction:
    """The sum at a key, or at the part of it that the series has: only `currency`, the last one, is ever lacked."""
    return sums.get(key, sums.get(key[:-1], Fraction(0)))


def _velocity(counts: Counts) -> Ratios:
    entries = {dict(labels)["window"]: value for (series, labels), value in counts.items() if series == MQL_ENTRIES}
    for basis, now, before in (
        ("closed", "prev_month", "month_before_prev"),
        ("paced", "full_days_of_month", "prev_month_to_date"),
        ("rolling", "30d", "30d_before"),
    ):
        if earlier := entries.get(before, 0):
            yield "lead_velocity_rate", {"basis": basis}, Fraction(entries.get(now, 0), earlier) - 1


def _averages(recounted: Recounted, this_month: str) -> dict[tuple[str, str], Fraction]:
    """ARPA in base units by cohort and currency."""
    customers, mrr = recounted.one(_part("customers")), recounted.sums(_part("mrr"), ("currency",))
    new = recounted.one(_part("cohort_customers", cohort=this_month))
    mrr_of_new = recounted.sums(_part("cohort_mrr", cohort=this_month), ("currency",))
    found = {}
    for (currency,), amount in mrr.items():
        of_new = mrr_of_new.get((currency,), Fraction(0))
        cohorts = {"all": (amount, customers), "new": (of_new, new), "existing": (amount - of_new, customers - new)}
        for cohort, (part, count) in cohorts.items():
            if part and count:
                found[cohort, currency] = part / count / minor_units(currency)
    return found


def _customer_value(recounted: Recounted, margin: Fraction, this_month: str) -> Ratios:
    averages = _averages(recounted, this_month)
    lost = recounted.one(_part("lost_opening_customers"), "prev_month")
    opening = recounted.one(_part("customers_opening"), "prev_month")
    customers = recounted.one(_part("new_customers"), "prev_month")
    spend = recounted.sums(_part("spend"), ("currency",), "prev_month")
    for (cohort, currency), average in averages.items():
        yield "arpa", {"cohort": cohort, "currency": currency}, average
        if cohort != "all":
            continue
        if lost and opening > 0:
            # A customer stays opening / lost months.
            lifetime = average * opening / lost
            yield "customer_lifetime_value", {"currency": currency, "margin": "excluded"}, lifetime
            yield "customer_lifetime_value", {"currency": currency, "margin": "included"}, lifetime * margin
        spent = spend.get((currency,), Fraction(0))
        if spent and customers > 0:
            cost = spent / customers / minor_units(currency)
            yield "cac_payback_months", {"currency": currency}, cost / (average * margin)


def _promoters(recounted: Recounted, limit: int) -> Ratios:
    """The NPS as the mean of answers worth 100, 0 and -100, and the margin of that mean; of all and by segment."""
    by_segment: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    together: dict[str, Fraction] = defaultdict(Fraction)
    answers_of = recounted.sums(_part("nps_responses"), ("class", "segment"), "90d")
    folded = beyond(_added([{(segment,): number} for (_, segment), number in answers_of.items()]), limit)
    for (name, segment), number in answers_of.items():
        by_segment[OTHER if (segment,) in folded else segment][name] += number
        together[name] += number
    by_segment["all"] = together
    for segment, answers in by_segment.items():
        count = sum(answers.values(), Fraction(0))
        if count < _FEWEST_ANSWERS:
            continue
        mean = sum((number * _WORTH[name] for name, number in answers.items()), Fraction(0)) / count
        variance = sum((number * (_WORTH[name] - mean) ** 2 for name, number in answers.items()), Fraction(0)) / count
        yield "nps", {"segment": segment}, mean
        quantile = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
        yield "nps_margin", {"segment": segment}, quantile * sqrt(variance / count)
