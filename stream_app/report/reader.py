"""Reads a month and those before it, and answers the questions."""

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stream_app.core.calendar import Calendar, date_of
from stream_app.core.samples import Sample, View
from stream_app.report.convert import convert
from stream_app.report.document import Report
from stream_app.report.expand import expand
from stream_app.report.nurture import nurture
from stream_app.report.past import Past
from stream_app.report.period import NoPeriodError, Period
from stream_app.report.review import Review
from stream_app.spec.window import Window
from stream_app.store.reader import Reader

SampleSource = Callable[[View, frozenset[str] | None, frozenset[str]], Iterable[Sample]]
"""`source(view, changed, wanted)`: the samples of the wanted series, see `catalog/sample_source.py`."""

_TREND_MONTHS = 13
"""Of how many months a trend is, with the one that is reported: the first is the same month of the year before."""

_TREND_SERIES = frozenset(
    f"lifecycle_{name}"
    for name in (
        "stage_entries",
        "new_customers",
        "stage_transition_seconds",
        "mrr",
        "net_revenue_retention",
        "nps",
    )
)


@dataclass(frozen=True, slots=True)
class ReportReader:
    """Reads reports. `definitions` are those of all series, `ratios` the series that cannot be added up.

    `reader` and `source` are used for nothing else meanwhile.
    """

    reader: Reader
    source: SampleSource
    calendar: Calendar
    definitions: Mapping[str, str]
    ratios: frozenset[str]

    def read(self, period: Period, today: int) -> Report:
        """The review of a period; `today` is the number of a day.

        Raises redis.RedisError; NoPeriodError if the month is no longer kept.
        """
        everything = frozenset(self.definitions)
        earlier = [period.earlier(months) for months in range(_TREND_MONTHS - 1, 0, -1)]
        year_before, *between, before = earlier
        pasts = [
            self._past(year_before, everything),
            *(self._past(each, _TREND_SERIES) for each in between),
            self._past(before, everything),
        ]
        now = self._past(period, everything)
        if now is None:
            message = f"{period.month} is no longer kept: the store keeps 800 days back from its newest event"
            raise NoPeriodError(message)
        known = [None if each is None or each.is_empty else each for each in pasts]
        review = Review(
            now=now,
            before=known[-1],
            year_before=known[0],
            trend=[*zip((each.month for each in earlier), known, strict=True), (period.month, now)],
            before_text=before.text,
            year_before_text=year_before.text,
            days_since=today - period.last - 1,
            definitions=self.definitions,
        )
        return Report(
            month=period.month,
            timezone=str(self.calendar.zone),
            as_of=self._end(period),
            is_running=period.is_running,
            period=period.text,
            before=before.text,
            year_before=year_before.text,
            notes=[*_notes(review, period), *self._begin(review, period)],
            sections=[] if now.is_empty else [nurture(review), convert(review), expand(review)],
        )

    def _begin(self, review: Review, period: Period) -> list[str]:
        """On which day of the period the store begins, if it does."""
        if review.now.is_empty or review.before is not None:
            return []
        days = range(period.first, period.last)
        count = bisect(days, 0, key=lambda day: self._has_begun(Period(period.first, day)))
        if not count:
            return []
        begin = date_of(period.first + count).strftime("%-d %B %Y")
        return [f"The store begins on {begin}: {period.last - period.first - count + 1} days are reported."]

    def _has_begun(self, period: Period) -> bool:
        past = self._past(period, frozenset(self.definitions))
        return past is not None and not past.is_empty

    def _past(self, period: Period, wanted: frozenset[str]) -> Past | None:
        view = (snapshot := self.reader.read(self._end(period))).view
        if not (view.answers(Window.MTD) and view.knows_levels):
            return None
        return Past(self.source(view, snapshot.changed, wanted), self.ratios)

    def _end(self, period: Period) -> int:
        """The last millisecond of its last day."""
        return self.calendar.start_of_day(period.last + 1) - 1


def _notes(review: Review, period: Period) -> list[str]:
    if review.now.is_empty:
        return [f"There is nothing to report: the store has no event of {period.text}, and nothing from before it."]
    said = []
    if period.is_running:
        said.append(
            f"The month is still running: {period.text} is compared with the same days of earlier months, "
            f"{review.before_text} and {review.year_before_text}."
        )
    if review.before is None:
        said.append(f"The store has nothing of {review.before_text}: nothing can be compared with the month before.")
    if review.year_before is None:
        said.append(f"The store has nothing of {review.year_before_text}: nothing can be compared with a year before.")
    return said
