"""The samples depend on the set of events alone; labels are capped by what is read."""

import json
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.audit import RECOUNTED, Recount
from tests.audit.stories import Event, counted, happened, number, spread

NOON = "2026-03-12T12:00:00Z"

_Fields = dict[str, st.SearchStrategy[object]]

_HOURS = st.integers(0, 60).map(lambda hour: f"2026-{2 + hour // 40:02}-{1 + hour % 28:02}T{hour % 24:02}:00:00Z")
_LEAD: _Fields = {"lead_id": st.sampled_from("ab")}
_MESSAGE: _Fields = {
    **_LEAD,
    "message_id": st.sampled_from("mn"),
    "program_id": st.sampled_from("pq"),
    "machine": st.booleans(),
}
_ENROLLMENT: _Fields = {**_LEAD, "program_id": st.sampled_from("pq"), "enrollment_id": st.sampled_from("ef")}
_STEP: _Fields = {**_ENROLLMENT, "step_id": st.sampled_from("st")}
_MONEY: _Fields = {"amount_minor": st.integers(0, 999), "currency": st.sampled_from(["EUR", "JPY"])}
_DEAL: _Fields = {
    **_MONEY,
    "account_id": st.sampled_from("AB"),
    "opportunity_id": st.sampled_from("op"),
    "kind": st.sampled_from(["new_business", "upsell"]),
}
_SUBSCRIPTION: _Fields = {
    "account_id": st.sampled_from("AB"),
    "subscription_id": st.sampled_from("st"),
    "currency": st.sampled_from(["EUR", "JPY"]),
    "reason": st.sampled_from(["voluntary", "involuntary"]),
    "items": st.lists(
        st.fixed_dictionaries(
            {
                "plan_id": st.just("plan"),
                "unit_amount_minor": st.integers(0, 99),
                "interval": st.sampled_from(["month", "year"]),
            }
        ),
        max_size=2,
    ),
}
_OUTCOME: _Fields = {"outcome": st.sampled_from(["advanced", "error"])}
_TYPES: dict[str, _Fields] = {
    "lead.created": {
        **_LEAD,
        "source": st.sampled_from(["web", ""]),
        "is_import": st.booleans(),
        "score": st.integers(0, 9),
    },
    "lead.stage_changed": {**_LEAD, "to": st.sampled_from(["lead", "mql", "sql", "customer"])},
    "lead.status_changed": {**_LEAD, "to": st.sampled_from(["open", "not_ready", "disqualified"])},
    "lead.score_changed": {**_LEAD, "score": st.integers(0, 99)},
    "lead.engaged": {**_LEAD, "kind": st.sampled_from(["reply", "page_view"])},
    "program.enrolled": _ENROLLMENT,
    "program.step_entered": _STEP,
    "program.step_exited": {**_STEP, **_OUTCOME},
    "program.exited": {**_ENROLLMENT, **_OUTCOME},
    "email.sent": _MESSAGE,
    "email.opened": _MESSAGE,
    "email.clicked": _MESSAGE,
    "opportunity.created": _DEAL,
    "opportunity.won": _DEAL,
    "opportunity.lost": _DEAL,
    "subscription.started": _SUBSCRIPTION,
    "subscription.changed": _SUBSCRIPTION,
    "subscription.canceled": _SUBSCRIPTION,
    "survey.responded": {
        "respondent_id": st.sampled_from("rs"),
        "survey_id": st.just("q"),
        "score": st.integers(0, 10),
    },
}


@st.composite
def _events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(sorted(_TYPES)))
    return {
        # Few ids: the same identity comes with other contents and other times.
        "id": draw(st.sampled_from("1234")),
        "source": draw(st.sampled_from(["", "/x"])),
        "type": kind,
        "time": draw(_HOURS),
        "data": draw(st.fixed_dictionaries(_TYPES[kind])),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_order_and_any_copies_give_the_same_samples(data: st.DataObject) -> None:
    events = data.draw(st.lists(_events(), min_size=1, max_size=30))
    copies = data.draw(st.lists(st.sampled_from(events), max_size=10))
    shuffled = data.draw(st.permutations(events + copies))
    straight = counted(events, NOON)
    with Recount() as recount:
        for start in range(0, len(shuffled), 7):
            recount.add(shuffled[start : start + 7])
        assert recount.samples(datetime.fromisoformat(NOON)) == straight
    assert {series for series, _ in straight} <= RECOUNTED


def test_of_one_identity_the_smaller_time_stands() -> None:
    late = happened("lead.stage_changed", "2026-03-12T09:00:00Z", lead_id="a", to="sql")
    early = {**happened("lead.stage_changed", "2026-03-12T08:00:00Z", lead_id="a", to="mql"), "id": late["id"]}
    for events in ([late, early], [early, late]):
        assert spread(counted(events, NOON), "leads_in_stage") == {("mql",): 1}


def test_an_identity_holds_within_the_thing_it_is_about() -> None:
    sent = "2026-03-12T09:00:00Z"
    events = [
        happened("email.sent", sent, lead_id="a", message_id="m"),
        happened("email.sent", sent, lead_id="a", message_id="n"),
        happened("email.sent", sent, lead_id="b", message_id="m"),
        happened("lead.created", sent, lead_id="a"),
    ]
    samples = counted([{**event, "id": "1"} for event in events], NOON)
    labels = {"program": "none", "step": "none", "audience": "prospect"}
    assert number(samples, "email_messages", state="sent", **labels, window="24h") == 3
    assert number(samples, "leads_in_stage", funnel_stage="lead") == 1


def test_counting_goes_on_after_it_was_read() -> None:
    noon = datetime.fromisoformat(NOON)
    with Recount() as recount:
        assert recount.samples(noon) == {}
        recount.add([happened("lead.created", "2026-03-12T09:00:00Z", lead_id="a")])
        assert number(recount.samples(noon), "leads_in_stage", funnel_stage="lead") == 1
        recount.add([happened("lead.created", "2026-03-12T09:00:00Z", lead_id="b")])
        assert number(recount.samples(noon), "leads_in_stage", funnel_stage="lead") == 2


def test_the_largest_combinations_of_each_metric_keep_their_samples() -> None:
    enrolled = [
        happened("program.enrolled", time, lead_id=f"{program}{number}", program_id=program, enrollment_id="e")
        for program, time, times in [
            ("busy", "2026-03-12T09:00:00Z", 3),
            ("b", "2026-03-12T09:00:00Z", 2),
            ("a", "2026-03-12T09:00:00Z", 2),
            # Most of all, but not in the 30 days.
            ("old", "2026-01-01T09:00:00Z", 9),
        ]
        for number in range(times)
    ]
    samples = counted(enrolled, NOON, series_limit=2)
    # The balance is a level and ranks by itself: old 9 and busy 3 stay; a and b are folded: 2 + 2.
    assert spread(samples, "program_balance") == {
        ("prospect", "old"): 9,
        ("prospect", "busy"): 3,
        ("prospect", "other"): 4,
    }
    # Within 30 days busy has 3; a and b tie at 2 and the smaller string stays.
    assert number(samples, "program_enrollments", program="other", audience="prospect", window="30d") == 2


def test_folded_due_times_keep_the_earliest() -> None:
    samples = counted(
        [
            happened(
                "program.step_entered",
                f"2026-03-12T{hour:02}:00:00Z",
                lead_id="a",
                program_id="p",
                enrollment_id="e",
                step_id=step,
            )
            for step, hour in [("x", 9), ("y", 8), ("z", 10)]
        ],
        NOON,
        series_limit=1,
    )
    # Each step has one entry, so "x" stays; y and z are due on the 19th at 8:00 and 10:00; 8:00 is 1773907200.
    assert number(samples, "step_oldest_due_timestamp_seconds", program="other", step="other") == 1773907200.0
    assert number(samples, "step_balance", program="other", step="other") == 2


def test_samples_do_not_depend_on_how_the_json_was_written() -> None:
    event = happened("lead.created", "2026-03-12T09:00:00Z", lead_id="ä", source="süd")
    mirrored = json.loads(json.dumps(dict(reversed(event.items()))))
    assert counted([event, mirrored], NOON) == counted([event], NOON)
