"""The simulated company: what it markets, how it nurtures and what it sells. Data only."""

from dataclasses import dataclass

from stream_app.demo.simulator.business_hours import DAY, HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A source of leads.

    `share` of all leads in an average month, `quality` multiplies the odds of qualifying, `season` multiplies the share
    by calendar month, `cost` is media money per lead in US cents (0: not paid), `visits` are web sessions per lead,
    `views` ad impressions per lead (0: no ads).
    """

    campaign_id: str
    source: str
    channel: str
    share: float
    quality: float
    season: tuple[float, ...]
    cost: int = 0
    visits: int = 0
    views: int = 0
    currency: str = "USD"
    is_import: bool = False
    program_id: str = "welcome"


_EVEN = (1.0,) * 12
_BUDGET = (1.15, 1.1, 1.1, 1.0, 1.0, 0.95, 0.75, 0.7, 1.15, 1.2, 1.1, 0.8)
_SPRING = (0.2, 0.6, 1.8, 2.2, 1.6, 0.6, 0.2, 0.2, 0.6, 1.0, 0.8, 0.2)
_AUTUMN = (0.3, 0.5, 0.7, 0.6, 0.6, 0.4, 0.3, 0.5, 2.2, 2.6, 2.2, 1.1)

CAMPAIGNS = (
    Campaign(
        campaign_id="google-brand",
        source="paid_search",
        channel="google_ads",
        share=0.12,
        quality=1.25,
        season=_BUDGET,
        cost=4200,
        visits=9,
        views=60,
    ),
    Campaign(
        campaign_id="google-generic-emea",
        source="paid_search",
        channel="google_ads",
        share=0.11,
        quality=0.8,
        season=_BUDGET,
        cost=9800,
        visits=24,
        views=420,
        currency="EUR",
    ),
    Campaign(
        campaign_id="linkedin-ops-leaders",
        source="paid_social",
        channel="linkedin",
        share=0.10,
        quality=1.05,
        season=_BUDGET,
        cost=15500,
        visits=12,
        views=900,
    ),
    Campaign(
        campaign_id="retargeting-display",
        source="display",
        channel="display",
        share=0.05,
        quality=0.55,
        season=_BUDGET,
        cost=6100,
        visits=30,
        views=2600,
        currency="EUR",
    ),
    Campaign(
        campaign_id="organic-blog",
        source="organic_search",
        channel="web",
        share=0.19,
        quality=0.95,
        season=_EVEN,
        visits=55,
        program_id="product-education",
    ),
    Campaign(
        campaign_id="direct-demo-request",
        source="direct",
        channel="web",
        share=0.09,
        quality=1.75,
        season=_EVEN,
        visits=14,
    ),
    Campaign(
        campaign_id="webinar-automation",
        source="webinar",
        channel="webinar",
        share=0.10,
        quality=1.0,
        season=_AUTUMN,
        cost=2500,
        visits=5,
        program_id="webinar-follow-up",
    ),
    Campaign(
        campaign_id="spring-expo",
        source="event",
        channel="event",
        share=0.06,
        quality=0.85,
        season=_SPRING,
        cost=11000,
        visits=2,
        is_import=True,
        program_id="webinar-follow-up",
    ),
    Campaign(
        campaign_id="partner-referrals",
        source="partner",
        channel="partner",
        share=0.06,
        quality=1.6,
        season=_EVEN,
        visits=3,
    ),
    Campaign(
        campaign_id="review-sites",
        source="review",
        channel="g2",
        share=0.06,
        quality=1.3,
        season=_BUDGET,
        cost=8700,
        visits=8,
        views=35,
    ),
    Campaign(
        campaign_id="list-purchase-dach",
        source="list",
        channel="outbound",
        share=0.04,
        quality=0.25,
        season=_AUTUMN,
        cost=900,
        currency="EUR",
        is_import=True,
        program_id="product-education",
    ),
    Campaign(
        campaign_id="newsletter-signup",
        source="newsletter",
        channel="email",
        share=0.08,
        quality=0.6,
        season=_EVEN,
        visits=6,
        program_id="product-education",
    ),
)
_MEAN_QUALITY = sum(c.share * c.quality for c in CAMPAIGNS) / sum(c.share for c in CAMPAIGNS)

NEWSLETTER = "monthly-newsletter"


def relative_quality(campaign: Campaign) -> float:
    """Return the campaign's quality against the average lead's (1.0)."""
    return campaign.quality / _MEAN_QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a nurture program: `wait` ms after entering a lead moves on; `grace` ms later it is overdue.

    `says_due` False: the tool that runs it does not tell when the lead should have left.
    """

    step_id: str
    wait: int
    grace: int = 12 * HOUR
    says_due: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A nurture program and its steps, in order."""

    program_id: str
    steps: tuple[Step, ...]
    audience: str = "prospect"


PROGRAMS = {
    program.program_id: program
    for program in (
        Program(
            program_id="welcome",
            steps=(
                Step(step_id="thank-you", wait=1 * DAY, grace=6 * HOUR),
                Step(step_id="customer-story", wait=3 * DAY),
                Step(step_id="product-tour", wait=4 * DAY),
                Step(step_id="roi-calculator", wait=5 * DAY),
                Step(step_id="talk-to-us", wait=7 * DAY, grace=DAY),
            ),
        ),
        Program(
            program_id="product-education",
            steps=(
                Step(step_id="guide", wait=2 * DAY),
                Step(step_id="checklist", wait=4 * DAY),
                Step(step_id="template", wait=5 * DAY),
                Step(step_id="benchmark-report", wait=5 * DAY),
                Step(step_id="case-study", wait=7 * DAY, grace=DAY),
                Step(step_id="trial-offer", wait=7 * DAY, grace=DAY),
            ),
        ),
        Program(
            program_id="webinar-follow-up",
            steps=(
                Step(step_id="recording", wait=1 * DAY, grace=6 * HOUR),
                Step(step_id="slides", wait=2 * DAY),
                Step(step_id="invitation", wait=5 * DAY, says_due=False),
                Step(step_id="book-a-demo", wait=6 * DAY, grace=DAY),
            ),
        ),
        Program(
            program_id="re-engage",
            steps=(
                Step(step_id="what-is-new", wait=3 * DAY),
                Step(step_id="short-survey", wait=5 * DAY),
                Step(step_id="free-audit", wait=7 * DAY, grace=DAY),
                Step(step_id="last-call", wait=7 * DAY, grace=DAY),
            ),
        ),
        Program(
            program_id="customer-onboarding",
            audience="customer",
            steps=(
                Step(step_id="kick-off", wait=2 * DAY),
                Step(step_id="first-project", wait=5 * DAY),
                Step(step_id="integrations", wait=7 * DAY, grace=DAY),
                Step(step_id="success-check", wait=7 * DAY, grace=DAY),
            ),
        ),
    )
}
RE_ENGAGE = PROGRAMS["re-engage"]
ONBOARDING = PROGRAMS["customer-onboarding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something sold per month: `cents` is the price of one in US cents, `seats` how many a customer begins with."""

    plan_id: str
    cents: int
    seats: tuple[int, int]


TIERS = (
    Product(plan_id="starter", cents=2900, seats=(3, 15)),
    Product(plan_id="team", cents=4900, seats=(8, 60)),
    Product(plan_id="business", cents=8900, seats=(20, 180)),
)
ADD_ONS = (
    Product(plan_id="analytics", cents=30000, seats=(1, 1)),
    Product(plan_id="premium-support", cents=45000, seats=(1, 1)),
    Product(plan_id="sandbox", cents=12000, seats=(1, 3)),
)
METERED_PLAN = "api-calls"

PRICE_FACTORS = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79, "JPY": 1.5}
"""Minor units of the currency per US cent (the yen has no minor unit)."""

LOSS_REASONS = ("no_decision", "budget", "competitor", "no_response", "missing_feature")
NOT_READY_REASONS = ("timing", "no_budget", "no_response", "evaluating_others")
DISQUALIFIED_REASONS = ("wrong_size", "student", "competitor", "bad_data", "no_fit")
