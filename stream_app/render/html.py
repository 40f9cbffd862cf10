"""Elements of HTML. Every text is escaped unless it is `Html`."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

_SHARED = (files("stream_app.render") / "page.css").read_text("utf-8")


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


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table; it has its own scroll bar where the screen is narrow."""
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    body = element("tbody", *(element("tr", *(element("td", each) for each in row)) for row in rows))
    return element("div", element("table", head, body), class_="wide", tabindex="0")


def definitions(pairs: Iterable[tuple[str, str]]) -> Html:
    """Names with what is said of each."""
    return element("dl", *(part for name, said in pairs for part in (element("dt", name), element("dd", said))))


def stylesheet(own: str) -> str:
    """The style of a page: what all pages share, and its own after that."""
    return _SHARED + own


def document(title: str, style: str, *body: str) -> str:
    """A whole document that needs nothing from elsewhere."""
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
        element("title", title),
        Html(f"<style>{style}</style>"),
    )
    return "<!doctype html>" + element("html", head, element("body", *body), lang="en")
