"""A leader that owes an answer for too long is named, by the oldest question and not by the newest answer."""

from stream_app.worker.leader_answers import LeaderAnswers, Requested, Unanswered

_A, _B = ("a", 0), ("b", 1)
_FIRST, _SECOND = "broker 1 at one:9092", "broker 2 at two:9092"


def test_the_partition_without_an_answer_is_named_and_no_other() -> None:
    answers = LeaderAnswers(limit=7)
    assert not answers.observe(100, {_A: Requested(_FIRST, 0.5), _B: Requested(_SECOND, 0.5)})
    assert not answers.observe(106, {_A: Requested(_FIRST, 0.5), _B: Requested(_SECOND, 6.5)})
    assert answers.observe(107, {_A: Requested(_FIRST, 0.5), _B: Requested(_SECOND, 7.5)}) == {
        _A: Unanswered(_FIRST, 7)
    }


def test_a_leader_that_never_answered_is_named() -> None:
    answers = LeaderAnswers(limit=7)
    assert not answers.observe(100, {_A: Requested("no leader", None)})
    assert answers.observe(110, {_A: Requested("no leader", None)}) == {_A: Unanswered("no leader", 10)}


def test_a_leader_that_answers_again_is_forgotten() -> None:
    answers = LeaderAnswers(limit=7)
    answers.observe(100, {_A: Requested(_FIRST, 0.5)})
    assert answers.observe(108, {_A: Requested(_FIRST, 0.5)})
    assert not answers.observe(109, {_A: Requested(_FIRST, 9.0)})


def test_a_partition_that_nothing_is_requested_of_owes_no_answer() -> None:
    answers = LeaderAnswers(limit=7)
    answers.observe(100, {_A: Requested(_FIRST, 0.5)})
    assert not answers.observe(200, {})
    assert not answers.observe(201, {_A: Requested(_FIRST, 0.5)})


def test_the_words_name_broker_and_time() -> None:
    assert str(Unanswered(_FIRST, 8.4)) == "broker 1 at one:9092 has not answered for 8 s"
