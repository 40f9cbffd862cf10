"""A source that tests declare: own events over HTTP, posted as a JSON array, with a signature of the simplest kind."""

import hashlib
import hmac
from dataclasses import replace
from typing import Literal

import msgspec

from stream_app.sources.source import (
    Context,
    Hmac,
    Ignored,
    Incomplete,
    Item,
    Limits,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Replies,
    Request,
    Source,
    SourceSettings,
    Unsigned,
)

SECRET = "of the tests"  # noqa: S105 - made up
ADDRESS = "erika.mustermann@example.com"


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table within the table of the source."""

    kind: Literal["won", "lost"]


class PlainSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this source may be set to."""

    stages: dict[str, str] = msgspec.field(default_factory=dict)
    pipelines: dict[str, Pipeline] = msgspec.field(default_factory=dict)


def _split(request: Request, received: int) -> list[Item] | Malformed:
    try:
        items = msgspec.json.decode(request.body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Malformed("the body is no JSON array")
    return [Item(hashlib.sha256(bytes(raw)).hexdigest()[:16], bytes(raw), received) for raw in items]


def _events(item: Item, context: Context[PlainSettings]) -> list[Outcome]:
    posted = msgspec.json.decode(item.raw)
    match posted.get("do"):
        case "raise":
            raise ValueError(posted["email"])
        case "ignore":
            return [Ignored("none_of_ours")]
        case "stage":
            stage = context.settings.stages.get(posted["stage"])
            data = {"lead_id": posted["lead"], "to": stage}
            event = {"id": f"stage:{posted['lead']}", "type": "lead.stage_changed", "time": posted.get("time")}
            return [event | {"source": "/plain", "data": data}] if stage else [Parked("stage", "stage")]
        case "person":
            lead = context.person(posted["email"])
            event = {"id": f"p:{lead}", "type": "lead.created", "time": posted.get("time"), "data": {"lead_id": lead}}
            return [event, Incomplete("source")] if lead else [Parked("no_address", "email")]
        case _:
            return [posted["event"]]


PLAIN: Source[PlainSettings] = Source(
    name="plain",
    title="Plain",
    signature=Hmac(header="x-signature", digest="sha256", encoding="hex"),
    settings=PlainSettings,
    split=_split,
    events=_events,
    limits=Limits(body_bytes=1024 * 1024, items=1000, answer_s=2.0),
    reads=(),
    missing=(Missing("source", "unknown sources", "import the contacts"),),
    steps=("Post an array.",),
)

OTHER_REPLIES: Source[PlainSettings] = replace(
    PLAIN, name="other-replies", replies=Replies(ok=202, bad_signature=406, retry_after="1500")
)
BY_TOKEN: Source[PlainSettings] = replace(PLAIN, name="by-token", signature=Unsigned())
DECLARED = {each.name: each for each in (PLAIN, OTHER_REPLIES, BY_TOKEN)}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers of a request that this source takes."""
    return {"x-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def created(number: int) -> dict[str, object]:
    """An item that says that a lead was created, and its event."""
    event = {
        "id": f"e{number}",
        "source": "/plain",
        "type": "lead.created",
        "time": "2026-03-02T09:14:03Z",
        "data": {"lead_id": f"l{number}"},
    }
    return {"event": event}
