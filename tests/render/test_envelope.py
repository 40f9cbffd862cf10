"""What is wrong with a record before or beside its `data`: the cause, and a `detail` without the value."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.catalog.events import LeadCreated, LeadStageChanged
from stream_app.core.envelope import MAX_VALUE_BYTES, Rejected
from tests.render.validators import NOW, decoded, names, rejected

LEAD: dict[str, Any] = {
    "id": "evt-1",
    "source": "/crm",
    "type": "lead.stage_changed",
    "time": "2026-03-02T09:14:03.741Z",
    "data": {"lead_id": "lead-1", "to": "mql"},
}
HEADERS = {
    "ce_id": b"evt-1",
    "ce_source": b"/crm",
    "ce_type": b"lead.stage_changed",
    "ce_time": b"2026-03-02T09:14:03.741Z",
}
ITEM = {"plan_id": "p", "unit_amount_minor": 1, "interval": "month"}


def lead(**changes: object) -> dict[str, Any]:
    """Return a valid envelope with changes; None removes."""
    return {key: value for key, value in (LEAD | changes).items() if value is not None}


def headers(**changes: bytes | None) -> list[tuple[str, bytes]]:
    """Return the headers of binary mode with changes; None removes."""
    return [(f"{key}", value) for key, value in (HEADERS | changes).items() if value is not None]


def later(**by: float) -> str:
    """Return a moment after the clock of the decoder."""
    return (datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(**by)).isoformat()


@pytest.mark.parametrize(
    ("value", "cause", "path"),
    [
        (lead(id=None), "invalid", "$.id"),
        (lead(id=""), "invalid", "$.id"),
        (lead(id="x" * 129), "invalid", "$.id"),
        (lead(id=7), "invalid", "$.id"),
        (lead(id="jane.doe@example.com"), "pii_identifier", "$.id"),
        (lead(id="a\u0000b"), "invalid", "$.id"),
        (lead(id="a\tb"), "invalid", "$.id"),
        (lead(type=None), "invalid", "$.type"),
        (lead(type=7), "invalid", "$.type"),
        (lead(type="lead.vanished"), "unknown_type", "$.type"),
        (lead(type=""), "unknown_type", "$.type"),
        (lead(time=None), "invalid", "$.time"),
        (lead(time="2026-03-02T09:14:03"), "invalid", "$.time"),
        (lead(time="2026-03-02"), "invalid", "$.time"),
        (lead(time="yesterday"), "invalid", "$.time"),
        (lead(time=1772442843), "invalid", "$.time"),
        (lead(time="1969-12-31T23:59:59.9999Z"), "invalid", "$.time"),
        (lead(time="0001-01-01T00:00:00+14:00"), "invalid", "$.time"),
        (lead(time=later(minutes=5, milliseconds=1)), "future", "$.time"),
        (lead(time="9999-12-31T23:59:59-14:00"), "future", "$.time"),
        (lead(specversion="0.3"), "invalid", "$.specversion"),
        (lead(specversion=1.0), "invalid", "$.specversion"),
        (lead(source=7), "invalid", "$.source"),
        (lead(source="/" * 1025), "invalid", "$.source"),
        (lead(data=None), "invalid", "$.data"),
        (lead(data=[]), "invalid", "$.data"),
        (lead(data="{}"), "invalid", "$.data"),
        (lead(data={"to": "mql"}), "invalid", "$.data.lead_id"),
        (lead(data={"lead_id": "jane.doe@example.com", "to": "mql"}), "pii_identifier", "$.data.lead_id"),
    ],
)
def test_an_envelope_is_refused_by_field(value: object, cause: str, path: str) -> None:
    reason = rejected(value)
    assert reason.cause == cause
    assert names(reason.detail, path), reason.detail


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "malformed"),
        (b"", "malformed"),
        (b"not json", "malformed"),
        (b"{", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'"lead.created"', "malformed"),
        (json.dumps(LEAD).encode() + b"}", "malformed"),
        (json.dumps(LEAD).encode("utf-16"), "malformed"),
        (json.dumps(LEAD).encode().replace(b"lead-1", b"lead-\xff"), "malformed"),
        (json.dumps(LEAD).encode().replace(b"lead-1", b"\\ud800"), "malformed"),
        (b"[" * 100_000, "malformed"),
        (json.dumps(LEAD).encode()[:-1] + b',"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "malformed"),
        (b" " * (MAX_VALUE_BYTES + 1), "too_large"),
    ],
)
def test_what_is_no_envelope_is_refused_whole(value: bytes | None, cause: str) -> None:
    assert rejected(value).cause == cause


@pytest.mark.parametrize(
    "value",
    [
        lead(source=None),
        lead(specversion="1.0"),
        lead(source="mailto:crm@example.com"),
        lead(time=later(minutes=5)),
        lead(time="2026-03-02T10:14:03.741+01:00"),
        lead(time="1970-01-01T00:00:00Z"),
        lead(traceparent="00-@-01", subject="jane.doe@example.com"),
        lead(data={"lead_id": "lead-1", "to": "mql", "mail": "jane.doe@example.com"}),
        lead(data={"lead_id": "lead-1", "to": "mql", "reason": "asked by jane@example.com\nby telephone"}),
        lead(data={"lead_id": 'a "quoted" / back\\slashed é', "to": "mql"}),
        json.dumps(LEAD).encode() + b" " * (MAX_VALUE_BYTES - len(json.dumps(LEAD))),
    ],
)
def test_a_tolerant_reader_takes_the_rest(value: object) -> None:
    assert not isinstance(decoded(value), Rejected), decoded(value)


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T20:00:00-05:00", 3_600_000),
        ("2026-03-02T09:14:03.741999Z", 1_772_442_843_741),
        ("2026-03-02T09:14:03.001Z", 1_772_442_843_001),
    ],
)
def test_time_is_whole_milliseconds_in_both_modes(time: str, at: int) -> None:
    structured, binary = decoded(lead(time=time)), decoded(LEAD["data"], headers(ce_time=time.encode()))
    assert not isinstance(structured, Rejected)
    assert structured == binary
    assert structured[0] == at


@pytest.mark.parametrize("kinds", [("lead.created", "lead.stage_changed"), ("lead.stage_changed", "lead.created")])
def test_a_type_given_twice_is_refused(kinds: tuple[str, str]) -> None:
    data = b'"id":"1","time":"2026-03-02T09:14:03Z","data":{"lead_id":"lead-1","to":"mql"}'
    reason = rejected(b'{"type":"%s","type":"%s",%s}' % (kinds[0].encode(), kinds[1].encode(), data))
    assert reason.cause == "invalid"
    assert names(reason.detail, "$.type")


def test_binary_mode_is_read() -> None:
    assert decoded(LEAD["data"], headers()) == decoded(LEAD)
    assert decoded(LEAD["data"], [*headers(), ("traceparent", b"00"), ("ce_subject", b"x")]) == decoded(LEAD)
    found = decoded({"lead_id": "lead-1"}, headers(ce_type=b"lead.created", ce_source=None))
    assert not isinstance(found, Rejected)
    assert isinstance(found[1], LeadCreated)


def test_other_headers_leave_a_structured_event_one() -> None:
    found = decoded(LEAD, [("content-type", b"application/cloudevents+json"), ("traceparent", b"00")])
    assert not isinstance(found, Rejected)
    assert isinstance(found[1], LeadStageChanged)


@pytest.mark.parametrize(
    ("value", "changes", "cause", "path"),
    [
        (LEAD["data"], {"ce_id": None}, "invalid", "$.id"),
        (LEAD["data"], {"ce_id": b"jane.doe@example.com"}, "pii_identifier", "$.id"),
        (LEAD["data"], {"ce_type": None}, "invalid", "$.type"),
        (LEAD["data"], {"ce_type": b"lead.vanished"}, "unknown_type", "$.type"),
        (LEAD["data"], {"ce_time": None}, "invalid", "$.time"),
        (LEAD["data"], {"ce_time": b"2026-03-02T09:14:03"}, "invalid", "$.time"),
        (LEAD["data"], {"ce_time": b"1969-12-31T23:59:59.9999Z"}, "invalid", "$.time"),
        (LEAD["data"], {"ce_time": b"2999-01-01T00:00:00Z"}, "future", "$.time"),
        (LEAD["data"], {"ce_specversion": b"0.3"}, "invalid", "$.specversion"),
        ([], {}, "invalid", "$.data"),
        ({"lead_id": "lead-1", "to": "vip"}, {}, "invalid", "$.data.to"),
        ({"lead_id": "lead-1\n", "to": "mql"}, {}, "invalid", "$.data.lead_id"),
        ({"lead_id": "jane@example.com", "to": "mql"}, {}, "pii_identifier", "$.data.lead_id"),
    ],
)
def test_binary_mode_is_refused_by_field(value: object, changes: dict[str, bytes], cause: str, path: str) -> None:
    reason = rejected(value, headers(**changes))
    assert reason.cause == cause
    assert names(reason.detail, path), reason.detail


@pytest.mark.parametrize("value", [b"{", b"\xff", b"", b"[" * 100_000])
def test_binary_mode_is_refused_whole(value: bytes) -> None:
    assert rejected(value, headers()).cause == "malformed"


def test_the_detail_lists_a_small_set_of_allowed_values() -> None:
    assert "lead, mql, sal, sql, opportunity, customer" in rejected(lead(data={"lead_id": "l", "to": "vip"})).detail


# Marked, so that no secret can be a part of what a detail says anyway; and full of what a detail could be cut at.
secrets = st.text(st.sampled_from("ab`$.'\"\\@ \n-é[]0{}"), max_size=30).map(lambda text: f"s3cr3t{text}s3cr3t")


@given(secrets)
def test_a_detail_never_contains_the_value(secret: str) -> None:
    account = {"account_id": "a", "subscription_id": "s", "currency": "EUR", "items": []}
    spend = {
        "spend_id": "s",
        "amount_minor": 1,
        "kind": "media",
        "period_start": "2026-03-01",
        "period_end": "2026-03-01",
    }
    values: list[Any] = [
        secret,
        [secret],
        {secret: secret},
        *(lead(**{field: secret}) for field in ("id", "type", "time", "specversion", "data")),
        *(lead(**{field: {secret: secret}}) for field in ("id", "source", "type", "time", "specversion", "data")),
        lead(id=secret + "@"),
        lead(id=secret * 20),
        lead(source=secret * 100),
        lead(data={"lead_id": secret + "@", "to": "mql"}),
        lead(data={"lead_id": [secret], "to": "mql"}),
        lead(data={"lead_id": "lead-1", "to": secret}),
        lead(data={"lead_id": "lead-1", "to": "mql", "reason": {secret: 1}}),
        lead(
            type="program.step_entered",
            data={"lead_id": "l", "program_id": "p", "enrollment_id": "e", "due_at": secret},
        ),
        lead(type="spend.recorded", data=spend | {"currency": secret}),
        lead(type="spend.recorded", data=spend | {"currency": "EUR", "period_end": secret}),
        lead(type="subscription.started", data=account | {"items": [ITEM | {"interval": secret}]}),
        lead(type="subscription.started", data=account | {"items": [ITEM, ITEM | {"usage": secret}]}),
        lead(type="subscription.started", data=account | {"items": [ITEM | {"plan_id": secret + "@"}]}),
        lead(type="subscription.started", data=account | {"status": secret}),
    ]
    for value in values:
        found = decoded(value)
        assert not isinstance(found, Rejected) or "s3cr3t" not in found.detail
    for header in ("ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion"):
        found = decoded(LEAD["data"], headers(**{header: secret.encode()}))
        assert not isinstance(found, Rejected) or "s3cr3t" not in found.detail


@given(
    st.one_of(
        st.binary(), st.text().map(str.encode), st.dictionaries(st.text(), st.text()).map(json.dumps).map(str.encode)
    )
)
def test_no_bytes_make_the_decoder_fail(value: bytes) -> None:
    decoded(value)
    decoded(value, headers())
    decoded(LEAD["data"], [("ce_type", value), ("ce_id", value), ("ce_time", value)])
