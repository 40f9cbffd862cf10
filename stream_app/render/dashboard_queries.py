"""The queries of dashboards: of the exporters and workers that are chosen, and each number once."""

import re

from stream_app.render.catalog import Catalog
from stream_app.render.each_series_once import EachSeriesOnce, labels_by_series, series_of
from stream_app.spec.metric import PREFIX

FILTERS = 'job=~"$job", instance=~"$instance"'

# What is recorded has colons in its name, and no instance.
_EXPORTED = r"(?<![\w:])"

# A sum over one exporter needs no more.
_ALONE = re.compile(
    rf"max by \([^)]*\) \({PREFIX}\w+(?:{{[^{{}}]*}})?(?: offset \w+)?\)"
    rf"|(?P<bare>(?P<series>{_EXPORTED}{PREFIX}\w+)(?:{{[^{{}}]*}})?(?: offset \w+)?)"
)
_SERIES = re.compile(rf"(?P<series>{_EXPORTED}(?:{PREFIX}|stream_app_)\w+)(?:{{(?P<match>[^{{}}]*)}})?")

# Of two exporters the one that is worse off decides.
_WORST = {
    "stream_app_data_age_seconds": "max(stream_app_data_age_seconds)",
    "stream_app_data_fresh": "min(stream_app_data_fresh)",
    "stream_app_label_overflow": "max by (label) (stream_app_label_overflow)",
}


class DashboardQueries:
    """Makes the query that a panel sends from the one that its expression means."""

    def __init__(self, catalog: Catalog) -> None:
        self._once = EachSeriesOnce(catalog)
        self._labels = labels_by_series(catalog)

    def __call__(self, promql: str) -> str:
        """The same, for the chosen jobs and instances; a second exporter changes nothing."""
        counted_once = _ALONE.sub(self._largest, self._once(_WORST.get(promql, promql)))
        return _SERIES.sub(_filtered, counted_once)

    def _largest(self, found: re.Match[str]) -> str:
        if not found["bare"]:
            return found[0]
        labels = self._labels[series_of(found["series"])]
        return f"max by ({', '.join(labels)}) ({found['bare']})"


def _filtered(found: re.Match[str]) -> str:
    return f"{found['series']}{{{', '.join(part for part in (FILTERS, found['match']) if part)}}}"
