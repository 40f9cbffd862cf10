"""The pages behind the numbers: who is late, in whose CRM, and who may see it."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, port

_NOW = "2026-03-09T09:00:00Z"
_HOSTILE = "<img src=x onerror=alert(1)>\"'&"
_TOKEN = "a-token-of-the-test"  # noqa: S105 - no secret of anybody


def _event(number: int, kind: str, time: str, **data: Any) -> RecordToSend:  # noqa: ANN401 - whatever events have
    return _record("lead", data["lead_id"], number, kind, time, data)


def _record(family: str, key: str, number: int, kind: str, time: str, data: Mapping[str, Any]) -> RecordToSend:
    about = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": kind, "time": time}
    return RecordToSend(family, key.encode(), json.dumps({**about, "data": data}).encode())


def _mail(number: int, event: str, time: str, message: str) -> RecordToSend:
    data = {"lead_id": "M1", "message_id": message}
    return _record("email", "M1", number, f"email.{event}", time, data)


def _subscription(number: int, event: str, time: str, currency: str, unit: int, quantity: int = 1) -> RecordToSend:
    """The state of the one subscription in a currency, monthly and in minor units."""
    item = {"plan_id": "p", "unit_amount_minor": unit, "quantity": quantity, "interval": "month"}
    about = {"account_id": "A", "subscription_id": currency, "currency": currency, "items": [item]}
    return _record("billing", "A", number, f"subscription.{event}", time, about)


def _entered(number: int, lead: str, program: str, due: str) -> RecordToSend:
    step = {"program_id": program, "enrollment_id": f"n-{lead}", "step_id": "hello", "due_at": due}
    return _event(number, "program.step_entered", "2026-03-02T09:00:00Z", lead_id=lead, **step)


_EVENTS = [
    _entered(1, "L/1", "welcome", "2026-03-08T09:00:00Z"),
    _entered(2, "L2", "welcome", "2026-03-05T09:00:00Z"),
    _entered(3, "L3", "welcome", "2026-03-10T09:00:00Z"),
    _entered(4, "L4", _HOSTILE, "2026-03-05T09:00:00Z"),
    _event(5, "lead.created", "2026-03-02T08:00:00Z", lead_id="M1", source="webinar"),
    _event(6, "lead.stage_changed", "2026-03-06T09:00:00Z", lead_id="M1", to="mql"),
    _subscription(7, "started", "2026-03-03T09:00:00Z", "EUR", 123_456),
    _subscription(8, "started", "2026-03-05T23:59:59Z", "JPY", 50_000),
    _subscription(9, "changed", "2026-03-06T00:00:00Z", "EUR", 123_456, 2),
    _subscription(10, "canceled", "2026-03-08T09:00:00Z", "EUR", 123_456, 2),
    *(_mail(number, "sent", "2026-03-05T09:00:00Z", f"m{number}") for number in (11, 12)),
    *(_mail(number + 2, "delivered", "2026-03-05T09:01:00Z", f"m{number}") for number in (11, 12)),
    _mail(15, "clicked", "2026-03-07T09:00:00Z", "m11"),
    _mail(16, "sent", "2026-03-06T09:00:00Z", "m16"),
    _mail(17, "delivered", "2026-03-06T09:01:00Z", "m16"),
]


class _Cells(HTMLParser):
    """The texts of the cells of a table, those of bars and of the captions beneath, and the links, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.bars: list[str] = []
        self.captions: list[str] = []
        self._into: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
        texts = {"td": self.rows[-1] if self.rows else [], "title": self.bars, "figcaption": self.captions}
        if tag in texts:
            self._into = texts[tag]
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "title", "figcaption"}:
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data


def _get(at: str, path: str, query: Mapping[str, str] = {}, **headers: str) -> tuple[int, str, Mapping[str, str]]:
    request = urllib.request.Request(f"http://127.0.0.1:{at}{path}?{urlencode(query)}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as found:  # noqa: S310 - as above
            return found.status, found.read().decode(), dict(found.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


@pytest.fixture(scope="module")
def filled(shared_installation: Installation) -> Installation:
    """An installation that has counted the events above."""
    shared_installation.create_topics()
    shared_installation.produce(_EVENTS)
    assert shared_installation.drain()["rejected"] == 0
    return shared_installation


def _exporter(installation: Installation, **environment: str) -> str:
    at = port()
    exporter = installation.start("exporter", "--as-of", _NOW, exporter_port=at, **environment)
    answer(at, "/wall.json", exporter, lambda page: "panels" in page.text)
    return at


@pytest.fixture(scope="module")
def at(filled: Installation) -> str:
    """The port of an exporter that has the pages."""
    return _exporter(filled, detail="on")


def test_a_step_lists_who_is_in_it_the_longest_due_first(filled: Installation) -> None:
    at = _exporter(filled, detail="on", crm_link="https://crm.example.com/c/{lead_id}?from=wall")
    status, text, headers = _get(at, "/detail/step", {"program": "welcome", "step": "hello"})
    assert status == 200
    assert "2 of 3 enrollments in the step are past their due time." in text
    page = _Cells(text)
    assert [row for row in page.rows if row] == [
        ["L2", "n-L2", "2026-03-05 09:00 UTC", "4 d"],
        ["L/1", "n-L/1", "2026-03-08 09:00 UTC", "1 d"],
        ["L3", "n-L3", "2026-03-10 09:00 UTC", "not yet"],
    ]
    assert page.links == ["/", *(f"https://crm.example.com/c/{lead}?from=wall" for lead in ("L2", "L%2F1", "L3"))]
    assert "stream-app explain step welcome hello" in text
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_what_somebody_else_wrote_is_never_markup(at: str) -> None:
    text = _get(at, "/detail/step", {"program": _HOSTILE, "step": "hello"})[1]
    assert "1 of 1 enrollments" in text
    assert "img" not in _Cells(text).tags
    assert "img" not in _Cells(_get(at, "/detail/metric", {"name": _HOSTILE})[1]).tags
    assert "img" not in _Cells(_get(at, "/detail/alert", {"name": _HOSTILE})[1]).tags
    assert "stream-app explain step &#x27;&lt;img src=x onerror=alert(1)&gt;" in text


def test_a_source_lists_the_mqls_that_wait(at: str) -> None:
    text = _get(at, "/detail/mql", {"source": "webinar"})[1]
    assert "1 of 1 MQLs that wait for sales are past their due time." in text
    # Due 24 hours after it became an MQL.
    assert [row for row in _Cells(text).rows if row] == [["M1", "2026-03-07 09:00 UTC", "2 d"]]


def test_a_metric_has_its_definition_values_and_days(at: str) -> None:
    status, text, _ = _get(at, "/detail/metric", {"name": "lifecycle_new_leads"})
    assert status == 200
    assert "new leads, 2026-02-08 to 2026-03-09: 0 to 1 a day, 0 on the last" in text
    assert ["webinar", "none", "none", "30d", "1"] in _Cells(text).rows
    assert "stream-app kpis lifecycle_new_leads" in text
    assert _get(at, "/detail/metric", {"name": "lifecycle_nothing"})[0] == 404


def test_a_level_stands_at_the_end_of_each_day_in_each_currency(at: str) -> None:
    page = _Cells(_get(at, "/detail/metric", {"name": "lifecycle_mrr"})[1])
    days = "2026-02-08 to 2026-03-09"
    assert page.captions == [
        f"mrr, EUR, {days}: 0.00 EUR to 2,469.12 EUR at the end of a day, 0.00 EUR on the last",
        f"mrr, JPY, {days}: 0 JPY to 50,000 JPY at the end of a day, 50,000 JPY on the last",
    ]
    # The one subscription in EUR: 1,234.56 from the 3rd, twice that from the 6th, nothing from the 8th.
    euros = [bar for bar in page.bars if bar.endswith("EUR")]
    assert (len(euros), euros[22:]) == (
        30,
        [
            "2026-03-02: 0.00 EUR",
            "2026-03-03: 1,234.56 EUR",
            "2026-03-04: 1,234.56 EUR",
            "2026-03-05: 1,234.56 EUR",
            "2026-03-06: 2,469.12 EUR",
            "2026-03-07: 2,469.12 EUR",
            "2026-03-08: 0.00 EUR",
            "2026-03-09: 0.00 EUR",
        ],
    )
    yen = [bar for bar in page.bars if bar.endswith("JPY")]
    assert yen[24:26] == ["2026-03-04: 0 JPY", "2026-03-05: 50,000 JPY"]


def test_money_that_moved_is_added_up_by_day_and_movement(at: str) -> None:
    page = _Cells(_get(at, "/detail/metric", {"name": "lifecycle_mrr_movement"})[1])
    assert [bar for bar in page.bars if ": 0" not in bar] == [
        "lifecycle_mrr_movement",
        "2026-03-08: 2,469.12 EUR",
        "2026-03-06: 1,234.56 EUR",
        "2026-03-03: 1,234.56 EUR",
        "2026-03-05: 50,000 JPY",
    ]
    assert [caption.partition(", 2026")[0] for caption in page.captions] == [
        "mrr movement, EUR, churn",
        "mrr movement, EUR, expansion",
        "mrr movement, EUR, new",
        "mrr movement, JPY, new",
    ]


def test_of_the_past_no_more_is_known_than_of_that_day(filled: Installation) -> None:
    at = port()
    exporter = filled.start("exporter", "--as-of", "2026-03-06T12:00:00Z", exporter_port=at, detail="on")
    answer(at, "/wall.json", exporter, lambda page: "panels" in page.text)
    page = _Cells(_get(at, "/detail/metric", {"name": "lifecycle_mrr"})[1])
    assert [bar for bar in page.bars if ": 0" not in bar] == [
        "lifecycle_mrr",
        "2026-03-03: 1,234.56 EUR",
        "2026-03-04: 1,234.56 EUR",
        "2026-03-05: 1,234.56 EUR",
        "2026-03-06: 2,469.12 EUR",
        "2026-03-05: 50,000 JPY",
        "2026-03-06: 50,000 JPY",
    ]


def test_a_ratio_has_the_days_of_its_tile(at: str) -> None:
    text = _get(at, "/detail/metric", {"name": "lifecycle_email_click_rate"})[1]
    assert "Formula: cohort clicked / cohort delivered." in text
    page = _Cells(text)
    days = "2026-02-08 to 2026-03-09"
    # One of the two messages of the 5th was clicked, later; of other days there is nothing to divide by.
    assert page.captions == [
        f"email click rate, by day of sending, 30 days, {days}: 0 % to 50 % a day, nothing on the last"
    ]
    assert page.bars == ["lifecycle_email_click_rate", "2026-03-05: 50 %", "2026-03-06: 0 %"]
    # One of three, of the last week and of the last month.
    assert [row for row in page.rows if row] == [["7 days", "33.33 %"], ["in 30 days", "33.33 %"]]


def test_a_ratio_without_a_tile_says_where_its_past_is(at: str) -> None:
    text = _get(at, "/detail/metric", {"name": "lifecycle_net_mrr_churn_rate"})[1]
    assert "stream-app history --series net_mrr_churn_rate --format csv" in text
    assert not _Cells(text).captions


def test_an_alert_says_where_it_holds_and_links_there(at: str) -> None:
    status, text, _ = _get(at, "/detail/alert", {"name": "NurtureStepOverdue"})
    assert status == 200
    assert "warning" in text
    # Two of three are late, but the alert needs ten.
    assert "No nurture step is overdue" in text
    assert _get(at, "/detail/alert", {"name": "ConsumerLagHigh"})[0] == 200
    assert _get(at, "/detail/alert", {"name": "NoSuchAlert"})[0] == 404


def test_without_the_setting_there_are_neither_pages_nor_links(filled: Installation) -> None:
    at = _exporter(filled)
    status, text, _ = _get(at, "/detail/step", {"program": "welcome", "step": "hello"})
    assert status == 404
    assert "set STREAM_APP_DETAIL=on" in text
    assert json.loads(_get(at, "/wall.json")[1])["details"] is False


def test_who_comes_by_a_proxy_needs_a_token(at: str) -> None:
    step = {"program": "welcome", "step": "hello"}
    for name in ("X-Forwarded-For", "Forwarded", "Via"):
        status, text, _ = _get(at, "/detail/step", step, **{name: "192.0.2.1"})
        assert status == 401
        assert "L2" not in text


def test_beyond_this_machine_a_token_is_needed(filled: Installation) -> None:
    public = {"detail": "on", "host": "0.0.0.0"}  # noqa: S104 - what is tested
    code, printed = filled.try_run("exporter", **public, exporter_port=port())
    assert code == 2
    assert "STREAM_APP_DETAIL_TOKEN_FILE" in filled.logs + printed
    at = _exporter(filled, **public, detail_token=_TOKEN)
    step = {"program": "welcome", "step": "hello"}
    status, text, headers = _get(at, "/detail/step", step)
    assert status == 401
    assert "L2" not in text
    assert headers["WWW-Authenticate"].startswith("Basic ")
    basic = base64.b64encode(f"anybody:{_TOKEN}".encode()).decode()
    wrong = base64.b64encode(b"anybody:another").decode()
    given = [f"Bearer {_TOKEN}", f"Basic {basic}", f"Basic {wrong}", "Bearer", "Basic %%%", "Bearer another", _TOKEN]
    assert [_get(at, "/detail/step", step, Authorization=each)[0] for each in given] == [200, 200] + [401] * 5
    assert _TOKEN not in filled.logs
