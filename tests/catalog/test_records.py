"""Spend, reach and survey answers: the newest record counts."""

from typing import Any

import pytest

from stream_app.catalog.entities import REACH, RESPONDENT, SPEND
from stream_app.core.entity import Fold
from tests.catalog.folding import SETTINGS, added, at, contributed, happened


def spend(time: str, amount: int, first: str, last: str) -> Any:  # noqa: ANN401 - an event
    period = {"period_start": f"2026-{first}", "period_end": f"2026-{last}"}
    return happened("spend.recorded", time, spend_id="key", amount_minor=amount, currency="EUR", kind="media", **period)


def reach(time: str, count: int) -> Any:  # noqa: ANN401 - an event
    return happened("reach.recorded", time, reach_id="key", day="2026-02-01", kind="impressions", count=count)


def answer(time: str, score: int, **more: str) -> Any:  # noqa: ANN401 - an event
    return happened("survey.responded", time, respondent_id="key", survey_id="s", score=score, **more)


def test_spend_is_spread_over_its_days_and_the_first_take_the_rest() -> None:
    series = ("spend", "EUR", "media", "none", "none", "none")
    assert contributed(SPEND, [spend("03-05 10:00", 11, "02-27", "03-02")]) == {
        (series, at("02-27 00:00")): 3,
        (series, at("02-28 00:00")): 3,
        (series, at("03-01 00:00")): 3,
        (series, at("03-02 00:00")): 2,
    }


def test_a_day_without_a_share_is_not_emitted() -> None:
    series = ("spend", "EUR", "media", "none", "none", "none")
    assert contributed(SPEND, [spend("03-05 10:00", 1, "03-01", "03-02")]) == {(series, at("03-01 00:00")): 1}


def test_the_newest_record_replaces_the_others_in_any_order() -> None:
    older, newer = reach("03-01 10:00", 5), reach("03-02 10:00", 7)
    expected = {(("reach", "impressions", "none", "none"), at("02-01 00:00")): 7}
    assert added(REACH, [older, newer]) == expected
    assert added(REACH, [newer, older]) == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_an_answer_has_a_class(score: int, expected: str) -> None:
    assert contributed(RESPONDENT, [answer("03-01 10:00", score)]) == {
        (("nps_responses", expected, "none"), at("03-01 10:00")): 1,
        (("nps_themes", "none", expected), at("03-01 10:00")): 1,
    }


def test_segment_and_theme_are_those_of_the_newest_answer() -> None:
    older = answer("03-01 10:00", 10, segment="smb", theme="price")
    newer = answer("03-02 10:00", 3, segment="enterprise", theme="support")
    expected = {
        (("nps_responses", "detractor", "enterprise"), at("03-02 10:00")): 1,
        (("nps_themes", "support", "detractor"), at("03-02 10:00")): 1,
    }
    assert added(RESPONDENT, [older, newer]) == expected
    assert added(RESPONDENT, [newer, older]) == expected


@pytest.mark.parametrize("segment", ["all", ""])
def test_no_segment_and_the_name_for_all_of_them_count_as_none(segment: str) -> None:
    found = added(RESPONDENT, [answer("03-01 10:00", 10, segment=segment)])
    assert (("nps_responses", "promoter", "none"), at("03-01 10:00")) in found


def test_the_newest_row_is_never_forgotten() -> None:
    entity = Fold(SETTINGS).apply(RESPONDENT, None, "key", [answer("03-01 10:00", 5), answer("03-02 10:00", 9)])
    RESPONDENT.forget(entity, at("04-01 10:00"))
    assert [row.score for row in entity.rows] == [9]
    assert entity.oldest == at("03-02 10:00")
