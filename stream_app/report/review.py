"""What the questions are answered from: the samples of the month, and of earlier ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stream_app.report.document import Chart, ChartKind, Figure, Line
from stream_app.report.past import Past
from stream_app.report.quantity import LEAST_CASES, Quantity, Selector
from stream_app.report.words import amount, compared, counted, with_cases
from stream_app.spec.metric import Unit

_MOST = 10
"""How many are shown of what is ranked."""


class Ranking(NamedTuple):
    """Figures of at least `LEAST_CASES` cases, the highest first, by name; how many others there are."""

    figures: Sequence[tuple[str, Figure]]
    left_out: int

    @property
    def shown(self) -> list[Figure]:
        """The highest, without their names."""
        return [figure for _, figure in self.figures[:_MOST]]

    def sentences(self, review: "Review", measure: str, what: str, unit: str) -> list[str]:
        """The first and the last, how far apart they are, and how the first has changed."""
        if not self.figures:
            return [f"Nothing is ranked: no {what} has {LEAST_CASES} {unit}."]
        (best, highest), (worst, lowest) = self.figures[0], self.figures[-1]
        first = (
            f"Highest {measure}"
            if len(self.figures) > 1
            else f"{measure.capitalize()} of the only {what} with {LEAST_CASES} {unit}"
        )
        said = [f"{first}: {best} with {with_cases(highest)}; {review.compared(highest)}."]
        if len(self.figures) > 1:
            said.append(f"Lowest of {len(self.figures)}: {worst} with {with_cases(lowest)}; {review.compared(lowest)}.")
            second_name, second = self.figures[1]
            if second.high is not None and highest.low is not None and second.high >= highest.low:
                said.append(f"Chance alone may put {best} before {second_name}: their intervals overlap.")
        return said

    def caution(self, what: str, unit: str) -> list[str]:
        """How many are not shown, and how many are not ranked."""
        of = self.left_out + len(self.figures)
        said = []
        if len(self.figures) > _MOST:
            said.append(f"Chart and table have the first {_MOST} of {len(self.figures)}.")
        if self.left_out:
            said.append(f"Not ranked, with fewer than {LEAST_CASES} {unit}: {self.left_out} of {counted(of, what)}.")
        return said

    def chart(self, title: str) -> Chart | None:
        """Bars of the figures with their intervals."""
        shown = self.shown
        if not shown:
            return None
        line = Line(title, [each.now for each in shown], [each.low for each in shown], [each.high for each in shown])
        return Chart(
            ChartKind.BARS, title, shown[0].unit, [name for name, _ in self.figures[:_MOST]], [line], shown[0].currency
        )


@dataclass(frozen=True, slots=True)
class Review:
    """The samples at the end of the reported days, of the same a month and a year before, and of all months since.

    A month of which the store has nothing is None. `trend` has months by name, the oldest first. `days_since` is how
    many days have passed since the reported ones.
    """

    now: Past
    before: Past | None
    year_before: Past | None
    trend: Sequence[tuple[str, Past | None]]
    before_text: str
    year_before_text: str
    days_since: int
    definitions: Mapping[str, str]

    def figure(self, title: str, quantity: Quantity, unit: Unit = Unit.COUNT) -> Figure:
        """A number, and the same in earlier months."""
        low, high = self.now.interval(quantity) or (None, None)
        return Figure(
            title,
            quantity,
            unit,
            self.now.value(quantity),
            None if self.before is None else self.before.value(quantity),
            None if self.year_before is None else self.year_before.value(quantity),
            low,
            high,
            self.now.cases(quantity),
        )

    def sentence(self, figure: Figure) -> str:
        """What a figure is, and how it differs from earlier months."""
        if figure.now is None:
            of = f" ({counted(figure.cases, 'case')})" if figure.cases else ""
            return f"{figure.title}: too little for a number{of}."
        return f"{figure.title}: {with_cases(figure)}; {self.compared(figure)}."

    def compared(self, figure: Figure) -> str:
        """How a figure differs from earlier months."""
        return compared(figure, self.before_text, self.year_before_text)

    def ranking(self, figures: Mapping[str, Figure]) -> Ranking:
        """Those of enough cases, the highest first; `figures` by name."""
        enough = {
            name: each for name, each in figures.items() if each.now is not None and (each.cases or 0) >= LEAST_CASES
        }
        found = sorted(enough.items(), key=lambda item: (-(item[1].now or 0), item[0]))
        return Ranking(found, len(figures) - len(enough))

    def lines(self, title: str, quantities: Mapping[str, Quantity], unit: Unit = Unit.COUNT) -> Chart | None:
        """How quantities went month by month; None where there are fewer than two months."""
        known = [(tick, past) for tick, past in self.trend if past is not None]
        first = next((number for number, (_, past) in enumerate(self.trend) if past is not None), len(self.trend))
        shown = self.trend[first:]
        if len(known) <= 1:
            return None
        lines = [
            Line(name, [None if past is None else past.value(quantity) for _, past in shown])
            for name, quantity in quantities.items()
        ]
        return Chart(ChartKind.LINES, title, unit, [tick for tick, _ in shown], lines)

    def still_open(self, days: int, text: str) -> list[str]:
        """What may still change, if fewer than so many days have passed since the last that is reported."""
        left = days - self.days_since
        return [f"{text}; the last of it is known in {counted(left, 'day')}."] if left > 0 else []

    def define(self, figures: Iterable[Figure]) -> list[tuple[str, str]]:
        """Name and definition of every series behind figures."""
        names = {name: None for figure in figures for name in figure.quantity.series}
        return [(name, self.definitions[name]) for name in names]


def listed(names_and_numbers: Iterable[tuple[str, float, Unit, str]]) -> str:
    """Names with their numbers, as part of a sentence."""
    return ", ".join(f"{name} {amount(number, unit, currency)}" for name, number, unit, currency in names_and_numbers)


def by_name(figures: Iterable[tuple[str, Figure]]) -> str:
    """Figures that have a number, as part of a sentence."""
    return listed((name, each.now, each.unit, each.currency) for name, each in figures if each.now is not None)


def of_each(selector: Selector, label: str, past: Past) -> dict[str, Selector]:
    """A selector for each value of a label."""
    return {name: selector.where(**{label: name}) for name in past.names(selector, label)}
