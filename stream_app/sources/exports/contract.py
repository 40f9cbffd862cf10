"""The fields of the event types that a row of a table can hold: the contract in short, as a test makes sure."""

from datetime import date
from typing import Any, Final, Literal

from stream_app.sources.amounts import LARGEST_AMOUNT

_LEAD = ("lead_id",)
_ENROLLMENT = ("lead_id", "program_id", "enrollment_id")
_MAIL = (("lead_id", "message_id"), ("program_id", "step_id", "campaign_id", "audience", "machine", "bounce"))
_DEAL = (
    ("account_id", "opportunity_id", "kind", "amount_minor", "currency"),
    ("source", "channel", "campaign_id", "lead_id", "stage", "reason"),
)
_INVOICE = (("account_id", "invoice_id", "amount_minor", "currency"), ("subscription_id",))

Type = Literal[
    "account.merged",
    "email.bounced",
    "email.clicked",
    "email.complained",
    "email.delivered",
    "email.opened",
    "email.replied",
    "email.sent",
    "email.unsubscribed",
    "invoice.paid",
    "invoice.payment_failed",
    "lead.created",
    "lead.engaged",
    "lead.merged",
    "lead.score_changed",
    "lead.stage_changed",
    "lead.status_changed",
    "opportunity.changed",
    "opportunity.created",
    "opportunity.lost",
    "opportunity.reopened",
    "opportunity.won",
    "program.enrolled",
    "program.exited",
    "program.step_entered",
    "program.step_exited",
    "reach.recorded",
    "spend.recorded",
    "survey.responded",
]

FIELDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "account.merged": (("account_id", "merged_id"), ()),
    "lead.created": (_LEAD, ("source", "channel", "campaign_id", "program_id", "score", "is_import")),
    "lead.engaged": ((*_LEAD, "kind"), ("program_id", "campaign_id")),
    "lead.merged": ((*_LEAD, "merged_id"), ()),
    "lead.score_changed": ((*_LEAD, "score"), ("activity",)),
    "lead.stage_changed": ((*_LEAD, "to"), ("reason",)),
    "lead.status_changed": ((*_LEAD, "to"), ("reason",)),
    "program.enrolled": (_ENROLLMENT, ("audience",)),
    "program.exited": ((*_ENROLLMENT, "outcome"), ()),
    "program.step_entered": ((*_ENROLLMENT, "step_id"), ("due_at",)),
    "program.step_exited": ((*_ENROLLMENT, "step_id", "outcome"), ()),
    "reach.recorded": (("reach_id", "day", "kind", "count"), ("channel", "campaign_id")),
    "spend.recorded": (
        ("spend_id", "amount_minor", "currency", "kind", "period_start", "period_end"),
        ("campaign_id", "program_id", "channel", "source"),
    ),
    "survey.responded": (("respondent_id", "survey_id", "score"), ("segment", "theme")),
    **dict.fromkeys(("invoice.paid", "invoice.payment_failed"), _INVOICE),
    **dict.fromkeys((f"email.{each}" for each in ("sent", "delivered", "bounced", "opened", "clicked")), _MAIL),
    **dict.fromkeys((f"email.{each}" for each in ("replied", "unsubscribed", "complained")), _MAIL),
    **dict.fromkeys((f"opportunity.{each}" for each in ("created", "changed", "won", "lost", "reopened")), _DEAL),
}
"""A type to the fields that it needs and those that it may have."""

_OUTCOMES = (
    "advanced",
    "completed",
    "goal_met",
    "unsubscribed",
    "bounced",
    "disqualified",
    "list_removed",
    "error",
    "timeout",
)

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("lead", "to"): ("lead", "mql", "sal", "sql", "opportunity", "customer"),
    ("lead.status_changed", "to"): ("open", "working", "not_ready", "disqualified", "converted"),
    ("lead", "kind"): ("form_submit", "reply", "meeting", "webinar", "page_view", "call", "chat"),
    ("program", "outcome"): _OUTCOMES,
    ("program", "audience"): ("prospect", "customer"),
    ("email", "audience"): ("prospect", "customer"),
    ("email", "bounce"): ("hard", "soft"),
    ("opportunity", "kind"): ("new_business", "upsell", "cross_sell", "renewal"),
    ("spend", "kind"): ("media", "labour", "technology", "agency", "event", "content", "sales"),
    ("reach", "kind"): ("web_sessions", "web_visitors", "impressions", "ad_clicks", "responses"),
}
"""The words that a field takes, by type or by the family of types."""

_RANGES: Final[dict[tuple[str, str], tuple[int, int]]] = {
    ("survey", "score"): (0, 10),
    ("lead", "score"): (-(10**9), 10**9),
    ("reach", "count"): (0, 10**12),
    ("spend", "amount_minor"): (0, LARGEST_AMOUNT),
    ("opportunity", "amount_minor"): (0, LARGEST_AMOUNT),
    ("invoice", "amount_minor"): (0, LARGEST_AMOUNT),
}
_DAYS = frozenset({"day", "period_start", "period_end"})
_FIRST_YEAR, _MAX_PERIOD_DAYS = 1970, 3660


def wrong_field(kind: str, data: dict[str, Any]) -> str | None:
    """The first field of a row that its type does not take, or lacks; None if all is well."""
    needed, _ = FIELDS[kind]
    lacking = next((name for name in needed if name not in data), None)
    if lacking:
        return lacking
    wrong = next((name for name, value in data.items() if not fits(kind, name, value)), None)
    if wrong:
        return wrong
    if data.get("merged_id") in {data.get("lead_id"), data.get("account_id")} - {None}:
        return "merged_id"
    return "period_end" if kind == "spend.recorded" and not _is_period(data) else None


def choices(kind: str, name: str) -> tuple[str, ...]:
    """The words that a field of a type takes; empty if it takes any."""
    return CHOICES.get((kind, name)) or CHOICES.get((kind.partition(".")[0], name), ())


def fits(kind: str, name: str, value: object) -> bool:
    """Whether a field of a type takes a value, as far as it does not depend on other fields."""
    words = choices(kind, name)
    if words and value not in words:
        return False
    bounds = _RANGES.get((kind.partition(".")[0], name))
    if bounds:
        return isinstance(value, int) and bounds[0] <= value <= bounds[1]
    return name not in _DAYS or _day(value) is not None


def _day(value: object) -> date | None:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.year >= _FIRST_YEAR else None


def _is_period(data: dict[str, Any]) -> bool:
    start, end = _day(data["period_start"]), _day(data["period_end"])
    return start is not None and end is not None and 0 <= (end - start).days < _MAX_PERIOD_DAYS
