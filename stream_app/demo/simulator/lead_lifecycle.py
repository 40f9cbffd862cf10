"""The lifecycle of a lead: from its first form to a deal, to not ready, or back from there."""

from collections.abc import Iterator

from stream_app.demo.simulator.arrivals import choose_campaign
from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, SECOND, choose_region, next_working_time, offset
from stream_app.demo.simulator.company import (
    DISQUALIFIED_REASONS,
    NEWSLETTER,
    NOT_READY_REASONS,
    ONBOARDING,
    PROGRAMS,
    RE_ENGAGE,
    relative_quality,
)
from stream_app.demo.simulator.contact import Contact, draw_person, is_reachable, write_scores
from stream_app.demo.simulator.customer import Customer
from stream_app.demo.simulator.customer_lifecycle import monthly_lifecycle, start_first_subscription
from stream_app.demo.simulator.emails import Email, send_email
from stream_app.demo.simulator.erasure import maybe_erase
from stream_app.demo.simulator.event_log import Data, Draft, EventLog
from stream_app.demo.simulator.identity import account_id, lead_id, lead_number
from stream_app.demo.simulator.nurture import Goal, enroll
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.prospect import Prospect, write_engagement, write_status
from stream_app.demo.simulator.rng import happens, lognormal, seeded_rng, uniform
from stream_app.demo.simulator.sales_follow_up import follow_up
from stream_app.demo.simulator.scenarios import ActiveScenario, cancels_at

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
_SCORE_DECAYS = 0.35
_READS_NEWSLETTER = 0.45
_NEWSLETTER_EVERY = 28 * DAY
_NEWSLETTER_TUESDAY = 5 * DAY
_NEWSLETTER_LIFE = 150 * DAY
_NEWSLETTER_HOUR = 10 * HOUR


def lead_lifecycle(
    plan: Plan, scenario: ActiveScenario, index: int, created_at: int
) -> Iterator[tuple[int, list[Draft]]]:
    """Simulate the index-th lead, created at that instant (ms): at once until it buys, then month by month."""
    rng = seeded_rng(plan.seed, "lead", index)
    number = lead_number(index)
    region = choose_region(rng)
    event_log = EventLog(f"{number:x}", region if happens(rng, _CLOCK_OF_ITS_OWN) else None)
    contact = Contact(draw_person(rng, lead_id(plan.seed, number), region), rng, event_log, scenario)
    prospect = Prospect(contact, choose_campaign(rng, created_at), account_id(plan.seed, number))
    _write_creation(prospect, created_at)
    bought = _decide_outcome(prospect, created_at)
    newsletter_end = created_at + _NEWSLETTER_LIFE if bought is None else bought[0]
    _read_newsletters(contact, created_at, newsletter_end)
    if bought is None:
        write_scores(contact)
        yield created_at, maybe_erase(plan, contact.person.lead_id, event_log) if plan.erasures else event_log.drain()
        return
    won_at, customer = bought
    started = won_at + lognormal(rng, 6 * HOUR, 1.2)
    first_month = start_first_subscription(customer, started)
    enroll(contact, ONBOARDING, started + lognormal(rng, HOUR))
    write_scores(contact)
    customer.churns_at = cancels_at(scenario, plan.seed, customer.account_id, started)
    yield first_month, event_log.drain()
    yield from monthly_lifecycle(customer, first_month)


def _write_creation(prospect: Prospect, created_at: int) -> None:
    contact, campaign = prospect.contact, prospect.campaign
    rng = contact.rng
    contact.person.score = uniform(rng, 0, 8) if campaign.is_import else uniform(rng, 5, 35)
    created: Data = {
        "lead_id": contact.person.lead_id,
        "source": campaign.source,
        "channel": campaign.channel,
        "campaign_id": campaign.campaign_id,
        "score": contact.person.score,
    }
    if campaign.is_import:
        created["is_import"] = True
    contact.event_log.write(created_at, "lead.created", created)
    write_status(prospect, created_at + lognormal(rng, 2 * SECOND), "open")
    if campaign.channel == "webinar":
        write_engagement(prospect, created_at + lognormal(rng, HOUR), "webinar", 12)
    elif not campaign.is_import:
        write_engagement(prospect, created_at + lognormal(rng, SECOND), "form_submit", 10)


def _decide_outcome(prospect: Prospect, created_at: int) -> tuple[int, Customer] | None:
    """Decide the outcome of a new lead and log it; return the win (ms) and the customer, if it buys."""
    contact = prospect.contact
    rng, region = contact.rng, contact.person.region
    qualifies = happens(
        rng, _QUALIFIES * relative_quality(prospect.campaign) * (0.6 + 0.4 * contact.person.responsiveness)
    )
    if qualifies:
        at = next_working_time(rng, region, created_at + lognormal(rng, 4.5 * DAY, 1.1))
        _engage_before_qualifying(prospect, created_at, at)
        goal = Goal(at, "goal_met") if happens(rng, _GOAL_ENDS_NURTURE) else None
        _nurture(prospect, created_at, goal)
        return _follow_up(prospect, at, chances=2)
    _visit_website(prospect, created_at)
    if happens(rng, _DISQUALIFIED):
        at = next_working_time(rng, region, created_at + lognormal(rng, 3 * DAY, 0.9))
        _nurture(prospect, created_at, Goal(at, "disqualified"))
        _disqualify(prospect, at)
        return None
    _nurture(prospect, created_at, None)
    if happens(rng, _NOT_READY):
        return _set_not_ready(
            prospect, next_working_time(rng, region, created_at + lognormal(rng, 11 * DAY, 0.7)), None, chances=1
        )
    return None


def _nurture(prospect: Prospect, created_at: int, goal: Goal | None) -> None:
    if not happens(prospect.contact.rng, _NURTURED):
        return
    at = created_at + lognormal(prospect.contact.rng, 15 * MINUTE, 1.3)
    if goal is None or at < goal.at:
        enroll(prospect.contact, PROGRAMS[prospect.campaign.program_id], at, goal)


def _follow_up(prospect: Prospect, at: int, chances: int) -> tuple[int, Customer] | None:
    result = follow_up(prospect, at)
    if result.customer is not None:
        return result.ended_at, result.customer
    if happens(prospect.contact.rng, _GIVEN_UP_NOT_READY):
        return _set_not_ready(
            prospect, result.ended_at + lognormal(prospect.contact.rng, HOUR), result.reason, chances - 1
        )
    if happens(prospect.contact.rng, _DISQUALIFIED):
        _disqualify(prospect, result.ended_at + lognormal(prospect.contact.rng, HOUR))
    return None


def _set_not_ready(prospect: Prospect, at: int, reason: str | None, chances: int) -> tuple[int, Customer] | None:
    """Set a lead to not ready; a click or a reply in the re-engagement program brings it back."""
    contact, rng = prospect.contact, prospect.contact.rng
    write_status(prospect, at, "not_ready", reason or NOT_READY_REASONS[int(rng.random() * len(NOT_READY_REASONS))])
    if happens(rng, _SCORE_DECAYS):
        contact.person.score_changes.append((at + lognormal(rng, 20 * DAY, 0.3), -10, "inactivity"))
    if not happens(rng, _RE_ENGAGED):
        return None
    progress = enroll(contact, RE_ENGAGE, next_working_time(rng, contact.person.region, at + lognormal(rng, 4 * DAY)))
    if not progress.engaged_at:
        return None
    engaged = min(progress.engaged_at)
    reopened = next_working_time(rng, contact.person.region, engaged + lognormal(rng, 3 * HOUR, 0.9))
    write_engagement(prospect, engaged + lognormal(rng, 2 * MINUTE), "page_view", 2, RE_ENGAGE.program_id)
    write_status(prospect, reopened, "open", "re_engaged")
    if chances > 0 and happens(rng, _SECOND_CHANCE):
        return _follow_up(
            prospect, next_working_time(rng, contact.person.region, reopened + lognormal(rng, 5 * DAY, 0.8)), chances
        )
    return None


def _disqualify(prospect: Prospect, at: int) -> None:
    reason = DISQUALIFIED_REASONS[int(prospect.contact.rng.random() * len(DISQUALIFIED_REASONS))]
    write_status(prospect, at, "disqualified", reason)


def _engage_before_qualifying(prospect: Prospect, created_at: int, until: int) -> None:
    """Log the engagements that make a lead qualify."""
    rng = prospect.contact.rng
    for kind, points, probability in (
        ("page_view", 3, 0.9),
        ("page_view", 3, 0.7),
        ("form_submit", 15, 0.6),
        ("webinar", 12, 0.25),
        ("chat", 8, 0.2),
        ("page_view", 5, 0.5),
    ):
        if happens(rng, probability):
            write_engagement(
                prospect, created_at + int((until - created_at) * (0.15 + 0.8 * rng.random())), kind, points
            )


def _visit_website(prospect: Prospect, created_at: int) -> None:
    rng, person = prospect.contact.rng, prospect.contact.person
    at = created_at
    for _ in range(int(_PAGE_VIEWS * person.responsiveness * rng.random())):
        at = next_working_time(rng, person.region, at + lognormal(rng, 3 * DAY, 1.2), 0.25)
        write_engagement(prospect, at, "page_view", 2)
    if happens(rng, _WEBINAR):
        write_engagement(
            prospect, next_working_time(rng, person.region, created_at + lognormal(rng, 14 * DAY)), "webinar", 12
        )
    if happens(rng, _CHAT):
        write_engagement(
            prospect, next_working_time(rng, person.region, created_at + lognormal(rng, DAY, 1.5)), "chat", 8
        )
    if happens(rng, _SCORE_DECAYS):
        person.score_changes.append((created_at + lognormal(rng, 35 * DAY, 0.4), -10, "inactivity"))


def _read_newsletters(contact: Contact, created_at: int, until: int) -> None:
    """Send the newsletter of every fourth Tuesday morning to those who want it, until that instant."""
    if not happens(contact.rng, _READS_NEWSLETTER):
        return
    region = contact.person.region
    due = created_at - (created_at - _NEWSLETTER_TUESDAY) % _NEWSLETTER_EVERY + _NEWSLETTER_EVERY
    while due < until:
        at = due + _NEWSLETTER_HOUR - offset(region, due) + lognormal(contact.rng, 4 * MINUTE, 0.8)
        if is_reachable(contact.person, at):
            send_email(contact, Email(campaign_id=NEWSLETTER), at)
        due += _NEWSLETTER_EVERY
