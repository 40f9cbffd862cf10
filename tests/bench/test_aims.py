"""What is found is judged as it is, and as it would be on a machine as fast as that of the aims."""

import pytest

from bench.aims import PEERS_US, judged
from bench.measurement import Measurement
from bench.report import Findings


def test_a_time_is_shorter_on_a_faster_machine() -> None:
    [verdict] = judged({"uncached_worker": 54.0}, slowness=3.0)
    assert not verdict.met
    assert verdict.scaled == pytest.approx(18.0)
    assert verdict.aim.met_by(18.0)


def test_a_rate_is_higher_on_a_faster_machine() -> None:
    [verdict] = judged({"new_leads": 150_000.0}, slowness=3.0)
    assert not verdict.met
    assert verdict.scaled == pytest.approx(450_000.0)
    assert verdict.aim.met_by(450_000.0)


@pytest.mark.parametrize("name", ["two_workers", "stored_lead", "conflicts"])
def test_ratios_sizes_and_counts_are_judged_once(name: str) -> None:
    [verdict] = judged({name: 1.0}, slowness=3.0)
    assert verdict.scaled is None


def test_nothing_is_scaled_where_the_machine_is_not_known() -> None:
    [verdict] = judged({"latency": 30.0})
    assert verdict.met
    assert verdict.scaled is None


def test_a_figure_without_an_aim_is_refused() -> None:
    with pytest.raises(KeyError, match="no_aim"):
        list(judged({"no_aim": 1.0}))


def test_the_peers_say_how_slow_the_machine_is() -> None:
    rounds = [Measurement(events=1000, seconds=1.0, processor=seconds) for seconds in (0.3, 0.5, 0.9)]
    findings = Findings(events=1000, measurements={"a": rounds})
    assert findings.slowness() == {"a": pytest.approx(500 / PEERS_US["a"])}


def test_the_peer_counts_that_makes_less_of_our_figures() -> None:
    findings = Findings(
        measurements={
            "a": [Measurement(1000, 1.0, 3 * PEERS_US["a"] / 1000)],
            "b": [Measurement(1000, 1.0, 2 * PEERS_US["b"] / 1000)],
            "c": [Measurement(1000, 1.0, 0.018)],
        }
    )
    assert {verdict.aim.name: verdict.scaled for verdict in findings.verdicts()}["cached"] == pytest.approx(9.0)
