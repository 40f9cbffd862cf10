"""A bad deploy stops a topic's intake before it drains the topic into the dead letters, and nothing else does."""

import pytest

from stream_app.worker.rejection_limit import FloodGate


class Gate:
    """A gate that notes what it stopped, fed as the pipeline feeds it."""

    def __init__(self, ratio: float = 0.5) -> None:
        """Take the share that is too much."""
        self.told: list[str] = []
        self.gate = FloodGate(ratio, self.told.append)

    def takes(self, records: int, rejected: int, topic: str = "t") -> bool:
        """Say whether a batch is admitted, and count it if so."""
        admitted = self.gate.admits(topic, records, rejected)
        if admitted:
            self.gate.count(topic, records, rejected)
        return admitted


def test_half_of_the_last_thousand_is_not_too_much_and_one_more_is() -> None:
    assert Gate().takes(1000, 500)
    assert not Gate().takes(1000, 501)


def test_a_batch_that_is_larger_than_what_is_looked_at_counts_by_its_share() -> None:
    assert Gate().takes(4000, 2000)
    assert not Gate().takes(4000, 2004)


@pytest.mark.parametrize("size", [1, 10, 300, 1000])
def test_small_batches_add_up_to_the_same_verdict(size: int) -> None:
    gate = Gate()
    taken = 0
    while gate.takes(size, size) and taken <= 1000:
        taken += size
    assert 500 - size < taken <= 500


def test_what_lies_further_back_than_a_thousand_records_is_forgotten() -> None:
    gate = Gate()
    assert gate.takes(500, 500)
    assert gate.takes(1000, 0)
    assert gate.takes(500, 500)
    assert not gate.takes(1, 1)


def test_a_new_topic_is_not_stopped_for_a_few_bad_records() -> None:
    gate = Gate()
    assert all(gate.takes(1, 1) for _ in range(500))
    assert not gate.takes(1, 1)


def test_good_records_of_a_stopped_topic_stay_out_as_well_and_it_is_told_once() -> None:
    gate = Gate()
    assert not gate.takes(1000, 1000)
    assert not gate.takes(1000, 0)
    assert not gate.takes(1000, 1000)
    assert gate.told == ["t"]
    assert gate.gate.stopped == {"t"}


def test_a_restart_alone_stops_again_and_the_log_says_what_does_not(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert not Gate().takes(1000, 1000)
    assert Gate(1.0).takes(1000, 1000)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert all("restart the workers with STREAM_APP_FLOOD_RATIO=1 once" in line for line in told)


def test_topics_are_judged_apart() -> None:
    gate = Gate()
    assert not gate.takes(1000, 1000, "bad")
    assert gate.takes(1000, 400, "good")


def test_the_ratio_is_a_setting() -> None:
    assert Gate(1.0).takes(1000, 1000)
    assert not Gate(0.1).takes(1000, 101)


def test_batches_without_records_change_nothing() -> None:
    gate = Gate()
    assert gate.takes(500, 500)
    for _ in range(100_000):
        assert gate.takes(0, 0)
    assert not gate.takes(1, 1)


def test_a_refused_batch_does_not_count() -> None:
    gate = FloodGate(0.5, lambda _: None)
    for _ in range(10):
        assert gate.admits("t", 400, 400)
