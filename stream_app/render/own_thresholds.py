"""PromQL with the thresholds of an installation; programs and currencies that have their own are tested apart."""

import json
import re
from collections.abc import Iterable
from textwrap import indent

from stream_app.render.catalog import Catalog
from stream_app.render.each_series_once import labels_by_series, series_of
from stream_app.spec.metric import PREFIX
from stream_app.spec.threshold import Thresholds

_SELECTOR = re.compile(rf"(?<![\w:])(?P<by>[a-z_]+:)?(?P<series>{PREFIX}\w+)(?P<rest>:\w+)?(?P<match>{{[^{{}}]*}})?")


class OwnThresholds:
    """Fills in an expression; `or` joins the general one with one for each label value that has its own thresholds.

    Every series that has the label is selected by it, so both see what they would see alone.
    """

    def __init__(self, catalog: Catalog, thresholds: Thresholds) -> None:
        self._labels = labels_by_series(catalog)
        self._thresholds = thresholds

    def __call__(self, template: str) -> str:
        """Return the PromQL of a template."""
        overrides = [each for each in self._thresholds.overrides_of(template) if self._has(each.label, template)]
        if not overrides:
            return self._thresholds.filled(template)
        apart = [self._selected(template, [(each.label, "=", each.value)]) for each in overrides]
        others = self._selected(template, [(each.label, "!=", each.value) for each in overrides])
        parts = [self._thresholds.filled(others)]
        parts += [
            self._thresholds.filled(each, {override.label: override.value})
            for each, override in zip(apart, overrides, strict=True)
        ]
        return "\nor\n".join(f"(\n{indent(part.strip(), '  ')}\n)" for part in parts)

    def _has(self, label: str, template: str) -> bool:
        return any(label in self._labels_of(found) for found in _SELECTOR.finditer(template))

    def _selected(self, template: str, matchers: Iterable[tuple[str, str, str]]) -> str:
        wanted = tuple(matchers)

        def selected(found: re.Match[str]) -> str:
            labels = self._labels_of(found)
            added = [f"{label}{sign}{_quoted(value)}" for label, sign, value in wanted if label in labels]
            if not added:
                return found[0]
            before = (found["match"] or "").strip("{}")
            name = f"{found['by'] or ''}{found['series']}{found['rest'] or ''}"
            return f"{name}{{{', '.join((*([before] if before else []), *added))}}}"

        return _SELECTOR.sub(selected, template)

    def _labels_of(self, found: re.Match[str]) -> frozenset[str]:
        # A recorded series begins with the names of its labels.
        if found["by"]:
            return frozenset(found["by"].rstrip(":").split("_"))
        return frozenset(self._labels[series_of(found["series"])])


def _quoted(value: str) -> str:
    # A JSON string is a PromQL string, whatever it holds.
    return json.dumps(value, ensure_ascii=False)
