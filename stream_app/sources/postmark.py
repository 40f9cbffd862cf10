"""Postmark's webhooks: https://postmarkapp.com/developer/webhooks/webhooks-overview."""

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
    Replies,
    Request,
    Source,
    Unsigned,
)
from stream_app.sources.times import moment

_TIMES = {
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "Open": "ReceivedAt",
    "Click": "ReceivedAt",
    "SubscriptionChange": "ChangedAt",
}
_TYPES = {"Delivery": "delivered", "Open": "opened", "Click": "clicked", "SpamComplaint": "complained"}
_BOUNCES: dict[str, tuple[str, dict[str, str]]] = {
    "HardBounce": ("bounced", {"bounce": "hard"}),
    "BadEmailAddress": ("bounced", {"bounce": "hard"}),
    "SoftBounce": ("bounced", {"bounce": "soft"}),
    "Blocked": ("bounced", {"bounce": "soft"}),
    "DMARCPolicy": ("bounced", {"bounce": "soft"}),
    "VirusNotification": ("bounced", {"bounce": "soft"}),
    "Unknown": ("bounced", {}),
    "SpamNotification": ("complained", {}),
    "SpamComplaint": ("complained", {}),
    "Unsubscribe": ("unsubscribed", {}),
}
_NO_BOUNCES = frozenset(
    {
        "Transient",
        "DnsError",
        "AutoResponder",
        "AddressChange",
        "ChallengeVerification",
        "OpenRelayTest",
        "Subscribe",
        "ManuallyDeactivated",
        "Unconfirmed",
        "SMTPApiError",
        "InboundError",
        "TemplateRenderingFailed",
    }
)


def split(request: Request, received: int) -> list[Item] | Malformed:
    """The one object of a request."""
    found = mapping(parsed(request.body))
    return [Item(identifier(_id(found)) or f"h-{digest(request.body)}", request.body, received)]


def _id(found: Mapping[str, Any]) -> str | None:
    """Only bounces have an id: what happened to which message when."""
    kind, message = text(found.get("RecordType")), text(found.get("MessageID"))
    when = text(found.get(_TIMES.get(kind or "", "")))
    bounce = text(found.get("ID"))
    if not (kind and message and when):
        return None
    return f"{kind}:{message}:{when}:{bounce}" if bounce else f"{kind}:{message}:{when}"


def events(item: Item, context: Context[MailSettings]) -> list[Outcome]:
    """The events of one object; each proves that its message was sent, which Postmark says nowhere."""
    found = object_of(item.raw)
    if found is None:
        return [Parked("malformed")]
    kind = text(found.get("RecordType")) or ("Inbound" if "FromFull" in found else "")
    what = _what(kind, found)
    if not isinstance(what, tuple):
        return [what]
    name, (ours, extra) = _TIMES[kind], what
    tag = text(found.get("Tag"))
    recipient = "Email" if "Email" in found else "Recipient"
    mail = Mail(
        source="/postmark",
        id=_id(found) or "",
        type=ours,
        time=moment(found.get(name)),
        message_id=identifier(found.get("MessageID")),
        recipients=texts(found.get(recipient)),
        names=Names(time=name, message="MessageID", recipient=recipient),
        args=mapping(found.get("Metadata")),
        campaigns=(tag,) if tag else (),
        campaign_id=tag,
        extra=extra,
        sent_before=True,
    )
    return mail_events(mail, context)


def _what(kind: str, found: Mapping[str, Any]) -> tuple[str, dict[str, str]] | Ignored | Parked:
    """Our type and what else it says, or why there is none."""
    if kind in _TYPES:
        return _TYPES[kind], {}
    if kind == "Bounce":
        bounce = text(found.get("Type")) or ""
        if bounce in _NO_BOUNCES:
            return Ignored("no_bounce")
        return _BOUNCES.get(bounce) or Parked("bounce", "Type")
    if kind == "SubscriptionChange":
        return _subscription(found)
    return Ignored("inbound") if kind == "Inbound" else Parked("unknown_event", "RecordType")


def _subscription(found: Mapping[str, Any]) -> tuple[str, dict[str, str]] | Ignored | Parked:
    if found.get("SuppressSending") is False:
        return Ignored("resubscribed")
    reason = text(found.get("SuppressionReason"))
    if reason in {"HardBounce", "SpamComplaint"}:
        return Ignored("bounce_came_already")
    if reason != "ManualSuppression":
        return Parked("suppression", "SuppressionReason")
    if found.get("MessageID") is None:
        return Ignored("suppressed_by_sender")
    return "unsubscribed", {}


POSTMARK: Source[MailSettings] = Source(
    name="postmark",
    title="Postmark",
    signature=Unsigned(),
    settings=MailSettings,
    split=split,
    events=events,
    replies=Replies(bad_signature=403),
    reads=(
        Read("Delivery", "email.delivered"),
        Read("Open", "email.opened", "every open; the first counts"),
        Read("Click", "email.clicked"),
        Read("SpamComplaint; Bounce of type SpamNotification, SpamComplaint", "email.complained"),
        Read("Bounce of type HardBounce, BadEmailAddress", "email.bounced", "`bounce` is `hard`"),
        Read(
            "Bounce of type SoftBounce, Blocked, DMARCPolicy, VirusNotification", "email.bounced", "`bounce` is `soft`"
        ),
        Read("Bounce of type Unknown", "email.bounced", "without `bounce`"),
        Read("Bounce of type Unsubscribe", "email.unsubscribed"),
        Read(f"Bounce of type {', '.join(sorted(_NO_BOUNCES))}", "", "no bounce"),
        Read("SubscriptionChange, ManualSuppression", "email.unsubscribed", "ignored if it names no message"),
        Read("SubscriptionChange, HardBounce or SpamComplaint", "", "its own record came already"),
        Read("SubscriptionChange, SuppressSending false", ""),
        Read("Inbound", ""),
        Read("any of these", "email.sent", "one for each message and lead, at the time of the earliest"),
        Read("DeliveredAt, BouncedAt, ReceivedAt, ChangedAt", "time"),
        Read("MessageID", "message_id"),
        Read("RecordType, MessageID, time, ID", "id"),
        Read("Metadata.lead_id, else Recipient or Email", "lead_id", "the address becomes a `p-…` id"),
        Read("Metadata.program_id, step_id, audience", "the same", "else the `campaigns` table"),
        Read("Metadata.campaign_id, else Tag", "campaign_id"),
    ),
    missing=(
        *MISSING_PROGRAM,
        Missing(
            "sent",
            "Postmark has no event for it: a message counts as sent when it is delivered, bounces or is opened, some "
            "seconds late. What is still on its way is in no rate.",
            "Nothing: the event is made from the first that proves it.",
        ),
        Missing(
            "machine",
            "Opens by Apple Mail and by scanners count as opens: the open rate is too high.",
            "Read the adjusted open rate, or clicks.",
        ),
    ),
    steps=(
        "Make a long password and write `USER:PASSWORD` into the secret file: Postmark signs nothing.",
        "In Postmark open the **Server**, its **Message Stream**, the tab **Webhooks**, and choose **Add webhook**.",
        "**Webhook URL**: `https://YOUR-HOST/in/postmark`. Under **Basic auth credentials** enter user and password.",
        (
            "Select **Delivery**, **Bounce**, **Spam complaint**, **Open** (with *every open*), **Link click** and "
            "**Subscription change**; leave *Include bounce content in the webhook* off: it is not read."
        ),
        "Send `Metadata` with `lead_id`, `program_id` and `step_id` with every message; a `Tag` is its campaign.",
        "Turn on open and link tracking: **Settings** of the server, or `TrackOpens` and `TrackLinks` of a message.",
        "**Send test** posts an example. Nothing marks it: it counts like a real one, for an example address.",
    ),
)
