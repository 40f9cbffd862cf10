"""Every sample has the labels, windows and unit that its metric declares, on a store with a year of data."""

from collections.abc import Mapping

import pytest

from stream_app.catalog.ratios import GROSS_MARGIN
from stream_app.catalog.sample_source import DECLARATIONS, SampleSource
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history
from stream_app.spec.metric import Declaration, Kind, Metric, Unit
from stream_app.spec.ratio import Ratio
from tests.laws.memory import MemoryStore
from tests.laws.worlds import NOW

DECLARED: Mapping[str, Declaration] = {each.series: each for each in DECLARATIONS}
HISTOGRAM_PARTS = ("_bucket", "_gcount", "_gsum")
LabelValues = dict[str, str]


@pytest.fixture(scope="module")
def shown() -> dict[str, list[tuple[LabelValues, float]]]:
    store = MemoryStore()
    store.apply(list(history(Plan(seed=4, leads=300, days=200, until=NOW, backfill=200))))
    found: dict[str, list[tuple[LabelValues, float]]] = {}
    for each in SampleSource().samples(store.view(int(NOW.timestamp() * 1000))):
        found.setdefault(each.name, []).append((dict(each.labels), each.value))
    return found


def names_of(declared: Declaration) -> list[str]:
    is_histogram = isinstance(declared, Metric) and declared.kind is Kind.HISTOGRAM
    return [declared.series + part for part in HISTOGRAM_PARTS] if is_histogram else [declared.series]


@pytest.mark.parametrize("series", DECLARED)
def test_samples_have_the_declared_labels_and_windows(
    series: str, shown: dict[str, list[tuple[LabelValues, float]]]
) -> None:
    declared = DECLARED[series]
    for name in names_of(declared):
        wanted = {label.name for label in declared.labels}
        wanted |= ({"window"} if declared.windows else set()) | ({"le"} if name.endswith("_bucket") else set())
        assert shown[name]
        assert {frozenset(labels) for labels, _ in shown[name]} == {frozenset(wanted)}
        windows = {labels["window"] for labels, _ in shown[name] if "window" in labels}
        known = {window.value for window in declared.windows}
        # A ratio has no sample in a window whose denominator is 0.
        assert windows <= known if isinstance(declared, Ratio) else windows == known
        for label in declared.labels:
            if label.values is not None:
                assert {labels[label.name] for labels, _ in shown[name]} <= set(label.values)


@pytest.mark.parametrize("series", [name for name, each in DECLARED.items() if each.unit is Unit.MONEY])
def test_money_is_in_base_units(series: str, shown: dict[str, list[tuple[LabelValues, float]]]) -> None:
    assert all("currency" in labels for labels, _ in shown[series])
    if not series.endswith(("arpa", "_value", "_cost")) and "_cost_per_" not in series:
        assert all(round(value, 2) == value for _, value in shown[series])


def test_nothing_is_shown_that_is_not_declared(shown: dict[str, list[tuple[LabelValues, float]]]) -> None:
    assert shown.keys() == {name for declared in DECLARED.values() for name in names_of(declared)}


def test_the_gross_margin_has_one_default() -> None:
    assert Settings.model_fields["gross_margin"].default == GROSS_MARGIN.default
