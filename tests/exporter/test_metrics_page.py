"""The page that is put together from what was written before is the one that is written at once."""

import math
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from stream_app.core.samples import Sample
from stream_app.exporter.collector import Families
from stream_app.exporter.metrics_page import MetricsPage

FORMATS = ["", "application/openmetrics-text;version=1.0.0", "text/plain;version=1.0.0;escaping=allow-utf-8"]
DEFINITIONS = {"a": "What a is.", "b": "What b is.", "h": "What h is."}


class Scraped(Collector):
    """Gives the families of samples that change between scrapes."""

    def __init__(self) -> None:
        self.families, self.samples = Families(DEFINITIONS), list[Sample]()

    def collect(self) -> Iterator[Metric]:
        yield from self.families.of(iter(self.samples))


def at_once(accept: str, samples: list[Sample]) -> bytes:
    scraped, registry = Scraped(), CollectorRegistry()
    scraped.samples = samples
    registry.register(scraped)
    return choose_encoder(accept)[0](registry)


@pytest.mark.parametrize("accept", FORMATS)
def test_a_page_is_the_same_whatever_was_scraped_before(accept: str) -> None:
    scraped = Scraped()
    page = MetricsPage(scraped)
    a, b = Sample("a", (("l", "1"),), 3), Sample("b", (), 5)
    buckets = [Sample("h_bucket", (("le", "+Inf"),), 2), Sample("h_gcount", (), 2), Sample("h_gsum", (), 9)]
    for samples in ([a, b], [a, b], [a, Sample("b", (), 6)], [a, *buckets], [b], [*buckets], [], [a, b, *buckets]):
        scraped.samples = samples
        found = page({"Accept": accept})
        assert found.body == at_once(accept, samples)
        assert found.content_type == choose_encoder(accept)[1]


@pytest.mark.parametrize("accept", FORMATS)
def test_any_label_value_and_number_is_written_as_the_library_does(accept: str) -> None:
    values = ["", 'a "b"', "back\\slash", "two\nlines", "ümlaut", "\\n"]
    numbers = [0, -1.5, 1e21, 12345678, 0.1, math.inf, -math.inf, math.nan]
    labeled = [Sample("a", (("z", value), ("l", value[::-1])), number) for value in values for number in numbers]
    scraped = Scraped()
    scraped.samples = [*labeled, Sample("b", (), 1)]
    assert MetricsPage(scraped)({"Accept": accept}).body == at_once(accept, scraped.samples)


def test_what_did_not_change_is_not_written_again() -> None:
    families = Families(DEFINITIONS)
    a, b = Sample("a", (), 3), Sample("b", (), 5)
    before = list(families.of(iter([a, b])))
    after = list(families.of(iter([a, Sample("b", (), 6)])))
    assert after[0] is before[0]
    assert after[1] is not before[1]


def test_samples_that_did_not_change_are_the_same_in_a_family_that_did() -> None:
    families = Families(DEFINITIONS)
    first, second, third = (Sample("a", (("l", str(number)),), number) for number in range(3))
    (before,) = families.of(iter([first, third]))
    (after,) = families.of(iter([first, second, third]))
    assert (after.samples[0], after.samples[2]) == tuple(before.samples)
    assert after.samples[0] is before.samples[0]
    assert after.samples[2] is before.samples[1]
    assert after.samples[1].value == 1
