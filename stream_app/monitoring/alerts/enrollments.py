"""Programs that enroll nobody any more."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.same_hours import median_of_weeks, same_hours
from stream_app.spec.alert import Alert, Recording, RuleGroup, while_fresh

_ENROLLED = "program_window:lifecycle_program_enrollments:sum"
_ENROLLED_BEFORE = "program_window_week:lifecycle_program_enrollments:same_hours"
_ENROLLED_USUALLY = "program_window:lifecycle_program_enrollments:expected"

ENROLLMENTS = RuleGroup(
    name="enrollments",
    area="nurture",
    dashboard="stream-app-nurture",
    interval="1m",
    recordings=(
        Recording(
            name=_ENROLLED,
            expr=while_fresh('sum by (program, window) (lifecycle_program_enrollments{window=~"1h|24h"})'),
        ),
        Recording(name=_ENROLLED_BEFORE, expr=same_hours("min_over_time", _ENROLLED)),
        Recording(name=_ENROLLED_USUALLY, expr=median_of_weeks(_ENROLLED_BEFORE, "program, window")),
    ),
    alerts=(
        Alert(
            name="ProgramStoppedEnrolling",
            severity="critical",
            for_="10m",
            keep_firing_for="15m",
            expr=while_fresh(f"""
                {_ENROLLED_USUALLY} >= {limit.POISSON_ZERO}
                and
                {_ENROLLED} == 0
            """),
            summary="{{ $labels.program }} has enrolled nobody for {{ $labels.window }}",
            description=(
                "No enrollment in {{ $labels.program }} for {{ $labels.window }}, where {{ $value | humanize }} were "
                "expected from "
                f"the same hours of the last four weeks. With {limit.POISSON_ZERO} expected, none at all is chance "
                "once in a "
                "thousand."
            ),
            variables=("program",),
        ),
    ),
)
