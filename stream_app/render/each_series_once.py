"""PromQL in which a number counts once, however many exporters are scraped: each of them exports all numbers."""

import re

from stream_app.render.catalog import Catalog
from stream_app.spec.metric import PREFIX, Declaration

_HISTOGRAM = re.compile("_(bucket|gcount|gsum)$")
_SUM = re.compile(
    rf"sum(?P<by> by \([^)]*\))? ?\((?P<function>\w+_over_time\()?(?P<series>{PREFIX}\w+)(?P<match>{{[^{{}}]*}})?"
    r"(?P<when> offset \w+|\[\w+\]\))?\)"
)


class EachSeriesOnce:
    """Puts the largest of equal series in the place of each series that a sum adds up."""

    def __init__(self, catalog: Catalog) -> None:
        self._labels = labels_by_series(catalog)

    def __call__(self, promql: str) -> str:
        """The same expression, or a text that contains some, with sums over one exporter."""
        return _SUM.sub(self._over_one, promql)

    def _over_one(self, found: re.Match[str]) -> str:
        series = found["series"]
        function, match, when = (found[part] or "" for part in ("function", "match", "when"))
        labels = [*self._labels[series_of(series)], *(["le"] if series.endswith("_bucket") else [])]
        return f"sum{found['by'] or ''} (max by ({', '.join(labels)}) ({function}{series}{match}{when}))"


def labels_by_series(catalog: Catalog) -> dict[str, list[str]]:
    """Return the labels of every series of a catalog, those of a histogram by its name alone."""
    declared: tuple[Declaration, ...] = (*catalog.metrics, *catalog.derived, *catalog.ratios)
    return {each.series: _labels(each) for each in declared}


def series_of(name: str) -> str:
    """Return the series that a name in an expression belongs to: a histogram has three."""
    return _HISTOGRAM.sub("", name)


def _labels(declared: Declaration) -> list[str]:
    return [*(label.name for label in declared.labels), *(["window"] if declared.windows else [])]
