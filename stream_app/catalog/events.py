"""The event types and their `data`, as the contract page `docs/events.md` describes them.

Every field of `data` that is required there has no default here. An optional field may be left out or null: both mean
absent. Unknown fields are ignored.
"""

from datetime import date, datetime
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from stream_app.core.envelope import Event, FreeText, Identifier, Label
from stream_app.core.money import Currency
from stream_app.core.timeline import order_within_instant

RequiredLabel = Annotated[str, Meta(min_length=1, max_length=64)]
Amount = Annotated[int, Meta(ge=0, le=10**14)]
Score = Annotated[int, Meta(ge=-(10**9), le=10**9)]

Stage = Literal["lead", "mql", "sal", "sql", "opportunity", "customer"]
Status = Literal["open", "working", "not_ready", "disqualified", "converted"]
Engagement = Literal["form_submit", "reply", "meeting", "webinar", "page_view", "call", "chat"]
Outcome = Literal[
    "advanced", "completed", "goal_met", "unsubscribed", "bounced", "disqualified", "list_removed", "error", "timeout"
]
Audience = Literal["prospect", "customer"]
OpportunityKind = Literal["new_business", "upsell", "cross_sell", "renewal"]
Interval = Literal["day", "week", "month", "quarter", "year"]
SubscriptionStatus = Literal["trialing", "active", "past_due", "paused", "canceled"]
CancelReason = Literal["voluntary", "involuntary"]
SpendKind = Literal["media", "labour", "technology", "agency", "event", "content", "sales"]
ReachKind = Literal["web_sessions", "web_visitors", "impressions", "ad_clicks", "responses"]

STAGES: tuple[str, ...] = get_args(Stage)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
AUDIENCES: tuple[str, ...] = get_args(Audience)
OPPORTUNITY_KINDS: tuple[str, ...] = get_args(OpportunityKind)
CANCEL_REASONS: tuple[str, ...] = get_args(CancelReason)
SPEND_KINDS: tuple[str, ...] = get_args(SpendKind)
REACH_KINDS: tuple[str, ...] = get_args(ReachKind)

MAX_ITEM_MINOR = 10**14
MAX_PERIOD_DAYS = 3660
FIRST_YEAR = 1970


class LeadData(Struct, kw_only=True, gc=False):
    """What every event about a lead names."""

    lead_id: Identifier


class LeadMergedData(LeadData, kw_only=True, gc=False):
    """`lead_id` and `merged_id` are one person from now on and ever since; which of them survives does not matter."""

    merged_id: Identifier

    def __post_init__(self) -> None:
        """Refuse a merge with itself."""
        if self.merged_id == self.lead_id:
            msg = "Expected another identifier than `lead_id` in `merged_id`"
            raise ValueError(msg)


class LeadCreatedData(LeadData, kw_only=True, gc=False):
    """`source` left out is `unknown`, `is_import` left out is false: imports are no new leads."""

    source: Label = None
    channel: Label = None
    campaign_id: Label = None
    program_id: Label = None
    score: Score | None = None
    is_import: bool | None = None


class StageChangedData(LeadData, kw_only=True, gc=False):
    """`to` is the new stage; moving back is legal."""

    to: Stage
    reason: FreeText = None


class StatusChangedData(LeadData, kw_only=True, gc=False):
    """`to` is the new status."""

    to: Status
    reason: FreeText = None


class ScoreChangedData(LeadData, kw_only=True, gc=False):
    """`score` is the absolute score after `activity`, which left out is `unknown`."""

    score: Score
    activity: Label = None


class LeadEngagedData(LeadData, kw_only=True, gc=False):
    """`kind` is what the lead did."""

    kind: Engagement
    program_id: Label = None
    campaign_id: Label = None


class EnrollmentData(LeadData, kw_only=True, gc=False):
    """What every event about an enrollment names."""

    program_id: RequiredLabel
    enrollment_id: Identifier


class EnrolledData(EnrollmentData, kw_only=True, gc=False):
    """`audience` left out is `prospect`. A program that is run again needs a new `enrollment_id`."""

    audience: Audience | None = None


class StepEnteredData(EnrollmentData, kw_only=True, gc=False):
    """`due_at` is when the lead should have left the step; left out, the step limit after entry (7 days unless set)."""

    step_id: RequiredLabel
    due_at: Annotated[datetime, Meta(tz=True)] | None = None


class StepExitedData(EnrollmentData, kw_only=True, gc=False):
    """`outcome` is how it left."""

    step_id: RequiredLabel
    outcome: Outcome


class ProgramExitedData(EnrollmentData, kw_only=True, gc=False):
    """`outcome` is how it ended; steps that are still open end with the same."""

    outcome: Outcome


class EmailData(LeadData, kw_only=True, gc=False):
    """`audience` left out is `prospect`. `machine` left out is false: a person, not a prefetcher or link scanner."""

    message_id: Identifier
    program_id: Label = None
    step_id: Label = None
    campaign_id: Label = None
    audience: Audience | None = None
    machine: bool | None = None
    bounce: Literal["hard", "soft"] | None = None


class OpportunityData(Struct, kw_only=True, gc=False):
    """The whole new state of an opportunity, never a difference; `amount_minor` is its first-year value."""

    account_id: Identifier
    opportunity_id: Identifier
    kind: OpportunityKind
    amount_minor: Amount
    currency: Currency
    source: Label = None
    channel: Label = None
    campaign_id: Label = None
    lead_id: Identifier | None = None
    stage: FreeText = None
    reason: FreeText = None


class OpportunityDeletedData(Struct, kw_only=True, gc=False):
    """Which opportunity was deleted."""

    account_id: Identifier
    opportunity_id: Identifier


class Item(Struct, kw_only=True, gc=False):
    """One price; `quantity` and `interval_count` left out are 1, `usage` left out is `licensed`.

    `unit_amount_minor` x `quantity` is at most 10^14.
    """

    plan_id: Identifier
    unit_amount_minor: Amount
    quantity: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    interval: Interval
    interval_count: Annotated[int, Meta(ge=1, le=1000)] | None = None
    usage: Literal["licensed", "metered"] | None = None

    def __post_init__(self) -> None:
        """Keep sums within what the store adds exactly (53 bits)."""
        if _amount(self) > MAX_ITEM_MINOR:
            msg = f"Expected `unit_amount_minor` x `quantity` <= {MAX_ITEM_MINOR}"
            raise ValueError(msg)


def _amount(item: Item) -> int:
    return item.unit_amount_minor * (1 if item.quantity is None else item.quantity)


class SubscriptionData(Struct, kw_only=True, gc=False):
    """The whole new state of a subscription, never a difference.

    A subscription belongs to the account that its events name: if it moves to another one, send `subscription.canceled`
    for the old one, or `account.merged` if the accounts are one company.

    What is left out: `status` follows from the type (`paused`, `canceled`, else `active`), `discount_percent_forever`
    is 0, `reason` is `voluntary`.

    `unit_amount_minor` x `quantity` of all items together is at most 10^14.
    """

    account_id: Identifier
    subscription_id: Identifier
    currency: Currency
    items: Annotated[list[Item], Meta(max_length=1000)]
    status: SubscriptionStatus | None = None
    discount_percent_forever: Annotated[float, Meta(ge=0, le=100)] | None = None
    reason: CancelReason | None = None

    def __post_init__(self) -> None:
        """Keep the sum of a day's price over a month within what the store adds exactly (53 bits)."""
        if len(self.items) > 1 and sum(map(_amount, self.items)) > MAX_ITEM_MINOR:
            msg = f"Expected the sum of `unit_amount_minor` x `quantity` <= {MAX_ITEM_MINOR} in `items`"
            raise ValueError(msg)


class InvoiceData(Struct, kw_only=True, gc=False):
    """What became of an invoice's payment."""

    account_id: Identifier
    invoice_id: Identifier
    subscription_id: Identifier | None = None
    amount_minor: Amount
    currency: Currency


class SpendData(Struct, kw_only=True, gc=False):
    """The amount is spread evenly over the days of the period, both ends included; the newest replaces the record.

    The period has 1 to 3660 days and begins in 1970 or later.
    """

    spend_id: Identifier
    amount_minor: Amount
    currency: Currency
    kind: SpendKind
    campaign_id: Label = None
    program_id: Label = None
    channel: Label = None
    source: Label = None
    period_start: date
    period_end: date

    def __post_init__(self) -> None:
        """Refuse periods that run backwards, that would make an absurd number of days, or that no clock reaches."""
        if self.period_start.year < FIRST_YEAR:
            msg = f"Expected `period_start` in {FIRST_YEAR} or later"
            raise ValueError(msg)
        days = (self.period_end - self.period_start).days
        if not 0 <= days < MAX_PERIOD_DAYS:
            msg = f"Expected `period_end` 0 to {MAX_PERIOD_DAYS - 1} days after `period_start`"
            raise ValueError(msg)


class ReachData(Struct, kw_only=True, gc=False):
    """A count for one day; the newest replaces the record."""

    reach_id: Identifier
    day: date
    kind: ReachKind
    count: Annotated[int, Meta(ge=0, le=10**12)]
    channel: Label = None
    campaign_id: Label = None

    def __post_init__(self) -> None:
        """Refuse days that no clock reaches."""
        if self.day.year < FIRST_YEAR:
            msg = f"Expected `day` in {FIRST_YEAR} or later"
            raise ValueError(msg)


class AccountMergedData(Struct, kw_only=True, gc=False):
    """`account_id` and `merged_id` are one company from now on and ever since."""

    account_id: Identifier
    merged_id: Identifier

    def __post_init__(self) -> None:
        """Refuse a merge with itself."""
        if self.merged_id == self.account_id:
            msg = "Expected another identifier than `account_id` in `merged_id`"
            raise ValueError(msg)


class SurveyData(Struct, kw_only=True, gc=False):
    """`score` is how likely the respondent is to recommend us, 0 to 10; `theme` is what the answer is about.

    The segment `all` counts as none: it stands for all of them together.
    """

    respondent_id: Identifier
    survey_id: Identifier
    score: Annotated[int, Meta(ge=0, le=10)]
    segment: Label = None
    theme: Label = None


class LeadCreated(Event, tag="lead.created"):
    """A lead came to exist."""

    data: LeadCreatedData


class LeadStageChanged(Event, tag="lead.stage_changed"):
    """A lead moved to a funnel stage."""

    data: StageChangedData


class LeadStatusChanged(Event, tag="lead.status_changed"):
    """A lead's working status changed."""

    data: StatusChangedData


class LeadScoreChanged(Event, tag="lead.score_changed"):
    """A lead's score changed."""

    data: ScoreChangedData


class LeadEngaged(Event, tag="lead.engaged"):
    """A lead did something by itself."""

    data: LeadEngagedData


class LeadMerged(Event, tag="lead.merged"):
    """Two leads are one person: their events count as those of one lead, whenever this arrives."""

    data: LeadMergedData


class LeadErased(Event, tag="lead.erased"):
    """The right to erasure: the lead's entity is deleted, what it contributed stays counted."""

    data: LeadData


class ProgramEnrolled(Event, tag="program.enrolled"):
    """An enrollment began."""

    data: EnrolledData


class ProgramStepEntered(Event, tag="program.step_entered"):
    """An enrollment entered a step."""

    data: StepEnteredData


class ProgramStepExited(Event, tag="program.step_exited"):
    """An enrollment left a step."""

    data: StepExitedData


class ProgramExited(Event, tag="program.exited"):
    """An enrollment ended."""

    data: ProgramExitedData


class EmailEvent(Event):
    """Something happened to one e-mail message."""

    data: EmailData


class EmailSent(EmailEvent, tag="email.sent"):
    """The message left for its recipient."""


class EmailDelivered(EmailEvent, tag="email.delivered"):
    """The recipient's server took it."""


class EmailBounced(EmailEvent, tag="email.bounced"):
    """The recipient's server refused it."""


class EmailOpened(EmailEvent, tag="email.opened"):
    """Its images were loaded, by a person or (`machine`) by a prefetcher."""


class EmailClicked(EmailEvent, tag="email.clicked"):
    """A link was followed, by a person or (`machine`) by a scanner."""


class EmailReplied(EmailEvent, tag="email.replied"):
    """The recipient answered."""


class EmailUnsubscribed(EmailEvent, tag="email.unsubscribed"):
    """The recipient opted out."""


class EmailComplained(EmailEvent, tag="email.complained"):
    """The recipient called it spam."""


class OpportunityEvent(Event):
    """The newest of these is the opportunity's state."""

    data: OpportunityData


class OpportunityCreated(OpportunityEvent, tag="opportunity.created"):
    """The opportunity was opened."""


class OpportunityChanged(OpportunityEvent, tag="opportunity.changed"):
    """Its state changed."""


class OpportunityWon(OpportunityEvent, tag="opportunity.won"):
    """It was won."""


class OpportunityLost(OpportunityEvent, tag="opportunity.lost"):
    """It was lost."""


class OpportunityReopened(OpportunityEvent, tag="opportunity.reopened"):
    """It is neither won nor lost any more."""


class OpportunityDeleted(Event, tag="opportunity.deleted"):
    """It was deleted: while nothing newer is known of it, it contributes nothing."""

    data: OpportunityDeletedData


class SubscriptionEvent(Event):
    """The newest of these is the subscription's state."""

    data: SubscriptionData


class SubscriptionStarted(SubscriptionEvent, tag="subscription.started"):
    """The subscription began."""


class SubscriptionChanged(SubscriptionEvent, tag="subscription.changed"):
    """Its state changed."""


class SubscriptionPaused(SubscriptionEvent, tag="subscription.paused"):
    """It was paused."""


class SubscriptionResumed(SubscriptionEvent, tag="subscription.resumed"):
    """It was resumed."""


class SubscriptionCanceled(SubscriptionEvent, tag="subscription.canceled"):
    """It was canceled."""


class InvoicePaid(Event, tag="invoice.paid"):
    """The invoice was paid."""

    data: InvoiceData


class InvoicePaymentFailed(Event, tag="invoice.payment_failed"):
    """A payment of the invoice failed."""

    data: InvoiceData


class AccountMerged(Event, tag="account.merged"):
    """Two accounts are one company: their events count as those of one account, whenever this arrives."""

    data: AccountMergedData


class SpendRecorded(Event, tag="spend.recorded"):
    """Money was spent."""

    data: SpendData


class ReachRecorded(Event, tag="reach.recorded"):
    """Something was counted on a day."""

    data: ReachData


class SurveyResponded(Event, tag="survey.responded"):
    """A respondent answered."""

    data: SurveyData


EVENT_TYPES: tuple[type[Event], ...] = (
    LeadCreated,
    LeadStageChanged,
    LeadStatusChanged,
    LeadScoreChanged,
    LeadEngaged,
    LeadMerged,
    LeadErased,
    ProgramEnrolled,
    ProgramStepEntered,
    ProgramStepExited,
    ProgramExited,
    EmailSent,
    EmailDelivered,
    EmailBounced,
    EmailOpened,
    EmailClicked,
    EmailReplied,
    EmailUnsubscribed,
    EmailComplained,
    OpportunityCreated,
    OpportunityChanged,
    OpportunityWon,
    OpportunityLost,
    OpportunityReopened,
    OpportunityDeleted,
    SubscriptionStarted,
    SubscriptionChanged,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionCanceled,
    InvoicePaid,
    InvoicePaymentFailed,
    AccountMerged,
    SpendRecorded,
    ReachRecorded,
    SurveyResponded,
)

RANKS: dict[type[Event], int] = {
    LeadCreated: 0,
    ProgramStepEntered: 2,
    ProgramStepExited: 3,
    ProgramExited: 4,
    OpportunityChanged: 2,
    OpportunityWon: 3,
    OpportunityLost: 3,
    OpportunityReopened: 3,
    OpportunityDeleted: 4,
    SubscriptionChanged: 2,
    SubscriptionPaused: 3,
    SubscriptionResumed: 4,
    SubscriptionCanceled: 5,
}
"""The order of types within one instant where no sequence decides; 1 for all others."""


_ORDERS = {kind: order_within_instant(None, RANKS.get(kind, 1)) for kind in EVENT_TYPES}


def order_of(event: Event) -> str:
    """What decides between events of one instant before their identities: the sequence, then the rank of the type."""
    if event.sequence is None:
        return _ORDERS[type(event)]
    return order_within_instant(event.sequence, RANKS.get(type(event), 1))


def order_of_stage(event: LeadStageChanged) -> str:
    """The same for stages, which are in the order of the funnel."""
    return order_within_instant(event.sequence, STAGES.index(event.data.to) + 1)


TOPICS: dict[str, tuple[str, ...]] = {
    "lead": ("lead", "program"),
    "email": ("email",),
    "opportunity": ("opportunity",),
    "billing": ("subscription", "invoice", "account"),
    "spend": ("spend",),
    "survey": ("survey",),
    "reach": ("reach",),
}
"""Topic suffix -> the event families that are produced to it."""
