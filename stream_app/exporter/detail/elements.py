"""The pages of details: what they share."""

from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files

from stream_app.clients.http import Page
from stream_app.exporter.detail.by_day import Trend
from stream_app.render import html
from stream_app.render.html import Html, element, link

_STYLE = html.stylesheet((files("stream_app.exporter") / "static" / "detail.css").read_text("utf-8"))
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:"
_HIGH, _BAR, _GAP = 80, 10, 3


def command(line: str) -> Html:
    """A line for a shell, to be copied."""
    return element("pre", element("code", line))


def figure(trend: Trend) -> Html:
    """A bar for each day that has a value, with the same as text: where it begins and ends, the least and the most."""
    amounts = [amount for _, amount in trend.days if amount is not None]
    most, least = max(*amounts, 0), min(*amounts, 0)
    (first, _), (last, newest) = trend.days[0], trend.days[-1]
    lowest, highest = trend.text(min(amounts)), trend.text(max(amounts))
    now = "nothing" if newest is None else trend.text(newest)
    text = f"{trend.title}, {first} to {last}: {lowest} to {highest} {trend.when}, {now} on the last"
    scale = _HIGH / (most - least or 1)
    bars = (
        element(
            "rect",
            element("title", f"{day}: {trend.text(amount)}"),
            x=str(place * (_BAR + _GAP)),
            width=str(_BAR),
            y=f"{(most - max(amount, 0)) * scale:.1f}",
            height=f"{max(abs(amount) * scale, 1):.1f}",
        )
        for place, (day, amount) in enumerate(trend.days)
        if amount is not None
    )
    high = _HIGH + 1
    svg = element("svg", *bars, viewBox=f"0 0 {len(trend.days) * (_BAR + _GAP)} {high}", role="img", aria_label=text)
    return element("figure", svg, element("figcaption", text))


def document(title: str, *parts: str, status: HTTPStatus = HTTPStatus.OK) -> Page:
    """A whole page."""
    main = element("main", element("h1", title), *parts)
    text = html.document(title, _STYLE, element("nav", link("the wall", "/")), main)
    return Page(text.encode("utf-8", "replace"), "text/html; charset=utf-8", status, policy=_POLICY)
