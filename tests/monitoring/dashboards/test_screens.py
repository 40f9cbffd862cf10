"""The wall on the screens that people have, in both themes, in every state."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby, product
from pathlib import Path
from typing import Any

import pytest

from stream_app.clients.http import Page, Request, Route, serving
from stream_app.clients.settings import Settings
from stream_app.store.sources import SourceAges
from tests.lanes import first_is_quick
from tests.monitoring.dashboards.browser import needs_chromium, opened
from tests.monitoring.dashboards.site import wall_of
from tests.monitoring.dashboards.states import (
    AGES,
    LONG_PROGRAM,
    MOST_LATE,
    RIGHT_TO_LEFT_PROGRAM,
    STATES,
    UNTIL,
    currencies,
    event,
    many_programs,
    thirty_programs,
    wall_with,
)
from tests.monitoring.dashboards.store_content import Company, apply

pytestmark = needs_chromium

_SIZES = {"landscape": (1920, 1080), "large": (3840, 2160), "portrait": (1080, 1920), "phone": (390, 844)}
_SCREENS = tuple(product(_SIZES, ("dark", "light")))

_CONTRAST = 4.5
_CAPTION_PX = 24
_GAP_PX = 3

_MEASURE = Path(__file__).with_name("measure.js").read_text("utf-8")

# The page on every screen at once, and what each has measured.
_ALL_SCREENS = """<body><script>
const screens = %s.map(([width, height, theme]) => {
  const screen = document.body.appendChild(document.createElement("iframe"));
  const address = new URLSearchParams(location.search);
  address.set("theme", theme);
  Object.assign(screen, { width, height, src: `/page?${address}${location.hash}` });
  return screen;
});
const written = document.body.appendChild(document.createElement("pre"));
setInterval(() => {
  written.textContent = JSON.stringify(screens.map((screen) => {
    const measured = screen.contentDocument.getElementById("measured");
    return measured && measured.textContent ? JSON.parse(measured.textContent) : null;
  }));
}, 500);
</script>"""

Measured = Mapping[tuple[str, str], Mapping[str, Any]]


@contextmanager
def measured_site(routes: Mapping[str, Route], screens: Sequence[tuple[str, str]] = _SCREENS) -> Iterator[str]:
    """A wall whose page, at `page`, measures itself, and is on every screen; gives its address."""
    policy = "default-src 'self' 'unsafe-inline' data:"

    def page(request: Request) -> Page:
        text = routes["/"](request).body.decode().replace("</body>", f"<script>{_MEASURE}</script></body>")
        return Page(text.encode(), "text/html; charset=utf-8", policy=policy)

    frames = [(*_SIZES[size], theme) for size, theme in screens]
    screens_page = Page((_ALL_SCREENS % json.dumps(frames)).encode(), "text/html; charset=utf-8", policy=policy)
    with serving("127.0.0.1", 0, {**routes, "/page": page, "/": lambda _: screens_page}) as port:
        yield f"http://127.0.0.1:{port}/"


def measured(url: str, after_ms: int = 2000, screens: Sequence[tuple[str, str]] = _SCREENS) -> Measured:
    """What the page has measured of itself on each screen."""
    found = json.loads(opened(url, after_ms=after_ms).one("pre").text)
    return dict(zip(screens, found, strict=True))


def problems(found: Measured) -> dict[tuple[str, str], dict[str, Any]]:
    """What cannot be read on each screen; a screen without anything of the kind is left out."""
    of_each = {
        screen: {
            **{kind: each[kind] for kind in ("cut", "outside", "overlaps")},
            "shortened": [name for name in each["shortened"] if name["letters"] == 0 or name["gap"] > _GAP_PX],
            "contrast": [contrast for contrast in each["contrast"] if contrast[0] < _CONTRAST],
            "wide": max(0, each["wide"]),
        }
        for screen, each in found.items()
    }
    found_of = {screen: {kind: what for kind, what in kinds.items() if what} for screen, kinds in of_each.items()}
    return {screen: kinds for screen, kinds in found_of.items() if kinds}


@pytest.fixture(scope="module")
def url(company: Company) -> Iterator[str]:
    with wall_of(company.settings, lambda: company.until) as wall, measured_site(wall.routes()) as url:
        yield url


@pytest.fixture(scope="module")
def many(redis_url: str) -> Iterator[str]:
    """The wall of a company with very many programs, long names and five currencies."""
    with thirty_programs(redis_url) as routes, measured_site(routes) as url:
        yield url


_SAYS = {
    "fresh": "■ DATA AGE UNKNOWN: no worker has reported",
    "waiting": "● Kafka ok, store ok, worker ok, waiting for the first event",
    "fresh-data": "● All well · data 2 s old",
    "stale": "■ DATA IS 1 H 1 MIN OLD: do not trust these numbers",
    "redis-hanging": "■ THE STORE DOES NOT ANSWER. Last answer: ",
    "exporter-gone": "■ THE EXPORTER DOES NOT ANSWER. Last answer: ",
    "upgrade": "● All well · data < 1 s old",
    "thirty-programs": "■ Nurture step blocked",
    "currencies": "● All well · data < 1 s old",
    "stalled": "■ Nurture step blocked",
}


# Each opens many pages; the one with most to see is in the quick lane.
@pytest.mark.parametrize("state", first_is_quick(["stalled", *sorted(STATES.keys() - {"stalled"})]))
def test_each_state_says_so_and_is_read_on_every_screen(redis_url: str, state: str) -> None:
    served, after_ms = STATES[state]
    # Each waits for six seconds until the store is given up, one after another.
    screens = _SCREENS[:1] if state == "redis-hanging" else _SCREENS
    with served(redis_url) as routes, measured_site(routes, screens) as url:
        found = measured(url, after_ms, screens)
    assert all(" ".join(each["says"].split()).startswith(_SAYS[state]) for each in found.values())
    assert problems(found) == {}
    # Until the next answer.
    assert after_ms > 5000 or not any(each["redrawn"] for each in found.values())
    assert min(each["texts"] for each in found.values()) > 20


def test_a_list_of_currencies_can_be_read_on_every_screen(redis_url: str) -> None:
    with currencies(redis_url) as routes, measured_site(routes) as url:
        found = measured(f"{url}#currencies")
    assert problems(found) == {}


def test_captions_have_24_pixels_on_a_screen_of_1080_lines(url: str) -> None:
    found = measured(url)
    for screen in (("landscape", "dark"), ("large", "dark")):
        least = _CAPTION_PX * found[screen]["scale"]
        assert [each for each in found[screen]["px"] if each[0] < least - 0.01] == []


@pytest.mark.parametrize("size", first_is_quick(["phone", "portrait"]))
def test_alarms_come_first_where_panels_are_one_below_the_other(many: str, size: str) -> None:
    assert measured(many)[size, "dark"]["kinds"][:2] == ["conditions", "table"]


def test_a_title_is_that_of_the_address_and_no_markup(url: str) -> None:
    page = opened(f"{url}page?title=%3Cb%3EVienna%3C/b%3E")
    assert page.one("h1").text == "<b>Vienna</b>"
    assert page.one("title").text == "<b>Vienna</b>"


def test_currencies_rotate_while_nobody_reads(many: str) -> None:
    def shown(after_ms: int) -> str:
        page = opened(f"{many}page?rotate=5", after_ms=after_ms)
        (tile,) = (each for each in page.all("section") if each.one("h2").text.startswith("MRR"))
        return tile.one("small").text.split()[-1]

    assert [shown(after_ms) for after_ms in (1_000, 6_000, 11_000)] == ["EUR", "GBP", "JPY"]


def test_where_motion_is_reduced_currencies_rotate_and_nothing_breathes(many: str) -> None:
    def seen(*flags: str) -> tuple[str, str]:
        page = opened(f"{many}page?rotate=5", after_ms=6_000, flags=flags)
        (tile,) = (each for each in page.all("section") if each.one("h2").text.startswith("MRR"))
        return tile.one("small").text, json.loads(page.one(id="measured").text)["animation"]

    assert seen() == ("GBP", "breathe")
    assert seen("--force-prefers-reduced-motion") == ("GBP", "none")


# Within a frame the machine seems to be set to what the frame is.
_DUSK = """<body><iframe src="/page?theme=%s" style="color-scheme: light"></iframe><script>
const screen = document.querySelector("iframe");
const seen = [];
const look = () => seen.push(screen.contentDocument.documentElement.dataset.theme);
screen.onload = () => {
  setTimeout(() => { look(); screen.style.colorScheme = "dark"; }, 1500);
  setTimeout(() => {
    look();
    document.body.append(Object.assign(document.createElement("pre"), { textContent: seen }));
  }, 3500);
};
</script>"""


@pytest.mark.parametrize(
    ("theme", "seen"), [("auto", "light,dark"), ("light", "light,light"), ("dark", "dark,dark"), ("blue", "dark,dark")]
)
def test_the_theme_is_that_of_the_address_or_follows_the_machine(company: Company, theme: str, seen: str) -> None:
    dusk = Page((_DUSK % theme).encode(), "text/html", policy="default-src 'self' 'unsafe-inline'")
    with wall_of(company.settings, lambda: company.until) as wall:
        routes = {**wall.routes(), "/page": wall.routes()["/"], "/dusk": lambda _: dusk}
        with serving("127.0.0.1", 0, routes) as port:
            assert opened(f"http://127.0.0.1:{port}/dusk", after_ms=8000).one("pre").text == seen


def test_sources_stand_below_the_longest_silent_first(company: Company) -> None:
    with wall_of(company.settings, lambda: company.until) as wall, measured_site(wall.routes()) as url:
        assert "hidden" in opened(f"{url}page").one("footer").attributes
        wall.sources = lambda: SourceAges(AGES, are_known=True)
        wall._good_until = 0  # noqa: SLF001 - not in a second
        said = opened(f"{url}page", after_ms=100).one("footer").text
        assert re.fullmatch(r"Sources, last posted postmark nothing yet hubspot 2 h stripe 4\d s sendgrid \d s", said)
        wall.sources = lambda: SourceAges(AGES, are_known=False)
        wall._good_until = 0  # noqa: SLF001 - as above
        said = opened(f"{url}page", after_ms=100).one("footer").text
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
        event(1, "subscription.started", until - timedelta(days=40), **about, items=[item]),
        event(2, "subscription.started", until - timedelta(days=40), **other),
        event(3, "subscription.canceled", until - timedelta(days=2), **about, items=[item], cancel_reason="voluntary"),
    ]
    settings = Settings.load(redis_url=redis_url, namespace=f"small-loss-{amount_minor}")
    company = apply(settings, events, round(until.timestamp() * 1000))
    with wall_of(settings, lambda: company.until) as wall, measured_site(wall.routes()) as url:
        page = opened(f"{url}page")
    (tile,) = (each for each in page.all("section") if each.one("h2").text.startswith("Gross MRR churn"))
    assert ("a small amount, over budget of 2 %" in tile.text) != watched
    assert ("watch" in page.one("section", data_kind="conditions").text) == watched
    assert page.one(id="state").text.startswith("▲ Gross churn" if watched else "● All well")


def test_a_name_from_right_to_left_turns_nothing_around(redis_url: str) -> None:
    events = [(topic, value) for topic, value in many_programs(UNTIL) if LONG_PROGRAM.encode() not in value]
    with wall_with(redis_url, iter(events)) as wall, serving("127.0.0.1", 0, wall.routes()) as port:
        state = opened(f"http://127.0.0.1:{port}/").one(id="state").text
    names = rf"\u2068{re.escape(RIGHT_TO_LEFT_PROGRAM)}1\u2069 / \u2068[^\u2068-\u2069]*0\u2069"
    assert re.search(rf": {names} \(and \d+ more\) ", state)


def test_steps_of_a_program_stand_together_the_worst_program_first(many: str) -> None:
    rows = opened(f"{many}page").one("section", data_kind="table").all("li")
    names = [each.one("bdi", "of").text for each in rows]
    assert [name.startswith((LONG_PROGRAM, RIGHT_TO_LEFT_PROGRAM)) for name in names] == [True] * 5
    late = [int(each.attributes["data-value"]) for each in rows]
    assert sorted(late, reverse=True) == sorted(MOST_LATE.values(), reverse=True)
    assert late == [15, 13, 11, 14, 12]
    assert [len([*steps]) for _, steps in groupby(names)] == [3, 2]
