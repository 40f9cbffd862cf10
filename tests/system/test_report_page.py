"""`/report` of the exporter, over HTTP and on a real store."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from tests.system.event_sets import RecordToSend
from tests.system.installation import Installation, answer, port

_NOW = "2026-03-09T09:00:00Z"


def _lead(number: int, time: str) -> RecordToSend:
    about = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": "lead.created", "time": time}
    data = {"lead_id": f"L{number}", "source": "webinar"}
    return RecordToSend("lead", b"L", json.dumps({**about, "data": data}).encode())


def _get(address: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(address, timeout=30) as found:  # noqa: S310 - loopback
            return found.status, found.read().decode(), found.headers["Content-Security-Policy"]
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), ""


@pytest.fixture(scope="module")
def filled(shared_installation: Installation) -> Installation:
    """An installation that has counted a lead of each of three months."""
    shared_installation.create_topics()
    shared_installation.produce([_lead(1, "2026-01-05T09:00:00Z"), _lead(2, "2026-02-05T09:00:00Z"), _lead(3, _NOW)])
    shared_installation.drain()
    return shared_installation


@pytest.fixture(scope="module")
def address(filled: Installation) -> str:
    """Where its reports are served."""
    at = port()
    exporter = filled.start("exporter", "--as-of", _NOW, exporter_port=at)
    answer(at, "/metrics", exporter, lambda page: page.status == HTTPStatus.OK)
    return f"http://127.0.0.1:{at}/report"


def test_the_page_is_that_of_the_last_month_and_leads_to_others(address: str) -> None:
    status, text, policy = _get(address)
    assert status == HTTPStatus.OK
    assert "<h1>Review of February 2026</h1>" in text
    assert 'href="/"' in text
    assert 'href="/report?month=2026-01"' in text
    assert 'href="/report?month=2026-03"' in text
    assert "New leads: 1; as before: 1 in January 2026;" in text
    assert policy.startswith("default-src 'none'")
    assert "Review of 1 to 8 March 2026" in _get(f"{address}?month=2026-03")[1]


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-04", "2026-04 has not begun"),
        ("x", "no such month"),
        ("0001-01", "no such month"),
        ("2020-01", "no longer kept"),
    ],
)
def test_a_month_that_cannot_be_reported_is_a_bad_request(address: str, month: str, said: str) -> None:
    status, text, _ = _get(f"{address}?month={month}")
    assert status == HTTPStatus.BAD_REQUEST
    assert said in text


def test_the_wall_links_to_the_page(address: str) -> None:
    assert 'href="report"' in _get(address.removesuffix("report"))[1]


def test_the_command_writes_the_same_months(filled: Installation) -> None:
    as_of = ("--as-of", _NOW)
    assert "# Review of February 2026" in filled.run("report", "--format", "md", *as_of)
    assert "<h1>Review of January 2026</h1>" in filled.run("report", "--month", "2026-01", *as_of)
    found = json.loads(filled.run("report", "--format", "json", *as_of))
    assert (found["month"], found["is_running"]) == ("2026-02", False)
    february = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(milliseconds=1)
    assert found["as_of"] == february.timestamp() * 1000
    assert filled.try_run("report", "--month", "2026-04", *as_of)[0] == 2
    assert filled.try_run("report", *as_of, redis_url="redis://127.0.0.1:1/0")[0] == 69
