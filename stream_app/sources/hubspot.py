"""HubSpot's webhooks of apps: https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks.

Contacts become leads. A deal is stated whole in our events and comes property by property: it needs to be fetched.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from stream_app.sources.amounts import whole
from stream_app.sources.dates import check_zone
from stream_app.sources.fields import digest, elements, identifier, mapping, text
from stream_app.sources.mail import object_of
from stream_app.sources.paths import parsed
from stream_app.sources.source import (
    Context,
    Event,
    Hmac,
    Ignored,
    Incomplete,
    Item,
    Malformed,
    Missing,
    Outcome,
    Parked,
    Read,
    Replies,
    Request,
    Source,
    SourceSettings,
)
from stream_app.sources.times import moment_of_milliseconds

Stage = Literal["", "lead", "mql", "sal", "sql", "opportunity", "customer"]
Status = Literal["", "open", "working", "not_ready", "disqualified", "converted"]

STAGES: dict[str, Stage] = {
    "subscriber": "",
    "lead": "lead",
    "marketingqualifiedlead": "mql",
    "salesqualifiedlead": "sql",
    "opportunity": "opportunity",
    "customer": "customer",
    "evangelist": "",
    "other": "",
}
"""HubSpot's own lifecycle stages; what is empty is none of ours."""

STATUSES: dict[str, Status] = {
    "NEW": "open",
    "OPEN": "open",
    "IN_PROGRESS": "working",
    "OPEN_DEAL": "converted",
    "UNQUALIFIED": "disqualified",
    "ATTEMPTED_TO_CONTACT": "working",
    "CONNECTED": "working",
    "BAD_TIMING": "not_ready",
}
"""HubSpot's own lead statuses."""

CONTACT, DEAL = "0-1", "0-3"
IMPORTS = frozenset({"IMPORT", "MIGRATION"})
MAX_SCORE = 10**9

_OBJECTS = {"contact": CONTACT, "company": "0-2", "deal": DEAL}
_DEAL_PROPERTIES = frozenset({"amount", "dealstage", "pipeline", "closedate", "dealtype", "deal_currency_code"})
_STATE_PROPERTIES = frozenset({"lifecyclestage", "hs_lead_status"})
_REDACTED = "REDACTED"
_TEST_OBJECT, _TEST_EVENT, _TEST_VALUE = "123", "100", "sample-value"


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the deals of a pipeline are, and the internal ids of the stages in which they are won or lost."""

    kind: Literal["", "new_business", "upsell", "cross_sell", "renewal"] = ""
    """What its deals are; empty: as the type of each deal says."""
    won: list[str] = msgspec.field(default_factory=list)
    """The internal ids of the stages in which a deal is won."""
    lost: list[str] = msgspec.field(default_factory=list)
    """The internal ids of the stages in which a deal is lost."""


class HubSpotSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `sources.toml` may say of HubSpot."""

    stages: dict[str, Stage] = msgspec.field(default_factory=dict)
    """A lifecycle stage (custom ones are numbers) to ours; empty: ignored on purpose."""
    statuses: dict[str, Status] = msgspec.field(default_factory=dict)
    """A lead status to ours; empty: ignored on purpose."""
    score: str = "hubspotscore"
    """The property that holds the score."""
    amount: str = "amount"
    """The property that holds the first-year value of a deal."""
    deletions: Literal["disqualify", "ignore"] = "disqualify"
    """What a deleted contact is with us: a disqualified lead, or nothing."""
    currency: str = ""
    """The currency of deals that name none."""
    pipelines: dict[str, Pipeline] = msgspec.field(default_factory=dict)
    """The internal id of a pipeline of deals to what it is with us."""
    timezone: str = ""
    """The time zone of the dates in CSV files, which name none: an IANA name such as `Europe/Vienna`."""

    def __post_init__(self) -> None:
        """Refuse a time zone that there is not."""
        check_zone(self.timezone)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a record; `at` is its time in milliseconds, `portal` is empty if nobody says which it is."""

    found: Mapping[str, Any]
    portal: str
    object_type: str
    object_id: str
    action: str
    when: str
    at: str

    @property
    def name(self) -> str:
        """The property that changed; empty if none did."""
        return text(self.found.get("propertyName")) or ""

    @property
    def value(self) -> str:
        """What it changed to; empty if it was cleared."""
        return text(self.found.get("propertyValue")) or ""

    @property
    def lead(self) -> str:
        """The lead id of a contact."""
        return contact_lead(self.object_id)

    def event(self, kind: str, data: Mapping[str, Any], *, what: str, value: str = "") -> Event:
        """An event of this lead; its id is the same for every delivery and every subscription of the change."""
        hashed = f":{hashlib.sha256(value.encode()).hexdigest()[:8]}" if value else ""
        own = f"{self.portal}:{self.object_type}:{self.object_id}:{what}:{self.at}{hashed}"
        return {
            "specversion": "1.0",
            "id": identifier(own),
            "source": f"/hubspot/{self.portal}".rstrip("/"),
            "type": kind,
            "time": self.when,
            "data": {"lead_id": self.lead, **data},
        }


def contact_lead(contact_id: str) -> str:
    """The lead id of a contact's record id."""
    return identifier(f"hs-{contact_id}") or ""


def split(request: Request, received: int) -> list[Item] | Malformed:
    """One item for each notification; a workflow posts one object instead of an array."""
    body = request.body
    found = [body] if body.lstrip().startswith(b"{") else elements(body)
    if found is None:
        return Malformed("Expected a JSON array")
    return [Item(_item_id(raw), raw, received) for raw in found]


def _item_id(raw: bytes) -> str:
    """What happened to what when; a hash of the value only where it is no personal data."""
    found = mapping(parsed(raw))
    parts = [text(found.get(name)) for name in ("portalId", "objectId", "occurredAt")]
    if None in parts:
        return f"h-{digest(raw)}"
    name = text(found.get("propertyName"))
    value = text(found.get("propertyValue")) if name in _STATE_PROPERTIES else None
    portal, object_id, at = map(str, parts)
    what = [portal, _object_type(found), object_id, name or _action(found), at, *([digest(value)] if value else [])]
    return identifier(":".join(what)) or ""


def _action(found: Mapping[str, Any]) -> str:
    return _type(found).partition(".")[2]


def _type(found: Mapping[str, Any]) -> str:
    """Documented as `subscriptionType`, and shown in examples as `eventType`."""
    return text(found.get("subscriptionType")) or text(found.get("eventType")) or ""


def _object_type(found: Mapping[str, Any]) -> str:
    kind = _type(found).partition(".")[0]
    return _OBJECTS.get(kind) or (text(found.get("objectTypeId")) if kind == "object" else None) or kind


def events(item: Item, context: Context[HubSpotSettings]) -> list[Outcome]:
    """The events of one notification."""
    found = object_of(item.raw)
    if found is None:
        return [Parked("malformed")]
    if not _type(found):
        return [Parked("not_of_an_app", "subscriptionType")]
    if _is_test(found) and not context.settings.test:
        return [Ignored("test")]
    change = _change(found)
    return [change] if isinstance(change, Parked) else _outcomes(change, context)


def _outcomes(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    if change.object_type == DEAL:
        return [_deal(change, context.settings)]
    if change.object_type != CONTACT:
        return [Ignored("other_object")]
    mapped = _ACTIONS.get(change.action)
    return mapped(change, context) if mapped else [Ignored("other_action")]


def _is_test(found: Mapping[str, Any]) -> bool:
    is_button = text(found.get("objectId")) == _TEST_OBJECT and text(found.get("eventId")) == _TEST_EVENT
    return is_button or found.get("propertyValue") == _TEST_VALUE


def _change(found: Mapping[str, Any]) -> Change | Parked:
    texts = {name: text(found.get(name)) for name in ("portalId", "objectId", "occurredAt")}
    if _action(found) == "merge":
        texts["objectId"] = texts["objectId"] or text(found.get("primaryObjectId"))
    when = moment_of_milliseconds(found.get("occurredAt"))
    missing = next((name for name, value in texts.items() if value is None), None if when else "occurredAt")
    if missing or when is None:
        return Parked("time" if missing == "occurredAt" else "id", str(missing))
    portal, object_id, at = map(str, texts.values())
    # It goes into the events as it is.
    if not (portal.isascii() and portal.isdigit()):
        return Parked("id", "portalId")
    return Change(found, portal, _object_type(found), object_id, _action(found), when, at)


def _deal(change: Change, settings: HubSpotSettings) -> Outcome:
    if change.action == "associationChange":
        return Ignored("other_action")
    if change.action == "propertyChange" and change.name not in _DEAL_PROPERTIES | {settings.amount}:
        return Ignored("other_property")
    return Parked("needs_fetch", "objectId")


def _created(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    del context
    data = {"is_import": True} if text(change.found.get("changeSource")) in IMPORTS else {}
    return [change.event("lead.created", data, what="creation"), Incomplete("source")]


def property_outcomes(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    """What the change of a property says."""
    settings = context.settings
    read = {"lifecyclestage": _stage, "hs_lead_status": _status, settings.score: _score, "email": _email}.get(
        change.name
    )
    if read is None:
        return [Ignored("other_property")]
    if not change.value:
        return [Ignored("cleared")]
    if change.value == _REDACTED:
        return [Parked("redacted", "propertyValue")]
    return [read(change, context)]


def _stage(change: Change, context: Context[HubSpotSettings]) -> Outcome:
    stage = {**STAGES, **context.settings.stages}.get(change.value)
    if stage is None:
        return Parked("stage", "propertyValue")
    if not stage:
        return Ignored("stage")
    return change.event("lead.stage_changed", {"to": stage}, what=change.name, value=change.value)


def _status(change: Change, context: Context[HubSpotSettings]) -> Outcome:
    status = {**STATUSES, **context.settings.statuses}.get(change.value)
    if status is None:
        return Parked("status", "propertyValue")
    if not status:
        return Ignored("status")
    return change.event("lead.status_changed", {"to": status}, what=change.name, value=change.value)


def _score(change: Change, context: Context[HubSpotSettings]) -> Outcome:
    del context
    score = score_of(change.value)
    if score is None:
        return Parked("score", "propertyValue")
    return change.event("lead.score_changed", {"score": score}, what=change.name, value=change.value)


def score_of(value: object) -> int | None:
    """A score as a whole number, halves to the even one; None if it is none, or beyond what the contract takes."""
    found = whole(value)
    return found if found is not None and abs(found) <= MAX_SCORE else None


def _email(change: Change, context: Context[HubSpotSettings]) -> Outcome:
    person = context.person(change.value)
    if person is None:
        return Parked("address", "propertyValue")
    return change.event("lead.merged", {"merged_id": person}, what=f"email:{person}")


def _erased(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    del context
    return [change.event("lead.erased", {}, what="privacyDeletion")]


def _deleted(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    if context.settings.deletions == "ignore":
        return [Ignored("deletion")]
    return [change.event("lead.status_changed", {"to": "disqualified", "reason": "deleted"}, what="deletion")]


def _restored(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    if context.settings.deletions == "ignore":
        return [Ignored("restore")]
    return [change.event("lead.status_changed", {"to": "open"}, what="restore")]


def _merged(change: Change, context: Context[HubSpotSettings]) -> list[Outcome]:
    """The record that results may be a third one; all ids are one person."""
    del context
    primary = text(change.found.get("primaryObjectId")) or change.object_id
    merged = change.found.get("mergedObjectIds")
    others = [text(each) for each in (merged if isinstance(merged, list) else [merged])]
    target = text(change.found.get("newObjectId")) or primary
    ids = dict.fromkeys(each for each in [primary, *others] if each and each != target)
    if not ids:
        return [Parked("merge", "mergedObjectIds")]
    lead = {"lead_id": contact_lead(target)}
    return [
        change.event("lead.merged", {**lead, "merged_id": contact_lead(each)}, what=f"merge:{target}:{each}")
        for each in ids
    ]


_ACTIONS: dict[str, Callable[[Change, Context[HubSpotSettings]], list[Outcome]]] = {
    "creation": _created,
    "propertyChange": property_outcomes,
    "privacyDeletion": _erased,
    "deletion": _deleted,
    "restore": _restored,
    "merge": _merged,
}

HUBSPOT: Source[HubSpotSettings] = Source(
    name="hubspot",
    title="HubSpot",
    signature=Hmac(
        header="x-hubspot-signature-v3",
        digest="sha256",
        encoding="base64",
        signed=("method", "url", "body", "timestamp"),
        timestamp_header="x-hubspot-request-timestamp",
        timestamp_unit="ms",
        tolerance_s=300,
    ),
    settings=HubSpotSettings,
    split=split,
    events=events,
    # Workflows read milliseconds; apps wait as long as they like.
    replies=Replies(retry_after="30000"),
    reads=(
        Read("contact creation", "lead.created", "`is_import` if `changeSource` is IMPORT or MIGRATION"),
        Read("lifecyclestage", "lead.stage_changed", "by the `stages` table; custom stages are numbers"),
        Read("lifecyclestage subscriber, evangelist, other, or cleared", ""),
        Read("hs_lead_status", "lead.status_changed", "by the `statuses` table"),
        Read("the score property", "lead.score_changed", "halves to the even number"),
        Read("email", "lead.merged", "the contact is the person of the address"),
        Read("contact merge", "lead.merged", "all ids, the new one too"),
        Read("contact.privacyDeletion", "lead.erased"),
        Read(
            "contact deletion", "lead.status_changed", "disqualified, reason `deleted`, unless `deletions` is `ignore`"
        ),
        Read("contact restore", "lead.status_changed", "open"),
        Read("deals", "", "parked as `needs_fetch`: they are imported"),
        Read("companies, other objects, other properties, associations", ""),
        Read("the test button: object 123, event 100, `sample-value`", "", "unless `test = true`"),
        Read("occurredAt", "time"),
        Read("portalId, object type and id, what, occurredAt, value", "id", "never eventId, which is not unique"),
    ),
    missing=(
        Missing(
            "source",
            'The notification of a new contact has ids only: `lifecycle_new_leads{source="unknown"}`, and cost per '
            "lead by channel and campaign stays empty.",
            "Import the contacts now and then (`stream-app import hubspot-contacts`): source, channel and campaign "
            "come from the earliest event that states them.",
        ),
        Missing(
            "deals",
            "A notification has one property of a deal, our events have all of it: nothing of deals is counted live.",
            "Import the deals (`stream-app import hubspot-deals`) as often as you need them.",
        ),
    ),
    steps=(
        (
            "In your HubSpot account open **Settings > Integrations > Private Apps**, choose **Create a private app**, "
            "and on the tab **Scopes** select `crm.objects.contacts.read`."
        ),
        (
            "On the tab **Webhooks** enter as **Target URL** `https://YOUR-HOST/in/hubspot`, exactly as `public_url` "
            "in `sources.toml` has it: HubSpot signs the URL."
        ),
        (
            "Choose **Create subscription** for the object **Contact**: **Created**, **Deleted**, **Merged**, "
            "**Restored**, **Deleted for privacy**, and **Property changed** of `lifecyclestage`, `hs_lead_status`, "
            "`email` and your score property. Activate the subscriptions."
        ),
        "On the tab **Auth** copy the **Client secret** into the secret file.",
        (
            "Look up your lifecycle stages under **Settings > Objects > Contacts > Lifecycle Stage** and your lead "
            "statuses under **Settings > Properties**; write every custom one into `stages` and `statuses`."
        ),
        "Import the contacts before the first notification arrives: `stream-app import hubspot-contacts FILE`.",
    ),
)
