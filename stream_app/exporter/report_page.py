"""`/report`: the review of a month as a page."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from redis.exceptions import RedisError

from stream_app.clients.http import Page, Request, Route
from stream_app.core.calendar import months_before
from stream_app.render.html import Html, element, link
from stream_app.report.document import Report
from stream_app.report.period import NoPeriodError, Period, last_complete_month, period
from stream_app.report.reader import ReportReader

log = logging.getLogger(__name__)

ADDRESS = "/report"

REUSED_S = 60.0
"""For how long the same page is given to everybody who asks: late events change also months that are over."""

_MOST_PAGES = 24
_HTML = "text/html; charset=utf-8"


@dataclass(kw_only=True)
class ReportPage:
    """Draws reports, one at a time. `clock` gives milliseconds of the epoch."""

    reader: ReportReader
    clock: Callable[[], int]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pages: dict[Period, tuple[float, Page]] = field(default_factory=dict)

    def routes(self) -> dict[str, Route]:
        """The page by its address; `?month=YYYY-MM` says which month, the last one that is over if nothing does."""
        return {ADDRESS: self._route}

    def _route(self, request: Request) -> Page:
        today = self.reader.calendar.day(self.clock())
        try:
            wanted = period(request.query.get("month") or last_complete_month(today), today)
            with self._lock:
                return self._page(wanted, today)
        except NoPeriodError as error:
            return _said(str(error), HTTPStatus.BAD_REQUEST)
        except ModuleNotFoundError as error:
            message = f"there is no {error.name} to draw charts with: pip install 'stream-app[report]'"
            return _said(message, HTTPStatus.NOT_IMPLEMENTED)
        except (RedisError, OSError) as error:
            log.warning("the store does not answer: %s", type(error).__name__)
            return _said("The store does not answer.", HTTPStatus.SERVICE_UNAVAILABLE)

    def _page(self, wanted: Period, today: int) -> Page:
        good_until, page = self._pages.pop(wanted, (0.0, None))
        if page is None or time.monotonic() > good_until:
            page = _drawn(self.reader.read(wanted, today), has_later=wanted.last + 1 < today)
            good_until = time.monotonic() + REUSED_S
        self._pages[wanted] = good_until, page
        for oldest in list(self._pages)[:-_MOST_PAGES]:
            del self._pages[oldest]
        return page


def _drawn(report: Report, *, has_later: bool) -> Page:
    from stream_app.report.page import POLICY, page  # noqa: PLC0415 - its library is an extra

    earlier, later = months_before(report.month, 1), months_before(report.month, -1)
    links = [link("the wall", "/"), link(f"← {earlier}", f"{ADDRESS}?month={earlier}")]
    if has_later:
        links.append(link(f"{later} →", f"{ADDRESS}?month={later}"))
    navigation = element("nav", *(part for each in links for part in (each, Html(" "))))
    return Page(page(report, navigation).encode("utf-8", "replace"), _HTML, policy=POLICY)


def _said(message: str, status: HTTPStatus) -> Page:
    return Page(f"{message}\n".encode(), "text/plain; charset=utf-8", status)
