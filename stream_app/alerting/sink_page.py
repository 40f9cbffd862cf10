"""The page of the sink: what would have been sent to whom."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from html import escape

REFRESH_S = 5

_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.2rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #10151c; color: #d5dce6; } }
"""

STYLE_HASH = f"sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}"
"""For the page's Content-Security-Policy."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that came, and when."""

    at: datetime
    title: str
    text: str


def sink_page(messages: Mapping[str, Iterable[Message]]) -> str:
    """Return the page; `messages` are those of each receiver, the newest first."""
    sections = "".join(_section(name, found) for name, found in messages.items())
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="{REFRESH_S}">
<title>Alerts that nobody was sent</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Alerts that nobody was sent</h1>
<p>Alertmanager sends here what has no receiver yet. How to set up receivers: docs/alerts.md.</p>
{sections or "<p>Nothing has come yet.</p>"}
</body>
</html>
"""


def _section(name: str, messages: Iterable[Message]) -> str:
    listed = "".join(_message(each) for each in messages)
    return f"<section>\n<h2>To {escape(name)}</h2>\n{listed}</section>\n"


def _message(message: Message) -> str:
    at = message.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"<article>\n<h3>{escape(message.title)}</h3>\n<p>{at}</p>\n<pre>{escape(message.text)}</pre>\n</article>\n"
