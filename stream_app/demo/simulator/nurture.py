"""One lead in one nurture program."""

from dataclasses import dataclass, field
from random import Random

from stream_app.demo.simulator.business_hours import DAY, HOUR, MINUTE, SECOND, next_working_time
from stream_app.demo.simulator.company import Program, Step
from stream_app.demo.simulator.contact import Contact, is_reachable
from stream_app.demo.simulator.emails import Email, Reaction, send_email
from stream_app.demo.simulator.event_log import Data, EventLog
from stream_app.demo.simulator.rng import happens, lognormal
from stream_app.demo.simulator.scenarios import is_stalled

_LATE = 0.03
_OWN_EXIT_OF_LEAVERS = 0.6
# Per step, besides those who unsubscribe, bounce or reach the goal.
_LEAVERS = ((0.006, "list_removed"), (0.011, "disqualified"), (0.014, "error"), (0.02, "timeout"))


@dataclass(frozen=True, slots=True)
class Goal:
    """Something outside of the program that ends an enrollment: when (ms) and with which outcome."""

    at: int
    outcome: str


@dataclass(slots=True)
class Enrollment:
    """The result of an enrollment: when it ended (ms; None: stuck for good) and when the person clicked or replied."""

    ended_at: int | None = None
    engaged_at: list[int] = field(default_factory=list)


def enroll(contact: Contact, program: Program, at: int, goal: Goal | None = None) -> Enrollment:
    """Lead a person through a program from that instant on, until its end, the goal or a drop-out."""
    rng, event_log = contact.rng, contact.event_log
    enrollment: Data = {
        "lead_id": contact.person.lead_id,
        "program_id": program.program_id,
        "enrollment_id": event_log.new_id("enr"),
    }
    progress = Enrollment()
    event_log.write(at, "program.enrolled", {**enrollment})
    for step in program.steps:
        at += lognormal(rng, 3 * SECOND)
        _enter(event_log, enrollment, step, at)
        reaction = _send_step_email(contact, program, step, at, goal)
        if reaction is not None:
            progress.engaged_at += [when for when in (reaction.clicked_at, reaction.replied_at) if when is not None]
        left, outcome = _leaving(rng, step, at, goal, reaction)
        if is_stalled(contact.scenario, program.program_id, step.step_id, left):
            return progress
        if outcome == "advanced" and step is program.steps[-1]:
            outcome = "completed"
        if outcome in {"advanced", "completed"} or happens(rng, _OWN_EXIT_OF_LEAVERS):
            event_log.write(left, "program.step_exited", {**enrollment, "step_id": step.step_id, "outcome": outcome})
        at = left
        if outcome != "advanced":
            progress.ended_at = at + lognormal(rng, 2 * SECOND)
            event_log.write(progress.ended_at, "program.exited", {**enrollment, "outcome": outcome})
            break
    return progress


def _enter(event_log: EventLog, enrollment: Data, step: Step, at: int) -> None:
    entry: Data = {**enrollment, "step_id": step.step_id}
    if step.says_due:
        entry["due_at"] = at + step.wait + step.grace
    event_log.write(at, "program.step_entered", entry)


def _send_step_email(contact: Contact, program: Program, step: Step, at: int, goal: Goal | None) -> Reaction | None:
    """Send the e-mail of a step in working hours, unless the person cannot be reached or is past the goal by then."""
    send_at = next_working_time(contact.rng, contact.person.region, at + lognormal(contact.rng, 20 * MINUTE, 1.0), 0.1)
    if not is_reachable(contact.person, send_at) or (goal is not None and send_at >= goal.at):
        return None
    return send_email(contact, Email(program.program_id, step.step_id, None, program.audience), send_at)


def _leaving(rng: Random, step: Step, at: int, goal: Goal | None, reaction: Reaction | None) -> tuple[int, str]:
    """Tell when the step is left and why: whichever comes first."""
    left, outcome = at + step.wait + lognormal(rng, 10 * MINUTE, 1.0), "advanced"
    if happens(rng, _LATE):
        left += step.grace + lognormal(rng, 16 * HOUR, 0.7)
    drawn = rng.random()
    for share, reason in _LEAVERS:
        if drawn < share:
            left, outcome = at + int(step.wait * rng.random()) + SECOND, reason
            if reason == "timeout":
                left = at + step.wait + step.grace + DAY
            break
    if goal is not None and goal.at < left:
        left, outcome = max(goal.at, at + SECOND), goal.outcome
    if reaction is not None:
        for gone, reason in ((reaction.bounced_at, "bounced"), (reaction.unsubscribed_at, "unsubscribed")):
            if gone is not None and gone + MINUTE < left:
                left, outcome = gone + MINUTE, reason
    return left, outcome
