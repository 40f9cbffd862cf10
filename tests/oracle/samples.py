"""From facts to samples: windows, histograms, label cap, units."""

from collections.abc import Iterable, Mapping, Sequence

from .facts import Key, Labels

Samples = dict[Key, int]

HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS

SHORT_AND_LONG = ("5m", "1h", "24h", "7d", "30d", "mtd", "prev_month", "prev_month_to_date")
WINDOWS: Mapping[str, Sequence[str]] = {
    # The column "windows" of section A; at the end section C.
    "lifecycle_new_leads": SHORT_AND_LONG,
    "lifecycle_stage_entries": SHORT_AND_LONG,
    "lifecycle_stage_reentries": ("24h", "7d", "30d", "mtd"),
    "lifecycle_reopened_leads": ("5m", "1h", "24h", "7d", "30d", "mtd"),
    "lifecycle_email_messages": ("5m", "1h", "24h", "7d", "30d", "mtd"),
    "lifecycle_email_events": ("5m", "1h", "24h", "7d"),
    "lifecycle_email_cohort": ("24h", "7d", "30d", "mtd"),
    "lifecycle_email_cohort_machine_opens": ("24h", "7d", "30d", "mtd"),
    "lifecycle_program_enrollments": ("5m", "1h", "24h", "7d", "30d"),
    "lifecycle_program_exits": ("5m", "1h", "24h", "7d", "30d"),
    "lifecycle_step_entries": ("5m", "1h", "24h", "7d", "30d"),
    "lifecycle_step_exits": ("5m", "1h", "24h", "7d", "30d"),
    "lifecycle_step_due": ("1h", "24h", "7d"),
    "lifecycle_score_delta": ("24h", "7d", "30d"),
    "lifecycle_score_changes": ("24h", "7d", "30d"),
    "lifecycle_opportunities": ("24h", "7d", "30d", "mtd", "prev_month", "prev_month_to_date"),
    "lifecycle_bookings": ("30d", "mtd", "prev_month"),
    "lifecycle_new_customers": ("24h", "7d", "30d", "mtd", "prev_month", "prev_month_to_date"),
    "lifecycle_lost_customers": ("24h", "7d", "30d", "mtd", "prev_month"),
    "lifecycle_lost_opening_customers": ("mtd", "prev_month"),
    "lifecycle_mrr_movement": ("24h", "7d", "30d", "mtd", "prev_month"),
    "lifecycle_invoices": ("24h", "7d", "30d", "mtd"),
    "lifecycle_reach": ("24h", "7d", "30d", "mtd", "prev_month", "prev_month_to_date"),
    "lifecycle_spend": ("30d", "mtd", "prev_month"),
    "lifecycle_nps_responses": ("30d", "90d"),
    "lifecycle_lead_mql_cohort": ("30d", "mtd", "prev_month"),
    "lifecycle_nps_themes": ("90d",),
    "lifecycle_program_stage_entries": ("24h", "7d", "30d", "mtd", "prev_month"),
    "lifecycle_program_cohort": ("30d", "90d", "mtd", "prev_month"),
    "lifecycle_program_cohort_conversions": ("30d", "90d", "mtd", "prev_month"),
    "lifecycle_mql_follow_ups": ("24h", "7d", "30d", "mtd", "prev_month"),
    "lifecycle_mql_due": ("7d", "30d", "mtd", "prev_month"),
    "lifecycle_mql_on_time": ("7d", "30d", "mtd", "prev_month"),
    "lifecycle_program_mql_seconds": ("30d", "mtd"),
    "lifecycle_mql_follow_up_seconds": ("30d", "mtd"),
    "lifecycle_stage_transition_seconds": ("30d", "mtd"),
    "lifecycle_step_dwell_seconds": ("30d", "mtd"),
}
BOUNDS: Mapping[str, Sequence[int]] = {
    # The column "buckets" of section C, in seconds (the score: points).
    "lifecycle_stage_transition_seconds": (
        1 * HOUR_SECONDS,
        6 * HOUR_SECONDS,
        *(days * DAY_SECONDS for days in (1, 3, 7, 14, 30, 60, 90, 180, 365)),
    ),
    "lifecycle_step_dwell_seconds": (
        1 * HOUR_SECONDS,
        6 * HOUR_SECONDS,
        *(days * DAY_SECONDS for days in (1, 2, 3, 7, 14, 30, 60)),
    ),
    "lifecycle_program_mql_seconds": (
        1 * HOUR_SECONDS,
        6 * HOUR_SECONDS,
        *(days * DAY_SECONDS for days in (1, 3, 7, 14, 30, 60, 90, 180, 365)),
    ),
    "lifecycle_mql_follow_up_seconds": (
        *(hours * HOUR_SECONDS for hours in (1, 4, 8)),
        *(days * DAY_SECONDS for days in (1, 2, 3, 7, 14, 30)),
    ),
    "lifecycle_new_lead_score": (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100),
}
MONEY = (
    "lifecycle_bookings",
    "lifecycle_spend",
    "lifecycle_mrr_movement",
    "lifecycle_mrr",
    "lifecycle_mrr_at_risk",
    "lifecycle_mrr_paused",
    "lifecycle_mrr_opening",
    "lifecycle_cohort_mrr",
    "lifecycle_open_pipeline",
)
IN_MILLISECONDS = (
    "lifecycle_stage_transition_seconds_gsum",
    "lifecycle_step_dwell_seconds_gsum",
    "lifecycle_program_mql_seconds_gsum",
    "lifecycle_mql_follow_up_seconds_gsum",
    "lifecycle_mql_oldest_due_timestamp_seconds",
    "lifecycle_step_oldest_due_timestamp_seconds",
)
SMALLEST = ("lifecycle_step_oldest_due_timestamp_seconds", "lifecycle_mql_oldest_due_timestamp_seconds")
"""Series of which the smallest contribution is the value; everywhere else they are added up."""

CAPPED = ("program", "step", "campaign", "channel", "source", "activity", "segment", "theme")
OTHER = "other"
EXPONENTS = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0)
    | dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)
"""Currencies whose minor unit is not a hundredth (ISO 4217)."""


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """Return the labels with one more (or another value of one)."""
    return frozenset({**dict(labels), name: value}.items())


def add_up(contributions: Iterable[tuple[Key, int]]) -> Samples:
    """Add the contributions to each sample up (or take the smallest)."""
    samples: Samples = {}
    for key, value in contributions:
        if key not in samples:
            samples[key] = value
        elif key[0] in SMALLEST:
            samples[key] = min(samples[key], value)
        else:
            samples[key] += value
    return samples


def le(bound: int) -> str:
    """Return an upper bound as Prometheus prints floats: from 1e6 on with an exponent (`1.2096e+06`)."""
    text = str(float(bound))
    digits = text.removesuffix(".0")
    exponent = len(digits) - 1
    if exponent < len("000000"):
        return text
    mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0").rstrip(".")
    return f"{mantissa}e+{exponent:02}"


def histogram(series: str, labels: Labels, values: Sequence[int], *, unit: int) -> Samples:
    """Return the samples of one distribution: cumulative buckets, how many, their sum; `unit` is 1000 for ms."""
    samples: Samples = {}
    for bound in BOUNDS[series]:
        at_most = [value for value in values if value <= bound * unit]
        samples[f"{series}_bucket", with_label(labels, "le", le(bound))] = len(at_most)
    samples[f"{series}_bucket", with_label(labels, "le", "+Inf")] = len(values)
    samples[f"{series}_gcount", labels] = len(values)
    samples[f"{series}_gsum", labels] = sum(values)
    return samples


def counts_a_flow(series: str, labels: Labels) -> bool:
    """Tell whether a sample ranks: "the 30d windows of every flow metric (section A, counts only, ...)"."""
    if series in MONEY or series in BOUNDS or series == "lifecycle_score_delta":
        return False
    return series in WINDOWS and dict(labels).get("window") == "30d"


def values_kept(samples: Samples, label: str, label_cap: int) -> set[str]:
    """Return the values of a label that stay: "the 100 (setting) values with the largest 30-day flow".

    "Ties go to the smaller string. `none` and `unknown` rank like any value."
    """
    flow: dict[str, int] = {}
    for (series, labels), amount in samples.items():
        value = dict(labels).get(label)
        if value is None or amount == 0:
            continue
        flow[value] = flow.get(value, 0) + (amount if counts_a_flow(series, labels) else 0)
    ranked = sorted(flow, key=lambda value: (-flow[value], value))
    return set(ranked[:label_cap])


def cap(samples: Samples, label_cap: int) -> Samples:
    """Fold the values that are not kept: "sums the rest into `other`"."""
    kept = {label: values_kept(samples, label, label_cap) for label in CAPPED}
    capped = []
    for (series, labels), amount in samples.items():
        shown = frozenset(
            (name, OTHER if name in CAPPED and value not in kept[name] else value) for name, value in labels
        )
        capped.append(((series, shown), amount))
    return add_up(capped)


def in_units(series: str, labels: Labels, amount: int) -> float | int:
    """Return the value as it is exported: money in base units, milliseconds in seconds, counts as they are."""
    if series in MONEY:
        exponent = EXPONENTS.get(dict(labels)["currency"], 2)
        return amount / int(10**exponent)
    if series in IN_MILLISECONDS:
        return amount / 1000
    return amount
