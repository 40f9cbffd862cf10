"""Topics that have fallen silent."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.same_hours import median_of_weeks, same_hours
from stream_app.spec.alert import Alert, Recording, RuleGroup, any_of, queried, while_fresh
from stream_app.spec.threshold import Threshold

_FRESH = "pipeline:stream_app_data_fresh:min"
_EVENTS = "topic:stream_app_events:increase1h"
_EVENTS_BEFORE = "topic_week:stream_app_events:same_hours"
_EVENTS_USUALLY = "topic:stream_app_events:expected1h"
_NEWEST = "topic:stream_app_last_event_timestamp_seconds:max"


_LONGEST = max(each.default for each in limit.SILENT_HOURS.values())

# A worker that was restarted has no newest event yet, so the look goes back as far as the longest silence.
_SILENCE = f"(time() - max_over_time({_NEWEST}[{_LONGEST + 24}h]))"


def _silent(topic: str, hours: Threshold) -> str:
    age = f'(time() - max_over_time({_NEWEST}{{topic=~".+[.]{topic}"}}[{_LONGEST + 24}h]))'
    return f"{age} > {hours} * 3600"


# Counters carry over a gap, but when an hour ago was not seen, the hour since was not either.
_UNUSUAL_SILENCE = f"""\
{_SILENCE}
and
{_EVENTS_USUALLY} >= {limit.POISSON_ZERO}
unless
{_EVENTS} > 0
and on ()
({_FRESH} offset 1h) == 1"""


EVENTS = RuleGroup(
    name="events",
    area="pipeline",
    dashboard="stream-app-pipeline",
    interval="1m",
    recordings=(
        Recording(name=_FRESH, expr="min(stream_app_data_fresh)"),
        Recording(name=_NEWEST, expr="max by (topic) (stream_app_last_event_timestamp_seconds)"),
        Recording(name=_EVENTS, expr=while_fresh("sum by (topic) (increase(stream_app_events_total[1h]))")),
        Recording(name=_EVENTS_BEFORE, expr=same_hours("min_over_time", _EVENTS)),
        Recording(name=_EVENTS_USUALLY, expr=median_of_weeks(_EVENTS_BEFORE, "topic")),
    ),
    alerts=(
        Alert(
            name="EventsStale",
            severity="warning",
            for_="10m",
            keep_firing_for="15m",
            expr=while_fresh(any_of(*(_silent(*each) for each in limit.SILENT_HOURS.items()), _UNUSUAL_SILENCE)),
            summary="{{ $labels.topic }}: no event for {{ $value | humanizeDuration }}",
            description=(
                "The newest event of {{ $labels.topic }} is {{ $value | humanizeDuration }} old, and all that is in "
                "the log is "
                "applied: longer than this topic is ever silent, or an hour in which the last four weeks had "
                + queried(f"{_EVENTS_USUALLY}{{topic=%q}}", "topic")
                + " events."
            ),
        ),
        Alert(
            name="ProducerClockAhead",
            severity="warning",
            for_="5m",
            keep_firing_for="15m",
            # Records of other producers come between.
            expr=(f"max by (topic) (max_over_time(stream_app_clock_skew_seconds[10m])) > {limit.CLOCK_AHEAD_S}"),
            summary="{{ $labels.topic }}: records are {{ $value | humanizeDuration }} ahead of the clock",
            description=(
                "Records of {{ $labels.topic }} bear timestamps that are {{ $value | humanizeDuration }} ahead of the "
                "clock of the worker that reads them: the clock of a producer or broker is fast, or that of the worker "
                "slow. Events are judged by the timestamps of their records: with a fast clock their windows begin too "
                "early."
            ),
            variables=("topic",),
        ),
    ),
)
