"""A bad deploy stops the intake of its topic, and nothing else does."""

import pytest

from stream_app.worker.rejection_limit import RejectionLimit


class Intake:
    """A rejection limit that records what it stopped, called as the pipeline calls it."""

    def __init__(self, ratio: float = 0.5) -> None:
        """`ratio` is the largest share of rejected records."""
        self.stopped: list[str] = []
        self.limit = RejectionLimit(ratio, self.stopped.append)

    def accepts(self, records: int, rejected: int, topic: str = "t") -> bool:
        """Say whether a batch is admitted, and count it if so."""
        admitted = self.limit.admits(topic, records, rejected)
        if admitted:
            self.limit.count(topic, records, rejected)
        return admitted


def test_half_of_the_last_1000_may_be_rejected_and_not_one_more() -> None:
    assert Intake().accepts(1000, 500)
    assert not Intake().accepts(1000, 501)


def test_a_batch_of_over_1000_records_counts_by_its_share() -> None:
    assert Intake().accepts(4000, 2000)
    assert not Intake().accepts(4000, 2004)


@pytest.mark.parametrize("size", [1, 10, 300, 1000])
def test_small_batches_are_judged_as_one_large_batch(size: int) -> None:
    intake = Intake()
    taken = 0
    while intake.accepts(size, size) and taken <= 1000:
        taken += size
    assert 500 - size < taken <= 500


def test_records_before_the_last_1000_do_not_count() -> None:
    intake = Intake()
    assert intake.accepts(500, 500)
    assert intake.accepts(1000, 0)
    assert intake.accepts(500, 500)
    assert not intake.accepts(1, 1)


def test_a_new_topic_is_not_stopped_for_a_few_bad_records() -> None:
    intake = Intake()
    assert all(intake.accepts(1, 1) for _ in range(500))
    assert not intake.accepts(1, 1)


def test_a_stopped_topic_stays_stopped_and_on_stop_is_called_once() -> None:
    intake = Intake()
    assert not intake.accepts(1000, 1000)
    assert not intake.accepts(1000, 0)
    assert not intake.accepts(1000, 1000)
    assert intake.stopped == ["t"]
    assert intake.limit.stopped == {"t"}


def test_a_restart_stops_again_unless_the_ratio_is_1(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert not Intake().accepts(1000, 1000)
    assert Intake(1.0).accepts(1000, 1000)
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 2
    assert all("restart the workers with STREAM_APP_FLOOD_RATIO=1 once" in line for line in logged)


def test_each_topic_is_judged_by_its_own_records() -> None:
    intake = Intake()
    assert not intake.accepts(1000, 1000, "bad")
    assert intake.accepts(1000, 400, "good")


def test_the_ratio_is_a_setting() -> None:
    assert Intake(1.0).accepts(1000, 1000)
    assert not Intake(0.1).accepts(1000, 101)


def test_batches_without_records_change_nothing() -> None:
    intake = Intake()
    assert intake.accepts(500, 500)
    for _ in range(100_000):
        assert intake.accepts(0, 0)
    assert not intake.accepts(1, 1)


def test_a_refused_batch_does_not_count() -> None:
    limit = RejectionLimit(0.5, lambda _: None)
    for _ in range(10):
        assert limit.admits("t", 400, 400)
