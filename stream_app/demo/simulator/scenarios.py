"""What goes wrong in the scenarios, and when."""

from dataclasses import dataclass

from stream_app.demo.simulator.business_hours import DAY, HOUR
from stream_app.demo.simulator.plan import Plan
from stream_app.demo.simulator.rng import seeded_rng, uniform

STALLED_PROGRAM = "welcome"
STALLED_STEP = "customer-story"
STALL_HOURS = 72
BOT_HOURS = 6
CHURN_DAYS = 5
_CHURN_SHARE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveScenario:
    """Since when (ms since the epoch) each fault of a scenario is on; None: not in this world.

    From `stalled_since` nothing leaves the step `STALLED_STEP` of `STALLED_PROGRAM`; from `bots_since` machines
    open and click what was delivered; from `churn_since` until `churn_until` a share of the accounts cancels.
    """

    stalled_since: int | None = None
    bots_since: int | None = None
    churn_since: int | None = None
    churn_until: int = 0


def active_scenario(plan: Plan) -> ActiveScenario:
    """Return what goes wrong in a plan; all of it ends or is still going on at the end of the history."""
    last = plan.last
    match plan.scenario:
        case "stall":
            return ActiveScenario(stalled_since=last - STALL_HOURS * HOUR)
        case "bots":
            return ActiveScenario(bots_since=last - BOT_HOURS * HOUR)
        case "churn":
            return ActiveScenario(churn_since=last - CHURN_DAYS * DAY, churn_until=last)
        case _:
            return ActiveScenario()


def cancels_at(scenario: ActiveScenario, seed: int, account_id: str, since: int) -> int | None:
    """Return when the wave of cancellations takes an account that is a customer since that instant, if it does (ms)."""
    if scenario.churn_since is None or since >= scenario.churn_since:
        return None
    rng = seeded_rng(seed, "churn", account_id)
    if rng.random() >= _CHURN_SHARE:
        return None
    return uniform(rng, scenario.churn_since, scenario.churn_until - HOUR)


def is_stalled(scenario: ActiveScenario, program_id: str, step_id: str, leaving_at: int) -> bool:
    """Tell whether a lead that would leave this step at that instant is stuck in it."""
    return (
        scenario.stalled_since is not None
        and leaving_at > scenario.stalled_since
        and step_id == STALLED_STEP
        and program_id == STALLED_PROGRAM
    )
