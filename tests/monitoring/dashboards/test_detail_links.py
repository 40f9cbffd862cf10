"""From the wall to the pages behind its numbers, in a real browser."""

from urllib.parse import parse_qs, urlsplit

from stream_app.clients.http import serving
from tests.monitoring.dashboards.browser import Element, needs_chromium, opened
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.store_content import Company

pytestmark = needs_chromium


def _page(company: Company, *, details: bool) -> Element:
    with wall_of(company.settings, lambda: company.until) as wall:
        wall.details = details
        with serving("127.0.0.1", 0, wall.routes()) as port:
            return opened(f"http://127.0.0.1:{port}/")


def _links(page: Element) -> list[tuple[str, dict[str, list[str]]]]:
    """Where the links lead: the path, and what the query names."""
    found = (urlsplit(each.attributes["href"]) for each in page.all("a", "detail"))
    return [(each.path, parse_qs(each.query)) for each in found]


def test_tiles_steps_and_conditions_lead_to_their_pages(company: Company) -> None:
    links = _links(_page(company, details=True))
    assert {path for path, _ in links} == {"detail/metric", "detail/step", "detail/alert"}
    assert ("detail/metric", {"name": ["lifecycle_new_leads"]}) in links
    assert all(query.keys() >= {"program", "step"} for path, query in links if path == "detail/step")


def test_no_link_leads_to_pages_that_are_off(company: Company) -> None:
    assert _links(_page(company, details=False)) == []
