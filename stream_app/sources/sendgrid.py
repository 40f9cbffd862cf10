"""SendGrid's Event Webhook: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""

import re
from collections.abc import Mapping
from typing import Any

from stream_app.sources.fields import digest, elements, identifier, mapping, text, texts
from stream_app.sources.mail import MISSING_PROGRAM, Mail, MailSettings, Names, mail_events, object_of
from stream_app.sources.paths import parsed
from stream_app.sources.source import (
    Context,
    Ecdsa,
    Ignored,
    Item,
    Limits,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Request,
    Source,
)
from stream_app.sources.times import moment_of_seconds

_TYPES = {
    "processed": "sent",
    "delivered": "delivered",
    "bounce": "bounced",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
_IGNORED = frozenset({"deferred", "dropped", "group_resubscribe", "account_status_change"})
_BOUNCES = {"bounce": "hard", "blocked": "soft"}
_NAMES = Names(time="timestamp", message="sg_message_id", recipient="email")
_HOP = re.compile(r"\.(?:filter|recvd)")
_OWN_MESSAGE_ID = re.compile(r"<?([^<>@]+)@[^@]*ismtpd[^@]*>?")


def split(request: Request, received: int) -> list[Item] | Malformed:
    """One item for each element of the array."""
    found = elements(request.body)
    if found is None:
        return Malformed("Expected a JSON array")
    return [Item(_item_id(raw), raw, received) for raw in found]


def _item_id(raw: bytes) -> str:
    return identifier(mapping(parsed(raw)).get("sg_event_id")) or f"h-{digest(raw)}"


def events(item: Item, context: Context[MailSettings]) -> list[Outcome]:
    """The events of one element; the custom arguments stand beside SendGrid's own fields."""
    found = object_of(item.raw)
    if found is None:
        return [Parked("malformed")]
    kind = text(found.get("event"))
    if kind in _IGNORED:
        return [Ignored(str(kind))]
    if kind not in _TYPES:
        return [Parked("unknown_event", "event")]
    event_id = text(found.get("sg_event_id"))
    if event_id is None:
        return [Parked("id", "sg_event_id")]
    campaign = text(found.get("singlesend_id")) or text(found.get("marketing_campaign_id"))
    mail = Mail(
        source="/sendgrid",
        id=event_id,
        type=_TYPES[kind],
        time=moment_of_seconds(found.get("timestamp")),
        message_id=_message_id(found),
        recipients=texts(found.get("email")),
        names=_NAMES,
        args={**found, **mapping(found.get("unique_args"))},
        campaigns=(*((campaign,) if campaign else ()), *texts(found.get("category"))),
        campaign_id=campaign,
        extra=_extra(kind, found),
    )
    return mail_events(mail, context)


def _extra(kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "open" and found.get("sg_machine_open") is True:
        return {"machine": True}
    if kind == "bounce" and (bounce := _BOUNCES.get(str(found.get("type")))):
        return {"bounce": bounce}
    return {}


def _message_id(found: Mapping[str, Any]) -> str | None:
    """The part that all events of a message share; a late bounce has only the header, which begins with that part."""
    if named := text(found.get("sg_message_id")):
        return identifier(_HOP.split(named)[0])
    header = _OWN_MESSAGE_ID.fullmatch(text(found.get("smtp-id")) or "")
    return identifier(header[1]) if header else None


SENDGRID: Source[MailSettings] = Source(
    name="sendgrid",
    title="Twilio SendGrid",
    signature=Ecdsa(
        header="x-twilio-email-event-webhook-signature",
        timestamp_header="x-twilio-email-event-webhook-timestamp",
    ),
    settings=MailSettings,
    split=split,
    events=events,
    limits=Limits(items=10_000),
    reads=(
        Read("processed", "email.sent"),
        Read("delivered", "email.delivered"),
        Read("bounce, type `bounce`", "email.bounced", "`bounce` is `hard`"),
        Read("bounce, type `blocked`", "email.bounced", "`bounce` is `soft`"),
        Read("open", "email.opened", "`sg_machine_open` is `machine`"),
        Read("click", "email.clicked"),
        Read("spamreport", "email.complained"),
        Read("unsubscribe, group_unsubscribe", "email.unsubscribed"),
        Read("deferred", "", "it is tried again"),
        Read("dropped", "", "it never left"),
        Read("group_resubscribe", ""),
        Read("account_status_change", ""),
        Read("sg_event_id", "id"),
        Read("timestamp", "time"),
        Read("sg_message_id", "message_id", "up to `.filter` or `.recvd`: the rest differs by recipient and hop"),
        Read("lead_id, else email", "lead_id", "the address becomes a `p-…` id"),
        Read("program_id, step_id, audience", "the same", "custom arguments, else the `campaigns` table"),
        Read("campaign_id, else singlesend_id, marketing_campaign_id", "campaign_id"),
        Read("category", "", "only searched for in the `campaigns` table"),
    ),
    missing=(
        *MISSING_PROGRAM,
        Missing(
            "sg_message_id",
            "A bounce that comes days later has none: it is parked, unless SendGrid made the Message-ID header itself.",
            "Let SendGrid set the Message-ID header.",
        ),
    ),
    steps=(
        "In SendGrid open **Settings > Mail Settings > Event Webhooks** and choose **Create new webhook**.",
        (
            "**Post URL**: `https://YOUR-HOST/in/sendgrid`. **Actions to be posted**: Processed, Delivered, Bounced, "
            "Opened, Clicked, Spam Reports, Unsubscribed, Group Unsubscribes."
        ),
        (
            "Under **Security features** turn on **Signed Event Webhook**, save, open the webhook again and copy the "
            "**Verification Key** into the secret file."
        ),
        (
            "Send the custom arguments `lead_id`, `program_id` and `step_id` with every message: `custom_args` of the "
            "Mail Send API, `unique_args` of the SMTP API. SendGrid forbids personal data in them."
        ),
        "Turn on **Open Tracking** and **Click Tracking** under **Settings > Tracking**.",
        (
            "**Test Your Integration** posts one example of each event. Nothing marks them: they count like real ones, "
            "for an example address."
        ),
    ),
)
