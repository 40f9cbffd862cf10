"""A customer: an account, its contact and its subscriptions."""

from dataclasses import dataclass, field

from stream_app.demo.simulator.billing import Subscription, draw_subscription
from stream_app.demo.simulator.contact import Contact
from stream_app.demo.simulator.deal import Deal

SURVEY_EVERY = 3
_SEGMENTS = ("smb", "smb", "mid-market", "enterprise")


@dataclass(slots=True)
class Customer:
    """An account with its contact; its state is what was last written of it.

    `health` (0..1) shifts expansion, churn and survey scores. `renewal` is the deal on the first subscription's next
    term and whether it will be won. `churns_at` (ms) is when a scenario makes the account leave. `months_inactive`
    counts since nothing runs any more.
    """

    account_id: str
    contact: Contact
    currency: str
    health: float
    segment: str
    survey_phase: int
    subscriptions: list[Subscription] = field(default_factory=list)
    renewal: tuple[Deal, bool] | None = None
    churns_at: int | None = None
    months_inactive: int = 0


def draw_customer(contact: Contact, account_id: str, currency: str) -> Customer:
    """Draw a customer with the subscription it signs for; nothing is written yet."""
    rng = contact.rng
    return Customer(
        account_id=account_id,
        contact=contact,
        currency=currency,
        health=(rng.random() + rng.random()) / 2,
        segment=_SEGMENTS[int(rng.random() * len(_SEGMENTS))],
        survey_phase=int(rng.random() * SURVEY_EVERY),
        subscriptions=[draw_subscription(rng, account_id, contact.event_log.new_id("sub"), currency)],
    )
