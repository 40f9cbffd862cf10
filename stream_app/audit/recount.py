"""All metrics of the catalog: sections A to C counted from the raw events by queries, section D from these counts."""

import json
import operator
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

from stream_app.audit.business_time import BusinessTime, instant_ms, months_back
from stream_app.audit.capping import cap_series
from stream_app.audit.comparison import Labels
from stream_app.audit.exposition import bound_label
from stream_app.audit.intake import Intake
from stream_app.audit.money import base_units, monthly_minor
from stream_app.audit.ratios import ratios
from stream_app.audit.sample import Sample
from stream_app.audit.series import RECOUNTED
from stream_app.audit.windows import is_past, level_until_ms, windows_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_COHORT_MONTHS = 13
_OLDEST_DUE = frozenset(
    {
        "lifecycle_step_oldest_due_timestamp_seconds",
        "lifecycle_mql_oldest_due_timestamp_seconds",
    }
)

# In this order: a later one may build on the tables of an earlier one.
_DEFINITIONS = (
    "_shapes",
    "events",
    "leads",
    "email",
    "programs",
    "outcomes",
    "follow_up",
    "reopened",
    "scores",
    "opportunities",
    "mrr",
    "customers",
    "spend",
    "reach",
    "survey",
)

# A private temporary database: in memory while it is small, on disk beyond the cache, gone when closed.
_TEMPORARY = ""
_SETTINGS = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -65536;
"""


def _sql(name: str) -> str:
    return files("stream_app.audit").joinpath("sql", f"{name}.sql").read_text("utf-8")


class Recount:
    """A second count of every metric, as a context manager that holds the events in SQLite.

    Events are given in log order. Only `lead.erased` depends on it: the events of an erased lead before and after its
    erasure are two leads. What the erased one contributed stays counted; its due times go.
    """

    def __init__(
        self,
        *,
        timezone: str = "UTC",
        step_limit: timedelta = timedelta(days=7),
        program_credit: timedelta = timedelta(days=90),
        follow_up: timedelta = timedelta(hours=24),
        follow_up_on_weekdays: bool = False,
        swap_grace: timedelta = timedelta(minutes=60),
        series_limit: int = 1000,
        gross_margin: float = 0.8,
        path: Path | None = None,
    ) -> None:
        """Begin with no events.

        `timezone` gives days and months, `step_limit` is how long a step may take that names no due time,
        `program_credit` for how long a program is credited after an enrollment began, `follow_up` how long sales may
        take for an MQL (that time passes on weekdays only with `follow_up_on_weekdays`), `swap_grace` how long an
        account may be without MRR that pays again, `series_limit` how many label combinations of a metric keep
        samples of their own, `gross_margin` the share of revenue that lifetime value and returns count. The events
        stay in a temporary database, on disk once there are many (SQLITE_TMPDIR says where); with `path` they go
        into that new file, which is kept, so that the tables behind a number can be looked at. FileExistsError if
        there is a file, ZoneInfoNotFoundError if there is no such zone.
        """
        if path is not None and path.exists():
            message = f"{path} exists: a recount begins with an empty database"
            raise FileExistsError(message)
        self._business = BusinessTime(timezone)
        self._series_limit = series_limit
        self._gross_margin = gross_margin
        self._intake = Intake()
        self._is_counted = False
        self._database = sqlite3.connect(_TEMPORARY if path is None else path, isolation_level=None)
        self._database.executescript(_SETTINGS)
        milliseconds = {
            "step_limit_ms": step_limit,
            "program_credit_ms": program_credit,
            "swap_grace_ms": swap_grace,
        }
        self._register({name: limit // _MILLISECOND for name, limit in milliseconds.items()})
        passes = self._business.after_weekdays if follow_up_on_weekdays else operator.add
        self._define("follow_up_due_ms", 1, lambda at_ms: passes(at_ms, follow_up // _MILLISECOND))
        self._database.execute(_sql("_events"))
        self._add_event = _sql("_add_event")

    def __enter__(self) -> Self:
        """Return the recount itself, ready for events."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the database; a temporary one is gone."""
        self._database.close()

    def add(self, events: Iterable[Mapping[str, object]]) -> None:
        """Take in valid envelopes, parsed from JSON, in log order; copies have no effect.

        ValueError for an event type that the contracts do not know; the events before it are in.
        """
        self._is_counted = False
        self._database.execute("BEGIN")
        try:
            self._database.executemany(self._add_event, self._intake.rows(events))
        finally:
            self._database.execute("COMMIT")

    def samples(self, as_of: datetime) -> dict[tuple[str, Labels], float | int]:
        """Return every sample at `as_of` (with an offset) by series name and label set.

        Levels are those at the end of its local day. What is due on a past day is not known.
        Counts are ints, money is in base units of its currency, durations and times are in seconds. What is 0 is left
        out, except for ratios: they have a sample wherever they can be computed.
        """
        if not self._is_counted:
            self._count()
        now_ms = (as_of - _EPOCH) // _MILLISECOND
        if not self._set_clock(now_ms):
            return {}
        found = list(self._samples())
        counts = _merged(cap_series(found, self._series_limit))
        counted = {key: _exposed(*key, value) for key, value in counts.items() if key[0] in RECOUNTED}
        this_month = self._business.month_of(now_ms)
        return counted | ratios(
            _merged(found), gross_margin=self._gross_margin, this_month=this_month, limit=self._series_limit
        )

    def _define(self, name: str, arguments: int, function: Callable[..., int | str]) -> None:
        self._database.create_function(name, arguments, function, deterministic=True)

    def _register(self, constants: Mapping[str, int]) -> None:
        for name, value in constants.items():
            self._define(name, 0, partial(int, value))
        functions = (
            ("instant_ms", 1, instant_ms),
            ("month_of", 1, self._business.month_of),
            ("month_start_ms", 1, self._business.month_start_ms),
            ("next_month_start_ms", 1, self._business.next_month_start_ms),
            ("day_start_ms", 1, self._business.day_text_start_ms),
            ("monthly_minor", 5, monthly_minor),
            ("bound_label", 1, bound_label),
        )
        for name, arguments, function in functions:
            self._define(name, arguments, function)

    def _count(self) -> None:
        leftovers = self._database.execute(
            "SELECT type, name FROM sqlite_schema WHERE sql NOTNULL AND name <> 'record'"
        )
        # An index goes with its table.
        for kind, name in leftovers.fetchall():
            if kind != "index":
                self._database.execute(f"DROP {kind} {name}")
        self._database.executescript(_sql("_united"))
        self._database.executemany("INSERT INTO united VALUES (?, ?, ?)", self._intake.united())
        for name in _DEFINITIONS:
            self._database.executescript(_sql(name))
        self._database.executescript(_sql("_indexes"))
        self._is_counted = True

    def _set_clock(self, now_ms: int) -> bool:
        [newest_ms] = self._database.execute("SELECT max(at_ms) FROM event").fetchone()
        if newest_ms is None:
            return False
        today = self._business.day_of(now_ms)
        cohorts = (f"{months_back(today, _COHORT_MONTHS - 1):%Y-%m}", f"{today:%Y-%m}")
        moment = now_ms, level_until_ms(now_ms, newest_ms, self._business), is_past(now_ms, newest_ms, self._business)
        self._database.execute("DELETE FROM clock")
        self._database.execute("INSERT INTO clock VALUES (?, ?, ?, ?, ?)", (*moment, *cohorts))
        self._database.execute("DELETE FROM time_window")
        windows = windows_at(now_ms, newest_ms, self._business)
        self._database.executemany("INSERT INTO time_window VALUES (?, ?, ?)", windows)
        return True

    def _samples(self) -> Iterator[Sample]:
        for query in ("_flows", "_levels", "_distributions", "_velocity"):
            for series, labels, value in self._database.execute(_sql(query)):
                if value:
                    yield Sample(series, json.loads(labels), value, is_flow=query == "_flows")


def _merged(samples: Iterable[Sample]) -> dict[tuple[str, Labels], int]:
    merged: dict[tuple[str, Labels], int] = {}
    for sample in samples:
        key = (sample.series, frozenset(sample.labels.items()))
        if key not in merged:
            merged[key] = sample.value
        elif sample.series in _OLDEST_DUE:
            merged[key] = min(merged[key], sample.value)
        else:
            merged[key] += sample.value
    return merged


def _exposed(series: str, labels: Labels, value: int) -> float | int:
    currency = dict(labels).get("currency")
    if currency is not None:
        return base_units(value, currency)
    if series in _OLDEST_DUE or series.endswith("_seconds_gsum"):
        return value / 1000
    return value
