"""The worked examples of the catalog, computed by hand, against the recount."""

from fractions import Fraction
from itertools import chain
from math import isclose

import pytest

from stream_app.audit.series import RATIOS
from stream_app.examples import EXAMPLES
from stream_app.spec.example import Value
from tests.audit.stories import Samples, counted

BY_TITLE = {example.title: example for example in EXAMPLES}
COMPLETE = ("", "_gcount", "_gsum")


def recounted(title: str) -> Samples:
    example = BY_TITLE[title]
    as_of = f"{example.as_of}+00:00"
    return counted(example.events(), as_of, timezone=example.timezone, series_limit=example.series_limit)


def agrees(series: str, found: float | None, expected: Value) -> bool:
    if series not in RATIOS:
        # What is 0 is left out of a recount, and so is what has no sample.
        return (found or 0) == (expected or 0)
    if found is None or expected is None:
        return found is expected
    return isclose(found, expected, rel_tol=1e-12) if isinstance(expected, Fraction) else found == expected


@pytest.mark.parametrize("title", BY_TITLE)
def test_a_recount_gives_the_samples_computed_by_hand(title: str) -> None:
    found = recounted(title)
    expected = list(chain.from_iterable(each.samples() for each in BY_TITLE[title].expected))
    assert expected
    wrong = [
        (name, dict(labels), value, found.get((name, labels)))
        for name, labels, value in expected
        if not agrees(name, found.get((name, labels)), value)
    ]
    assert not wrong


@pytest.mark.parametrize("title", BY_TITLE)
def test_a_recount_leaves_no_sample_out(title: str) -> None:
    example = BY_TITLE[title]
    expected = {(name, labels) for each in example.expected for name, labels, _ in each.samples()}
    windows = {(name, dict(labels).get("window")) for name, labels in expected}
    names = {f"lifecycle_{series}{part}" for series in example.explains for part in COMPLETE}
    more = [
        (name, dict(labels), value)
        for (name, labels), value in recounted(title).items()
        if value and name in names and (name, dict(labels).get("window")) in windows and (name, labels) not in expected
    ]
    assert not more
