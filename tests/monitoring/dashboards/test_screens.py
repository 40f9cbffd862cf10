"""The wall on the screens that people have, in both themes, with few programs and with very many."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from stream_app.clients.http import Page, Request, serving
from stream_app.clients.settings import Settings
from stream_app.exporter.wall import Wall
from stream_app.store.sources import SourceAges
from tests.monitoring.dashboards.browser import CHROMIUM, Element, opened
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.store_content import Company, apply

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium")

LANDSCAPE, LARGE, PORTRAIT, PHONE = (1920, 1080), (3840, 2160), (1080, 1920), (390, 844)

_CURRENCIES = ("EUR", "GBP", "JPY", "KWD", "USD")
_LONG = "a-very-long-name-of-a-program-that-nobody-would-shorten-2026-"
_RIGHT_TO_LEFT = "برنامج-الترحيب-بالعملاء-الجدد-"
_AGES = {"stripe": 40.0, "hubspot": 7400.0, "sendgrid": 3.0, "postmark": None}
_CONTRAST = 4.5
_CAPTION_PX = 24

# What sticks out of its panel, how texts contrast, and how small they are: written into the page for the test to read.
_MEASURE = """
setTimeout(() => {
  const found = { cut: [], contrast: [], px: [], wide: document.documentElement.scrollWidth - innerWidth };
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (element) => {
    const own = parts(getComputedStyle(element).backgroundColor);
    return own.length === 3 || own[3] === 1 ? own : ground(element.parentElement);
  };
  for (const element of document.querySelectorAll("section, section *, header *, footer *")) {
    const own = [...element.childNodes].filter((each) => each.nodeType === 3 && each.textContent.trim());
    if (!own.length || element.closest("svg")) continue;
    const range = document.createRange();
    range.selectNodeContents(own[0]);
    const box = range.getBoundingClientRect();
    const panel = (element.closest("section, footer") || document.body).getBoundingClientRect();
    const hides = element.classList.contains("head");
    if (!hides && (box.right > panel.right + 1 || box.bottom > panel.bottom + 1 || box.top < panel.top - 1))
      found.cut.push(element.textContent);
    const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.contrast.push([Math.round(ratio * 100) / 100, element.textContent]);
    found.px.push([parseFloat(getComputedStyle(element).fontSize), element.textContent]);
  }
  const panels = [...document.querySelectorAll("section")].map((each) => [each.getBoundingClientRect().top, each]);
  found.kinds = panels.sort((one, other) => one[0] - other[0]).map((each) => each[1].dataset.kind);
  found.scale = Math.min(innerWidth / 1920, innerHeight / 1080);
  const written = document.createElement("pre");
  written.id = "measured";
  written.textContent = JSON.stringify(found);
  document.body.append(written);
}, 500);
"""


@contextmanager
def measured_site(wall: Wall) -> Iterator[str]:
    """A wall whose page measures itself; gives its address."""
    routes = wall.routes()

    def page(request: Request) -> Page:
        text = routes["/"](request).body.decode().replace("</body>", f"<script>{_MEASURE}</script></body>")
        return Page(text.encode(), "text/html; charset=utf-8", policy="default-src 'self' 'unsafe-inline'")

    with serving("127.0.0.1", 0, {**routes, "/": page}) as port:
        yield f"http://127.0.0.1:{port}/"


def measured(url: str, size: tuple[int, int]) -> dict[str, Any]:
    """What the page has measured of itself."""
    return dict(json.loads(opened(url, *size).one(id="measured").text))


@pytest.fixture(scope="module")
def url(company: Company) -> Iterator[str]:
    with wall_of(company.settings, lambda: company.until) as wall, measured_site(wall) as url:
        yield url


def _event(number: int, kind: str, at: datetime, **data: Any) -> tuple[str, bytes]:  # noqa: ANN401 - whatever events have
    about = {"specversion": "1.0", "id": f"e{number}", "source": "/t", "type": kind, "time": at.isoformat()}
    family = {"subscription": "billing"}.get(kind.partition(".")[0], "lead")
    return family, json.dumps({**about, "data": data}).encode()


def _many(until: datetime) -> Iterator[tuple[str, bytes]]:
    """30 programs of 12 steps in which 30 enrollments each are late, and an account in each of five currencies."""
    number = 0
    for program in range(30):
        name = f"{_RIGHT_TO_LEFT if program % 2 else _LONG}{program}"
        for step in range(12):
            # A step that is later than another one has more that are late.
            for lead in range(3 + (program + step) % 9):
                number += 1
                about: Mapping[str, str] = {
                    "lead_id": f"l{number}",
                    "program_id": name,
                    "enrollment_id": f"n{number}",
                    "step_id": f"{'خطوة-طويلة-جدا-' if program % 2 else 'a-step-with-a-long-name-'}{step}",
                    "due_at": (until - timedelta(hours=2, minutes=lead)).isoformat(),
                }
                yield _event(number, "program.step_entered", until - timedelta(days=3), **about)
    for place, currency in enumerate(_CURRENCIES):
        item = {"plan_id": "p", "unit_amount_minor": 10 ** (5 + 2 * place), "quantity": 1, "interval": "month"}
        about = {"account_id": f"a-{currency}", "subscription_id": f"s-{currency}", "currency": currency}
        yield _event(10_000 + place, "subscription.started", until - timedelta(days=5), **about, items=[item])


@pytest.fixture(scope="module")
def many(redis_url: str) -> Iterator[str]:
    """The wall of a company with very many programs, long names and five currencies."""
    until = datetime(2026, 11, 18, 15, tzinfo=UTC)
    settings = Settings.load(redis_url=redis_url, namespace="very-many-programs")
    company = apply(settings, _many(until), round(until.timestamp() * 1000))
    with wall_of(settings, lambda: company.until) as wall, measured_site(wall) as url:
        wall.sources = lambda: SourceAges(_AGES, are_known=True)
        yield url


@pytest.mark.parametrize("size", [LANDSCAPE, LARGE, PORTRAIT, PHONE], ids=str)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_and_everything_can_be_read(url: str, size: tuple[int, int], theme: str) -> None:
    found = measured(f"{url}?theme={theme}", size)
    assert found["cut"] == []
    assert found["wide"] <= 0
    assert [each for each in found["contrast"] if each[0] < _CONTRAST] == []
    assert len(found["contrast"]) > 60


@pytest.mark.parametrize("size", [LANDSCAPE, LARGE, PORTRAIT, PHONE], ids=str)
def test_thirty_programs_and_five_currencies_fit(many: str, size: tuple[int, int]) -> None:
    found = measured(many, size)
    assert found["cut"] == []
    assert found["wide"] <= 0


def test_captions_have_24_pixels_on_a_screen_of_1080_lines(url: str) -> None:
    found = measured(url, LANDSCAPE)
    # A window has a frame, a wall has none.
    assert [each for each in found["px"] if each[0] < _CAPTION_PX * found["scale"] - 0.01] == []


@pytest.mark.parametrize("size", [PORTRAIT, PHONE], ids=str)
def test_alarms_come_first_where_panels_are_one_below_the_other(url: str, size: tuple[int, int]) -> None:
    assert measured(url, size)["kinds"][:2] == ["conditions", "table"]


def test_a_title_is_that_of_the_address_and_no_markup(url: str) -> None:
    page = opened(f"{url}?title=%3Cb%3EVienna%3C/b%3E")
    assert page.one("h1").text == "<b>Vienna</b>"
    assert page.one("title").text == "<b>Vienna</b>"


def test_currencies_rotate_while_nobody_reads(many: str) -> None:
    def shown(after_ms: int) -> str:
        page = opened(f"{many}?rotate=5", after_ms=after_ms)
        (tile,) = (each for each in page.all("section") if each.one("h2").text.startswith("MRR"))
        return tile.one("small").text.split()[-1]

    assert [shown(after_ms) for after_ms in (1_000, 6_000, 11_000)] == ["EUR", "GBP", "JPY"]


def test_sources_stand_below_the_longest_silent_first(company: Company) -> None:
    with wall_of(company.settings, lambda: company.until) as wall, measured_site(wall) as url:
        assert "hidden" in opened(url).one("footer").attributes
        wall.sources = lambda: SourceAges(_AGES, are_known=True)
        wall._good_until = 0  # noqa: SLF001 - not in a second
        said = opened(url, after_ms=100).one("footer").text
        assert re.fullmatch(r"Sources, last posted postmark nothing yet hubspot 2 h stripe 4\d s sendgrid \d s", said)
        wall.sources = lambda: SourceAges(_AGES, are_known=False)
        wall._good_until = 0  # noqa: SLF001 - as above
        said = opened(url, after_ms=100).one("footer").text
        assert said.startswith("Sources, last posted ▲ no gateway reports postmark unknown hubspot unknown")


@pytest.mark.parametrize(("amount_minor", "watched"), [(99_900, False), (100_000, True)])
def test_a_small_loss_is_nothing_to_watch_anywhere(redis_url: str, amount_minor: int, *, watched: bool) -> None:
    until = datetime(2026, 11, 18, 15, tzinfo=UTC)
    item = {"plan_id": "p", "unit_amount_minor": amount_minor, "quantity": 1, "interval": "month"}
    about = {"account_id": "a", "subscription_id": "s", "currency": "EUR"}
    other = {
        "account_id": "b",
        "subscription_id": "t",
        "currency": "EUR",
        "items": [{**item, "unit_amount_minor": 900}],
    }
    events = [
        _event(1, "subscription.started", until - timedelta(days=40), **about, items=[item]),
        _event(2, "subscription.started", until - timedelta(days=40), **other),
        _event(3, "subscription.canceled", until - timedelta(days=2), **about, items=[item], cancel_reason="voluntary"),
    ]
    settings = Settings.load(redis_url=redis_url, namespace=f"small-loss-{amount_minor}")
    company = apply(settings, events, round(until.timestamp() * 1000))
    with wall_of(settings, lambda: company.until) as wall, measured_site(wall) as url:
        page = opened(url)
    (tile,) = (each for each in page.all("section") if each.one("h2").text.startswith("Gross MRR churn"))
    assert ("a small amount, over budget of 2 %" in tile.text) != watched
    assert ("watch" in page.one("section", data_kind="conditions").text) == watched
    assert page.one(id="state").text.startswith("▲ Gross churn" if watched else "● All well")


def names_of(page: Element) -> list[str]:
    """The names of programs in the table of steps."""
    return [each.one("bdi", "of").text for each in page.all("section", data_kind="table")[0].all("li")]


def test_steps_of_a_program_stand_together_with_its_whole_name(many: str) -> None:
    names = names_of(opened(many))
    assert len(names) == 5
    assert all(name.startswith((_LONG, _RIGHT_TO_LEFT)) for name in names)
    assert len([name for name, _ in groupby(names)]) == len(set(names))
