"""The wall without Grafana: the page in a real browser, against what `kpis` prints."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from stream_app.clients.http import Page, serving
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from stream_app.core.samples import Sample
from stream_app.core.targets import Period, PeriodTarget, Targets
from stream_app.monitoring.dashboards import WALL
from stream_app.render.dashboards import panels_by_id, targets_by_ref_id
from stream_app.spec.expression import RawPromQL
from stream_app.spec.promql import promql
from tests.monitoring.dashboards.browser import Element, needs_chromium, opened
from tests.monitoring.dashboards.cases import RENDERED, set_variables
from tests.monitoring.dashboards.site import Queries, exporter, samples, wall_of
from tests.monitoring.dashboards.states import UNTIL, five_currencies, upgrade
from tests.monitoring.dashboards.store_content import Company, apply

_NUMBERS = {panel.title.partition(",")[0]: str(number) for number, panel in panels_by_id(WALL)}


def total(found: list[Sample], name: str, **labels: str) -> float:
    """Sum samples by hand."""
    return sum(
        each.value for each in found if each.name == f"lifecycle_{name}" and labels.items() <= dict(each.labels).items()
    )


def panel(page: Element, title: str) -> Element:
    """A panel of the page."""
    return page.one("section", data_panel=_NUMBERS[title])


def of_currency(values: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a panel when the currency is EUR."""
    return dict(values.get("") or values["EUR"])


def fetched(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def url(company: Company) -> Iterator[str]:
    with exporter(company.settings, lambda: company.until) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def page(url: str) -> Element:
    return opened(url)


@pytest.fixture(scope="module")
def known(company: Company) -> list[Sample]:
    return samples(company.settings, company.until)


@needs_chromium
def test_every_panel_of_the_dashboard_is_drawn(page: Element) -> None:
    wanted = {str(each["id"]) for each in RENDERED["stream-app-wall"]["panels"]}
    assert {each.attributes["data-panel"] for each in page.all("section")} == wanted


@needs_chromium
@pytest.mark.parametrize(
    ("title", "name", "labels"),
    [
        ("New leads", "new_leads", {"window": "24h"}),
        ("Reopened leads", "reopened_leads", {"window": "24h"}),
        ("MQLs", "stage_entries", {"funnel_stage": "mql", "window": "24h"}),
        ("SQLs", "stage_entries", {"funnel_stage": "sql", "window": "24h"}),
        ("New customers", "new_customers", {"window": "mtd"}),
        ("MRR", "mrr", {"currency": "EUR"}),
        ("Gross MRR churn", "gross_mrr_churn_rate", {"currency": "EUR", "window": "mtd"}),
    ],
)
def test_a_tile_shows_what_kpis_prints(
    page: Element, known: list[Sample], title: str, name: str, labels: dict[str, str]
) -> None:
    wanted = total(known, name, **labels)
    big = panel(page, title).one("p", "big")
    assert float(big.attributes["data-value"]) == pytest.approx(wanted)
    shown = f"{wanted:.2%}".rstrip("%") if name.endswith("_rate") and wanted < 0.1 else f"{wanted:,.0f}"
    assert big.text.startswith(shown.replace(" %", ""))


@needs_chromium
def test_the_click_rate_is_that_of_all_programs_together(page: Element, known: list[Sample]) -> None:
    clicked, delivered = (total(known, "email_cohort", state=state, window="7d") for state in ("clicked", "delivered"))
    assert float(panel(page, "Human click rate").one("p", "big").attributes["data-value"]) == clicked / delivered


def test_a_week_ago_is_what_kpis_printed_then(url: str, company: Company) -> None:
    then = samples(company.settings, company.until - 7 * 86_400_000)
    before = _shown(url, "New leads")["values"][1]
    assert before["kind"] == "previous"
    assert sum(each["value"] for each in before["found"]) == total(then, "new_leads", window="24h")


@pytest.mark.parametrize("title", ["New leads", "Reopened leads"])
def test_the_bars_of_a_day_add_up_to_its_number(url: str, title: str) -> None:
    shown = _shown(url, title)
    assert len(shown["spark"]["values"]) == len(shown["spark"]["before"]) == 24
    for values, key in zip(shown["values"], ("values", "before"), strict=True):
        assert sum(shown["spark"][key]) == sum(each["value"] for each in values["found"])


@pytest.mark.parametrize("title", ["MRR", "Gross MRR churn"])
def test_a_curve_ends_at_the_number_of_now(url: str, title: str) -> None:
    shown = _shown(url, title)
    assert shown["spark"]["values"][-1] == pytest.approx(shown["values"][0]["found"][0]["value"])


def _shown(url: str, title: str) -> dict[str, Any]:
    panels = json.loads(fetched(f"{url}wall.json")[1])["panels"]
    return of_currency(panels[_NUMBERS[title]])


@needs_chromium
def test_the_flow_shows_every_stage_in_its_order(page: Element, known: list[Sample]) -> None:
    rows = [each for each in panel(page, "Leads by stage").all("li") if "data-value" in each.attributes]
    stages = ("lead", "mql", "sal", "sql", "opportunity", "customer")
    assert [each.all("span")[0].text.lower() for each in rows] == list(stages)
    wanted = [total(known, "leads_in_stage", funnel_stage=stage) for stage in stages]
    assert [float(each.attributes["data-value"]) for each in rows] == wanted


@needs_chromium
def test_the_worst_steps_are_those_with_most_overdue(page: Element, known: list[Sample]) -> None:
    rows = panel(page, "Worst steps").all("li")
    overdue = sorted(
        (each.value for each in known if each.name == "lifecycle_step_overdue" and each.value), reverse=True
    )
    assert [float(each.attributes["data-value"]) for each in rows] == overdue[:5]
    assert rows[0].one("p", "name").text == "customer-story welcome"


@needs_chromium
def test_a_blocked_step_is_an_alarm(page: Element) -> None:
    assert "alarmed" in page.one("body").kinds
    assert "alarmed" in panel(page, "Firing alerts").kinds
    assert "■ pages in 2 min" in panel(page, "Worst steps").all("li")[0].text
    assert "Nurture step blocked, pages in 2 min: welcome / customer-story" in page.one(id="state").text


def _mqls(count: int, until: int) -> Iterator[tuple[str, bytes]]:
    """MQLs of one source, two days old, that sales has not touched."""
    moment = datetime.fromtimestamp(until // 1000, UTC) - timedelta(days=2)
    for number in range(count):
        about = {"specversion": "1.0", "time": moment.isoformat(), "source": "/t"}
        for type_, data in (("lead.created", {"source": "webinar"}), ("lead.stage_changed", {"to": "mql"})):
            event = {**about, "id": f"{type_}{number}", "type": type_, "data": {"lead_id": f"l{number}", **data}}
            yield "lead", json.dumps(event).encode()


@needs_chromium
@pytest.mark.parametrize(("count", "holds"), [(4, False), (5, True)])
def test_mqls_that_sales_left_are_on_the_wall_only_then(
    redis_url: str, namespace: str, count: int, *, holds: bool
) -> None:
    until = time.time_ns() // 1_000_000
    company = apply(Settings.load(redis_url=redis_url, namespace=namespace), _mqls(count, until), until)
    with exporter(company.settings, lambda: until) as port:
        text = panel(opened(f"http://127.0.0.1:{port}/"), "Firing alerts").text
    assert ("MQLs not followed up webinar 5 past due" in text) == holds
    assert ("No nurture step is blocked" in text) != holds
    assert "7 conditions tested" in text


@needs_chromium
def test_a_number_is_missing_only_before_the_first_event_of_its_family(redis_url: str, namespace: str) -> None:
    """Of four leads, and of a message that bounced ten days ago, no number of the other families follows."""
    until = time.time_ns() // 1_000_000
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    company = apply(settings, [*_mqls(4, until), *_bounced(until)], until)
    with exporter(company.settings, lambda: until) as port:
        page = opened(f"http://127.0.0.1:{port}/")
    zeros = {title: panel(page, title).one("p", "big").attributes["data-value"] for title in ("Reopened leads", "SQLs")}
    assert zeros == {"Reopened leads": "0", "SQLs": "0"}
    assert panel(page, "Worst steps").one("p", "none").text == "● Nothing is overdue"
    assert panel(page, "Human click rate").one("p", "none").text == "Nothing delivered in 7 days"
    for title in ("New customers", "MRR", "Gross MRR churn"):
        assert panel(page, title).one("p", "none").text == "No data yet"


def _bounced(until: int) -> Iterator[tuple[str, bytes]]:
    moment = datetime.fromtimestamp(until // 1000, UTC) - timedelta(days=10)
    data = {"lead_id": "l1", "message_id": "m1"}
    for type_ in ("email.sent", "email.bounced"):
        event = {"specversion": "1.0", "time": moment.isoformat(), "source": "/t", "id": type_, "type": type_}
        yield "email", json.dumps({**event, "data": data}).encode()


@needs_chromium
def test_what_nobody_pays_is_an_mrr_of_zero(redis_url: str, namespace: str) -> None:
    until = time.time_ns() // 1_000_000
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    data = {"account_id": "a1", "invoice_id": "i1", "amount_minor": 100, "currency": "EUR"}
    moment = datetime.fromtimestamp(until // 1000, UTC).isoformat()
    event = {"specversion": "1.0", "time": moment, "source": "/t", "id": "i", "type": "invoice.paid", "data": data}
    company = apply(settings, [("billing", json.dumps(event).encode())], until)
    with exporter(company.settings, lambda: until) as port:
        page = opened(f"http://127.0.0.1:{port}/")
    assert panel(page, "MRR").one("p", "big").text == "0"
    assert panel(page, "New customers").one("p", "big").text == "0"
    assert panel(page, "Gross MRR churn").one("p", "none").text == "No MRR at the start of the month"
    assert panel(page, "New leads").one("p", "none").text == "No data yet"
    assert panel(page, "Worst steps").one("p", "none").text == "No data yet"
    assert panel(page, "Leads by stage").one("p", "none").text == "No data yet"


@needs_chromium
def test_the_page_says_how_old_its_data_is(company: Company, page: Element) -> None:
    assert "data < 1 s old" in page.one(id="state").text
    with exporter(company.settings, lambda: company.until + 3_661_000) as port:
        stale = opened(f"http://127.0.0.1:{port}/")
    assert stale.one(id="state").text == "■ DATA IS 1 H 1 MIN OLD: do not trust these numbers"
    assert "lost" in stale.one("body").kinds


@needs_chromium
def test_data_of_which_no_worker_has_reported_is_not_trusted(redis_url: str, company: Company) -> None:
    empty = Settings.load(redis_url=redis_url, namespace="nobody-writes-here")
    with exporter(empty, lambda: company.until) as port:
        page = opened(f"http://127.0.0.1:{port}/")
    assert page.one(id="state").text == "■ DATA AGE UNKNOWN: no worker has reported"
    assert panel(page, "New leads").text.startswith("New leads 24 h No data yet")


@needs_chromium
def test_a_store_that_does_not_answer_is_reported(company: Company) -> None:
    nowhere = Settings.load(redis_url="redis://127.0.0.1:1/0", namespace="x")
    with exporter(nowhere, lambda: company.until) as port:
        status, text = fetched(f"http://127.0.0.1:{port}/wall.json")
        page = opened(f"http://127.0.0.1:{port}/")
    assert (status, json.loads(text)) == (HTTPStatus.SERVICE_UNAVAILABLE, {"problem": "The store does not answer."})
    assert page.one(id="state").text == "■ The store does not answer."


@needs_chromium
def test_the_page_keeps_its_values_when_there_is_no_answer(company: Company) -> None:
    down = Page(json.dumps({"problem": "The store does not answer."}).encode(), "application/json")
    with _beside(company, {"/wall.json": down}) as port:
        before = opened(f"http://127.0.0.1:{port}/", after_ms=4000)
        after = opened(f"http://127.0.0.1:{port}/", after_ms=7000)
    assert before.one(id="state").text.startswith("■ Nurture step blocked")
    assert after.one(id="state").text.startswith("■ THE STORE DOES NOT ANSWER. Last answer: ")
    assert panel(after, "MRR").one("p", "big").text == panel(before, "MRR").one("p", "big").text


@needs_chromium
def test_the_clock_goes_on_between_two_answers(url: str) -> None:
    first, later = (opened(url, after_ms=ms).one(id="clock").text for ms in (1500, 4500))
    assert first != later


@needs_chromium
def test_an_open_page_takes_over_a_new_version(redis_url: str) -> None:
    with upgrade(redis_url) as routes, serving("127.0.0.1", 0, routes) as port:
        before = opened(f"http://127.0.0.1:{port}/", after_ms=3000)
        after = opened(f"http://127.0.0.1:{port}/", after_ms=9000)
    assert len(before.all("section")) == len(_NUMBERS)
    assert len(after.all("section")) == sum(len(row.panels) for row in WALL.rows[1:])
    assert after.one(id="state").text.startswith("● All well")


@needs_chromium
def test_an_error_of_the_script_is_not_hidden(company: Company, url: str) -> None:
    values = json.loads(fetched(f"{url}wall.json")[1])
    del values["panels"][_NUMBERS["MRR"]]
    with _beside(company, {"/wall.json": Page(json.dumps(values).encode(), "application/json")}) as port:
        page = opened(f"http://127.0.0.1:{port}/", after_ms=9000)
    assert page.one(id="state").text == "■ THIS PAGE HAS FAILED: do not trust these numbers"
    assert "lost" in page.one("body").kinds


def _changed(url: str, before: str, after: str) -> Page:
    """The page with another script."""
    text = fetched(url)[1]
    assert text.count(before) == 1
    policy = "default-src 'self' 'unsafe-inline'"
    return Page(text.replace(before, after).encode(), "text/html; charset=utf-8", policy=policy)


@needs_chromium
def test_a_page_that_was_open_for_long_reloads_itself(company: Company, url: str) -> None:
    """With four seconds for twelve hours."""
    pages = iter([_changed(url, "RELOAD_MS = 12 * 3600 * 1000", "RELOAD_MS = 4000")])
    second = Page(b"<p>loaded again</p>", "text/html")
    with wall_of(company.settings, lambda: company.until) as wall:
        routes = {**wall.routes(), "/": lambda _: next(pages, second)}
        with serving("127.0.0.1", 0, routes) as port:
            page = opened(f"http://127.0.0.1:{port}/", after_ms=9000)
    assert page.one("p").text == "loaded again"


@needs_chromium
def test_a_browser_that_is_too_old_is_named_as_such(company: Company, url: str) -> None:
    old = _changed(url, 'CSS.supports("inset", "0")', 'CSS.supports("nothing", "0")')
    with _beside(company, {"/": old}) as port:
        page = opened(f"http://127.0.0.1:{port}/")
    assert page.one(id="state").text.startswith("■ This browser is too old for the wall")
    assert page.all("section") == []


@needs_chromium
def test_an_older_browser_is_enough(company: Company, url: str) -> None:
    without = "delete AbortSignal.timeout; delete Element.prototype.replaceChildren;"
    with _beside(company, {"/": _changed(url, '"use strict";', f'"use strict";{without}')}) as port:
        page = opened(f"http://127.0.0.1:{port}/", after_ms=9000)
    assert "data < 1 s old" in page.one(id="state").text
    assert len(page.all("section")) == len(_NUMBERS)


@needs_chromium
def test_an_exporter_that_is_gone_is_blamed(company: Company, url: str) -> None:
    gone = _changed(url, 'fetch("wall.json"', f'fetch("http://127.0.0.1:{free_port()}/wall.json"')
    with _beside(company, {"/": replace(gone, policy="default-src * 'unsafe-inline'")}) as port:
        page = opened(f"http://127.0.0.1:{port}/", after_ms=9000)
    assert page.one(id="state").text.startswith("■ THE EXPORTER DOES NOT ANSWER. Last answer: ")
    assert len(page.all("section")) == len(_NUMBERS)


@needs_chromium
def test_another_currency_can_be_chosen(url: str, known: list[Sample]) -> None:
    page = opened(f"{url}?currency=USD")
    big = panel(page, "MRR").one("p", "big")
    assert float(big.attributes["data-value"]) == pytest.approx(total(known, "mrr", currency="USD"))
    assert big.text.endswith("USD")


@pytest.fixture(scope="module")
def paid_in_five_currencies(redis_url: str) -> Iterator[str]:
    until = round(UNTIL.timestamp() * 1000)
    settings = Settings.load(redis_url=redis_url, namespace="five-currencies")
    apply(settings, five_currencies(UNTIL), until)
    with exporter(settings, lambda: until) as port:
        yield f"http://127.0.0.1:{port}/"


@needs_chromium
@pytest.mark.parametrize(
    ("currency", "text"),
    [
        ("EUR", "412,345 EUR"),
        ("GBP", "100 GBP"),
        ("JPY", "2.12 B JPY"),
        ("KWD", "1.23 M KWD"),
        ("USD", "999,999 USD"),
    ],
)
def test_an_amount_keeps_its_unit_however_large_it_is(paid_in_five_currencies: str, currency: str, text: str) -> None:
    mrr = panel(opened(f"{paid_in_five_currencies}?currency={currency}"), "MRR")
    assert mrr.one("p", "big").text == text


def _line_of(part: Element, whole: Element) -> str:
    """The text of the line that a part stands in."""
    return next(each.text for each in whole.all("p") if part in each.children)


@needs_chromium
def test_all_currencies_are_in_sight_or_can_be_listed(paid_in_five_currencies: str) -> None:
    mrr = panel(opened(paid_in_five_currencies), "MRR")
    link = mrr.one("a")
    assert _line_of(link, mrr) == "100 GBP 2.12 B JPY +2 currencies"
    churn = panel(opened(paid_in_five_currencies), "Gross MRR churn")
    assert churn.one("p", "big").text == "0.00 % EUR"
    assert _line_of(churn.one("a"), churn) == "0.00 % GBP +3 currencies"
    listed = panel(opened(paid_in_five_currencies + link.attributes["href"]), "MRR").one("ul", "choices")
    rows = {each.one("a").text: each.one("a").attributes["href"] for each in listed.all("li")}
    assert rows == {
        "412,345 EUR": "?currency=EUR",
        "100 GBP": "?currency=GBP",
        "2.12 B JPY": "?currency=JPY",
        "1.23 M KWD": "?currency=KWD",
        "999,999 USD": "?currency=USD",
    }
    assert [each.one("em").text for each in listed.all("li")] == [
        "unchanged in 60 days",
        "unchanged in 60 days",
        "+0.36 % in 60 days",
        "unchanged in 60 days",
        "unchanged in 60 days",
    ]


@needs_chromium
def test_a_small_change_of_mrr_looks_small(paid_in_five_currencies: str) -> None:
    mrr = panel(opened(f"{paid_in_five_currencies}?currency=JPY"), "MRR")
    assert mrr.all("p", "axis")[-1].text == "60 days: 2.116 B → 2.123 B JPY, +0.36 %"
    curve = mrr.one("svg").all("path")[1].attributes["d"]
    heights = [float(each) for each in re.findall(r"[ML][\d.]+ ([\d.]+)", curve)]
    assert len(heights) == 60
    assert 0 < heights[0] - heights[-1] < 1


_NOON = int(datetime(2026, 11, 11, 12, tzinfo=UTC).timestamp() * 1000)
_TARGETS = {
    ("new_leads", ""): PeriodTarget(20, Period.MONTH),
    ("mqls", ""): PeriodTarget(13, Period.MONTH),
    ("sqls", ""): PeriodTarget(1, Period.QUARTER),
    ("reopened_leads", ""): PeriodTarget(9, Period.YEAR),
    ("click_rate", ""): PeriodTarget(0.3, Period.MONTH),
    ("mrr", "EUR"): PeriodTarget(2000, Period.QUARTER),
    ("mrr", "USD"): PeriodTarget(1, Period.QUARTER),
}


def _event(type_: str, number: int, moment: str, **data: Any) -> tuple[str, bytes]:  # noqa: ANN401 - JSON
    """One event, with the last part of its topic."""
    family = type_.partition(".")[0]
    topic = {"subscription": "billing"}.get(family, family)
    event = {"specversion": "1.0", "source": "/t", "id": f"{type_}{number}{moment}", "type": type_, "time": moment}
    return topic, json.dumps({**event, "data": data}).encode()


def _november() -> Iterator[tuple[str, bytes]]:
    """Ten leads on 3 November and one on the 11th; four MQLs, one SQL, one click of five messages, an MRR of 1,000."""
    for number in range(10):
        yield _event("lead.created", number, "2026-11-03T09:00:00Z", lead_id=f"l{number}", source="web")
    yield _event("lead.created", 10, "2026-11-11T09:00:00Z", lead_id="l10", source="web")
    for number in range(4):
        yield _event("lead.stage_changed", number, "2026-11-04T09:00:00Z", lead_id=f"l{number}", to="mql")
    yield _event("lead.stage_changed", 0, "2026-11-05T09:00:00Z", lead_id="l0", to="sql")
    for number in range(5):
        sent = {"lead_id": f"l{number}", "message_id": f"m{number}"}
        yield _event("email.sent", number, "2026-11-06T09:00:00Z", **sent)
        yield _event("email.delivered", number, "2026-11-06T09:01:00Z", **sent)
    yield _event("email.clicked", 0, "2026-11-06T10:00:00Z", lead_id="l0", message_id="m0")
    items = [{"plan_id": "p", "unit_amount_minor": 100_000, "interval": "month"}]
    about = {"account_id": "a", "subscription_id": "s", "currency": "EUR", "items": items}
    yield _event("subscription.started", 0, "2026-11-05T09:00:00Z", **about)


def _before_november() -> Iterator[tuple[str, bytes]]:
    """A lead of September; of five messages one is a day older, one clicked; 100 GBP, and 50 since 7 November."""
    yield _event("lead.created", 11, "2026-09-20T09:00:00Z", lead_id="l11", source="web")
    for number in range(5, 10):
        sent = {"lead_id": f"l{number}", "message_id": f"m{number}"}
        day = "2026-10-28" if number == 9 else "2026-10-29"
        yield _event("email.sent", number, f"{day}T09:00:00Z", **sent)
        yield _event("email.delivered", number, f"{day}T09:01:00Z", **sent)
    yield _event("email.clicked", 5, "2026-10-30T10:00:00Z", lead_id="l5", message_id="m5")
    items = [{"plan_id": "p", "unit_amount_minor": 10_000, "interval": "month"}]
    about = {"account_id": "b", "subscription_id": "t", "currency": "GBP", "items": items}
    yield _event("subscription.started", 1, "2026-09-05T09:00:00Z", **about)
    half = [{**items[0], "unit_amount_minor": 5000}]
    yield _event("subscription.changed", 1, "2026-11-07T09:00:00Z", **{**about, "items": half})


@needs_chromium
def test_every_tile_compares_with_a_time_before(redis_url: str, namespace: str) -> None:
    """MQLs: four on the 4th at nine, a week before noon of the 11th. New customers: none in ten days of October."""
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    apply(settings, [*_before_november(), *_november()], _NOON)
    with exporter(settings, lambda: _NOON) as port:
        page = opened(f"http://127.0.0.1:{port}/?currency=GBP")
    assert {title: panel(page, title).all("p", "note")[0].text for title in _NUMBERS if title in _COMPARED} == _COMPARED
    assert panel(page, "MRR").all("p", "axis")[-1].text == "60 days: 100 → 50 GBP, \N{MINUS SIGN}50.0 %"


_COMPARED = {
    "New leads": "▲ vs 0 a week ago",
    "Reopened leads": "same vs 0 a week ago",
    "MQLs": "▼ 100 % vs 4 a week ago",
    "SQLs": "same vs 0 a week ago",
    "New customers": "+0 in 24 h ▲ vs 0 a month ago",
    "Human click rate": "▼ 5.00 points vs 25.0 % before",
    "Gross MRR churn": "▲ 50.00 points vs 0.00 % last month",
}


@needs_chromium
def test_a_tile_says_how_far_it_is_and_where_it_ends_at_this_pace(redis_url: str, namespace: str) -> None:
    """Of November 10 days are full, of 30; of the quarter 41, of 92; of the year 314, of 365."""
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    apply(settings, _november(), _NOON)
    with exporter(settings, lambda: _NOON, _TARGETS) as port:
        page = opened(f"http://127.0.0.1:{port}/")
    explained = "At this pace: what the period ends with if each of its days is like its full days so far."
    assert {
        title: [each.text for each in panel(page, title).all("p") if each.attributes.get("title") == explained]
        for title in ("New leads", "MQLs", "SQLs", "Reopened leads", "New customers", "Human click rate", "MRR")
    } == {
        "New leads": ["11 of 20 by 30 Nov ● 30 at this pace"],
        "MQLs": ["4 of 13 by 30 Nov ▲ 12 at this pace"],
        "SQLs": ["1 of 1 by 31 Dec ● reached"],
        "Reopened leads": ["0 of 9 by 31 Dec ▲ 0 at this pace"],
        "New customers": [],
        "Human click rate": [],
        "MRR": ["1,000 of 2,000 EUR by 31 Dec ● 2,243 at this pace"],
    }
    assert panel(page, "Human click rate").one("p", "note").text == "▲ 20.0 % this month goal 30.0 %"


_PROBE = """<body><iframe src="/" style="border:0;width:%dpx;height:%dpx"></iframe><script>
addEventListener("load", () => setTimeout(() => {
  const page = document.querySelector("iframe").contentDocument;
  const tall = [page.documentElement, ...page.querySelectorAll("section, ul, ol")]
    .filter((each) => each.scrollHeight > each.clientHeight + 1);
  const wide = [page.documentElement, ...page.querySelectorAll("section, h2, .big, .note, .name")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1);
  const cut = [...tall, ...wide].map((each) => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 60)}`);
  document.body.append(Object.assign(document.createElement("pre"), { textContent: JSON.stringify(cut) }));
}, 300));
</script>"""


@needs_chromium
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768), (3840, 2160)])
@pytest.mark.parametrize("targets", [{}, _TARGETS], ids=["no targets", "a target of every tile"])
def test_everything_fits_the_screen(company: Company, width: int, height: int, targets: Targets) -> None:
    probing = Page((_PROBE % (width, height)).encode(), "text/html", policy="default-src 'self' 'unsafe-inline'")
    with _beside(company, {"/probe": probing}, targets) as port:
        probe = opened(f"http://127.0.0.1:{port}/probe", width + 100, height + 100)
    assert json.loads(probe.one("pre").text) == []


@contextmanager
def _beside(company: Company, pages: dict[str, Page], targets: Targets | None = None) -> Iterator[int]:
    """The wall with other pages beside, or instead of, its own."""
    with wall_of(company.settings, lambda: company.until, targets) as wall:
        routes = wall.routes() | {path: lambda _, page=page: page for path, page in pages.items()}
        with serving("127.0.0.1", 0, routes) as port:
            yield port


def test_the_page_needs_nothing_from_elsewhere(url: str) -> None:
    _, text = fetched(url)
    markup = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:|report")[^"]*"', markup)
    assert set(re.findall(r"https?://[^\s\"']+", markup)) <= {"http://www.w3.org/2000/svg"}


def test_no_data_can_break_out_of_the_script_that_holds_it(url: str) -> None:
    _, text = fetched(url)
    for held in re.findall(r'<script type="application/json" id="\w+">(.*?)</script>', text, flags=re.DOTALL):
        assert "<" not in held
        assert json.loads(held)


def test_the_page_and_prometheus_agree_on_every_expression(url: str, queries: Queries) -> None:
    """What is declared once means the same to both."""
    panels: dict[str, Any] = json.loads(fetched(f"{url}wall.json")[1])["panels"]
    compared = 0
    for number, declared in panels_by_id(WALL):
        panel_values = of_currency(panels[str(number)])
        shown = {each["refId"]: each["found"] for each in panel_values.get("values", ())}
        shown |= {each["name"]: each["found"] for each in panel_values.get("conditions", ())}
        expressions = {ref_id: target.of for ref_id, target in targets_by_ref_id(declared)}
        # What needs minutes and hours is compared in tests/monitoring/test_conditions.py.
        expressions |= {each.name: each.instant for each in declared.conditions if each.soon is None}
        for name, expression in expressions.items():
            query = promql(expression)
            if isinstance(expression, RawPromQL) or " offset " in query or "time()" in query:
                continue
            by_prometheus = {
                _labels(each["metric"]): float(each["value"][1]) for each in queries.instant(set_variables(query))
            }
            ours = {_labels(each["labels"]): each["value"] for each in shown[name]}
            assert ours == pytest.approx(by_prometheus), f"{declared.title} {name}: {query}"
            compared += 1
    assert compared > 25


def _labels(metric: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in metric.items() if name not in {"__name__", "job", "instance"}))
