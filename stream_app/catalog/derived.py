"""Section B's levels that follow from others: opening balances, and due times against the clock."""

from stream_app.catalog.metrics import BY_NAME, CURRENCY, PROGRAM, SOURCE, STEP
from stream_app.spec.derived import Derived, EarliestDue, Opening, Overdue
from stream_app.spec.metric import Unit
from stream_app.spec.window import Window

_MONTHS = (Window.MTD, Window.PREV_MONTH)

STEP_OVERDUE = Derived(
    name="step_overdue",
    labels=(PROGRAM, STEP),
    value=Overdue(BY_NAME["step_due_at"], BY_NAME["step_balance"]),
    definition="Enrollments in the step that are past their due time.",
)

STEP_OLDEST_DUE = Derived(
    name="step_oldest_due_timestamp_seconds",
    labels=(PROGRAM, STEP),
    unit=Unit.TIMESTAMP,
    value=EarliestDue(BY_NAME["step_due_at"]),
    definition="Earliest due time among the enrollments in the step.",
)

MQL_OVERDUE = Derived(
    name="mql_overdue",
    labels=(SOURCE,),
    value=Overdue(BY_NAME["mql_due_at"], BY_NAME["mql_waiting"]),
    definition="MQLs that wait for a follow-up and are past their due time.",
)

MQL_OLDEST_DUE = Derived(
    name="mql_oldest_due_timestamp_seconds",
    labels=(SOURCE,),
    unit=Unit.TIMESTAMP,
    value=EarliestDue(BY_NAME["mql_due_at"]),
    definition="Earliest due time among the MQLs that wait for a follow-up.",
)

MRR_OPENING = Derived(
    name="mrr_opening",
    labels=(CURRENCY,),
    unit=Unit.MONEY,
    windows=_MONTHS,
    value=Opening(BY_NAME["mrr"], BY_NAME["mrr_movement"], "movement", ("contraction", "churn")),
    definition="MRR at the start of this month and of the previous one.",
)

CUSTOMERS_OPENING = Derived(
    name="customers_opening",
    windows=_MONTHS,
    value=Opening(BY_NAME["customers"], BY_NAME["customer_change"]),
    definition="Customers at the start of this month and of the previous one.",
)

DERIVED = (STEP_OVERDUE, STEP_OLDEST_DUE, MQL_OVERDUE, MQL_OLDEST_DUE, MRR_OPENING, CUSTOMERS_OPENING)
