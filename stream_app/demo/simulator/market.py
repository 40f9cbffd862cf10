"""What marketing spends and how many people it reaches, day by day."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from random import Random

from stream_app.demo.simulator.business_hours import DAY, HOUR, calendar_date, day_number
from stream_app.demo.simulator.company import CAMPAIGNS, PRICE_FACTORS, PROGRAMS, Campaign
from stream_app.demo.simulator.event_log import Draft, EventLog
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import happens, lognormal, seeded_rng, uniform

_BY_WEEKDAY = (1.15, 1.25, 1.25, 1.2, 1.05, 0.55, 0.55)
_SPEND_CORRECTED = 0.12
_REACH_CORRECTED = 0.06
_PARTIAL_COUNT = 0.15
_LATE_NOTE_DAYS = 4
# (kind, share of the month's media money, program it is booked on)
_OVERHEADS = (
    ("labour", 0.55, None),
    ("labour", 0.1, "welcome"),
    ("labour", 0.08, "re-engage"),
    ("technology", 0.18, None),
    ("agency", 0.2, None),
    ("content", 0.15, None),
    ("sales", 1.1, None),
)


def campaign_days(plan: Plan, campaign: Campaign) -> Iterator[tuple[int, list[Draft]]]:
    """Record a campaign's days one by one, yielding when the next begins (ms) and what the last one brought."""
    rng = seeded_rng(plan.seed, "campaign", campaign.campaign_id)
    # "s" is no hexadecimal digit: no lead has such a tag.
    event_log = EventLog(f"s{CAMPAIGNS.index(campaign)}")
    day = plan.first // DAY + 1
    while True:
        today = calendar_date(day)
        expected = plan.leads / plan.days * campaign.share * campaign.season[today.month - 1]
        strength = expected * _BY_WEEKDAY[today.weekday()] * rng.lognormvariate(0.0, 0.18)
        if campaign.cost:
            _spend(event_log, rng, campaign, day, strength)
        for reached in _reach(rng, campaign, strength):
            _count(event_log, rng, campaign, day, reached)
        day += 1
        yield day * DAY, event_log.drain()


def _spend(event_log: EventLog, rng: Random, campaign: Campaign, day: int, strength: float) -> None:
    """Book a day's media money on the next morning; now and then the invoice says otherwise some days later."""
    amount = round(strength * campaign.cost * PRICE_FACTORS[campaign.currency] * rng.lognormvariate(0.0, 0.1))
    spend = {
        "spend_id": f"{campaign.campaign_id}.{calendar_date(day)}",
        "amount_minor": amount,
        "currency": campaign.currency,
        "kind": "event" if campaign.channel == "event" else "media",
        "campaign_id": campaign.campaign_id,
        "channel": campaign.channel,
        "source": campaign.source,
        "period_start": day,
        "period_end": day,
    }
    noted = (day + 1) * DAY + 5 * HOUR + lognormal(rng, 20 * 60_000)
    event_log.write(noted, "spend.recorded", spend)
    if happens(rng, _SPEND_CORRECTED):
        corrected = round(amount * (0.93 + 0.09 * rng.random()))
        later = noted + uniform(rng, DAY, _LATE_NOTE_DAYS * DAY)
        event_log.write(later, "spend.recorded", {**spend, "amount_minor": corrected})


def _reach(rng: Random, campaign: Campaign, strength: float) -> Iterator[tuple[str, int]]:
    sessions = lognormal(rng, strength * campaign.visits, 0.15)
    yield "web_sessions", sessions
    if not campaign.cost:
        yield "web_visitors", round(sessions * (0.72 + 0.1 * rng.random()))
    if campaign.views:
        yield "impressions", lognormal(rng, strength * campaign.views, 0.2)
        yield "ad_clicks", lognormal(rng, strength * campaign.visits * 0.9, 0.2)
        yield "responses", lognormal(rng, strength * 1.4, 0.2)


def _count(event_log: EventLog, rng: Random, campaign: Campaign, day: int, reached: tuple[str, int]) -> None:
    """Record a day's count: some tools report it at noon already, all of them at night, a few once more later."""
    kind, count = reached
    reach = {
        "reach_id": f"{campaign.campaign_id}.{kind}.{calendar_date(day)}",
        "day": day,
        "kind": kind,
        "count": count,
        "channel": campaign.channel,
        "campaign_id": campaign.campaign_id,
    }
    if happens(rng, _PARTIAL_COUNT):
        noon = day * DAY + 12 * HOUR + lognormal(rng, HOUR)
        event_log.write(noon, "reach.recorded", {**reach, "count": int(count * (0.3 + 0.2 * rng.random()))})
    night = (day + 1) * DAY + lognormal(rng, 2 * HOUR)
    event_log.write(night, "reach.recorded", reach)
    if happens(rng, _REACH_CORRECTED):
        event_log.write(night + uniform(rng, DAY, 2 * DAY), "reach.recorded", {**reach, "count": int(count * 0.97)})


def overhead_months(plan: Plan) -> Iterator[tuple[int, list[Draft]]]:
    """Book the costs that come by the month on its first morning, yielding when the next begins (ms)."""
    rng = seeded_rng(plan.seed, "overheads")
    event_log = EventLog("s-")
    at = plan.first + HOUR
    first = calendar_date(plan.first // DAY).replace(day=1)
    media = 30 * sum(campaign.share * campaign.cost for campaign in CAMPAIGNS) * plan.leads / plan.days
    while True:
        length = monthrange(first.year, first.month)[1]
        start = day_number(first)
        for number, (kind, share, program) in enumerate(_OVERHEADS):
            spend: dict[str, object] = {
                "spend_id": f"{kind}-{number}.{first:%Y-%m}",
                "amount_minor": round(media * share * rng.lognormvariate(0.0, 0.05)),
                "currency": "USD",
                "kind": kind,
                "period_start": start,
                "period_end": start + length - 1,
            }
            if program is not None:
                spend["program_id"] = PROGRAMS[program].program_id
            event_log.write(at + lognormal(rng, HOUR), "spend.recorded", spend)
        first = _next_month(first)
        at = day_number(first) * DAY + 6 * HOUR
        yield day_number(first) * DAY, event_log.drain()


def _next_month(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
