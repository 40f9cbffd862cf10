"""`alerts.toml`: what an installation sets of its alerts. All of it may be left out.

Everything that is wrong is found at once, and named by file, table, key and rule; no value is repeated.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from stream_app.clients.suggestions import did_you_mean
from stream_app.clients.toml_file import ConfigurationError, parsed, table_as
from stream_app.spec.holidays import days_of
from stream_app.spec.notification import (
    AS_SHIPPED,
    BusinessHours,
    Email,
    Links,
    Notification,
    PagerDuty,
    Receiver,
    Routes,
    Sink,
    Slack,
    Teams,
    Webhook,
)
from stream_app.spec.threshold import Override, Threshold, Thresholds

__all__ = ["AlertSettings", "Settable", "read_alerts"]

_KINDS: Mapping[str, type[Any]] = {
    "slack": Slack,
    "pagerduty": PagerDuty,
    "email": Email,
    "teams": Teams,
    "webhook": Webhook,
    "sink": Sink,
}
_LABELS = {"programs": "program", "currencies": "currency"}
_STEPS, _STEP = "steps", "step"
_URLS = tuple(each.name for each in msgspec.structs.fields(Links))
_TABLES = ("thresholds", *_LABELS, "owners", "receivers", "routes", "business_hours")
_OWNER = "owner"
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_ADDRESS = re.compile(r"[^:\s]+:\d{1,5}")
_LONGEST_SILENCE_HOURS = 720
"""The rules look back no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settable:
    """What may be set: thresholds by name, which of them by which label, and the areas that have owners."""

    thresholds: Mapping[str, Threshold]
    by_label: Mapping[str, Collection[str]]
    areas: Collection[str]


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What `alerts.toml` says."""

    thresholds: Thresholds
    links: Links
    notification: Notification


def read_alerts(path: Path, settable: Settable) -> AlertSettings:
    """Read `alerts.toml`. No secret is read: their files are Alertmanager's. Raises ConfigurationError."""
    text = parsed(path, "docs/alerts.md shows one")
    reader = _Reader(path, settable)
    reader.problems += reader.unknown("", text, (*_URLS, *_TABLES))
    links = reader.links({name: text[name] for name in _URLS if name in text})
    overrides = tuple(
        override
        for table, label in _LABELS.items()
        for override in reader.overrides(table, label, text.get(table, {}))
        if override.thresholds
    )
    values = {name: each.default for name, each in settable.thresholds.items()}
    values |= reader.thresholds("thresholds", text.get("thresholds", {}), settable.thresholds)
    notification = reader.notification(text)
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return AlertSettings(Thresholds(values, overrides), links, notification)


class _Reader:
    """Reads tables of one file, and collects what is wrong with them."""

    def __init__(self, path: Path, settable: Settable) -> None:
        self.path, self.settable = path, settable
        self.problems: list[str] = []
        self._program_owners: dict[str, str] = {}

    def unknown(self, place: str, table: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
        """Yield what is wrong with the keys of a table."""
        for key in table.keys() - known:
            yield self._problem(place, key, f"no such key; {did_you_mean(key, known) or _there_is(known)}")

    def links(self, table: Mapping[str, Any]) -> Links:
        """Where the links of alerts lead."""
        links: Links = table_as(self.path, "", table, Links, self.problems) or Links()
        self.problems += [
            self._problem("", name, "expected a URL such as https://monitor.example.com")
            for name in _URLS
            if (url := getattr(links, name)) and not _is_url(url)
        ]
        return links

    def overrides(self, table: str, label: str, given: object) -> Iterator[Override]:
        """The thresholds of each program with its steps, or of each currency; owners of programs."""
        for value, each in self._tables(table, given).items():
            place = f"{table}.{value}"
            own = dict(each)
            labels = ((label, value),)
            if label == "program":
                self._owner(place, value, own.pop(_OWNER, ""))
                for step, found in self._tables(f"{place}.{_STEPS}", own.pop(_STEPS, {})).items():
                    at_step = self.thresholds(f"{place}.{_STEPS}.{step}", found, self.settable.by_label[_STEP])
                    yield Override((*labels, (_STEP, step)), at_step)
            yield Override(labels, self.thresholds(place, own, self.settable.by_label[label]))

    def _owner(self, place: str, program: str, owner: object) -> None:
        if not isinstance(owner, str):
            self.problems.append(self._problem(place, _OWNER, "expected text"))
        elif owner:
            self._program_owners[program] = owner

    def thresholds(self, place: str, given: object, known: Collection[str]) -> dict[str, float]:
        """The thresholds of a table."""
        if not isinstance(given, dict):
            self.problems.append(self._problem(place, "", "expected a table"))
            return {}
        found = {}
        for name, value in given.items():
            if name not in self.settable.thresholds:
                remedy = did_you_mean(name, known) or "docs/alerts.md lists them"
                self.problems.append(self._problem(place, name, f"no such threshold; {remedy}"))
            elif name not in known:
                self.problems.append(self._problem(place, name, "is not set here; docs/thresholds.md says where"))
            elif rule := _broken(self.settable.thresholds[name], value):
                self.problems.append(self._problem(place, name, rule))
            else:
                found[name] = value
        return found

    def notification(self, text: Mapping[str, Any]) -> Notification:
        """Who is notified, and when."""
        hours = self._business_hours(text["business_hours"]) if "business_hours" in text else None
        owners = self._owners(text.get("owners", {}))
        receivers, routes = AS_SHIPPED.receivers, AS_SHIPPED.routes
        if "receivers" in text or "routes" in text:
            tables = self._tables("receivers", text.get("receivers", {}))
            receivers = self._receivers(tables)
            routes = self._routes(text.get("routes", {}), tables)
        return Notification(
            receivers=receivers,
            routes=routes,
            business_hours=hours,
            owners=owners,
            program_owners=self._program_owners,
        )

    def _owners(self, given: object) -> dict[str, str]:
        table: dict[str, str] = table_as(self.path, "owners", given, dict[str, str], self.problems) or {}
        self.problems += self.unknown("owners", table, self.settable.areas)
        return table

    def _receivers(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Receiver]:
        found = {}
        for name, table in tables.items():
            place = f"receivers.{name}"
            kind = _KINDS.get(table.get("type", ""))
            if not _NAME.fullmatch(name):
                self.problems.append(self._problem(place, "", "a name has letters, digits, spaces, dots, _ and -"))
            elif kind is None:
                self.problems.append(self._problem(place, "type", f"expected one of {', '.join(_KINDS)}"))
            elif (receiver := table_as(self.path, place, table, kind, self.problems)) is not None:
                self.problems += [self._problem(place, key, rule) for key, rule in _unusable(receiver)]
                found[name] = receiver
        return found

    def _routes(self, given: object, receivers: Collection[str]) -> Routes:
        routes: Routes | None = table_as(self.path, "routes", given, Routes, self.problems)
        if routes is None:
            return AS_SHIPPED.routes
        for key in msgspec.structs.asdict(routes):
            names = getattr(routes, key)
            self.problems += [
                self._problem(
                    "routes", key, f"no such receiver; {did_you_mean(name, receivers) or _there_is(receivers)}"
                )
                for name in names
                if name not in receivers
            ]
            if len(set(names)) < len(names):
                self.problems.append(self._problem("routes", key, "a receiver is named twice"))
        return routes

    def _business_hours(self, given: object) -> BusinessHours | None:
        hours: BusinessHours | None = table_as(self.path, "business_hours", given, BusinessHours, self.problems)
        if hours is not None:
            self.problems += [self._problem("business_hours", key, rule) for key, rule in _impossible(hours)]
        return hours

    def _tables(self, name: str, given: object) -> dict[str, dict[str, Any]]:
        if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
            self.problems.append(self._problem(name, "", f"expected tables, as in [{name}.NAME]"))
            return {}
        return given

    def _problem(self, place: str, key: str, rule: str) -> str:
        where = " ".join(part for part in (f"[{place}]" if place else "", key) if part)
        return f"{self.path}: {where}: {rule}"


def _there_is(known: Collection[str]) -> str:
    return f"there is {', '.join(sorted(known))}" if known else "there is none"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.password


def _broken(threshold: Threshold, value: object) -> str:
    """Return the rule that a value breaks."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "expected a number"
    if not 0 < value < float("inf"):
        return "expected a number above 0"
    if threshold.unit == "share" and value > 1:
        return "expected a share, from 0 to 1"
    if threshold.unit == "hours" and value > _LONGEST_SILENCE_HOURS:
        return f"expected at most {_LONGEST_SILENCE_HOURS} hours"
    return ""


def _unusable(receiver: Receiver) -> Iterator[tuple[str, str]]:
    """Yield key and rule of what is wrong with a receiver."""
    for key, value in msgspec.structs.asdict(receiver).items():
        if key.endswith("_file") and value and not PurePosixPath(value).is_absolute():
            yield key, "expected an absolute path: it is a file of the machine of Alertmanager"
    if isinstance(receiver, Webhook):
        if bool(receiver.url) == bool(receiver.url_file):
            yield "url", "either this or url_file is needed"
        elif receiver.url and not _is_url(receiver.url):
            yield "url", "expected a URL without password and query; url_file takes one with a secret"
    if isinstance(receiver, Sink) and not _is_url(receiver.url):
        yield "url", "expected a URL such as http://127.0.0.1:9468"
    if isinstance(receiver, Email):
        if not _ADDRESS.fullmatch(receiver.server):
            yield "server", "expected host:port, such as mail.example.com:587"
        if bool(receiver.username) != bool(receiver.password_file):
            yield "username", "it and password_file need each other"


def _impossible(hours: BusinessHours) -> Iterator[tuple[str, str]]:
    """Yield key and rule of what is wrong with business hours."""
    try:
        ZoneInfo(hours.timezone)
    except (KeyError, ValueError, OSError):
        yield "timezone", "no time zone of that name; one looks like Europe/Berlin"
    no_times = [key for key in ("begin", "end") if not _CLOCK.fullmatch(getattr(hours, key))]
    yield from ((key, "expected a time such as 08:30") for key in no_times)
    if not no_times and hours.begin >= hours.end:
        yield "end", "expected a time after begin"
    if not hours.days:
        yield "days", "expected at least one"
    for holiday in hours.holidays:
        try:
            days_of(holiday)
        except ValueError:
            yield "holidays", "expected days such as 2026-12-25, 2026-12-24/2027-01-01 or 12-25"
            return
