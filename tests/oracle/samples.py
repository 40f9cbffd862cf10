"""From facts to samples: windows, histograms, series limit, units."""

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
DUE_TIMES_OF = {
    "lifecycle_step_overdue": "lifecycle_step_balance",
    "lifecycle_step_oldest_due_timestamp_seconds": "lifecycle_step_balance",
    "lifecycle_mql_overdue": "lifecycle_mql_waiting",
    "lifecycle_mql_oldest_due_timestamp_seconds": "lifecycle_mql_waiting",
}
"""Due times are shown for the combinations that the level has which counts them."""
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


def metric_of(series: str) -> str:
    """Return the metric that a series belongs to: the three series of a distribution are one."""
    for ending in ("_bucket", "_gcount", "_gsum"):
        if series.endswith(ending):
            return series.removesuffix(ending)
    return series


def ranks(series: str, labels: Labels) -> bool:
    """Tell whether a sample ranks: the flow of 30 days, else of the longest window; a level; how many observations."""
    metric = metric_of(series)
    if metric != series and not series.endswith("_gcount"):
        return False
    windows = WINDOWS.get(metric)
    if not windows:
        return True
    ranking = next(name for name in ("30d", "90d", "7d", "24h", "1h", "5m", "prev_month", "mtd") if name in windows)
    return dict(labels).get("window") == ranking


def combination(labels: Labels) -> tuple[tuple[str, str], ...]:
    """Return the open labels by name: "a combination is shown with every value of the closed labels, or with none"."""
    return tuple(sorted((name, value) for name, value in labels if name in (*CAPPED, "currency", "cohort")))


def combinations_kept(samples: Samples, metric: str, series_limit: int) -> set[tuple[tuple[str, str], ...]]:
    """Return the combinations of a metric with the largest flows; "ties go by the label values"."""
    flow: dict[tuple[tuple[str, str], ...], int] = {}
    for (series, labels), amount in samples.items():
        if metric_of(series) == metric and amount:
            each = combination(labels)
            flow[each] = flow.get(each, 0) + (amount if ranks(series, labels) else 0)
    return set(sorted(flow, key=lambda each: (-flow[each], each))[:series_limit])


def cap(samples: Samples, series_limit: int) -> Samples:
    """Fold the combinations that are not kept: "sums the rest into `other` in every capped label"."""
    metrics = {metric_of(series) for series, _ in samples}
    kept = {metric: combinations_kept(samples, metric, series_limit) for metric in metrics}
    capped = []
    for (series, labels), amount in samples.items():
        metric = DUE_TIMES_OF.get(series, metric_of(series))
        if combination(labels) in kept.get(metric, set()):
            shown = labels
        else:
            shown = frozenset((name, OTHER if name in CAPPED else value) for name, value in labels)
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
