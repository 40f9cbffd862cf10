"""Observations of a distribution."""

import pytest

from stream_app.core.histogram import bound_label, observation


@pytest.mark.parametrize(
    ("value", "index"), [(0, "0"), (999, "0"), (1000, "0"), (1001, "1"), (60_000, "1"), (60_001, "2")]
)
def test_an_observation_counts_in_the_smallest_bucket_that_holds_it(value: int, index: str) -> None:
    facts = observation(("wait_seconds", "p"), (1.0, 60.0), 7, value, 1000)
    assert facts == [(("wait_seconds", "p", index), 7, 1), (("wait_seconds", "p", "sum"), 7, value)]


@pytest.mark.parametrize(
    ("bound", "label"),
    [(0.0, "0.0"), (3600.0, "3600.0"), (604800.0, "604800.0"), (1209600.0, "1.2096e+06"), (31536000.0, "3.1536e+07")],
)
def test_a_bound_is_written_as_clients_of_prometheus_write_it(bound: float, label: str) -> None:
    assert bound_label(bound) == label
