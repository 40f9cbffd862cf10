"""Random small worlds: few entities, few moments and few labels, so that everything collides with everything."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from stream_app.catalog.events import OPPORTUNITY_KINDS, OUTCOMES, REACH_KINDS, SPEND_KINDS, STAGES

Envelope = dict[str, Any]

MAILED = ("sent", "delivered", "bounced", "opened", "clicked", "replied", "unsubscribed", "complained")

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)

# Moments that matter: the same instant, neighbors of month, day, hour and minute borders, and the far past.
_ANCHORS = [
    NOW,
    *(NOW - timedelta(seconds=seconds) for seconds in (40, 240, 3540, 82_800)),
    *(NOW - timedelta(days=days) for days in (6.95, 29, 45, 100, 200)),
    datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2026, 2, 1, tzinfo=UTC),
    datetime(2026, 1, 31, 23, 59, 59, 999000, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
]
MOMENTS = st.builds(
    lambda anchor, offset: anchor - timedelta(milliseconds=offset),
    st.sampled_from(_ANCHORS),
    st.sampled_from([0, 0, 0, 0, 1, 1000, 61_000, 3_600_000]),
)
TIES = st.sampled_from([*_ANCHORS[4:9], datetime(2026, 3, 8, 7, 0, 30, tzinfo=UTC)])
"""So few moments that two events of one instant are the rule."""
PAST = st.sampled_from([NOW - timedelta(days=days) for days in (0, 1, 2, 6, 7, 13, 14, 15, 29, 43, 44, 45, 46)]) | (
    st.integers(0, 240).map(lambda days: NOW - timedelta(days=days))
)
"""Moments of days on which things happen, and of others."""
SEQUENCES = st.sampled_from([None, None, None, "2", "10", "010", "a"])
_LABEL = st.sampled_from([None, "", "a", "b"])


def _data(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional or {})


_LEAD = {"lead_id": st.sampled_from(["l1", "l2", "l3"])}
_ENROLLMENT = {**_LEAD, "program_id": st.sampled_from(["p", "q"]), "enrollment_id": st.sampled_from(["e1", "e2"])}
_STEP = {**_ENROLLMENT, "step_id": st.sampled_from(["s1", "s2"])}
_MAIL = {**_LEAD, "message_id": st.sampled_from(["m1", "m2"])}
_ACCOUNT = {"account_id": st.sampled_from(["a1", "a2", "a3"])}
_CURRENCY = st.sampled_from(["USD", "JPY"])
_DUE = MOMENTS.map(lambda moment: (moment + timedelta(days=3)).isoformat())
_ITEM = _data(
    {
        "plan_id": st.just("plan"),
        "unit_amount_minor": st.integers(0, 5000),
        "interval": st.sampled_from(["day", "week", "month", "quarter", "year"]),
    },
    {
        "quantity": st.integers(0, 3),
        "interval_count": st.integers(1, 3),
        "usage": st.sampled_from(["licensed", "metered"]),
    },
)
_SUBSCRIPTION = _data(
    {
        **_ACCOUNT,
        "subscription_id": st.sampled_from(["u1", "u2"]),
        "currency": _CURRENCY,
        "items": st.lists(_ITEM, max_size=2),
    },
    {
        "status": st.sampled_from(["trialing", "active", "past_due", "paused", "canceled"]),
        "discount_percent_forever": st.sampled_from([0, 10, 12.5, 33.3, 100]),
        "reason": st.sampled_from(["voluntary", "involuntary"]),
    },
)
_OPPORTUNITY = _data(
    {
        **_ACCOUNT,
        "opportunity_id": st.sampled_from(["o1", "o2"]),
        "kind": st.sampled_from(OPPORTUNITY_KINDS),
        "amount_minor": st.integers(0, 10_000),
        "currency": _CURRENCY,
    },
    {"source": _LABEL, "channel": _LABEL, "campaign_id": _LABEL},
)
_MERGED_LEADS = st.sampled_from([("l1", "l2"), ("l2", "l1"), ("l2", "l3"), ("l3", "l1")]).map(
    lambda pair: {"lead_id": pair[0], "merged_id": pair[1]}
)
_MERGED_ACCOUNTS = st.sampled_from([("a1", "a2"), ("a2", "a1"), ("a2", "a3"), ("a3", "a1")]).map(
    lambda pair: {"account_id": pair[0], "merged_id": pair[1]}
)
_INVOICE = _data(
    {**_ACCOUNT, "invoice_id": st.sampled_from(["i1", "i2"]), "amount_minor": st.just(5), "currency": _CURRENCY}
)
_SPEND = st.builds(
    lambda data, start, days: (
        data
        | {
            "period_start": start.date().isoformat(),
            "period_end": (start.date() + timedelta(days=days)).isoformat(),
        }
    ),
    _data(
        {
            "spend_id": st.sampled_from(["x1", "x2"]),
            "amount_minor": st.integers(0, 1000),
            "currency": _CURRENCY,
            "kind": st.sampled_from(SPEND_KINDS),
        },
        {"campaign_id": _LABEL, "program_id": _LABEL, "channel": _LABEL},
    ),
    MOMENTS,
    st.integers(0, 40),
)

_DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "lead.created": _data(
        _LEAD,
        {
            "source": _LABEL,
            "channel": _LABEL,
            "campaign_id": _LABEL,
            "score": st.integers(-5, 120),
            "is_import": st.booleans(),
        },
    ),
    "lead.stage_changed": _data({**_LEAD, "to": st.sampled_from(STAGES)}),
    "lead.status_changed": _data({**_LEAD, "to": st.sampled_from(["open", "working", "not_ready", "disqualified"])}),
    "lead.score_changed": _data({**_LEAD, "score": st.integers(-5, 120)}, {"activity": _LABEL}),
    "lead.engaged": _data({**_LEAD, "kind": st.sampled_from(["form_submit", "page_view", "call"])}),
    "lead.merged": _MERGED_LEADS,
    "account.merged": _MERGED_ACCOUNTS,
    "program.enrolled": _data(_ENROLLMENT, {"audience": st.sampled_from(["prospect", "customer"])}),
    "program.step_entered": _data(_STEP, {"due_at": _DUE}),
    "program.step_exited": _data({**_STEP, "outcome": st.sampled_from(OUTCOMES)}),
    "program.exited": _data({**_ENROLLMENT, "outcome": st.sampled_from(OUTCOMES)}),
    **{
        f"email.{state}": _data(
            _MAIL,
            {
                "program_id": _LABEL,
                "step_id": _LABEL,
                "audience": st.sampled_from(["prospect", "customer"]),
                "machine": st.booleans(),
                **({"bounce": st.sampled_from(["hard", "soft"])} if state == "bounced" else {}),
            },
        )
        for state in MAILED
    },
    **{f"opportunity.{kind}": _OPPORTUNITY for kind in ("created", "changed", "won", "lost", "reopened")},
    "opportunity.deleted": _data({**_ACCOUNT, "opportunity_id": st.sampled_from(["o1", "o2"])}),
    **{f"subscription.{kind}": _SUBSCRIPTION for kind in ("started", "changed", "paused", "resumed", "canceled")},
    "invoice.paid": _INVOICE,
    "invoice.payment_failed": _INVOICE,
    "spend.recorded": _SPEND,
    "reach.recorded": _data(
        {
            "reach_id": st.sampled_from(["r1", "r2"]),
            "day": MOMENTS.map(lambda moment: moment.date().isoformat()),
            "kind": st.sampled_from(REACH_KINDS),
            "count": st.integers(0, 9),
        },
        {"channel": _LABEL, "campaign_id": _LABEL},
    ),
    "survey.responded": _data(
        {"respondent_id": st.sampled_from(["n1", "n2", "n3"]), "survey_id": st.just("v"), "score": st.integers(0, 10)},
        {"segment": st.one_of(_LABEL, st.just("all")), "theme": _LABEL},
    ),
}

FAMILIES: dict[str, tuple[str, ...]] = {
    family: tuple(name for name in _DATA if name.partition(".")[0] in prefixes)
    for family, prefixes in {
        "lead": ("lead", "program"),
        "nurture": ("program", "lead", "email"),
        "email": ("email",),
        "account": ("subscription", "opportunity", "invoice", "account"),
        "mrr": ("subscription", "account"),
        "deals": ("opportunity",),
        "records": ("spend", "reach", "survey"),
        "everything": tuple({name.partition(".")[0] for name in _DATA}),
    }.items()
}

CROWDS: dict[str, tuple[str, ...]] = {
    "follow-up": ("lead.created", "lead.stage_changed", "lead.status_changed", "lead.engaged"),
    "program outcome": ("lead.stage_changed", "program.enrolled", "program.exited"),
    "stage": ("lead.created", "lead.stage_changed", "lead.status_changed"),
    "score": ("lead.created", "lead.score_changed"),
    "reopening": ("lead.status_changed", "lead.engaged", "program.enrolled", "program.exited"),
    "enrollment": tuple(name for name in _DATA if name.startswith("program.")),
    "message": tuple(name for name in _DATA if name.startswith("email.")),
    "mrr": tuple(name for name in _DATA if name.startswith("subscription.")),
}
"""Types of events that meet in one aspect of a lead or an account, or in two that depend on each other."""


@st.composite
def _event(draw: Callable[[Any], Any], types: tuple[str, ...], moments: st.SearchStrategy[datetime]) -> Envelope:
    kind = draw(st.sampled_from(types))
    sequence = draw(SEQUENCES)
    event = {"type": kind, "time": draw(moments).isoformat(), "data": draw(_DATA[kind])}
    return event if sequence is None else event | {"sequence": sequence}


@st.composite
def worlds(draw: Callable[[Any], Any], max_size: int = 25) -> list[Envelope]:
    """A set of valid events with identities of their own, of one family or of all; in half of them all times tie."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    moments = draw(st.sampled_from([MOMENTS, TIES]))
    events = draw(st.lists(_event(FAMILIES[family], moments), max_size=max_size))
    order = draw(st.permutations(range(len(events))))
    sources = draw(st.lists(st.sampled_from(["", "/crm"]), min_size=len(events), max_size=len(events)))
    return [
        event | {"id": f"id{number}", "source": source}
        for event, number, source in zip(events, order, sources, strict=True)
    ]


MERGING = (
    "lead.merged",
    "lead.merged",
    "lead.merged",
    "account.merged",
    "account.merged",
    "lead.created",
    "lead.stage_changed",
    "lead.score_changed",
    "program.step_entered",
    "program.step_exited",
    "email.clicked",
    "opportunity.won",
    "subscription.started",
    "subscription.canceled",
    "invoice.paid",
)
"""Types of which so many are merges that all ids are one in many worlds."""


@st.composite
def merging_worlds(draw: Callable[[Any], Any], max_size: int = 20) -> list[Envelope]:
    """Events of few leads and accounts, many of them merges, with identities of their own."""
    moments = draw(st.sampled_from([MOMENTS, TIES]))
    events = draw(st.lists(_event(MERGING, moments), max_size=max_size))
    return [event | {"id": f"id{number}", "source": ""} for number, event in enumerate(events)]


@st.composite
def erasures(draw: Callable[[Any], Any]) -> list[Envelope]:
    """Erasures of some leads."""
    leads = draw(st.lists(st.sampled_from(["l1", "l2", "l3"]), min_size=1, max_size=3))
    return [
        {"type": "lead.erased", "id": f"x{number}", "source": "", "time": NOW.isoformat(), "data": {"lead_id": lead}}
        for number, lead in enumerate(leads)
    ]


@st.composite
def crowds(draw: Callable[[Any], Any], types: tuple[str, ...]) -> list[Envelope]:
    """Events of one lead or account by their times, so near each other that moments, even identities, are shared."""
    events = draw(st.lists(_event(types, MOMENTS), min_size=4, max_size=12))
    moments = st.sampled_from([f"2026-02-{day}T07:00:00Z" for day in (25, 26, 27, 28)] + ["2026-03-01T00:00:00Z"])
    crowd = [
        event
        | {"id": f"id{draw(st.integers(0, 19))}", "source": "", "time": draw(moments)}
        | {"data": event["data"] | {"lead_id": "l1", "account_id": "a1"}}
        for event in events
    ]
    return sorted(crowd, key=lambda event: (event["time"], event["id"]))


@st.composite
def deliveries(draw: Callable[[Any], Any], events: list[Envelope]) -> list[list[Envelope]]:
    """The events in any order, some of them again, cut into batches anyhow."""
    again = draw(st.lists(st.sampled_from(events), max_size=len(events))) if events else []
    order = draw(st.permutations(events + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    return [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
