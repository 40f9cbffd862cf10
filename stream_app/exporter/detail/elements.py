"""The pages of details: what they share."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files

from stream_app.clients.http import Page
from stream_app.render import html
from stream_app.render.html import Html, element, link

_STYLE = (files("stream_app.exporter") / "static" / "detail.css").read_text("utf-8")
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:"
_HIGH, _BAR, _GAP = 80, 10, 3


def command(line: str) -> Html:
    """A line for a shell, to be copied."""
    return element("pre", element("code", line))


def trend(title: str, days: Sequence[tuple[str, float]]) -> Html:
    """A bar for each day, with the same as text: where it begins and ends, the least and the most."""
    amounts = [amount for _, amount in days]
    most, least = max(*amounts, 1), min(*amounts, 0)
    (first, _), (last, newest) = days[0], days[-1]
    text = f"{title}, {first} to {last}: {min(amounts):,g} to {max(amounts):,g} a day, {newest:,g} on the last"
    scale = _HIGH / (most - least)
    bars = (
        element(
            "rect",
            element("title", f"{day}: {amount:,g}"),
            x=str(place * (_BAR + _GAP)),
            width=str(_BAR),
            y=f"{(most - max(amount, 0)) * scale:.1f}",
            height=f"{max(abs(amount) * scale, 1):.1f}",
        )
        for place, (day, amount) in enumerate(days)
    )
    svg = element("svg", *bars, viewBox=f"0 0 {len(days) * (_BAR + _GAP)} {_HIGH + 1}", role="img", aria_label=text)
    return element("figure", svg, element("figcaption", text))


def document(title: str, *parts: str, status: HTTPStatus = HTTPStatus.OK) -> Page:
    """A whole page."""
    main = element("main", element("h1", title), *parts)
    text = html.document(title, _STYLE, element("nav", link("the wall", "/")), main)
    return Page(text.encode("utf-8", "replace"), "text/html; charset=utf-8", status, policy=_POLICY)
