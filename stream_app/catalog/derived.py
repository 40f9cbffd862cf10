"""Section B's levels that follow from others: opening balances, due times against the clock, cohorts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stream_app.catalog.metrics import BY_NAME
from stream_app.core.money import base_units
from stream_app.core.samples import Sample, View, cap, gauge, recent_months
from stream_app.spec.metric import PREFIX, Label, Unit
from stream_app.spec.window import Window

GAINS = frozenset({"new", "expansion", "reactivation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A metric that is computed from others on read; `formula` says how, where the definition does not."""

    name: str
    definition: str
    labels: tuple[Label, ...] = ()
    unit: Unit = Unit.COUNT
    windows: tuple[Window, ...] = ()
    section: str = "B"
    note: str = ""
    formula: str = ""
    read: Callable[[View], Iterator[Sample]]

    @property
    def series(self) -> str:
        """The name that users script against."""
        return PREFIX + self.name


def mrr_change(view: View, window: Window, currency: str) -> int:
    """Net of the MRR movements of a window, minor units."""
    moved = view.total(window, "mrr_movement")
    return sum(amount if kind in GAINS else -amount for (each, kind), amount in moved.items() if each == currency)


def opening_mrr(view: View, window: Window, currency: str) -> int:
    """MRR at the start of this month (`MTD`) or of the previous one, minor units: the level minus what moved since."""
    opening = view.level("mrr").get((currency,), 0) - mrr_change(view, Window.MTD, currency)
    return opening - mrr_change(view, Window.PREV_MONTH, currency) if window is Window.PREV_MONTH else opening


def opening_customers(view: View, window: Window) -> int:
    """Customers at the start of this month (`MTD`) or of the previous one."""
    opening = view.level("customers").get((), 0) - sum(view.total(Window.MTD, "customer_change").values())
    if window is Window.PREV_MONTH:
        opening -= sum(view.total(Window.PREV_MONTH, "customer_change").values())
    return opening


def currencies(view: View) -> list[str]:
    """Every currency in which there is or was MRR in the windows that are read."""
    moved = (view.total(window, "mrr_movement") for window in (Window.MTD, Window.PREV_MONTH))
    return sorted({labels[0] for labels in view.level("mrr")} | {labels[0] for total in moved for labels in total})


def cohort_name(view: View, month: str) -> str:
    """The `cohort` label of a month: itself, or `older` beyond the last thirteen."""
    return month if month >= recent_months(view)[-1] else "older"


def _openings(view: View) -> list[Window]:
    return [window for window in (Window.MTD, Window.PREV_MONTH) if view.answers(window)]


def _mrr_opening(view: View) -> Iterator[Sample]:
    for currency in currencies(view):
        for window in _openings(view):
            value = base_units(opening_mrr(view, window, currency), currency)
            yield gauge("mrr_opening", value, currency=currency, window=window.value)


def _customers_opening(view: View) -> Iterator[Sample]:
    for window in _openings(view):
        yield gauge("customers_opening", opening_customers(view, window), window=window.value)


def cohort_customers(view: View) -> dict[str, int]:
    """Customers by cohort label."""
    found: dict[str, int] = {}
    for (month,), count in view.level("cohort_customers").items():
        name = cohort_name(view, month)
        found[name] = found.get(name, 0) + count
    return found


def cohort_mrr(view: View) -> dict[tuple[str, str], int]:
    """MRR in minor units by cohort label and currency."""
    found: dict[tuple[str, str], int] = {}
    for (month, currency), amount in view.level("cohort_mrr").items():
        name = cohort_name(view, month)
        found[name, currency] = found.get((name, currency), 0) + amount
    return found


def _cohort_customers(view: View) -> Iterator[Sample]:
    for cohort, count in sorted(cohort_customers(view).items()):
        yield gauge("cohort_customers", count, cohort=cohort)


def _cohort_mrr(view: View) -> Iterator[Sample]:
    for (cohort, currency), amount in sorted(cohort_mrr(view).items()):
        yield gauge("cohort_mrr", base_units(amount, currency), cohort=cohort, currency=currency)


def _due(view: View) -> dict[tuple[str, ...], tuple[int, int]]:
    metric = BY_NAME["step_balance"]
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for labels, due in view.due.items():
        name = cap(labels, metric, view.caps)
        overdue, oldest = found.get(name, (0, due.oldest))
        found[name] = (overdue + due.overdue, min(oldest, due.oldest))
    return found


def _step_overdue(view: View) -> Iterator[Sample]:
    known = {cap(labels, BY_NAME["step_balance"], view.caps) for labels in view.level("step_balance")}
    due = _due(view)
    for program, step in sorted(known | due.keys()):
        yield gauge("step_overdue", due.get((program, step), (0, 0))[0], program=program, step=step)


def _step_oldest_due(view: View) -> Iterator[Sample]:
    for (program, step), (_, oldest) in sorted(_due(view).items()):
        yield gauge("step_oldest_due_timestamp_seconds", oldest / 1000, program=program, step=step)


_PROGRAM, _STEP, _CURRENCY, _COHORT = (
    Label("program", capped=True),
    Label("step", capped=True),
    Label("currency"),
    Label("cohort"),
)

DERIVED = (
    Derived(
        name="step_overdue",
        definition="Enrollments in the step that are past their due time.",
        labels=(_PROGRAM, _STEP),
        read=_step_overdue,
    ),
    Derived(
        name="step_oldest_due_timestamp_seconds",
        definition="Earliest due time among the enrollments in the step.",
        labels=(_PROGRAM, _STEP),
        unit=Unit.TIMESTAMP,
        read=_step_oldest_due,
    ),
    Derived(
        name="mrr_opening",
        definition="MRR at the start of this month and of the previous one.",
        labels=(_CURRENCY,),
        unit=Unit.MONEY,
        windows=(Window.MTD, Window.PREV_MONTH),
        read=_mrr_opening,
    ),
    Derived(
        name="customers_opening",
        definition="Customers at the start of this month and of the previous one.",
        windows=(Window.MTD, Window.PREV_MONTH),
        read=_customers_opening,
    ),
    Derived(
        name="cohort_customers",
        labels=(_COHORT,),
        read=_cohort_customers,
        definition="Customers by the month in which their MRR first rose above zero: the last 13, before that `older`.",
    ),
    Derived(
        name="cohort_mrr",
        labels=(_COHORT, _CURRENCY),
        unit=Unit.MONEY,
        read=_cohort_mrr,
        definition="MRR by the month of the account's first MRR: the last 13, before that `older`.",
    ),
)
