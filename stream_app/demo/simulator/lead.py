"""The life of a lead: from its first form to a deal, to somebody's drawer, or back from there."""

from collections.abc import Iterator

from stream_app.demo.simulator.arrivals import pick_campaign
from stream_app.demo.simulator.company import (
    DISQUALIFIED_REASONS,
    NEWSLETTER,
    NOT_READY_REASONS,
    ONBOARDING,
    PROGRAMS,
    RE_ENGAGE,
    relative_quality,
)
from stream_app.demo.simulator.customer import Customer
from stream_app.demo.simulator.customer_life import begin, months
from stream_app.demo.simulator.erasure import erase_some
from stream_app.demo.simulator.event_log import Data, Diary, Draft
from stream_app.demo.simulator.identity import account_id, lead_id, lead_number
from stream_app.demo.simulator.mail import Letter, send
from stream_app.demo.simulator.nurture import Goal, enroll
from stream_app.demo.simulator.person import Life, is_reachable, meet, write_scores
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.prospect import Prospect, write_engagement, write_status
from stream_app.demo.simulator.rhythm import DAY, HOUR, MINUTE, SECOND, at_work, offset, pick_region
from stream_app.demo.simulator.rng import around, between, chance, happens
from stream_app.demo.simulator.sales_follow_up import pursue
from stream_app.demo.simulator.scenarios import Disturbance, cancels_at

_QUALIFIES = 0.30
_NURTURED = 0.85
_GOAL_ENDS_NURTURE = 0.7
_DISQUALIFIED = 0.13
_NOT_READY = 0.45
_GIVEN_UP_NOT_READY = 0.7
_RE_ENGAGED = 0.85
_SECOND_CHANCE = 0.45
_CLOCK_OF_ITS_OWN = 0.12
_PAGE_VIEWS = 2.5
_WEBINAR = 0.12
_CHAT = 0.05
_FADES = 0.35
_READS_NEWSLETTER = 0.45
_NEWSLETTER_EVERY = 28 * DAY
_NEWSLETTER_TUESDAY = 5 * DAY
_NEWSLETTER_LIFE = 150 * DAY
_NEWSLETTER_HOUR = 10 * HOUR


def lead_life(plan: Plan, trouble: Disturbance, index: int, born: int) -> Iterator[tuple[int, list[Draft]]]:
    """Live the life of the index-th lead, born at that instant (ms): all of it until it buys, then month by month."""
    rng = chance(plan.seed, "lead", index)
    number = lead_number(index)
    region = pick_region(rng)
    diary = Diary(f"{number:x}", region if happens(rng, _CLOCK_OF_ITS_OWN) else None)
    life = Life(meet(rng, lead_id(plan.seed, number), region), rng, diary, trouble)
    prospect = Prospect(life, pick_campaign(rng, born), account_id(plan.seed, number))
    _arrive(prospect, born)
    bought = _find_fate(prospect, born)
    newsletter_end = born + _NEWSLETTER_LIFE if bought is None else bought[0]
    _read_newsletters(life, born, newsletter_end)
    if bought is None:
        write_scores(life)
        yield born, erase_some(plan, life.person.lead_id, diary) if plan.erasures else diary.take()
        return
    won_at, customer = bought
    started = won_at + around(rng, 6 * HOUR, 1.2)
    first_month = begin(customer, started)
    enroll(life, ONBOARDING, started + around(rng, HOUR))
    write_scores(life)
    customer.doomed_at = cancels_at(trouble, plan.seed, customer.account_id, started)
    yield first_month, diary.take()
    yield from months(customer, first_month)


def _arrive(prospect: Prospect, born: int) -> None:
    life, campaign = prospect.life, prospect.campaign
    rng = life.rng
    life.person.score = between(rng, 0, 8) if campaign.is_import else between(rng, 5, 35)
    created: Data = {
        "lead_id": life.person.lead_id,
        "source": campaign.source,
        "channel": campaign.channel,
        "campaign_id": campaign.campaign_id,
        "score": life.person.score,
    }
    if campaign.is_import:
        created["is_import"] = True
    life.diary.write(born, "lead.created", created)
    write_status(prospect, born + around(rng, 2 * SECOND), "open")
    if campaign.channel == "webinar":
        write_engagement(prospect, born + around(rng, HOUR), "webinar", 12)
    elif not campaign.is_import:
        write_engagement(prospect, born + around(rng, SECOND), "form_submit", 10)


def _find_fate(prospect: Prospect, born: int) -> tuple[int, Customer] | None:
    """Decide what becomes of a new lead and write it down; return the win (ms) and the customer, if it buys."""
    life = prospect.life
    rng, region = life.rng, life.person.region
    qualifies = happens(rng, _QUALIFIES * relative_quality(prospect.campaign) * (0.6 + 0.4 * life.person.warmth))
    if qualifies:
        at = at_work(rng, region, born + around(rng, 4.5 * DAY, 1.1))
        _warm_up(prospect, born, at)
        goal = Goal(at, "goal_met") if happens(rng, _GOAL_ENDS_NURTURE) else None
        _nurture(prospect, born, goal)
        return _chase(prospect, at, chances=2)
    _browse(prospect, born)
    if happens(rng, _DISQUALIFIED):
        at = at_work(rng, region, born + around(rng, 3 * DAY, 0.9))
        _nurture(prospect, born, Goal(at, "disqualified"))
        _disqualify(prospect, at)
        return None
    _nurture(prospect, born, None)
    if happens(rng, _NOT_READY):
        return _shelve(prospect, at_work(rng, region, born + around(rng, 11 * DAY, 0.7)), None, chances=1)
    return None


def _nurture(prospect: Prospect, born: int, goal: Goal | None) -> None:
    if not happens(prospect.life.rng, _NURTURED):
        return
    at = born + around(prospect.life.rng, 15 * MINUTE, 1.3)
    if goal is None or at < goal.at:
        enroll(prospect.life, PROGRAMS[prospect.campaign.program_id], at, goal)


def _chase(prospect: Prospect, at: int, chances: int) -> tuple[int, Customer] | None:
    pursuit = pursue(prospect, at)
    if pursuit.customer is not None:
        return pursuit.ended_at, pursuit.customer
    if happens(prospect.life.rng, _GIVEN_UP_NOT_READY):
        return _shelve(prospect, pursuit.ended_at + around(prospect.life.rng, HOUR), pursuit.reason, chances - 1)
    if happens(prospect.life.rng, _DISQUALIFIED):
        _disqualify(prospect, pursuit.ended_at + around(prospect.life.rng, HOUR))
    return None


def _shelve(prospect: Prospect, at: int, reason: str | None, chances: int) -> tuple[int, Customer] | None:
    """Put a lead aside as not ready; a click or a reply in the re-engagement program brings it back."""
    life, rng = prospect.life, prospect.life.rng
    write_status(prospect, at, "not_ready", reason or NOT_READY_REASONS[int(rng.random() * len(NOT_READY_REASONS))])
    if happens(rng, _FADES):
        life.person.moves.append((at + around(rng, 20 * DAY, 0.3), -10, "inactivity"))
    if not happens(rng, _RE_ENGAGED):
        return None
    journey = enroll(life, RE_ENGAGE, at_work(rng, life.person.region, at + around(rng, 4 * DAY)))
    if not journey.engaged_at:
        return None
    engaged = min(journey.engaged_at)
    reopened = at_work(rng, life.person.region, engaged + around(rng, 3 * HOUR, 0.9))
    write_engagement(prospect, engaged + around(rng, 2 * MINUTE), "page_view", 2, RE_ENGAGE.program_id)
    write_status(prospect, reopened, "open", "re_engaged")
    if chances > 0 and happens(rng, _SECOND_CHANCE):
        return _chase(prospect, at_work(rng, life.person.region, reopened + around(rng, 5 * DAY, 0.8)), chances)
    return None


def _disqualify(prospect: Prospect, at: int) -> None:
    reason = DISQUALIFIED_REASONS[int(prospect.life.rng.random() * len(DISQUALIFIED_REASONS))]
    write_status(prospect, at, "disqualified", reason)


def _warm_up(prospect: Prospect, born: int, until: int) -> None:
    """Let a lead do what makes it qualify."""
    rng = prospect.life.rng
    for kind, points, probability in (
        ("page_view", 3, 0.9),
        ("page_view", 3, 0.7),
        ("form_submit", 15, 0.6),
        ("webinar", 12, 0.25),
        ("chat", 8, 0.2),
        ("page_view", 5, 0.5),
    ):
        if happens(rng, probability):
            write_engagement(prospect, born + int((until - born) * (0.15 + 0.8 * rng.random())), kind, points)


def _browse(prospect: Prospect, born: int) -> None:
    rng, person = prospect.life.rng, prospect.life.person
    at = born
    for _ in range(int(_PAGE_VIEWS * person.warmth * rng.random())):
        at = at_work(rng, person.region, at + around(rng, 3 * DAY, 1.2), 0.25)
        write_engagement(prospect, at, "page_view", 2)
    if happens(rng, _WEBINAR):
        write_engagement(prospect, at_work(rng, person.region, born + around(rng, 14 * DAY)), "webinar", 12)
    if happens(rng, _CHAT):
        write_engagement(prospect, at_work(rng, person.region, born + around(rng, DAY, 1.5)), "chat", 8)
    if happens(rng, _FADES):
        person.moves.append((born + around(rng, 35 * DAY, 0.4), -10, "inactivity"))


def _read_newsletters(life: Life, born: int, until: int) -> None:
    """Send the newsletter of every fourth Tuesday morning to those who want it, until that instant."""
    if not happens(life.rng, _READS_NEWSLETTER):
        return
    region = life.person.region
    due = born - (born - _NEWSLETTER_TUESDAY) % _NEWSLETTER_EVERY + _NEWSLETTER_EVERY
    while due < until:
        at = due + _NEWSLETTER_HOUR - offset(region, due) + around(life.rng, 4 * MINUTE, 0.8)
        if is_reachable(life.person, at):
            send(life, Letter(campaign_id=NEWSLETTER), at)
        due += _NEWSLETTER_EVERY
