"""Exports of HubSpot: contacts and deals, as objects of its API or as CSV, with internal names or those people see.

API: https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide. A copy of HubSpot in a
warehouse, with `property_` before the names of properties, is read as well.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stream_app.sources.amounts import currency_code
from stream_app.sources.dates import moment_in, no_moment
from stream_app.sources.export import Export, Row
from stream_app.sources.fields import amount, digest, free_text, identifier, label, mapping, text
from stream_app.sources.hubspot import (
    CONTACT,
    IMPORTS,
    STAGES,
    Change,
    HubSpotSettings,
    Pipeline,
    contact_lead,
    property_outcomes,
)
from stream_app.sources.source import Context, Event, Ignored, Incomplete, Missing, Outcome, Parked, Read
from stream_app.sources.times import milliseconds_of

HubSpotContext = Context[HubSpotSettings]

_IDS = ("hs_object_id", "Record ID", "Record ID - Contact", "Record ID - Deal", "id", "vid", "contact_id", "deal_id")
_NAMES = {
    "deal_pipeline_id": "pipeline",
    "deal_pipeline_stage_id": "dealstage",
    "Email": "email",
    "Create Date": "createdate",
    "Close Date": "closedate",
    "Last Modified Date": "hs_lastmodifieddate",
    "Lifecycle Stage": "lifecyclestage",
    "Became a Subscriber Date": "hs_lifecyclestage_subscriber_date",
    "Became a Lead Date": "hs_lifecyclestage_lead_date",
    "Became a Marketing Qualified Lead Date": "hs_lifecyclestage_marketingqualifiedlead_date",
    "Became a Sales Qualified Lead Date": "hs_lifecyclestage_salesqualifiedlead_date",
    "Became an Opportunity Date": "hs_lifecyclestage_opportunity_date",
    "Became a Customer Date": "hs_lifecyclestage_customer_date",
    "Became an Evangelist Date": "hs_lifecyclestage_evangelist_date",
    "Became an Other Lifecycle Date": "hs_lifecyclestage_other_date",
    "Original Source": "hs_analytics_source",
    "Original Traffic Source": "hs_analytics_source",
    "Original Source Drill-Down 1": "hs_analytics_source_data_1",
    "Original Traffic Source Drill-Down 1": "hs_analytics_source_data_1",
    "Amount": "amount",
    "Currency": "deal_currency_code",
    "Pipeline": "pipeline",
    "Deal Stage": "dealstage",
    "Deal Type": "dealtype",
    "Closed Won Reason": "closed_won_reason",
    "Closed Lost Reason": "closed_lost_reason",
}
"""What properties are called in a warehouse and in exports with the names that people see, to their internal names."""
_STAGE_DATES = (("hs_lifecyclestage_", "_date"), ("hs_v2_date_entered_", ""))
_DEFAULT = Pipeline(won=["closedwon", "Closed won"], lost=["closedlost", "Closed lost"])
_DEFAULT_NAMES = frozenset({"", "default", "Sales Pipeline"})
_KINDS = {
    "newbusiness": "new_business",
    "New Business": "new_business",
    "existingbusiness": "upsell",
    "Existing Business": "upsell",
}
_OFFLINE = frozenset({"OFFLINE", "Offline Sources"})


class _Record:
    """A row as its properties, by their internal names, whichever way it was exported."""

    def __init__(self, row: Row, context: HubSpotContext) -> None:
        columns = {_property_name(name): value for name, value in row.items()}
        self._properties = columns | dict(mapping(row.get("properties")))
        self._row = row
        self._zone = context.settings.timezone
        self.id = next((found for name in _IDS if (found := text(row.get(name)) or self.text(name))), None)
        portal = self.text("portal_id") or ""
        self.portal = portal if portal.isascii() and portal.isdigit() else ""

    def text(self, name: str) -> str | None:
        return text(self._properties.get(name))

    def moment(self, name: str) -> str | None:
        return moment_in(self._properties.get(name), self._zone)

    def stage_dates(self) -> Iterator[tuple[str, str]]:
        """The properties that have the date of a stage, each with the stage."""
        for name in self._properties:
            if self.text(name) and (stage := _stage_of(name)):
                yield name, stage

    def undated(self, name: str) -> Parked:
        return no_moment(self._properties.get(name), self._zone, label(name) or "")

    def is_true(self, name: str) -> bool:
        return (self.text(name) or "").lower() == "true" or self._properties.get(name) is True

    def associated(self, kind: str, *columns: str) -> str | None:
        """The first associated record of a kind, from the API or from a column."""
        found = mapping(mapping(self._row.get("associations")).get(kind)).get("results")
        first = mapping(found[0]).get("id") if isinstance(found, list) and found else None
        column = next((value for name in columns if (value := self.text(name))), "")
        return text(first) or column.partition(";")[0].strip() or None

    def many(self, name: str) -> list[str]:
        return [part.strip() for part in (self.text(name) or "").split(";") if part.strip()]

    def event(self, event_id: str, kind: str, when: str, data: Mapping[str, Any]) -> Event:
        return {
            "specversion": "1.0",
            "id": identifier(event_id),
            "source": f"/hubspot/{self.portal}".rstrip("/"),
            "type": kind,
            "time": when,
            "data": dict(data),
        }


def _property_name(name: str) -> str:
    return _NAMES.get(name) or name.removeprefix("property_")


def _stage_of(name: str) -> str | None:
    """The stage whose date a property has."""
    for before, after in _STAGE_DATES:
        stage = name[len(before) : len(name) - len(after)]
        if name.startswith(before) and name.endswith(after) and stage and stage != "current_stage":
            return stage
    return None


def contact_events(row: Row, context: HubSpotContext) -> list[Outcome]:
    """What a contact says: when it was made and came into each stage, and who it is."""
    if "vid_to_merge" in row:
        return [_merge(row, context)]
    record = _Record(row, context)
    if record.id is None:
        return [Parked("id", "hs_object_id")]
    if {"name", "value", "timestamp"} <= row.keys():
        return _change(row, record, context)
    created = record.moment("createdate") or moment_in(row.get("createdAt"), "")
    if created is None:
        return [record.undated("createdate")]
    lead = contact_lead(record.id)
    origin = _origin(record)
    outcomes: list[Outcome] = [_created(record, lead, created, origin)]
    outcomes += _same_person(record, lead, created, context)
    outcomes += _stages(record, lead, context.settings)
    if "source" not in origin:
        outcomes.append(Incomplete("source"))
    return outcomes


def _origin(record: _Record) -> dict[str, str]:
    names = {"source": "hs_analytics_source", "channel": "hs_analytics_source_data_1", "campaign_id": "utm_campaign"}
    return {ours: found for ours, name in names.items() if (found := label(record.text(name)))}


def _created(record: _Record, lead: str, when: str, origin: Mapping[str, str]) -> Event:
    is_offline = record.text("hs_analytics_source") in _OFFLINE
    how = (record.text("hs_analytics_source_data_1") or "").upper()
    is_import = (is_offline and how in IMPORTS) or record.text("hs_object_source") in IMPORTS
    data = {"lead_id": lead, **origin, **({"is_import": True} if is_import else {})}
    # What can change is in the id: of records with one id only one would stand.
    stated = digest("\0".join(f"{name}={data[name]}" for name in sorted(data)))
    return record.event(f"created:{lead}:{stated}", "lead.created", when, data)


def _same_person(record: _Record, lead: str, when: str, context: HubSpotContext) -> Iterator[Outcome]:
    addresses = [record.text("email") or record.text("Email"), *record.many("hs_additional_emails")]
    for address in filter(None, addresses):
        person = context.person(address)
        if person is None:
            yield Parked("address", "email")
        else:
            yield _merged(record, lead, person, when)
    for other in record.many("hs_merged_object_ids"):
        if contact_lead(other) != lead:
            yield _merged(record, lead, contact_lead(other), when)


def _merged(record: _Record, lead: str, other: str, when: str) -> Event:
    return record.event(f"merged:{lead}:{other}", "lead.merged", when, {"lead_id": lead, "merged_id": other})


def _stages(record: _Record, lead: str, settings: HubSpotSettings) -> Iterator[Outcome]:
    known = {**STAGES, **settings.stages}
    dated = False
    for name, theirs in record.stage_dates():
        ours, when = known.get(theirs), record.moment(name)
        dated = True
        if ours is None:
            yield Parked("stage", label(name) or "")
        elif when is None:
            yield record.undated(name)
        elif ours:
            data = {"lead_id": lead, "to": ours}
            yield record.event(f"stage:{theirs}:{lead}", "lead.stage_changed", when, data)
    if record.text("lifecyclestage") and not dated:
        yield Incomplete("stage_dates")


def _change(row: Row, record: _Record, context: HubSpotContext) -> list[Outcome]:
    """A line of the history of a property, as a warehouse has it."""
    when = moment_in(row.get("timestamp"), context.settings.timezone)
    if when is None:
        return [no_moment(row.get("timestamp"), context.settings.timezone, "timestamp")]
    found = {"propertyName": row.get("name"), "propertyValue": row.get("value")}
    at = str(milliseconds_of(when))
    change = Change(found, record.portal, CONTACT, str(record.id), "propertyChange", when, at)
    return property_outcomes(change, context)


def _merge(row: Row, context: HubSpotContext) -> Outcome:
    survivor, gone = text(row.get("canonical_vid")), text(row.get("vid_to_merge"))
    when = moment_in(row.get("timestamp"), context.settings.timezone)
    if not survivor or not gone or survivor == gone:
        return Parked("merge", "vid_to_merge")
    if when is None:
        return no_moment(row.get("timestamp"), context.settings.timezone, "timestamp")
    return _merged(_Record(row, context), contact_lead(survivor), contact_lead(gone), when)


def deal_events(row: Row, context: HubSpotContext) -> list[Outcome]:
    """What a deal says: when it was made, came into each stage and was closed, all with its state of today."""
    record = _Record(row, context)
    if record.id is None:
        return [Parked("id", "hs_object_id")]
    if record.is_true("is_deleted") or row.get("archived") is True:
        return [Ignored("deleted")]
    created = record.moment("createdate") or moment_in(row.get("createdAt"), "")
    if created is None:
        return [record.undated("createdate")]
    state = _state(record, context)
    if isinstance(state, Parked):
        return [state]
    outcome = _outcome(record, context.settings)
    if outcome is None:
        return [Parked("pipeline", "pipeline")]
    deal = state["opportunity_id"]
    outcomes: list[Outcome] = [record.event(f"created:{deal}", "opportunity.created", created, state)]
    outcomes += _moves(record, state)
    outcomes += _closed(record, state, outcome)
    changed = record.moment("hs_lastmodifieddate") or moment_in(row.get("updatedAt"), "")
    if changed is not None and changed > created:
        outcomes.append(record.event(f"state:{deal}:{changed}", "opportunity.changed", changed, state))
    return [*outcomes, *(Incomplete(name) for name in _lacking(record, context))]


def _state(record: _Record, context: HubSpotContext) -> dict[str, Any] | Parked:
    settings = context.settings
    currency = currency_code(record.text("deal_currency_code") or settings.currency)
    if currency is None:
        return Parked("currency", "deal_currency_code")
    minor = amount(record.text(settings.amount) or "0", currency)
    if minor is None:
        return Parked("amount", label(settings.amount) or "")
    pipeline = settings.pipelines.get(record.text("pipeline") or "", _DEFAULT)
    contact = record.associated("contacts", "Associated Contact IDs")
    stage = free_text(record.text("dealstage"))
    return {
        "account_id": _account(record, context) or identifier(f"hs-deal-{record.id}"),
        "opportunity_id": identifier(f"hs-deal-{record.id}"),
        "kind": pipeline.kind or _KINDS.get(record.text("dealtype") or "", "new_business"),
        "amount_minor": minor,
        "currency": currency,
        **_origin(record),
        **({"lead_id": contact_lead(contact)} if contact else {}),
        **({"stage": stage} if stage else {}),
    }


def _account(record: _Record, context: HubSpotContext) -> str | None:
    """Our own account id if the deal has it, else its first company."""
    company = record.associated("companies", "hs_primary_associated_company", "Associated Company IDs")
    return identifier(record.text(context.account_key)) or (identifier(f"hs-company-{company}") if company else None)


def _outcome(record: _Record, settings: HubSpotSettings) -> str | None:
    """`won`, `lost`, or empty while it is open; None if nobody knows what its stage means."""
    name, stage = record.text("pipeline") or "", record.text("dealstage") or ""
    pipeline = settings.pipelines.get(name)
    if pipeline is None:
        if record.text("hs_is_closed_won") or record.text("hs_is_closed"):
            return "won" if record.is_true("hs_is_closed_won") else "lost" if record.is_true("hs_is_closed") else ""
        if name not in _DEFAULT_NAMES:
            return None
        pipeline = _DEFAULT
    return "won" if stage in pipeline.won else "lost" if stage in pipeline.lost else ""


def _moves(record: _Record, state: Mapping[str, Any]) -> Iterator[Outcome]:
    for name, stage in record.stage_dates():
        when = record.moment(name)
        if when is not None:
            event_id = f"entered:{stage}:{state['opportunity_id']}"
            entered = {"stage": found} if (found := free_text(stage)) else {}
            yield record.event(event_id, "opportunity.changed", when, {**state, **entered})


def _closed(record: _Record, state: Mapping[str, Any], outcome: str) -> Iterator[Outcome]:
    if not outcome:
        return
    when = record.moment("closedate")
    if when is None:
        yield record.undated("closedate")
        return
    reason = free_text(record.text(f"closed_{outcome}_reason"))
    data = {**state, **({"reason": reason} if reason else {})}
    yield record.event(f"{outcome}:{state['opportunity_id']}:{when}", f"opportunity.{outcome}", when, data)


def _lacking(record: _Record, context: HubSpotContext) -> Iterator[str]:
    settings = context.settings
    if not record.text(settings.amount):
        yield "amount"
    if _account(record, context) is None:
        yield "account_id"
    pipeline = settings.pipelines.get(record.text("pipeline") or "", _DEFAULT)
    if not pipeline.kind and record.text("dealtype") not in _KINDS:
        yield "kind"


HUBSPOT_CONTACTS: Export[HubSpotSettings] = Export(
    name="hubspot-contacts",
    title="Contacts of HubSpot: **Export** of the list of all contacts with internal names of properties, or its API.",
    source="hubspot",
    settings=HubSpotSettings,
    events=contact_events,
    reads=(
        Read("createdate", "lead.created", "with source, channel, campaign; `is_import` if it came by an import"),
        Read("`hs_lifecyclestage_…_date`, `hs_v2_date_entered_…`", "lead.stage_changed", "by `stages`"),
        Read(
            "Record ID with email and hs_additional_emails", "lead.merged", "the contact is the person of the address"
        ),
        Read("hs_merged_object_ids", "lead.merged"),
        Read("hs_analytics_source, hs_analytics_source_data_1, utm_campaign", "source, channel, campaign_id"),
        Read("lines with name, value and timestamp", "as a notification", "the history of properties in a warehouse"),
        Read("lines with vid_to_merge", "lead.merged", "merges in a warehouse"),
    ),
    missing=(
        Missing("source", "The lead comes from nowhere.", "Export `hs_analytics_source` as well."),
        Missing(
            "stage_dates",
            "The stage of today has no date, so it is in no funnel.",
            "Export the dates of the stages as well.",
        ),
    ),
    steps=(
        (
            "In HubSpot open **CRM > Contacts**, the view **All contacts**, and choose **Export**: file format CSV, "
            "**All properties on records**, **Internal values** and internal names as headers."
        ),
        "Its dates name no time zone: `stream-app import hubspot-contacts FILE --timezone Europe/Vienna`.",
        "Write custom lifecycle stages into `stages`, as for the webhooks.",
    ),
)
HUBSPOT_DEALS: Export[HubSpotSettings] = Export(
    name="hubspot-deals",
    title="Deals of HubSpot: **Export** of all deals with internal names of properties, or its API with associations.",
    source="hubspot",
    settings=HubSpotSettings,
    events=deal_events,
    reads=(
        Read("createdate", "opportunity.created", "with the state of today"),
        Read("`hs_v2_date_entered_…`", "opportunity.changed", "with the state of today"),
        Read("closedate", "opportunity.won, opportunity.lost", "by `pipelines`, else by hs_is_closed_won"),
        Read("hs_lastmodifieddate", "opportunity.changed", "so that a newer export brings a newer state"),
        Read("the amount property, deal_currency_code", "amount_minor, currency"),
        Read("dealtype", "kind", "unless the pipeline has one: newbusiness, existingbusiness (upsell)"),
        Read("the account key, else the first company", "account_id", "`hs-company-…`"),
        Read("the first contact", "lead_id", "`hs-…`"),
        Read("archived, is_deleted", ""),
    ),
    missing=(
        Missing("amount", "The deal counts with an amount of zero.", "Fill it in, or name another property: `amount`."),
        Missing(
            "account_id",
            "The deal is an account of its own: a customer may count twice, here and where it is billed.",
            "Export the deals with their companies, or add a property with your account id.",
        ),
        Missing("kind", "The deal counts as new business.", "Fill in the deal type, or give the pipeline a `kind`."),
        Missing(
            "reopened",
            "That a closed deal was open again before is not in an export.",
            "Nothing: the outcome of today counts.",
        ),
    ),
    steps=(
        (
            "In HubSpot open **CRM > Deals** and choose **Export**: file format CSV, **All properties on records**, "
            "**Internal values**, internal names as headers, and the associated companies and contacts."
        ),
        (
            "Write every pipeline but the default one into `pipelines`, by its internal id (**Settings > Objects > "
            "Deals > Pipelines**): its `kind`, and the internal ids of the stages that are won and lost."
        ),
        "Name the `currency` of deals without one, and in `amount` the property that holds the first-year value.",
        "Its dates name no time zone: `stream-app import hubspot-deals FILE --timezone Europe/Vienna`.",
    ),
)
