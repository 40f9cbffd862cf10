"""Mailgun's webhooks and Events API: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads."""

from collections.abc import Mapping
from typing import Any

from stream_app.sources.fields import digest, identifier, mapping, text, texts
from stream_app.sources.mail import MISSING_PROGRAM, Mail, MailSettings, Names, mail_events, object_of
from stream_app.sources.paths import parsed
from stream_app.sources.source import (
    Context,
    Ignored,
    InBody,
    Item,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Replies,
    Request,
    Source,
)
from stream_app.sources.times import moment_of_seconds

_TYPES = {
    "accepted": "sent",
    "delivered": "delivered",
    "failed": "bounced",
    "opened": "opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "complained": "complained",
}
_IGNORED = frozenset({"rejected", "stored", "list_member_uploaded", "list_member_upload_error", "list_uploaded"})
_NAMES = Names(time="timestamp", message="message.headers.message-id", recipient="recipient")
_DATE = len("2026-03-02")


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The one event of a request."""
    found = _event_data(mapping(parsed(request.body)))
    return [Item(identifier(_id(found)) or f"h-{digest(request.body)}", request.body, received)]


def _event_data(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event: a webhook wraps it beside its signature, the Events API does not."""
    return mapping(found["event-data"]) if "event-data" in found else found


def _id(found: Mapping[str, Any]) -> str | None:
    """Mailgun's id is unique within a day only; its token would be another one for the same event of the Events API."""
    own, when = text(found.get("id")), moment_of_seconds(found.get("timestamp"))
    return f"{when[:_DATE]}:{own}" if own and when else None


def events(item: Item, context: Context[MailSettings]) -> list[Outcome]:
    """The events of one event of Mailgun's; each but `accepted` proves that its message was sent."""
    whole = object_of(item.raw)
    if whole is None:
        is_form = b"=" in item.raw and not item.raw.lstrip().startswith((b"{", b"["))
        return [Parked("legacy_format") if is_form else Parked("malformed")]
    found = _event_data(whole)
    what = _what(found, allow_test=context.settings.test)
    if not isinstance(what, tuple):
        return [what]
    kind, extra = what
    when = moment_of_seconds(found.get("timestamp"))
    event_id = _id(found)
    if when and event_id is None:
        return [Parked("id", "id")]
    mail = Mail(
        source="/mailgun",
        id=event_id or "",
        type=kind,
        time=when,
        message_id=identifier(mapping(mapping(found.get("message")).get("headers")).get("message-id")),
        recipients=texts(found.get("recipient")),
        names=_NAMES,
        args=mapping(found.get("user-variables")),
        campaigns=texts(found.get("tags")),
        extra=extra,
        sent_before=kind != "sent",
    )
    return mail_events(mail, context)


def _what(found: Mapping[str, Any], *, allow_test: bool) -> tuple[str, dict[str, Any]] | Ignored | Parked:
    """Our type and what else it says, or why there is none."""
    kind = text(found.get("event"))
    if kind in _IGNORED:
        return Ignored(str(kind))
    if kind not in _TYPES:
        return Parked("unknown_event", "event")
    if mapping(found.get("flags")).get("is-test-mode") is True and not allow_test:
        return Ignored("test")
    extra = _extra(kind, found)
    return (_TYPES[kind], extra) if isinstance(extra, dict) else extra


def _extra(kind: str, found: Mapping[str, Any]) -> dict[str, Any] | Ignored | Parked:
    if kind == "failed":
        severity = found.get("severity")
        if severity == "temporary":
            return Ignored("temporary")
        return {"bounce": "hard"} if severity == "permanent" else Parked("severity", "severity")
    is_machine = kind in {"opened", "clicked"} and text(mapping(found.get("client-info")).get("bot"))
    return {"machine": True} if is_machine else {}


MAILGUN: Source[MailSettings] = Source(
    name="mailgun",
    title="Mailgun",
    signature=InBody(),
    settings=MailSettings,
    split=split,
    events=events,
    replies=Replies(bad_signature=406),
    reads=(
        Read("accepted", "email.sent"),
        Read("delivered", "email.delivered"),
        Read("failed, severity `permanent`", "email.bounced", "`bounce` is `hard`"),
        Read("failed, severity `temporary`", "", "it is tried again"),
        Read("opened", "email.opened", "`client-info.bot` is `machine`"),
        Read("clicked", "email.clicked", "`client-info.bot` is `machine`"),
        Read("unsubscribed", "email.unsubscribed"),
        Read("complained", "email.complained"),
        Read("rejected", "", "it never left"),
        Read("stored and events of lists", ""),
        Read("any of these but accepted", "email.sent", "one for each message and lead, at the time of the earliest"),
        Read("timestamp", "time"),
        Read("id", "id", "after the day: Mailgun's is unique within one"),
        Read("message.headers.message-id", "message_id", "hashed: it has an @"),
        Read("user-variables.lead_id, else recipient", "lead_id", "the address becomes a `p-…` id"),
        Read("user-variables.program_id, step_id, campaign_id, audience", "the same", "else the `campaigns` table"),
        Read("tags", "", "only searched for in the `campaigns` table"),
    ),
    missing=(
        *MISSING_PROGRAM,
        Missing(
            "sent",
            "Without the webhook for **Accepted** a message counts as sent at its first other event.",
            "Turn on **Accepted**. What is still on its way is in no rate.",
        ),
        Missing(
            "deliveries",
            "Mailgun posts `delivered` once and never again: what the gateway misses is missing in the delivery rate.",
            "Import the hours of an outage from the Events API: `stream-app import mailgun-events`.",
        ),
    ),
    steps=(
        (
            "In Mailgun open **Sending > Webhooks**, choose the domain, and copy the **HTTP webhook signing key** "
            "into the secret file."
        ),
        (
            "Choose **Add webhook** and enter `https://YOUR-HOST/in/mailgun` for each of **Accepted**, **Delivered**, "
            "**Opened**, **Clicked**, **Permanent Failure**, **Spam Complaints** and **Unsubscribes**. The URL has to "
            "be HTTPS: Mailgun signs a token, not the event."
        ),
        (
            "Send the user variables `lead_id`, `program_id` and `step_id` with every message: `v:lead_id` of the API, "
            "`X-Mailgun-Variables` over SMTP."
        ),
        "Turn on open and click tracking under **Sending > Domain settings > Tracking**.",
        "Messages in test mode (`o:testmode`) are ignored unless `test = true`.",
    ),
)
