"""The pages behind the numbers of the wall, and where each is found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from stream_app.clients.http import Page, Request, Route
from stream_app.core.calendar import Calendar
from stream_app.core.samples import Sample
from stream_app.exporter.detail.access import UNAUTHORIZED, is_admitted
from stream_app.exporter.detail.by_day import tile_trends, trends
from stream_app.exporter.detail.due_pages import DUE_PAGES, DuePage, page_of
from stream_app.exporter.detail.elements import command, document, figure
from stream_app.exporter.wall import Current
from stream_app.render.html import Html, definitions, element, link, table
from stream_app.render.text import duration_text, number_text, value_text
from stream_app.spec.alert import Alert
from stream_app.spec.metric import PREFIX, Declaration, Metric, Unit
from stream_app.store.lookup import Due, Member, due

__all__ = ["Details", "off"]

METRIC, ALERT = "/detail/metric", "/detail/alert"
"""The addresses of the pages about one metric and one alert; its name stands in the query."""

_MOST = 500
"""So many leads are listed at most."""

_OF_PROXIES = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})
_OFF = Page(
    b"pages behind the numbers are off, because they show ids: set STREAM_APP_DETAIL=on (docs/details.md)\n",
    "text/plain",
    HTTPStatus.NOT_FOUND,
)


def off() -> dict[str, Route]:
    """The addresses of the pages where they are switched off."""
    return dict.fromkeys((*(each.path for each in DUE_PAGES), METRIC, ALERT), lambda _: _OFF)


@dataclass(frozen=True, kw_only=True)
class Details:
    """Draws the pages. `known` are the metrics that users see, `current` is what the wall shows."""

    redis: Redis
    namespace: str
    calendar: Calendar
    clock: Callable[[], int]
    known: Mapping[str, Declaration]
    alerts: Mapping[str, Alert]
    current: Callable[[], Current]
    crm_link: str
    token: str
    """What has to be presented; empty: nothing, because only this machine is answered."""

    def routes(self) -> dict[str, Route]:
        """The pages by their addresses."""
        pages: dict[str, Callable[[Mapping[str, str]], Page]] = {METRIC: self._metric, ALERT: self._alert}
        pages |= {each.path: partial(self._due, each) for each in DUE_PAGES}
        return {path: self._guarded(page) for path, page in pages.items()}

    def _guarded(self, page: Callable[[Mapping[str, str]], Page]) -> Route:
        def route(request: Request) -> Page:
            if not self._is_admitted(request):
                return UNAUTHORIZED
            try:
                return page(request.query)
            except (RedisError, OSError, TimeoutError):
                text = "The store does not answer: nothing can be said now."
                return document("No answer", element("p", text), status=HTTPStatus.SERVICE_UNAVAILABLE)

        return route

    def _is_admitted(self, request: Request) -> bool:
        if self.token:
            return is_admitted(request.get("Authorization", ""), self.token)
        # Whoever comes by a proxy on this machine may be anybody.
        return not _OF_PROXIES & {name.lower() for name in request}

    def _due(self, about: DuePage, query: Mapping[str, str]) -> Page:
        labels = {name: query.get(name, "") for name in about.labels}
        now = self.clock()
        found = due(self.redis, self.namespace, (about.due_times, *labels.values()), now, _MOST)
        text = f"{found.overdue:,} of {found.inside:,} {about.who} are past their due time."
        return document(
            about.title.format(**labels),
            element("p", text, class_="lead"),
            command(about.command(labels, found.first[0].lead if found.first else "LEAD_ID")),
            self._by_day(about.left, labels),
            element("p", "Counted: ", self._definition(about.overdue)),
            element("h2", "Who is in it"),
            self._members(about, found, now),
        )

    def _metric(self, query: Mapping[str, str]) -> Page:
        name = query.get("name", "")
        declared = self.known.get(name)
        if declared is None:
            return _unknown("metric", name, self.known)
        current = self.current()
        samples = [each for each in current.samples if each.name == name]
        return document(
            name,
            element("p", self._definition(declared.name)),
            element("h2", "By day"),
            self._by_day(declared.name, {}),
            element("h2", "Now"),
            _values(declared, samples) if samples else _tile_values(declared, current.values["panels"].values()),
            element("h2", "The same in a terminal"),
            command(f"stream-app kpis {name}"),
        )

    def _alert(self, query: Mapping[str, str]) -> Page:
        name = query.get("name", "")
        alert = self.alerts.get(name)
        if alert is None:
            return _unknown("alert", name, self.alerts)
        conditions = _conditions(self.current().values)
        return document(
            name,
            definitions([("severity", alert.severity), ("fires when it has held for", alert.for_)]),
            element("h2", "Holds, or soon will"),
            _where(conditions[name]) if name in conditions else element("p", "Only Prometheus knows: see its alerts."),
            element("h2", "Expression"),
            command(alert.expr),
            element("p", "What to do: ", element("code", f"docs/runbooks.md#{name.lower()}")),
        )

    def _members(self, about: DuePage, found: Due, now: int) -> Html:
        if not found.first:
            return element("p", "Nobody is in it.")
        rows = [[each for each in self._row(member, now) if each is not None] for member in found.first]
        more = found.inside - len(found.first)
        parts = [table(about.heads, rows), *([element("p", f"and {more:,} more")] if more else [])]
        return element("section", *parts)

    def _row(self, member: Member, now: int) -> Iterable[str | None]:
        address = self.crm_link.replace("{lead_id}", quote(member.lead, safe=""))
        yield link(member.lead, address) if address else member.lead
        yield member.enrollment or None
        yield self.calendar.local(member.due).strftime("%Y-%m-%d %H:%M %Z")
        late = duration_text((now - member.due) / 1000) if member.due < now else "not yet"
        yield element("span", late, class_="late") if member.due < now else late

    def _definition(self, name: str) -> Html:
        declared = self.known[PREFIX + name]
        said = [declared.definition, f"Formula: {declared.formula}." if declared.formula else "", declared.note]
        return element("span", " ".join(each for each in said if each))

    def _by_day(self, name: str, labels: Mapping[str, str]) -> Html:
        declared, current = self.known[PREFIX + name], self.current()
        found = trends(declared, current.recent, labels) if isinstance(declared, Metric) else None
        if found is None:
            today = self.calendar.day(current.values["at"])
            found = tile_trends(declared, current.values["panels"].values(), today) or None
        if found is None:
            history = command(f"stream-app history --series {name} --format csv")
            return element("div", element("p", "It is not kept by day. What can be known of past days:"), history)
        if not found:
            return element("p", "Nothing in the days that are kept.")
        return element("div", *map(figure, found), class_="figures")


def _values(declared: Declaration, samples: Sequence[Sample]) -> Html:
    heads = [name for name, _ in samples[0].labels]
    rows = []
    for each in samples[:_MOST]:
        labels = dict(each.labels)
        text = value_text(each.value, declared.unit, labels.get("currency", ""))
        rows.append([*(labels.get(name, "") for name in heads), text])
    return table([*heads, "value"], rows)


def _tile_values(declared: Declaration, panels: Iterable[Mapping[str, Any]]) -> Html:
    """What tiles about a ratio compute of others, such as the rate of all programs together."""
    rows = [
        [each["legend"], value_text(found["value"], declared.unit, currency)]
        for choices in panels
        for currency, shown in choices.items()
        if declared.unit is Unit.RATIO and shown.get("about") == declared.series
        for each in shown["values"]
        for found in each["found"]
    ]
    return table(["", "value"], rows) if rows else element("p", "The wall shows no value of it: ask in a terminal.")


def _conditions(values: Mapping[str, Any]) -> dict[str, Any]:
    """The wall's conditions by the names of their alerts."""
    panels = (shown for choices in values["panels"].values() for shown in choices.values())
    return {each["name"]: each for panel in panels for each in panel.get("conditions", ())}


def _where(condition: Mapping[str, Any]) -> Html:
    """Where a condition holds, and where it soon will, with a link to those who are behind it."""
    soon = condition.get("soon", {"found": ()})
    items = [
        *(
            _place(each, condition["title"], f"{number_text(each['value'])} {condition['foundText']}")
            for each in condition["found"]
        ),
        *(_place(each, soon["title"], soon["tag"]) for each in soon["found"]),
    ]
    return element("ul", *items) if items else element("p", condition["okText"] or "Nowhere.")


def _place(found: Mapping[str, Any], title: str, text: str) -> Html:
    place = " / ".join(found["labels"].values()) or title
    address = page_of(found["labels"])
    pages = f", pages in {number_text(found['minutes'])} min" if found["minutes"] else ""
    return element("li", link(place, address) if address else place, f": {text}{pages}")


def _unknown(kind: str, name: str, known: Iterable[str]) -> Page:
    links = (element("li", link(each, f"/detail/{kind}?name={quote(each)}")) for each in sorted(known))
    title = f"There is no {kind} {name}" if name else f"Every {kind}"
    return document(title, element("ul", *links), status=HTTPStatus.NOT_FOUND if name else HTTPStatus.OK)
