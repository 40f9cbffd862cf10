"""A page of HTML out of elements. Every text is escaped unless it is `Html`."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib.resources import files

from stream_app.clients.http import Page

__all__ = ["Html", "command", "definitions", "document", "element", "link", "table", "trend"]

_STYLE = (files("stream_app.exporter") / "static" / "detail.css").read_text("utf-8")
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:"
_HIGH, _BAR, _GAP = 80, 10, 3


class Html(str):
    """Markup."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str) -> Html:
    """An element; a trailing `_` of an attribute's name is dropped, any other stands for `-`."""
    given = "".join(f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
    inner = "".join(each if isinstance(each, Html) else escape(each) for each in children)
    return Html(f"<{tag}{given}>{inner}</{tag}>")


def link(text: str, address: str) -> Html:
    """A link."""
    return element("a", text, href=address)


def command(line: str) -> Html:
    """A line for a shell, to be copied."""
    return element("pre", element("code", line))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table; it has its own scroll bar where the screen is narrow."""
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    body = element("tbody", *(element("tr", *(element("td", each) for each in row)) for row in rows))
    return element("div", element("table", head, body), class_="wide", tabindex="0")


def definitions(pairs: Iterable[tuple[str, str]]) -> Html:
    """Names with what is said of each."""
    return element("dl", *(part for name, said in pairs for part in (element("dt", name), element("dd", said))))


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
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
        element("title", title),
        Html(f"<style>{_STYLE}</style>"),
    )
    body = element("body", element("nav", link("the wall", "/")), element("main", element("h1", title), *parts))
    text = "<!doctype html>" + element("html", head, body, lang="en")
    return Page(text.encode("utf-8", "replace"), "text/html; charset=utf-8", status, policy=_POLICY)
