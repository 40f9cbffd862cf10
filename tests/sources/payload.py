"""A payload and, by hand, what must become of it: `<source>/<case>.json`, `<case>.events.jsonl` and `<case>.parked`.

The first has `doc` (the page that describes the payload), `body` (a text, or JSON to be posted) and, where needed,
`headers`, `url`, `settings` and `account_key`. Real payloads are not copied: `shared` is a path below
`../shared/payloads` and stands for the body, as `data` of `envelope` if there is one. A line of `.parked` is
`parked REASON [FIELD]`, `ignored REASON`, `incomplete FIELD` or `malformed REASON`.
"""

import json
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec

from stream_app.sources import SOURCES
from stream_app.sources.identity import alias
from stream_app.sources.source import (
    Context,
    Event,
    Ignored,
    Incomplete,
    Item,
    Malformed,
    Outcome,
    Parked,
    Request,
    Source,
)

FOLDER = Path(__file__).parent
SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads"
RECEIVED = 1_800_000_000_000
"""When items come in tests: no event may depend on it."""


KEY = bytes(range(32))
"""The identity key of the expected events."""


@dataclass(frozen=True)
class Payload:
    """A case by its folder and name."""

    source_name: str
    name: str

    def __str__(self) -> str:
        """The name of a test's case."""
        return f"{self.source_name}-{self.name}"

    @property
    def source(self) -> Source[Any]:
        """Its adapter."""
        return SOURCES[self.source_name]

    @cached_property
    def case(self) -> dict[str, Any]:
        """What the case's file says."""
        found: dict[str, Any] = json.loads(self._beside("json").read_text("utf-8"))
        return found

    @property
    def is_here(self) -> bool:
        """Whether the real payload that it is about can be read here."""
        return "shared" not in self.case or (SHARED / self.case["shared"]).exists()

    @property
    def body(self) -> bytes:
        """What is posted."""
        if "shared" in self.case:
            real = (SHARED / self.case["shared"]).read_bytes()
            envelope = self.case.get("envelope")
            return json.dumps(envelope | {"data": json.loads(real)}).encode() if envelope else real
        body = self.case["body"]
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()

    @property
    def request(self) -> Request:
        """The whole request."""
        url = self.case.get("url", f"https://in.example.com/in/{self.source_name}")
        return Request(self.case.get("method", "POST"), url, self.case.get("headers", {}), self.body)

    @property
    def context(self) -> Context[Any]:
        """What its adapter gets."""
        settings = msgspec.convert(self.case.get("settings", {}), self.source.settings)
        return Context(settings, partial(alias, KEY), self.case.get("account_key", "account_id"))

    @property
    def expected_events(self) -> list[Event]:
        """As written by hand."""
        return [json.loads(line) for line in self._lines("events.jsonl")]

    @property
    def expected_notes(self) -> list[str]:
        """What is no event and why, as written by hand."""
        return self._lines("parked")

    def _lines(self, suffix: str) -> list[str]:
        path = self._beside(suffix)
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()] if path.exists() else []

    def _beside(self, suffix: str) -> Path:
        return FOLDER / self.source_name / f"{self.name}.{suffix}"


PAYLOADS = [Payload(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.json"))]


def items(source: Source[Any], request: Request) -> list[Item]:
    """The items of a request that can be split."""
    found = source.split(request, RECEIVED)
    assert not isinstance(found, Malformed)
    return found


def outcomes(payload: Payload) -> list[Outcome | Malformed]:
    """What a payload becomes."""
    found = payload.source.split(payload.request, RECEIVED)
    if isinstance(found, Malformed):
        return [found]
    return [outcome for item in found for outcome in payload.source.events(item, payload.context)]


def note(outcome: Outcome | Malformed) -> str:
    """What is no event as a line; an event is the empty text."""
    match outcome:
        case Parked(reason, field):
            return f"parked {reason} {field}".strip()
        case Ignored(reason):
            return f"ignored {reason}"
        case Incomplete(field):
            return f"incomplete {field}"
        case Malformed(reason):
            return f"malformed {reason}"
        case _:
            return ""
