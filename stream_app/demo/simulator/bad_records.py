"""Records that a worker has to reject, each with exactly one thing wrong, and the cause it is rejected for."""

import json
from collections.abc import Iterator

from stream_app.demo.simulator.event_log import Data
from stream_app.demo.simulator.rng import seeded_rng

_LEFT_OUT = object()
"""Stands for a field that is left out."""
_ANY_ID = b"bad-id"
_LONG_ID = "x" * 129
_LONG_LABEL = "c" * 65
_LIMIT = 256 * 1024

_STEP = {"lead_id": "65059681032", "program_id": "welcome", "enrollment_id": "enr-1", "step_id": "guide"}
_MAIL = {"lead_id": "65059681032", "message_id": "m-1"}
_DEAL = {
    "account_id": "0015gAB",
    "opportunity_id": "opp-1",
    "kind": "new_business",
    "amount_minor": 1200000,
    "currency": "EUR",
}
_ITEM = {"plan_id": "team", "unit_amount_minor": 4900, "quantity": 3, "interval": "month"}
_SUBSCRIPTION = {"account_id": "0015gAB", "subscription_id": "sub-1", "currency": "EUR", "items": [_ITEM]}
_GOOD: dict[str, Data] = {
    "lead.created": {"lead_id": "65059681032", "source": "partner", "score": 12},
    "lead.stage_changed": {"lead_id": "65059681032", "to": "mql"},
    "lead.status_changed": {"lead_id": "65059681032", "to": "open"},
    "lead.score_changed": {"lead_id": "65059681032", "score": 40},
    "lead.engaged": {"lead_id": "65059681032", "kind": "form_submit"},
    "program.enrolled": {"lead_id": "65059681032", "program_id": "welcome", "enrollment_id": "enr-1"},
    "program.step_entered": {**_STEP, "due_at": "2026-01-18T10:00:00.000Z"},
    "program.step_exited": {**_STEP, "outcome": "advanced"},
    "email.sent": _MAIL,
    "email.bounced": {**_MAIL, "bounce": "hard"},
    "email.opened": {**_MAIL, "machine": True},
    "opportunity.created": _DEAL,
    "opportunity.won": _DEAL,
    "subscription.started": _SUBSCRIPTION,
    "subscription.changed": {**_SUBSCRIPTION, "status": "active"},
    "subscription.canceled": {**_SUBSCRIPTION, "reason": "voluntary"},
    "invoice.paid": {"account_id": "0015gAB", "invoice_id": "in-1", "amount_minor": 14700, "currency": "EUR"},
    "spend.recorded": {
        "spend_id": "google-brand.2026-01-15",
        "amount_minor": 90000,
        "currency": "EUR",
        "kind": "media",
        "period_start": "2026-01-15",
        "period_end": "2026-01-15",
    },
    "survey.responded": {"respondent_id": "r1", "survey_id": "nps", "score": 9},
    "reach.recorded": {"reach_id": "blog.2026-01-15", "day": "2026-01-15", "kind": "web_sessions", "count": 310},
}

# (type of a good event, field to spoil, what to put there); a dotted field lies in `data`.
_INVALID: tuple[tuple[str, str, object], ...] = (
    ("lead.created", "id", _LEFT_OUT),
    ("lead.created", "id", ""),
    ("lead.created", "id", _LONG_ID),
    ("lead.created", "id", 7),
    ("lead.created", "time", _LEFT_OUT),
    ("lead.created", "time", "2026-01-15T10:00:00"),
    ("lead.created", "time", "yesterday"),
    ("lead.created", "data", _LEFT_OUT),
    ("lead.created", "data", None),
    ("lead.created", "data", ["65059681032"]),
    ("lead.created", "specversion", "0.3"),
    ("lead.created", "data.lead_id", _LEFT_OUT),
    ("lead.created", "data.lead_id", ""),
    ("lead.created", "data.lead_id", 65059681032),
    ("lead.created", "data.lead_id", _LONG_ID),
    ("lead.created", "data.campaign_id", _LONG_LABEL),
    ("lead.created", "data.score", "high"),
    ("lead.created", "data.is_import", "maybe"),
    ("lead.stage_changed", "data.to", "champion"),
    ("lead.stage_changed", "data.to", _LEFT_OUT),
    ("lead.status_changed", "data.to", "asleep"),
    ("lead.score_changed", "data.score", 12.5),
    ("lead.score_changed", "data.score", _LEFT_OUT),
    ("lead.engaged", "data.kind", "telepathy"),
    ("program.enrolled", "data.enrollment_id", _LEFT_OUT),
    ("program.step_entered", "data.due_at", "2026-01-18T10:00:00"),
    ("program.step_entered", "data.step_id", _LEFT_OUT),
    ("program.step_exited", "data.outcome", "vanished"),
    ("email.sent", "data.message_id", _LEFT_OUT),
    ("email.sent", "data.audience", "robots"),
    ("email.bounced", "data.bounce", "medium"),
    ("email.opened", "data.machine", "perhaps"),
    ("opportunity.created", "data.kind", "lottery"),
    ("opportunity.created", "data.amount_minor", -1),
    ("opportunity.won", "data.amount_minor", 99.5),
    ("opportunity.won", "data.currency", "XXQ"),
    ("subscription.started", "data.items", _LEFT_OUT),
    ("subscription.started", "data.items", "team"),
    ("subscription.started", "data.items", [{**_ITEM, "interval": "fortnight"}]),
    ("subscription.started", "data.items", [{"plan_id": "team", "interval": "month"}]),
    ("subscription.started", "data.items", [{**_ITEM, "usage": "guessed"}]),
    ("subscription.started", "data.discount_percent_forever", 101),
    ("subscription.changed", "data.status", "sleeping"),
    ("subscription.changed", "data.currency", "Q?Q"),
    ("subscription.canceled", "data.reason", "because"),
    ("invoice.paid", "data.amount_minor", "many"),
    ("invoice.paid", "data.invoice_id", _LEFT_OUT),
    ("spend.recorded", "data.kind", "bribes"),
    ("spend.recorded", "data.period_start", "2026-13-01"),
    ("spend.recorded", "data.period_end", _LEFT_OUT),
    ("survey.responded", "data.score", 11),
    ("survey.responded", "data.score", -1),
    ("reach.recorded", "data.count", -5),
    ("reach.recorded", "data.day", "15.01.2026"),
    ("reach.recorded", "data.kind", "shouts"),
)
_UNKNOWN: tuple[tuple[str, str, object], ...] = tuple(
    ("lead.created", "type", event_type)
    for event_type in ("lead.teleported", "invoice.refunded", "com.example.ping", "Lead.Created", "lead.created.v2")
)
_FUTURE: tuple[tuple[str, str, object], ...] = (
    ("lead.created", "time", "2199-01-01T00:00:00.000Z"),
    ("email.sent", "time", "2150-06-30T12:00:00+02:00"),
    ("subscription.started", "time", "2100-02-28T23:59:59.999-05:00"),
)
_PERSONAL: tuple[tuple[str, str, object], ...] = (
    ("lead.created", "id", "anna.smith@example.com"),
    ("lead.created", "data.lead_id", "anna.smith@example.com"),
    ("lead.created", "data.campaign_id", "launch@home"),
    ("program.enrolled", "data.enrollment_id", "welcome:anna@example.com"),
    ("email.sent", "data.message_id", "20260115.1@mail.example.com"),
    ("opportunity.created", "data.account_id", "sales@example.com"),
    ("invoice.paid", "data.invoice_id", "in-1@example"),
    ("survey.responded", "data.respondent_id", "bob@example.org"),
)
_TOO_LARGE: tuple[tuple[str, str, object], ...] = (
    ("lead.created", "data.note", "x" * _LIMIT),
    ("email.opened", "trace", "y" * (_LIMIT + 4096)),
    ("spend.recorded", "data.lines", ["ad click"] * (_LIMIT // 8)),
)
_CORRUPTIONS = tuple(
    (cause, *recipe)
    for cause, recipes in (
        ("invalid", _INVALID),
        ("unknown_type", _UNKNOWN * 2),
        ("future", _FUTURE * 3),
        ("pii_identifier", _PERSONAL),
        ("too_large", _TOO_LARGE),
    )
    for recipe in recipes
)
"""One round of bad records with an envelope: the cause and the recipe."""


def bad_records(seed: int, n: int) -> Iterator[tuple[bytes, str]]:
    """Yield n raw values, none with a newline, and the cause each is to be dead-lettered for.

    A round of some hundred holds every cause in many varieties and is shuffled anew. The same seed, the same bytes.
    """
    rng = seeded_rng(seed, "bad")
    made = 0
    while made < n:
        corrupted = [(_json(_corrupt(kind, field, value)), cause) for cause, kind, field, value in _CORRUPTIONS]
        corrupted += [(malformed, "malformed") for malformed in _malformed_values()]
        rng.shuffle(corrupted)
        for value, cause in corrupted[: n - made]:
            yield value.replace(_ANY_ID, f"bad-{seed:x}-{made:x}".encode()), cause
            made += 1


def _envelope(event_type: str) -> Data:
    return {
        "specversion": "1.0",
        "id": _ANY_ID.decode(),
        "source": "/legacy-crm",
        "type": event_type,
        "time": "2026-01-15T10:00:00.000Z",
        "data": _GOOD[event_type],
    }


def _corrupt(event_type: str, field: str, value: object) -> Data:
    envelope = _envelope(event_type)
    name = field.removeprefix("data.")
    if name == field:
        return _with(envelope, name, value)
    return {**envelope, "data": _with(_GOOD[event_type], name, value)}


def _with(fields: Data, name: str, value: object) -> Data:
    if value is _LEFT_OUT:
        return {key: kept for key, kept in fields.items() if key != name}
    return {**fields, name: value}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _malformed_values() -> tuple[bytes, ...]:
    """Return bytes that are not a JSON object in UTF-8."""
    envelope = _envelope("lead.created")
    good = _json(envelope)
    return (
        b"",
        good[: len(good) // 2],
        good + b"}",
        good.replace(b"partner", "Händler".encode("latin-1")),
        b"\x00\x00\x00\x00\x07" + good,  # as the serializer of a schema registry frames it
        str(envelope).encode(),
        b"\x1f\x8b\x08\x00" + good[:40],
        b"[" + good + b"]",
        b"null",
        b"42",
        b'"lead.created"',
    )
