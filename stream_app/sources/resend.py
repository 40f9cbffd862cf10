"""Resend's webhooks: https://resend.com/docs/webhooks/event-types."""

from collections.abc import Mapping
from typing import Any

from stream_app.sources.fields import digest, identifier, mapping, text, texts
from stream_app.sources.mail import MISSING_PROGRAM, Mail, MailSettings, Names, mail_events, object_of
from stream_app.sources.paths import parsed
from stream_app.sources.source import (
    Context,
    Ignored,
    Item,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Request,
    Source,
    StandardWebhooks,
)
from stream_app.sources.times import moment

_TYPES = {
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.bounced": "bounced",
    "email.opened": "opened",
    "email.clicked": "clicked",
    "email.complained": "complained",
}
_IGNORED = frozenset(
    {"email.delivery_delayed", "email.failed", "email.scheduled", "email.suppressed", "email.received"}
)
_OTHERS = ("contact.", "domain.")
_BOUNCES = {"Permanent": "hard", "Transient": "soft", "Undetermined": "soft"}
_NAMES = Names(time="created_at", message="data.email_id", recipient="data.to")


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The one event of a request."""
    return [Item(identifier(_id(mapping(parsed(request.body)))) or f"h-{digest(request.body)}", request.body, received)]


def _id(found: Mapping[str, Any]) -> str | None:
    """What happened to which message when: the id in the header would be lost when an item is mapped again."""
    kind, when = text(found.get("type")), text(found.get("created_at"))
    message = text(mapping(found.get("data")).get("email_id"))
    return f"{kind}:{message}:{when}" if kind and message and when else None


def events(item: Item, context: Context[MailSettings]) -> list[Outcome]:
    """The events of one event of Resend's."""
    found = object_of(item.raw)
    if found is None:
        return [Parked("malformed")]
    kind = text(found.get("type")) or ""
    if kind in _IGNORED or kind.startswith(_OTHERS):
        return [Ignored(kind if kind in _IGNORED else "other_object")]
    if kind not in _TYPES:
        return [Parked("unknown_event", "type")]
    data = mapping(found.get("data"))
    tags = _tags(data.get("tags"))
    campaign = text(data.get("broadcast_id"))
    mail = Mail(
        source="/resend",
        id=_id(found) or "",
        type=_TYPES[kind],
        time=moment(found.get("created_at")),
        message_id=identifier(data.get("email_id")),
        recipients=texts(data.get("to")),
        names=_NAMES,
        args=tags,
        campaigns=(*((campaign,) if campaign else ()), *texts(list(tags.values()))),
        campaign_id=campaign,
        extra=_extra(kind, data),
    )
    return mail_events(mail, context)


def _tags(value: object) -> dict[str, Any]:
    """Tags as an object, or as the list of names and values that they are sent as."""
    if isinstance(value, list):
        pairs = [(text(mapping(each).get("name")), mapping(each).get("value")) for each in value]
        return {name: tag for name, tag in pairs if name}
    return dict(mapping(value))


def _extra(kind: str, data: Mapping[str, Any]) -> dict[str, str]:
    bounce = _BOUNCES.get(text(mapping(data.get("bounce")).get("type")) or "") if kind == "email.bounced" else None
    return {"bounce": bounce} if bounce else {}


RESEND: Source[MailSettings] = Source(
    name="resend",
    title="Resend",
    signature=StandardWebhooks(prefix="svix"),
    settings=MailSettings,
    split=split,
    events=events,
    reads=(
        Read("email.sent", "email.sent"),
        Read("email.delivered", "email.delivered"),
        Read("email.bounced, bounce.type Permanent", "email.bounced", "`bounce` is `hard`"),
        Read("email.bounced, bounce.type Transient or Undetermined", "email.bounced", "`bounce` is `soft`"),
        Read("email.opened", "email.opened"),
        Read("email.clicked", "email.clicked"),
        Read("email.complained", "email.complained"),
        Read("email.delivery_delayed", "", "it is tried again"),
        Read("email.failed, email.suppressed, email.scheduled", "", "it did not leave"),
        Read("email.received, contact.*, domain.*", ""),
        Read("created_at", "time", "that of the event; `data.created_at` is the message's"),
        Read("data.email_id", "message_id"),
        Read("type, data.email_id, created_at", "id"),
        Read("data.tags.lead_id, else data.to", "lead_id", "the address becomes a `p-…` id; several are parked"),
        Read("data.tags.program_id, step_id, audience", "the same", "else the `campaigns` table"),
        Read("data.tags.campaign_id, else data.broadcast_id", "campaign_id"),
    ),
    missing=(
        *MISSING_PROGRAM,
        Missing(
            "unsubscribed",
            "Resend has no event of a message for it: the unsubscribe rate stays empty.",
            "Send `email.unsubscribed` as an own event from the page that people unsubscribe on.",
        ),
        Missing(
            "machine",
            "Opens by Apple Mail and by scanners count as opens: the open rate is too high.",
            "Read the adjusted open rate, or clicks.",
        ),
        Missing(
            "recipient",
            "A message to several people does not say whose event it is: it is parked (`many_recipients`).",
            "Send the tag `lead_id`, or one message to each.",
        ),
    ),
    steps=(
        "In Resend open **Webhooks** and choose **Add Webhook**.",
        (
            "**Endpoint URL**: `https://YOUR-HOST/in/resend`. **Events types**: email.sent, email.delivered, "
            "email.bounced, email.opened, email.clicked, email.complained."
        ),
        "Open the webhook and copy its **Signing Secret** (`whsec_…`) into the secret file.",
        (
            "Send the tags `lead_id`, `program_id` and `step_id` with every message. A tag takes letters, digits, `_` "
            "and `-` only."
        ),
        "Turn on open and click tracking of the domain under **Domains**.",
    ),
)
