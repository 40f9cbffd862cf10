"""The kinds of entities, and which of them an event belongs to."""

from stream_app.catalog import records
from stream_app.catalog.account import facts as account_facts
from stream_app.catalog.account import forget as account_forget
from stream_app.catalog.account import merge as account_merge
from stream_app.catalog.account import unite as account_unite
from stream_app.catalog.account.state import Account
from stream_app.catalog.events import EVENT_TYPES, AccountMerged, LeadErased, LeadMerged
from stream_app.catalog.lead import facts as lead_facts
from stream_app.catalog.lead import forget as lead_forget
from stream_app.catalog.lead import merge as lead_merge
from stream_app.catalog.lead import unite as lead_unite
from stream_app.catalog.lead.state import Lead
from stream_app.core.entity import EntityKind, kinds_by_event_type

LEAD = EntityKind(
    name="lead",
    key="lead_id",
    state=Lead,
    merges=lead_merge.MERGES,
    too_late=lead_forget.too_late,
    forget=lead_forget.forget,
    all_facts=lead_facts.all_facts,
    unites={LeadMerged: lead_unite.unite},
    erased_by=LeadErased,
    retracted_on_erase=lead_facts.due_facts,
)
ACCOUNT = EntityKind(
    name="account",
    key="account_id",
    state=Account,
    merges=account_merge.MERGES,
    too_late=account_forget.too_late,
    forget=account_forget.forget,
    all_facts=account_facts.all_facts,
    unites={AccountMerged: account_unite.unite},
)
SPEND = EntityKind(
    name="spend",
    key="spend_id",
    state=records.Spend,
    merges=records.SPEND_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.spend_facts,
)
RESPONDENT = EntityKind(
    name="respondent",
    key="respondent_id",
    state=records.Respondent,
    merges=records.SURVEY_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.nps_facts,
)
REACH = EntityKind(
    name="reach",
    key="reach_id",
    state=records.Reach,
    merges=records.REACH_MERGES,
    too_late=records.too_late,
    forget=records.forget,
    all_facts=records.reach_facts,
)

ENTITIES = (LEAD, ACCOUNT, SPEND, RESPONDENT, REACH)
KIND_OF = kinds_by_event_type(ENTITIES, EVENT_TYPES)
"""Event class -> kind of entity. Every declared event type is there: the import fails with its name otherwise."""
