"""A customer: an account with the life of its contact, and what it signs for."""

from dataclasses import dataclass, field

from stream_app.demo.simulator.billing import Subscription, draw_subscription
from stream_app.demo.simulator.deal import Deal
from stream_app.demo.simulator.person import Life

SURVEY_EVERY = 3
_SEGMENTS = ("smb", "smb", "mid-market", "enterprise")


@dataclass(slots=True)
class Customer:
    """An account with the life of its contact; its state is what was last written of it.

    `health` (0..1) bends growth, loss and answers. `renewal` is the deal on the first subscription's next term and
    whether it will be won. `doomed_at` (ms) is when a scenario makes the account leave. `months_gone` counts since
    nothing runs any more.
    """

    account_id: str
    life: Life
    currency: str
    health: float
    segment: str
    survey_phase: int
    subscriptions: list[Subscription] = field(default_factory=list)
    renewal: tuple[Deal, bool] | None = None
    doomed_at: int | None = None
    months_gone: int = 0


def sign(life: Life, account_id: str, currency: str) -> Customer:
    """Draw a customer with the subscription it signs for; nothing is written yet."""
    rng = life.rng
    return Customer(
        account_id=account_id,
        life=life,
        currency=currency,
        health=(rng.random() + rng.random()) / 2,
        segment=_SEGMENTS[int(rng.random() * len(_SEGMENTS))],
        survey_phase=int(rng.random() * SURVEY_EVERY),
        subscriptions=[draw_subscription(rng, account_id, life.diary.name("sub"), currency)],
    )
