"""Any table with a column map in `sources.toml`: spend, surveys, reach, and whatever else has no export of its own."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from stream_app.sources.dates import check_zone, day_in, moment_in, no_moment
from stream_app.sources.export import Export, Row
from stream_app.sources.exports.contract import FIELDS, Type, fits, wrong_field
from stream_app.sources.fields import amount, digest, free_text, has_at_sign, identifier, label, number, text
from stream_app.sources.mail import person_or_id
from stream_app.sources.source import Context, Event, Missing, Outcome, Parked, Read, SourceSettings

_IDENTIFIERS = (
    "account_id",
    "opportunity_id",
    "subscription_id",
    "invoice_id",
    "message_id",
    "enrollment_id",
    "spend_id",
    "reach_id",
    "survey_id",
)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MADE_IDS = {"spend.recorded": "spend_id", "reach.recorded": "reach_id"}
_TIMES = {"spend.recorded": "period_start", "reach.recorded": "day"}


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the columns of a table are with us: one event of a type for each row."""

    type: Type
    """The type of the event that a row is."""
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    """A field of the type's `data` to the column that holds it; `amount` is in the main unit of the currency."""
    constants: dict[str, str | int | bool] = msgspec.field(default_factory=dict)
    """A field to what it is in every row."""
    words: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """A field to what its words are with us: `kind = { "Google Ads" = "media" }`."""
    time: str = ""
    """The column that says when it happened; left out, spend is dated by its first day, reach by its day."""
    id: list[str] = msgspec.field(default_factory=list)
    """The columns that make a row this one and no other; left out, all columns that are read."""
    date_format: str = ""
    """How dates are written if not as `2026-03-31`, as Python's strptime has it, such as `%d.%m.%Y`."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of an amount; the other one may part thousands."""

    def __post_init__(self) -> None:
        """Refuse a field that the type does not have, and a table without one that it needs."""
        needed, more = FIELDS[self.type]
        given = {"amount_minor" if name == "amount" else name for name in (*self.columns, *self.constants)}
        if unknown := sorted(given - {*needed, *more}):
            msg = f"{self.type} has no field {', '.join(unknown)}"
            raise ValueError(msg)
        if lacking := sorted({*needed} - given - {_MADE_IDS.get(self.type, "")}):
            msg = f"{self.type} needs {', '.join(lacking)}, as a column or as a constant"
            raise ValueError(msg)
        wrong = next((name for name, value in self.constants.items() if not fits(self.type, name, value)), None)
        if wrong:
            msg = f"{self.type} does not take this constant as its {wrong}"
            raise ValueError(msg)


class TableSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `sources.toml` may say of tables."""

    tables: dict[str, Table] = msgspec.field(default_factory=dict)
    """A name to what a table is."""
    table: str = ""
    """Which of them a file is; it may be left out if there is one only."""
    timezone: str = ""
    """The time zone of dates that name none: an IANA name such as `Europe/Vienna`."""

    def __post_init__(self) -> None:
        """Refuse a time zone that there is not."""
        check_zone(self.timezone)


def events(row: Row, context: Context[TableSettings]) -> list[Outcome]:
    """The event of a row; parked with the name of the field that cannot be said."""
    settings = context.settings
    name = settings.table or (next(iter(settings.tables)) if len(settings.tables) == 1 else "")
    table = settings.tables.get(name)
    if table is None:
        return [Parked("table", "table")]
    data = _data(row, table, context)
    if isinstance(data, Parked):
        return [data]
    made = _MADE_IDS.get(table.type)
    identity = "\0".join(f"{column}={_named(row.get(column), context)}" for column in _identity(table))
    if made and made not in data:
        data[made] = identifier(f"{name}-{digest(identity)}")
    if wrong := wrong_field(table.type, data):
        return [Parked("value", wrong)]
    when = _time(row, table, data, settings.timezone)
    if when is None:
        where = table.time or _TIMES.get(table.type, "time")
        return [no_moment(row.get(table.time), settings.timezone, where, table.date_format)]
    return [_event(name, table.type, when, data, identity)]


def _event(name: str, kind: str, when: str, data: Mapping[str, Any], identity: str) -> Event:
    """A row that was corrected is another event: of one record the newest counts."""
    stated = msgspec.json.encode([when, data, identity], order="sorted")
    return {
        "specversion": "1.0",
        "id": identifier(f"{name}:{digest(stated)}"),
        "source": "/csv",
        "type": kind,
        "time": when,
        "data": dict(data),
    }


def _identity(table: Table) -> list[str]:
    return table.id or sorted({*table.columns.values(), *([table.time] if table.time else [])})


def _named(value: object, context: Context[TableSettings]) -> str:
    """A text of a column for a hash: an address only as the id of its person."""
    found = text(value) or ""
    return context.person(found) or "" if has_at_sign(found) else found


def _time(row: Row, table: Table, data: Mapping[str, Any], zone: str) -> str | None:
    if table.time:
        return moment_in(row.get(table.time), zone, table.date_format)
    return moment_in(data.get(_TIMES.get(table.type, "")), zone or "UTC")


def _data(row: Row, table: Table, context: Context[TableSettings]) -> dict[str, Any] | Parked:
    data: dict[str, Any] = dict(table.constants)
    for name, column in table.columns.items():
        given = text(row.get(column))
        if given is None:
            continue
        word = table.words.get(name, {}).get(given, given)
        found = _value(name, word, table, context)
        if found is None:
            return Parked("value", name)
        data[name] = found
    if "amount" not in data:
        return data
    currency = text(data.get("currency"))
    minor = amount(str(data.pop("amount")), currency) if currency else None
    return data | {"amount_minor": minor} if minor is not None else Parked("amount", "amount")


_Reader = Callable[[str, Table, Context[TableSettings]], str | int | bool | None]


def _value(name: str, given: str, table: Table, context: Context[TableSettings]) -> str | int | bool | None:
    """A text of a column as what the field takes; None if it does not."""
    return _READERS.get(name, _label)(given, table, context)


def _label(given: str, _: Table, __: Context[TableSettings]) -> str | None:
    return label(given)


def _free(given: str, _: Table, __: Context[TableSettings]) -> str | None:
    return free_text(given)


def _identifier(given: str, _: Table, __: Context[TableSettings]) -> str | None:
    return identifier(given)


def _person(given: str, _: Table, context: Context[TableSettings]) -> str | None:
    return person_or_id(given, context)


def _day(given: str, table: Table, _: Context[TableSettings]) -> str | None:
    return day_in(given, table.date_format)


def _moment(given: str, table: Table, context: Context[TableSettings]) -> str | None:
    return moment_in(given, context.settings.timezone, table.date_format)


def _amount(given: str, table: Table, _: Context[TableSettings]) -> str:
    return _decimal(given, table.decimal)


def _whole(given: str, table: Table, _: Context[TableSettings]) -> int | None:
    found = number(_decimal(given, table.decimal))
    return int(found) if found is not None and found.is_integer() else None


def _boolean(given: str, _: Table, __: Context[TableSettings]) -> bool | None:
    return _BOOLEANS.get(given.lower())


def _currency(given: str, _: Table, __: Context[TableSettings]) -> str:
    return given.upper()


_READERS: dict[str, _Reader] = {
    **dict.fromkeys(_IDENTIFIERS, _identifier),
    **dict.fromkeys(("lead_id", "merged_id", "respondent_id"), _person),
    **dict.fromkeys(("period_start", "period_end", "day"), _day),
    **dict.fromkeys(("count", "score", "amount_minor"), _whole),
    **dict.fromkeys(("is_import", "machine"), _boolean),
    **dict.fromkeys(("reason", "stage"), _free),
    "due_at": _moment,
    "amount": _amount,
    "currency": _currency,
}


def _decimal(given: str, point: str) -> str:
    thousands = "," if point == "." else "."
    return given.replace(thousands, "").replace(" ", "").replace("\u00a0", "").replace(point, ".")


_EXAMPLE = """\
```toml
[sources.csv]
timezone = "Europe/Vienna"

[sources.csv.tables.spend]
type = "spend.recorded"
columns = { amount = "Cost", kind = "What", campaign_id = "Campaign", period_start = "From", period_end = "To" }
constants = { currency = "EUR" }
words.kind = { "Google Ads" = "media", "Salaries" = "labour" }
id = ["Campaign", "From"]
date_format = "%d.%m.%Y"
decimal = ","
```"""

CSV: Export[TableSettings] = Export(
    name="csv",
    title="Any table, CSV or JSON lines, with a column map in `[sources.csv.tables.NAME]` of `sources.toml`.",
    source="csv",
    settings=TableSettings,
    events=events,
    reads=(
        Read("columns", "the fields of the type", "a row with a text that its field does not take is parked"),
        Read("amount", "amount_minor", "in the main unit of `currency`"),
        Read("the column `time`", "time", "else the first day of spend, the day of reach"),
        Read("an address in lead_id or respondent_id", "lead_id, respondent_id", "the address becomes a `p-…` id"),
        Read("the columns of `id`", "spend_id, reach_id", "if no column holds one"),
    ),
    missing=(
        Missing(
            "time",
            "Of two rows of one record that have the same time, which one counts does not follow from their order.",
            "Name a column in `time` that says when a row was written, if rows are corrected.",
        ),
    ),
    steps=(
        "Save the sheet as CSV. One row is one event: one cost of one period, one answer, one count of a day.",
        "Write down once what its columns are:\n\n" + textwrap.indent(_EXAMPLE, "   "),
        "Try it: `stream-app import csv FILE --table spend --dry-run`.",
    ),
)
