"""Stories of steps and programs."""

from tests.monitoring.alerts.story import FRESH, Story, flat, missing

STEP = 'program="welcome", step="guide"'
THE_STEP = f"{{{STEP}}}"
THE_PROGRAM = '{program="welcome"}'

DUE = f'lifecycle_step_due{{{STEP}, window="1h"}}'
DUE_24H = f'lifecycle_step_due{{{STEP}, window="24h"}}'
OVERDUE = f"lifecycle_step_overdue{THE_STEP}"
BALANCE = f"lifecycle_step_balance{THE_STEP}"


def exits(window: str, outcome: str = "advanced", step: str = STEP) -> str:
    """Return the series of a step's exits."""
    return f'lifecycle_step_exits{{{step}, outcome="{outcome}", window="{window}"}}'


def entries(window: str, step: str = "guide") -> str:
    """Return the series of a step's entries."""
    return f'lifecycle_step_entries{{program="welcome", step="{step}", window="{window}"}}'


def enrolled(window: str) -> str:
    """Return the series of a program's enrollments."""
    return f'lifecycle_program_enrollments{{program="welcome", window="{window}"}}'


OFFICE = "9h"
"""A Thursday on which work begins, at 09:00 UTC."""


def _block(**more: str) -> dict[str, str]:
    """Twelve an hour fall due and stay; what advanced did so in the first hour."""
    return {
        DUE: flat(12, 181),
        OVERDUE: "0+0.2x180",
        BALANCE: flat(50, 181),
        exits("5m"): f"{flat(3, 60)} {flat(0, 121)}",
        exits("1h"): f"{flat(12, 60)} 11.8-0.2x59 {flat(0, 61)}",
        **more,
    }


WEEK = 7 * 24
_LATER = {
    DUE: f"{flat(0, WEEK * 12 - 12)} {flat(12, 49)}",
    OVERDUE: f"{flat(0, WEEK * 12 - 12)} 0+1x48",
    exits("5m"): flat(0, WEEK * 12 + 31),
}


def _slow(due: int, stay: int) -> dict[str, str]:
    """So many fall due in a day, and of these so many stay: one after the other."""
    return {
        DUE: flat(0, 1561),
        DUE_24H: flat(due, 1561),
        f'lifecycle_step_due{{{STEP}, window="7d"}}': flat(due, 1561),
        OVERDUE: f"0+{stay / 1500}x1500 {flat(stay, 60)}",
        BALANCE: flat(50, 1561),
        exits("5m"): flat(0, 1561),
    }


def _office_week(stalled: bool) -> dict[str, str]:  # noqa: FBT001 - which of two stories
    """A program of which an automation lets people go at 08-18 UTC, on its second day; due in the evening too."""
    at_work = f"{flat(0, 480)} {flat(2, 600)} {flat(0, 360)}"
    second = flat(0, 1440) if stalled else at_work
    overdue = f"{flat(0, 1080)} 0+0.1x359"
    return {
        DUE: flat(6, 2880),
        DUE_24H: flat(60, 2880),
        OVERDUE: f"{overdue} 36+0.1x1439" if stalled else f"{overdue} 36+0.1x480 {flat(0, 600)} 0+0.1x358",
        BALANCE: flat(100, 2880),
        exits("5m"): f"{at_work} {second}",
        exits("1h"): f"{at_work} {second}",
    }


def _clock_change(stalled_at: int | None = None) -> dict[str, str]:
    """An automation at 07-17 UTC for a week, and after the clocks were changed at 06-16 UTC; each hour twenty leave."""
    hours = WEEK + 24
    gone = [20 if _leaves(hour, stalled_at) else 0 for hour in range(hours)]
    overdue, waiting = [], 0
    for each in gone:
        overdue.append(flat(0, 12) if each else f"{waiting}+{20 / 12:.4f}x11")
        waiting = 0 if each else waiting + 20
    return {
        DUE: flat(20, hours * 12),
        DUE_24H: flat(480, hours * 12),
        OVERDUE: " ".join(overdue),
        BALANCE: flat(500, hours * 12),
        exits("5m"): " ".join(flat(2 if each else 0, 12) for each in gone),
        exits("1h"): " ".join(flat(each, 12) for each in gone),
    }


def _leaves(hour: int, stalled_at: int | None) -> bool:
    begins = 7 if hour < WEEK else 6
    return begins <= hour % 24 < begins + 10 and (stalled_at is None or hour < WEEK + stalled_at)


_IMPORTED = {
    DUE: flat(2, 241),
    DUE_24H: flat(40, 241),
    OVERDUE: f"{flat(0, 120)} {flat(900, 121)}",
    BALANCE: f"{flat(50, 120)} {flat(950, 121)}",
    exits("5m"): flat(0, 241),
}

BLOCKED = (
    Story(
        alert="NurtureStepBlocked",
        name="fires when enrollments fall due and none advances",
        series=_block(),
        at="2h30m",
        begins=OFFICE,
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires for a step that has never let anybody go",
        at="2h30m",
        begins=OFFICE,
        firing=THE_STEP,
        series={DUE: flat(12, 181), OVERDUE: "0+0.2x180", BALANCE: flat(50, 181)},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires for a slow step in which ten of twelve stay",
        at="25h30m",
        begins=OFFICE,
        series=_slow(12, 10),
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet at a slow step in which three of five stay",
        at="25h30m",
        begins=OFFICE,
        series=_slow(5, 3),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet in the first evening of a program that works in office hours",
        at="20h",
        series=_office_week(stalled=False),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet on the second night of a program that works in office hours",
        at="32h30m",
        series=_office_week(stalled=True),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet on the second day of a program that works in office hours",
        at="33h30m",
        series=_office_week(stalled=False),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires on the second morning when the automation of the first does not begin",
        at="33h30m",
        series=_office_week(stalled=True),
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet in the evening after the clocks were changed",
        at="7d16h50m",
        step="5m",
        series=_clock_change(),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires at noon after the clocks were changed",
        at="7d13h",
        step="5m",
        series=_clock_change(stalled_at=12),
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet when history is imported",
        at="3h",
        begins=OFFICE,
        series=_IMPORTED,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires when as many as fell due stay after an import",
        at="3h50m",
        begins=OFFICE,
        series=_IMPORTED | {DUE: flat(12, 241), OVERDUE: f"{flat(0, 100)} {flat(900, 40)} 900+0.2x100"},
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet when a rebuild has ended",
        at="2h",
        begins=OFFICE,
        series={
            DUE: f"{flat(12, 60)} {flat(0, 20)} {flat(12, 60)}",
            DUE_24H: f"{flat(90, 60)} {flat(0, 20)} {flat(90, 60)}",
            OVERDUE: f"{flat(20, 60)} {flat(0, 20)} {flat(20, 60)}",
            BALANCE: f"{flat(90, 60)} {flat(0, 20)} {flat(90, 60)}",
            exits("5m"): flat(0, 140),
            exits("1h", "timeout"): f"{flat(12, 60)} {flat(0, 20)} {flat(12, 60)}",
            exits("24h", "timeout"): f"{flat(90, 60)} {flat(0, 20)} {flat(90, 60)}",
            FRESH: f"{flat(1, 60)} {flat(0, 20)} {flat(1, 60)}",
        },
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet while the wait of seven days is on",
        at="2h30m",
        begins=OFFICE,
        series=_block() | {DUE: flat(0, 181), OVERDUE: flat(0, 181), entries("1h"): flat(60, 181)},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet at night when all that fell due has left long ago",
        at="2h30m",
        begins=OFFICE,
        series=_block() | {DUE: flat(40, 181), OVERDUE: "7+0.2x180", exits("1h", "timeout"): flat(28, 181)},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires when few fall due in a day and none has advanced for one",
        at="2h30m",
        begins=OFFICE,
        series={
            DUE: flat(0, 181),
            OVERDUE: flat(14, 181),
            BALANCE: flat(50, 181),
            exits("5m"): flat(0, 181),
            exits("24h"): flat(0, 181),
        },
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet when few fall due in a day and one has advanced within it",
        at="2h30m",
        begins=OFFICE,
        series={
            DUE: flat(0, 181),
            OVERDUE: flat(14, 181),
            BALANCE: flat(50, 181),
            exits("5m"): flat(0, 181),
            exits("24h"): flat(1, 181),
        },
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet while somebody advances",
        at="2h30m",
        begins=OFFICE,
        series=_block() | {exits("5m"): f"{flat(0, 130)} 1 {flat(0, 50)}"},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet when fewer than ten fell due",
        at="2h30m",
        begins=OFFICE,
        series=_block() | {DUE: flat(9, 181), OVERDUE: "0+0.15x180"},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet outside the hours of work while no past weeks are known",
        at="2h30m",
        series=_block(),
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet on a weekend like the one before",
        at="7d2h30m",
        step="5m",
        series=_LATER | {exits("1h"): flat(0, WEEK * 12 + 31)},
    ),
    Story(
        alert="NurtureStepBlocked",
        name="fires at an hour in which it advanced a week before",
        at="7d2h30m",
        step="5m",
        series=_LATER | {exits("1h"): f"{flat(5, 60)} {flat(0, WEEK * 12)}"},
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet after a restart of Prometheus that missed what advanced",
        at="1h52m",
        begins=OFFICE,
        series={
            DUE: f"{flat(12, 60)} {missing(40)} {flat(12, 30)}",
            OVERDUE: f"{flat(0, 60)} {missing(40)} {flat(12, 30)}",
            exits("5m"): f"{flat(3, 60)} {missing(40)} {flat(0, 30)}",
            FRESH: f"{flat(1, 60)} {missing(40)} {flat(1, 30)}",
        },
    ),
    Story(
        alert="NurtureStepBlocked",
        name="stays quiet while the data is stale",
        at="2h30m",
        begins=OFFICE,
        series=_block() | {FRESH: f"{flat(1, 100)} {flat(0, 81)}"},
    ),
)

OVERDUE_STORIES = (
    Story(
        alert="NurtureStepOverdue",
        name="fires when more than a quarter is overdue for an hour",
        at="1h5m",
        firing=THE_STEP,
        series={OVERDUE: flat(30, 66), BALANCE: flat(100, 66)},
    ),
    Story(
        alert="NurtureStepOverdue",
        name="stays quiet in the first hour",
        at="55m",
        series={OVERDUE: flat(30, 66), BALANCE: flat(100, 66)},
    ),
    Story(
        alert="NurtureStepOverdue",
        name="stays quiet when it is a smaller part",
        at="1h5m",
        series={OVERDUE: flat(30, 66), BALANCE: flat(130, 66)},
    ),
    Story(
        alert="NurtureStepOverdue",
        name="stays quiet when they are few",
        at="1h5m",
        series={OVERDUE: flat(9, 66), BALANCE: flat(9, 66)},
    ),
    Story(
        alert="NurtureStepOverdue",
        name="stays quiet during a wait of seven days",
        at="1h5m",
        series={OVERDUE: flat(0, 66), BALANCE: flat(700, 66)},
    ),
    Story(
        alert="NurtureStepOverdue",
        name="stays quiet while the data is stale",
        at="1h5m",
        series={OVERDUE: flat(30, 66), BALANCE: flat(100, 66), FRESH: flat(0, 66)},
    ),
)

_LOST_ON_THE_WAY = {
    entries("24h"): flat(0, 61),
    entries("30d"): flat(20, 61),
    entries("24h", "hello"): flat(5, 61),
    entries("30d", "hello"): flat(90, 61),
    enrolled("24h"): flat(5, 61),
    exits("24h", step='program="welcome", step="hello"'): flat(10, 61),
}

SILENT = (
    Story(
        alert="NurtureStepSilent",
        name="fires when ten advanced and arrived nowhere",
        at="45m",
        series=_LOST_ON_THE_WAY,
        firing=THE_STEP,
    ),
    Story(
        alert="NurtureStepSilent",
        name="stays quiet when those who advanced are in another step that waits seven days",
        at="45m",
        series=_LOST_ON_THE_WAY | {entries("24h", "case"): flat(10, 61), entries("30d", "case"): flat(90, 61)},
    ),
    Story(
        alert="NurtureStepSilent",
        name="stays quiet on a weekend on which people enroll and the first step waits",
        at="45m",
        series=_LOST_ON_THE_WAY
        | {
            enrolled("24h"): flat(20, 61),
            exits("24h", step='program="welcome", step="hello"'): flat(0, 61),
        },
    ),
    Story(
        alert="NurtureStepSilent",
        name="stays quiet when those who advanced completed the program",
        at="45m",
        series=_LOST_ON_THE_WAY
        | {
            'lifecycle_program_exits{program="welcome", outcome="completed", window="24h"}': flat(10, 61),
        },
    ),
    Story(
        alert="NurtureStepSilent",
        name="stays quiet while the data is stale",
        at="45m",
        series=_LOST_ON_THE_WAY | {FRESH: flat(0, 61)},
    ),
)


def _dropouts(day: int, week: int, exits_day: int, exits_week: int, **more: str) -> dict[str, str]:
    return {
        exits("24h", "unsubscribed"): flat(day, 61),
        exits("7d", "unsubscribed"): flat(week, 61),
        exits("24h"): flat(exits_day - day, 61),
        exits("7d"): flat(exits_week - week, 61),
        **more,
    }


DROPOUTS = (
    Story(
        alert="NurtureDropoutSurge",
        name="fires when six times as many leave as before",
        at="20m",
        firing=THE_PROGRAM,
        series=_dropouts(30, 60, 130, 760),
    ),
    Story(
        alert="NurtureDropoutSurge",
        name="stays quiet when a blast lets more of everything happen",
        at="20m",
        series=_dropouts(30, 60, 700, 1330),
    ),
    Story(
        alert="NurtureDropoutSurge",
        name="stays quiet on a weekend on which nobody advances",
        at="20m",
        series=_dropouts(15, 135, 17, 1000),
    ),
    Story(
        alert="NurtureDropoutSurge",
        name="stays quiet when they are few",
        at="20m",
        series=_dropouts(9, 12, 20, 200),
    ),
    Story(
        alert="NurtureDropoutSurge",
        name="stays quiet while the data is stale",
        at="20m",
        series=_dropouts(30, 60, 130, 760) | {FRESH: flat(0, 61)},
    ),
)

_NOW = "28d2h"
_THE_HOUR, _THE_DAY = '{program="welcome", window="1h"}', '{program="welcome", window="24h"}'


def _weeks(*hours: int, usual: int = 10) -> str:
    """Four weeks, in the first four hours of which so many an hour enroll; then nobody does."""
    return " ".join(f"{flat(hour, 4)} {flat(usual, WEEK - 4)}" for hour in hours) + " " + flat(0, 3)


ENROLLING = (
    Story(
        alert="ProgramStoppedEnrolling",
        name="fires when an hour brings none of ten",
        at=_NOW,
        step="1h",
        firing=_THE_HOUR,
        series={enrolled("1h"): _weeks(10, 10, 10, 10)},
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="fires for a small program when a day brings none of seven",
        at=_NOW,
        step="1h",
        series={enrolled("1h"): _weeks(0, 0, 0, 0, usual=0), enrolled("24h"): _weeks(7, 7, 7, 7, usual=7)},
        firing=_THE_DAY,
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet on a night or a weekend like those before",
        at=_NOW,
        step="1h",
        series={enrolled("1h"): _weeks(0, 0, 0, 0)},
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet when six were expected",
        at=_NOW,
        step="1h",
        series={enrolled("1h"): _weeks(6, 6, 6, 6)},
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet when one of the weeks had a bulk import",
        at=_NOW,
        step="1h",
        series={enrolled("1h"): _weeks(0, 1000, 0, 0)},
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet in the hour by which the clocks were changed",
        at=_NOW,
        step="1h",
        series={
            enrolled("1h"): " ".join([f"0 0 {flat(10, WEEK - 2)}"] * 4) + " " + flat(0, 3),
        },
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet until three weeks are known",
        at=_NOW,
        step="1h",
        series={
            enrolled("1h"): f"{missing(2 * WEEK)} {_weeks(10, 10)}",
            FRESH: f"{missing(2 * WEEK)} {flat(1, 500)}",
        },
    ),
    Story(
        alert="ProgramStoppedEnrolling",
        name="stays quiet while the data is stale",
        at=_NOW,
        step="1h",
        series={enrolled("1h"): _weeks(10, 10, 10, 10), FRESH: f"{flat(1, 4 * WEEK)} {flat(0, 3)}"},
    ),
)

_LEFT = exits("30d")
_STAYED = f'lifecycle_step_dwell_seconds_gcount{{{STEP}, window="30d"}}'

CONSERVATION = (
    Story(
        alert="StepConservationBroken",
        name="fires when three leave that never entered",
        at="1h40m",
        firing=THE_STEP,
        series={_LEFT: f"{flat(10, 60)} {flat(13, 60)}", _STAYED: flat(10, 120)},
    ),
    Story(
        alert="StepConservationBroken",
        name="fires when more are overdue than are in the step",
        at="30m",
        firing=THE_STEP,
        series={OVERDUE: flat(5, 60), BALANCE: flat(3, 60)},
    ),
    Story(
        alert="StepConservationBroken",
        name="stays quiet about those who were under way when it all began",
        at="1h40m",
        series={_LEFT: flat(13, 120), _STAYED: flat(8, 120), OVERDUE: flat(3, 120), BALANCE: flat(3, 120)},
    ),
    Story(
        alert="StepConservationBroken",
        name="stays quiet when an exit overtakes its entry by ten minutes",
        at="1h20m",
        series={_LEFT: f"{flat(10, 65)} {flat(11, 60)}", _STAYED: f"{flat(10, 75)} {flat(11, 60)}"},
    ),
    Story(
        alert="StepConservationBroken",
        name="stays quiet after a restart of Prometheus",
        at="1h40m",
        series={_LEFT: f"{missing(60)} {flat(13, 60)}", _STAYED: f"{missing(60)} {flat(10, 60)}"},
    ),
    Story(
        alert="StepConservationBroken",
        name="stays quiet while the data is stale",
        at="1h40m",
        series={
            _LEFT: f"{flat(10, 60)} {flat(13, 60)}",
            _STAYED: flat(10, 120),
            FRESH: f"{flat(1, 60)} {flat(0, 60)}",
        },
    ),
)

STEPS = (*BLOCKED, *OVERDUE_STORIES, *CONSERVATION)
PROGRAMS = (*SILENT, *DROPOUTS)
