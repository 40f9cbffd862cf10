"""What a lead contributes, event by event and as a whole."""

from functools import partial
from itertools import permutations
from typing import Any

import pytest

from stream_app.catalog.entities import LEAD
from stream_app.catalog.lead.history import history
from stream_app.core.entity import Fold
from tests.catalog.folding import SETTINGS, added, at, contributed, happened, of
from tests.laws.memory import net

lead: Any = partial(happened, lead_id="key")
in_program: Any = partial(lead, program_id="p", enrollment_id="e")
HOUR_MS = 3_600_000

CREATED = lead("lead.created", "02-01 08:00", source="web", campaign_id="c")
MQL = lead("lead.stage_changed", "02-01 10:00", to="mql")
SQL = lead("lead.stage_changed", "02-03 10:00", to="sql")
MQL_AGAIN = lead("lead.stage_changed", "02-04 10:00", to="mql")
MQL_LATER = lead("lead.stage_changed", "02-05 11:00", to="mql")
DISQUALIFIED = lead("lead.status_changed", "02-05 10:00", to="disqualified")
NOT_READY = lead("lead.status_changed", "02-06 10:00", to="not_ready")
ENROLLED = in_program("program.enrolled", "02-02 10:00")
STEP = in_program("program.step_entered", "02-02 11:00", step_id="s")
CHAT = lead("lead.engaged", "02-07 10:00", kind="chat")
SCORED = lead("lead.score_changed", "02-01 09:00", score=10, activity="web")
SCORED_LATER = lead("lead.score_changed", "02-02 09:00", score=35, activity="mail")
SCORED_NEXT_MONTH = lead("lead.score_changed", "03-02 09:00", score=90, activity="mail")
MAIL = lead("email.sent", "02-02 12:00", message_id="m", program_id="p", step_id="s")
CLICK = lead("email.clicked", "02-07 11:00", message_id="m")

STORY = (CREATED, SCORED, MQL, SCORED_LATER, ENROLLED, STEP, MAIL, SQL, MQL_AGAIN, NOT_READY, CHAT, CLICK)


def test_a_new_lead_counts_where_it_came_from() -> None:
    assert contributed(LEAD, [CREATED]) == {
        (("new_leads", "web", "none", "c"), at("02-01 08:00")): 1,
        (("stage_entries", "lead", "web", "c"), at("02-01 08:00")): 1,
        (("leads_in_stage", "lead"), at("02-01 08:00")): 1,
    }


def test_a_lead_walks_through_the_stages() -> None:
    numbers = contributed(LEAD, [CREATED, MQL, SQL, MQL_AGAIN])
    assert of("stage_entries", numbers) == {
        (("stage_entries", "lead", "web", "c"), at("02-01 08:00")): 1,
        (("stage_entries", "mql", "web", "c"), at("02-01 10:00")): 1,
        (("stage_entries", "sql", "web", "c"), at("02-03 10:00")): 1,
    }
    assert of("stage_reentries", numbers) == {(("stage_reentries", "mql"), at("02-04 10:00")): 1}
    assert of("leads_in_stage", numbers) == {
        (("leads_in_stage", "lead"), at("02-01 08:00")): 1,
        (("leads_in_stage", "lead"), at("02-01 10:00")): -1,
        (("leads_in_stage", "mql"), at("02-01 10:00")): 1,
        (("leads_in_stage", "mql"), at("02-03 10:00")): -1,
        (("leads_in_stage", "sql"), at("02-03 10:00")): 1,
        (("leads_in_stage", "sql"), at("02-04 10:00")): -1,
        (("leads_in_stage", "mql"), at("02-04 10:00")): 1,
    }
    assert of("lead_mql_cohort", numbers) == {(("lead_mql_cohort",), at("02-01 08:00")): 1}
    sums = {
        series[1]: amount
        for (series, _), amount in numbers.items()
        if series[0] == "stage_transition_seconds" and series[-1] == "sum"
    }
    assert sums == {"lead_mql": 2 * HOUR_MS, "mql_sql": 48 * HOUR_MS}


def test_a_disqualified_lead_is_in_no_stage() -> None:
    gone = of("leads_in_stage", contributed(LEAD, [CREATED, MQL, DISQUALIFIED, SQL]))
    assert gone == of("leads_in_stage", contributed(LEAD, [CREATED, MQL, SQL])) | {
        (("leads_in_stage", "sql"), at("02-05 10:00")): -1
    }
    assert of("leads_in_stage", contributed(LEAD, [CREATED, DISQUALIFIED, MQL_LATER, NOT_READY])) == {
        (("leads_in_stage", "lead"), at("02-01 08:00")): 1,
        (("leads_in_stage", "lead"), at("02-05 10:00")): -1,
        (("leads_in_stage", "mql"), at("02-06 10:00")): 1,
    }


def test_scores_differ_from_the_ones_before_them() -> None:
    numbers = contributed(LEAD, [CREATED, SCORED, SCORED_LATER, SCORED_NEXT_MONTH])
    assert of("score_delta", numbers) == {
        (("score_delta", "mail"), at("02-02 09:00")): 25,
        (("score_delta", "mail"), at("03-02 09:00")): 55,
    }
    # 10 is in the bucket up to 10; 35, the last score of the month in which it was created, in that up to 40.
    assert of("new_lead_score", numbers) == {
        (("new_lead_score", "2026-02", "1"), at("02-01 09:00")): 1,
        (("new_lead_score", "2026-02", "sum"), at("02-01 09:00")): 10,
        (("new_lead_score", "2026-02", "1"), at("02-02 09:00")): -1,
        (("new_lead_score", "2026-02", "4"), at("02-02 09:00")): 1,
        (("new_lead_score", "2026-02", "sum"), at("02-02 09:00")): 25,
    }


def test_a_lead_in_a_program_is_reopened_once_per_episode() -> None:
    assert of("reopened_leads", contributed(LEAD, [ENROLLED, NOT_READY, CHAT, CLICK])) == {
        (("reopened_leads", "p"), at("02-07 10:00")): 1
    }
    assert not of("reopened_leads", contributed(LEAD, [NOT_READY, CHAT]))
    assert not of("reopened_leads", contributed(LEAD, [ENROLLED, CHAT]))


@pytest.mark.parametrize("count", range(1, len(STORY) + 1))
def test_events_in_order_add_up_to_all_facts(count: int) -> None:
    assert added(LEAD, STORY[:count]) == contributed(LEAD, STORY[:count])


@pytest.mark.parametrize("late", range(len(STORY)))
def test_a_late_event_restates_what_followed_from_its_absence(late: int) -> None:
    out_of_order = [*STORY[:late], *STORY[late + 1 :], STORY[late]]
    assert added(LEAD, out_of_order) == contributed(LEAD, STORY)


@pytest.mark.parametrize("order", list(permutations([CREATED, MQL, SQL, DISQUALIFIED])))
def test_stages_in_any_order_add_up_to_the_same(order: tuple[Any, ...]) -> None:
    assert added(LEAD, order) == contributed(LEAD, [CREATED, MQL, SQL, DISQUALIFIED])


def test_an_erasure_retracts_due_times_alone() -> None:
    fold = Fold(SETTINGS)
    entity = fold.apply(LEAD, None, "key", [CREATED, ENROLLED, STEP])
    erased = Fold(SETTINGS)
    assert erased.apply(LEAD, entity, "key", [lead("lead.erased", "02-03 10:00")]) is None
    ((series, _, amount),) = erased.delta
    assert (series[0], amount) == ("step_due_at", -1)


def test_stages_are_remembered_when_mail_and_scores_are_forgotten() -> None:
    months_later = 400 * 24 * HOUR_MS
    entity = Fold(SETTINGS).apply(LEAD, None, "key", STORY)
    LEAD.forget(entity, at("02-28 10:00") + months_later)
    assert not entity.messages
    assert not entity.engagements
    assert [row.score for row in entity.scores] == [35]
    assert [row.stage for row in entity.stages] == ["mql", "sql", "mql"]
    assert list(entity.enrollments) == ["e"], "it is still running"


def test_stages_are_credited_to_enrollments_that_are_forgotten() -> None:
    ended = in_program("program.exited", "02-03 10:00", outcome="completed")
    first, again = (
        lead("lead.stage_changed", "02-05 10:00", to="mql"),
        lead("lead.stage_changed", "02-04 10:00", to="mql"),
    )
    second = lead("program.enrolled", "02-06 10:00", program_id="p", enrollment_id="f")
    entity = Fold(SETTINGS).apply(LEAD, None, "key", [ENROLLED, ended, first])
    before = net(LEAD.all_facts(entity, SETTINGS))
    LEAD.forget(entity, at("02-05 12:00"))
    assert not entity.enrollments
    assert of("program_stage_entries", net(LEAD.all_facts(entity, SETTINGS))) == of("program_stage_entries", before)
    fold = Fold(SETTINGS)
    fold.apply(LEAD, entity, "key", [second, again])
    assert of("program_cohort", net(fold.delta)) == {}, "only the first enrollment in a program counts"
    assert of("program_stage_entries", net(fold.delta)) == {
        (("program_stage_entries", "p", "mql"), at("02-05 10:00")): -1,
        (("program_stage_entries", "p", "mql"), at("02-04 10:00")): 1,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [(CREATED, False), (MQL, False), (NOT_READY, False), (SCORED, True), (CHAT, True), (MAIL, True), (STEP, False)],
)
def test_only_kinds_that_are_forgotten_come_too_late(event: Any, expected: bool) -> None:  # noqa: ANN401
    entity = Fold(SETTINGS).apply(LEAD, None, "key", STORY)
    assert LEAD.too_late(entity, event[1], event[0], event[0] + 1) is expected
    assert not LEAD.too_late(entity, event[1], event[0], event[0])


def test_the_history_tells_what_happened() -> None:
    entity = Fold(SETTINGS).apply(LEAD, None, "key", [MAIL, ENROLLED, SCORED, CREATED])
    assert [(each.row.at, each.what) for each in history(entity)] == [
        (at("02-01 08:00"), "created, source web"),
        (at("02-01 09:00"), "score 10 (web)"),
        (at("02-02 10:00"), "enrollment e in p: enrolled"),
        (at("02-02 12:00"), "message m: sent"),
    ]
