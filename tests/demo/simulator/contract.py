"""The event contracts of events.md, checked independently of the product: small, slow and plain."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeAlias

Rule: TypeAlias = "Callable[[Any], bool]"

_CURRENCIES = {"USD", "EUR", "GBP", "JPY"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def one_of(text: str) -> Rule:
    """Return the rule that a value is one of these words."""
    words = text.split()
    return lambda value: isinstance(value, str) and value in words


def whole(low: int | None = None, high: int | None = None) -> Rule:
    """Return the rule that a value is a whole number within these bounds."""
    return lambda value: type(value) is int and (low is None or value >= low) and (high is None or value <= high)


def identifier(value: object) -> bool:
    """Tell whether a value is an identifier."""
    return isinstance(value, str) and 1 <= len(value) <= 128 and "@" not in value


def label(value: object) -> bool:
    """Tell whether a value may be a label."""
    return isinstance(value, str) and 1 <= len(value) <= 64 and "@" not in value


def text(value: object) -> bool:
    """Tell whether a value is free text."""
    return isinstance(value, str)


def flag(value: object) -> bool:
    """Tell whether a value is true or false."""
    return isinstance(value, bool)


def instant(value: object) -> bool:
    """Tell whether a value is a time with an offset, to the millisecond."""
    return _parses(value, _TIME, datetime.fromisoformat)


def day(value: object) -> bool:
    """Tell whether a value is a date."""
    return _parses(value, _DATE, date.fromisoformat)


def _parses(value: object, shape: re.Pattern[str], parse: Callable[[str], object]) -> bool:
    if not isinstance(value, str) or shape.fullmatch(value) is None:
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


def currency(value: object) -> bool:
    """Tell whether a value is one of the currencies that the world knows."""
    return value in _CURRENCIES


_ITEM: dict[str, Rule] = {
    "plan_id!": identifier,
    "unit_amount_minor!": whole(),
    "quantity": whole(0),
    "interval!": one_of("day week month quarter year"),
    "interval_count": whole(1),
    "usage": one_of("licensed metered"),
}


def items(value: object) -> bool:
    """Tell whether a value is the list of a subscription's items."""
    return isinstance(value, list) and bool(value) and not any(True for item in value for _ in _faults(item, _ITEM))


_OUTCOME = one_of("advanced completed goal_met unsubscribed bounced disqualified list_removed error timeout")
_LEAD: dict[str, Rule] = {"lead_id!": identifier}
_ENROLLMENT: dict[str, Rule] = {**_LEAD, "program_id!": label, "enrollment_id!": identifier}
_MESSAGE: dict[str, Rule] = {
    **_LEAD,
    "message_id!": identifier,
    "program_id": label,
    "step_id": label,
    "campaign_id": label,
    "audience": one_of("prospect customer"),
    "machine": flag,
    "bounce": one_of("hard soft"),
}
_DEAL: dict[str, Rule] = {
    "account_id!": identifier,
    "opportunity_id!": identifier,
    "kind!": one_of("new_business upsell cross_sell renewal"),
    "amount_minor!": whole(0),
    "currency!": currency,
    "source": label,
    "channel": label,
    "campaign_id": label,
    "lead_id": identifier,
    "stage": text,
    "reason": text,
}
_SUBSCRIPTION: dict[str, Rule] = {
    "account_id!": identifier,
    "subscription_id!": identifier,
    "currency!": currency,
    "items!": items,
    "status": one_of("trialing active past_due paused canceled"),
    "discount_percent_forever": whole(0, 100),
    "reason": one_of("voluntary involuntary"),
}
_INVOICE: dict[str, Rule] = {
    "account_id!": identifier,
    "invoice_id!": identifier,
    "subscription_id": identifier,
    "amount_minor!": whole(0),
    "currency!": currency,
}
TYPES: dict[str, dict[str, Rule]] = {
    "lead.created": {
        **_LEAD,
        "source": label,
        "channel": label,
        "campaign_id": label,
        "program_id": label,
        "score": whole(),
        "is_import": flag,
    },
    "lead.stage_changed": {**_LEAD, "to!": one_of("lead mql sal sql opportunity customer"), "reason": text},
    "lead.status_changed": {
        **_LEAD,
        "to!": one_of("open working not_ready disqualified converted"),
        "reason": text,
    },
    "lead.score_changed": {**_LEAD, "score!": whole(), "activity": label},
    "lead.engaged": {
        **_LEAD,
        "kind!": one_of("form_submit reply meeting webinar page_view call chat"),
        "program_id": label,
        "campaign_id": label,
    },
    "lead.erased": _LEAD,
    "program.enrolled": _ENROLLMENT,
    "program.step_entered": {**_ENROLLMENT, "step_id!": label, "due_at": instant},
    "program.step_exited": {**_ENROLLMENT, "step_id!": label, "outcome!": _OUTCOME},
    "program.exited": {**_ENROLLMENT, "outcome!": _OUTCOME},
    **{
        f"email.{state}": _MESSAGE
        for state in ("sent", "delivered", "bounced", "opened", "clicked", "replied", "unsubscribed", "complained")
    },
    **{f"opportunity.{state}": _DEAL for state in ("created", "changed", "won", "lost")},
    **{f"subscription.{state}": _SUBSCRIPTION for state in ("started", "changed", "paused", "resumed", "canceled")},
    **{f"invoice.{state}": _INVOICE for state in ("payment_failed", "paid")},
    "spend.recorded": {
        "spend_id!": identifier,
        "amount_minor!": whole(0),
        "currency!": currency,
        "kind!": one_of("media labour technology agency event content sales"),
        "campaign_id": label,
        "program_id": label,
        "channel": label,
        "source": label,
        "period_start!": day,
        "period_end!": day,
    },
    "survey.responded": {
        "respondent_id!": identifier,
        "survey_id!": identifier,
        "score!": whole(0, 10),
        "segment": label,
        "theme": label,
    },
    "reach.recorded": {
        "reach_id!": identifier,
        "day!": day,
        "kind!": one_of("web_sessions web_visitors impressions ad_clicks responses"),
        "count!": whole(0),
        "channel": label,
        "campaign_id": label,
    },
}
"""Per event type its fields and their rules; a name that ends in "!" is required, one not listed is a fault."""
_ENVELOPE: dict[str, Rule] = {
    "specversion": one_of("1.0"),
    "id!": identifier,
    "source": text,
    "type!": lambda value: value in TYPES,
    "time!": instant,
    "data!": lambda value: isinstance(value, dict),
}


def faults(envelope: dict[str, Any]) -> list[str]:
    """Return what the contracts have against an envelope: names of fields, none if it is good."""
    found = list(_faults(envelope, _ENVELOPE))
    if not found:
        found += _faults(envelope["data"], TYPES[envelope["type"]])
    return found


def _faults(fields: dict[str, Any], rules: dict[str, Rule]) -> Iterator[str]:
    known = {name.removesuffix("!"): rule for name, rule in rules.items()}
    yield from (f"{name} is unknown" for name in fields.keys() - known.keys())
    yield from (f"{name[:-1]} is missing" for name in rules if name.endswith("!") and name[:-1] not in fields)
    yield from (name for name, value in fields.items() if name in known and not known[name](value))
