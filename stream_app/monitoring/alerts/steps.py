"""Steps of programs: blocked, late, out of balance."""

from functools import reduce

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.same_hours import usual_at_this_time
from stream_app.monitoring.units import COUNT
from stream_app.spec.alert import Alert, Recording, RuleGroup, any_of, queried, while_fresh
from stream_app.spec.condition import Condition, Soon
from stream_app.spec.expression import (
    Arithmetic,
    During,
    Expression,
    Filter,
    MinutesSince,
    Number,
    SetOperation,
    UsualNow,
    largest,
    share,
    total,
)
from stream_app.spec.working_time import AS_SHIPPED, NO_HOLIDAY, WORKING_TIME, recordings

_STEP = ("program", "step")
_ADVANCED_OUTCOMES = ("advanced", "completed")
_ADVANCED_PATTERN = "|".join(_ADVANCED_OUTCOMES)

_OVERDUE = "program_step:lifecycle_step_overdue:max"
_LEAST = "program_step:lifecycle_step_overdue:min1h"
_GREW = "program_step_window:lifecycle_step_overdue:growth"
_ADVANCED = "program_step_window:lifecycle_step_advanced:sum"
_USUALLY = "program_step:lifecycle_step_advanced:same_hours"
_LAST = "program_step:lifecycle_step_last_advanced:timestamp_seconds"
_UNMATCHED = "program_step:lifecycle_step_unmatched_exits:diff30d"

BLOCKED_IN = "program_step:lifecycle_step_blocked_in:seconds"
"""In how long a step that is stalled is blocked, if none advances; 0 for one that is."""

_WINDOWS = ("1h", "24h", "7d")
"""Of the due steps, because a slow step has few an hour."""

_RECENT_MIN = 5
"""The window of what advanced: a step in which somebody did is not stalled."""

_BLOCKED_MIN = 30
"""For how many minutes this window has to be empty."""

_OVERDUE_NOW = largest("step_overdue", *_STEP)
_BALANCE_NOW = largest("step_balance", *_STEP)


_DUE = f'max by (program, step, window) (lifecycle_step_due{{window=~"{"|".join(_WINDOWS)}"}})'


def _growth(window: str) -> str:
    least = f"{_OVERDUE}[1h]" if window == "1h" else f"{_LEAST}[{window}:1h]"
    return f'label_replace({_OVERDUE} - min_over_time({least}), "window", "{window}", "", "")'


# Due counts those who left in time as well, so what matters is by how much the overdue have grown.
# By more than fell due they grow only when history is imported.
_STAYED = f"""\
max by (program, step) (
  {_DUE}
  and {_GREW} >= {limit.BLOCKED_DUE}
  and {_GREW} >= {limit.BLOCKED_SHARE} * {_DUE}
  and {_GREW} <= {limit.IMPORTED_FACTOR} * {_DUE}
)"""

# Seen every five minutes: where Prometheus or the data was away, somebody may have advanced.
_NONE_ADVANCED = f"""\
{_STAYED}
unless
max by (program, step) (max_over_time({_ADVANCED}{{window="{_RECENT_MIN}m"}}[{_BLOCKED_MIN}m])) > 0
and
count_over_time({_OVERDUE}[{_BLOCKED_MIN}m:5m]) >= 6"""

# Where few fall due in a day, it takes days until enough of a week's have stayed.
_NONE_FOR_A_DAY = f"""\
{_OVERDUE} >= {limit.OVERDUE}
and
{_OVERDUE} > {limit.OVERDUE_SHARE} * max by (program, step) (lifecycle_step_balance)
and
sum by (program, step) (lifecycle_step_exits{{outcome=~"{_ADVANCED_PATTERN}", window="24h"}}) <= 0"""

# By the past weeks, and by the hours of work where there are none; nobody waits for anything on a holiday.
_EXPECTED = f"""\
(
  {_USUALLY} > 0
  or
  ({_OVERDUE} unless {_USUALLY}) and on () {WORKING_TIME}
)
and on () {NO_HOLIDAY}"""

_STANDS_STILL = any_of(_NONE_ADVANCED, _NONE_FOR_A_DAY)

_BLOCKED = f"""\
({_STANDS_STILL})
and
{_EXPECTED}"""

_RECENTLY = f'{_ADVANCED}{{window="{_RECENT_MIN}m"}} > 0'

# Carried on for as long as it matters.
_LAST_ADVANCED = f"""\
0 * max by (program, step) ({_RECENTLY}) + time()
or
last_over_time({_LAST}[{_BLOCKED_MIN}m]) >= time() - {_BLOCKED_MIN * 60}"""

_TIME_LEFT = f"({_BLOCKED_MIN * 60} - (time() - {_LAST}))"
"""How much has not passed yet of the time in which none may advance."""

# With the time that is left and a few minutes more, enough of those who fall due in an hour will have stayed.
_STALLED = f"""\
{_TIME_LEFT}
and
(
  {_STAYED}
  or
  max by (program, step) ({_GREW}{{window="1h"}} / {_DUE} and {_GREW} >= {limit.BLOCKED_DUE})
  + ({_TIME_LEFT} + {_RECENT_MIN * 60}) / 3600
  >= {limit.BLOCKED_SHARE}
)
unless
({_RECENTLY})"""


def _grown(window: str) -> Expression:
    """Without the past, the overdue have grown by those who fell due less those who left."""
    due = largest("step_due", *_STEP, window=window)
    left = SetOperation(total("step_exits", *_STEP, window=window), "or", Arithmetic(due, "*", Number(0)))
    return Arithmetic(due, "-", left)


def _still_there(window: str) -> Expression:
    due, grown = largest("step_due", *_STEP, window=window), _grown(window)
    grew = SetOperation(
        Filter(grown, ">=", limit.BLOCKED_DUE), "and", Filter(share(grown, due), ">=", limit.BLOCKED_SHARE)
    )
    overdue = SetOperation(
        Filter(_OVERDUE_NOW, ">=", limit.BLOCKED_DUE),
        "and",
        Filter(share(_OVERDUE_NOW, due), ">=", limit.BLOCKED_SHARE),
    )
    return SetOperation(SetOperation(due, "and", grew), "and", overdue)


def _advanced(window: str) -> Expression:
    return total("step_exits", *_STEP, outcome=_ADVANCED_OUTCOMES, window=window)


_MANY_OVERDUE_NOW = SetOperation(
    Filter(_OVERDUE_NOW, ">=", limit.OVERDUE),
    "and",
    Filter(share(_OVERDUE_NOW, _BALANCE_NOW), ">", limit.OVERDUE_SHARE),
)

# The store has the hours of a week and the days of all; a step that has a past is expected to be as it was then.
_HAS_A_PAST = Filter(Arithmetic(_advanced("30d"), "-", _advanced("7d")), ">", 0)
_EXPECTED_NOW = During(
    SetOperation(
        Filter(UsualNow(_advanced("1h")), ">", 0),
        "or",
        During(SetOperation(_OVERDUE_NOW, "unless", _HAS_A_PAST), "work"),
    ),
    "no holiday",
)

_STAYED_NOW = reduce(lambda left, right: SetOperation(left, "or", right), map(_still_there, _WINDOWS))
_SILENT_MIN = _RECENT_MIN + _BLOCKED_MIN
_MINUTES_SINCE_ADVANCED = MinutesSince(_advanced("1h"), _SILENT_MIN - 1)
_BLOCKED_NOW = SetOperation(
    SetOperation(
        SetOperation(_STAYED_NOW, "unless", _MINUTES_SINCE_ADVANCED),
        "or",
        SetOperation(_MANY_OVERDUE_NOW, "and", Filter(_advanced("24h"), "<=", 0)),
    ),
    "and",
    _EXPECTED_NOW,
)

_MINUTES_SILENT = Filter(_MINUTES_SINCE_ADVANCED, ">=", _RECENT_MIN)
_MINUTES_LEFT = Arithmetic(Number(_SILENT_MIN), "-", _MINUTES_SILENT)
_SHARE_THEN = Arithmetic(
    share(_grown("1h"), largest("step_due", *_STEP, window="1h")),
    "+",
    Arithmetic(Arithmetic(Number(_SILENT_MIN + _RECENT_MIN), "-", _MINUTES_SILENT), "/", Number(60)),
)
_WILL_HAVE_STAYED = SetOperation(
    SetOperation(Filter(_grown("1h"), ">=", limit.BLOCKED_DUE), "and", Filter(_OVERDUE_NOW, ">=", limit.BLOCKED_DUE)),
    "and",
    Filter(_SHARE_THEN, ">=", limit.BLOCKED_SHARE),
)
_BLOCKED_SOON = SetOperation(
    SetOperation(_MINUTES_LEFT, "and", SetOperation(_STAYED_NOW, "or", _WILL_HAVE_STAYED)), "and", _EXPECTED_NOW
)

NURTURE_STEP_BLOCKED = Condition(
    name="NurtureStepBlocked",
    severity="critical",
    for_="2m",
    keep_firing_for="15m",
    rule=_BLOCKED,
    instant=_BLOCKED_NOW,
    title="Nurture step blocked",
    found_text="fell due, none advanced",
    ok_text="No nurture step is blocked",
    tag="BLOCKED",
    soon=Soon(title="Nurture step stalled", tag="stalled", minutes=_BLOCKED_SOON),
    unit=COUNT,
    summary="{{ $labels.program }} / {{ $labels.step }} is blocked: nothing has advanced for 30 min or more",
    description=(
        "{{ $value | humanize }} enrollments fell due in step {{ $labels.step }} of {{ $labels.program }}, at "
        f"least {limit.BLOCKED_SHARE:.0%} of them are still there, and none has advanced for 30 min. Past due now: "
        + queried(f"{_OVERDUE}{{program=%q, step=%q}}", *_STEP)
        + " of "
        + queried("max(lifecycle_step_balance{program=%q, step=%q})", *_STEP)
        + " in the step."
    ),
    variables=_STEP,
)

NURTURE_STEP_OVERDUE = Condition(
    name="NurtureStepOverdue",
    severity="warning",
    for_="1h",
    keep_firing_for="15m",
    instant=_MANY_OVERDUE_NOW,
    title="Nurture step overdue",
    found_text="overdue",
    ok_text="No nurture step is overdue",
    tag="overdue",
    unit=COUNT,
    summary="{{ $labels.program }} / {{ $labels.step }}: {{ $value | humanize }} enrollments are overdue",
    description=(
        "{{ $value | humanize }} of "
        + queried("max(lifecycle_step_balance{program=%q, step=%q})", *_STEP)
        + f" enrollments in the step are past their due time, more than {limit.OVERDUE_SHARE:.0%}, for an hour. The "
        "oldest fell due at "
        + queried(
            "min(lifecycle_step_oldest_due_timestamp_seconds{program=%q, step=%q})",
            *_STEP,
            shown="humanizeTimestamp",
        )
        + "."
    ),
    variables=_STEP,
)

STEPS = RuleGroup(
    name="steps",
    area="nurture",
    dashboard="stream-app-nurture",
    interval="1m",
    recordings=(
        *recordings(AS_SHIPPED),
        Recording(name=_OVERDUE, expr=while_fresh("max by (program, step) (lifecycle_step_overdue)")),
        Recording(name=_LEAST, expr=f"min_over_time({_OVERDUE}[1h])"),
        Recording(name=_GREW, expr="\nor\n".join(map(_growth, _WINDOWS))),
        Recording(
            name=_ADVANCED,
            expr=while_fresh(
                "sum by (program, step, window) (lifecycle_step_exits"
                f'{{outcome=~"{_ADVANCED_PATTERN}", window=~"5m|1h"}})',
            ),
        ),
        Recording(name=_USUALLY, expr=usual_at_this_time(_ADVANCED + '{window="1h"}', "program, step")),
        Recording(name=_LAST, expr=_LAST_ADVANCED),
        Recording(
            name=BLOCKED_IN,
            expr=while_fresh(f"({any_of(f'0 * ({_STANDS_STILL})', _STALLED)})\nand\n{_EXPECTED}"),
            labels=_STEP,
        ),
        Recording(
            name=_UNMATCHED,
            # Each entry is in the step or has its exit, so entered - exited differs from in step by exits without an
            # entry; an exit that follows its entry is one observation of the time spent in the step, dated alike.
            expr=while_fresh("""
                sum by (program, step) (lifecycle_step_exits{window="30d"})
                - (
                  sum by (program, step) (lifecycle_step_dwell_seconds_gcount{window="30d"})
                  or 0 * sum by (program, step) (lifecycle_step_exits{window="30d"})
                )
            """),
        ),
    ),
    alerts=(
        NURTURE_STEP_BLOCKED.alert,
        NURTURE_STEP_OVERDUE.alert,
        Alert(
            name="StepConservationBroken",
            severity="warning",
            for_="15m",
            keep_firing_for="1h",
            expr=while_fresh(
                any_of(
                    f"{_UNMATCHED} - min_over_time({_UNMATCHED}[1d]) >= {limit.UNMATCHED_EXITS}",
                    f"{_OVERDUE} - max by (program, step) (lifecycle_step_balance) > 0",
                )
            ),
            summary="{{ $labels.program }} / {{ $labels.step }}: entered - exited is not what is in the step",
            description=(
                "Entered - exited differs from what is in the step by {{ $value | humanize }} within a day: "
                "enrollments left the "
                "step that never entered it (30 days: "
                + queried(f"{_UNMATCHED}{{program=%q, step=%q}}", *_STEP)
                + "), or more are overdue ("
                + queried(f"{_OVERDUE}{{program=%q, step=%q}}", *_STEP)
                + ") than are in it ("
                + queried("max(lifecycle_step_balance{program=%q, step=%q})", *_STEP)
                + ")."
            ),
            variables=_STEP,
        ),
    ),
)
