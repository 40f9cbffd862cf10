"""Programs: silent steps, drop-outs."""

from stream_app.monitoring import thresholds as limit
from stream_app.spec.alert import Alert, Recording, RuleGroup, queried, while_fresh

_STEP = ("program", "step")
_ADVANCED_OUTCOMES = 'outcome=~"advanced|completed"'
_DROPPED_OUT = 'outcome=~"unsubscribed|bounced|disqualified|list_removed|error|timeout"'
_UNPLACED = "program:lifecycle_step_unplaced:diff24h"

_ENTRIES = 'sum by (program{}) (lifecycle_step_entries{{window="{}"}})'


def _or_zero(expr: str) -> str:
    return f"({expr} or 0 * {_ENTRIES.format('', '24h')})"


_MOVED = f'sum by (program) (lifecycle_step_exits{{{_ADVANCED_OUTCOMES}, window="24h"}})'
_BEGUN = 'sum by (program) (lifecycle_program_enrollments{window="24h"})'
_DONE = 'sum by (program) (lifecycle_program_exits{outcome="completed", window="24h"})'

_DROPOUTS = f'sum by (program) (lifecycle_step_exits{{{_DROPPED_OUT}, window="24h"}})'
_DROPOUTS_BEFORE = f'(sum by (program) (lifecycle_step_exits{{{_DROPPED_OUT}, window="7d"}}) - {_DROPOUTS})'
_EXITS = 'sum by (program) (lifecycle_step_exits{window="24h"})'
_EXITS_BEFORE = f'(sum by (program) (lifecycle_step_exits{{window="7d"}}) - {_EXITS})'

PROGRAMS = RuleGroup(
    name="programs",
    area="nurture",
    dashboard="stream-app-nurture",
    interval="1m",
    recordings=(
        Recording(
            name=_UNPLACED,
            # Whoever begins or moves on enters a step or completes the program; who does neither is lost in between.
            expr=while_fresh(f"""
                {_or_zero(_BEGUN)}
                + {_or_zero(_MOVED)}
                - {_ENTRIES.format("", "24h")}
                - {_or_zero(_DONE)}
            """),
        ),
    ),
    alerts=(
        Alert(
            name="NurtureStepSilent",
            severity="warning",
            for_="30m",
            keep_firing_for="30m",
            expr=while_fresh(f"""
                {_ENTRIES.format(", step", "24h")} == 0
                and
                {_ENTRIES.format(", step", "30d")} > 0
                and on (program)
                sum by (program) (lifecycle_step_exits{{outcome="advanced", window="24h"}}) >= {limit.SILENT_ADVANCED}
                and on (program)
                {_UNPLACED} >= {limit.SILENT_ADVANCED}
            """),
            summary="{{ $labels.program }} / {{ $labels.step }}: nothing has entered for 24 h while others moved on",
            description=(
                "Entries in 24 h: {{ $value | humanize }}. In the same time "
                + queried('sum(lifecycle_step_exits{program=%q, outcome="advanced", window="24h"})', "program")
                + " enrollments of {{ $labels.program }} advanced from a step, and "
                + queried(f"{_UNPLACED}{{program=%q}}", "program")
                + " more of those that began or moved on than arrived in a step or completed the program."
            ),
            variables=_STEP,
        ),
        Alert(
            name="NurtureDropoutSurge",
            severity="warning",
            for_="15m",
            keep_firing_for="1h",
            expr=while_fresh(f"""
                {_DROPOUTS} >= {limit.DROPOUTS}
                and
                {_DROPOUTS} > {limit.DROPOUT_FACTOR} * {_DROPOUTS_BEFORE} / 6
                and
                {_DROPOUTS} > {_DROPOUTS_BEFORE} / 6 + {limit.SIGMAS} * sqrt({_DROPOUTS_BEFORE} / 6)
                and
                {_DROPOUTS} / {_EXITS} > {limit.DROPOUT_FACTOR} * {_DROPOUTS_BEFORE} / {_EXITS_BEFORE}
            """),
            summary="{{ $labels.program }}: {{ $value | humanize }} dropped out in 24 h",
            description=(
                "{{ $value | humanize }} exits in 24 h were drop-outs (unsubscribed, bounced, disqualified, removed, "
                "error, "
                "timeout), of "
                + queried('sum(lifecycle_step_exits{program=%q, window="24h"})', "program")
                + f" exits in all: more than {limit.DROPOUT_FACTOR} times the average of the six days before, by "
                "number and "
                "by share."
            ),
            variables=("program",),
        ),
    ),
)
