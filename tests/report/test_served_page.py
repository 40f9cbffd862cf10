"""`/report`: the months that it leads to, and what it says without the library of charts."""

import sys
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from stream_app.clients.http import Page, Request
from stream_app.exporter.report_page import ADDRESS, ReportPage
from stream_app.report.reader import ReportReader
from tests.lanes import first_is_quick


def _answer(reader: ReportReader, now: datetime, query: str = "") -> Page:
    pages = ReportPage(reader=reader, clock=lambda: int(now.timestamp() * 1000))
    return pages.routes()[ADDRESS](Request({}, query))


@pytest.mark.parametrize(("day", "leads"), first_is_quick([(1, False), (2, True)]))
def test_no_link_leads_to_a_month_without_a_day_that_is_over(reader: ReportReader, day: int, leads: bool) -> None:
    now = datetime(2026, 11, day, 17, tzinfo=UTC)
    text = _answer(reader, now).body.decode()
    assert "<h1>Review of October 2026</h1>" in text
    assert ("month=2026-11" in text) is leads
    later = _answer(reader, now, "month=2026-11").status
    assert later == (HTTPStatus.OK if leads else HTTPStatus.BAD_REQUEST)


def test_without_the_library_of_charts_the_page_says_what_to_install(
    reader: ReportReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("page", "pictures"):
        monkeypatch.delitem(sys.modules, f"stream_app.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = _answer(reader, datetime(2026, 11, 12, tzinfo=UTC))
    assert found.status == HTTPStatus.NOT_IMPLEMENTED
    assert b"no matplotlib to draw charts with: pip install 'stream-app[report]'" in found.body
