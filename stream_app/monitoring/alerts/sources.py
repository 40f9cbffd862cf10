"""What other tools post: whether it comes, is taken, and becomes events. Source: their vendors' habits of retrying."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.counters import increase
from stream_app.monitoring.alerts.same_hours import median_of_weeks, same_hours
from stream_app.spec.alert import Alert, Recording, RuleGroup, any_of, queried

GATEWAY_JOB = "stream-app-gateway"

_UP = f'up{{job="{GATEWAY_JOB}"}}'
_ITEMS = "stream_app_source_items_total"
_HOUR, _DAY = "source:stream_app_source_items:increase1h", "source:stream_app_source_items:increase1d"
_LAST = "source:stream_app_source_last_received_timestamp_seconds:max"


def _seen_for(span: str, of: str) -> str:
    """What a source has posted in a time for all of which a gateway answered."""
    return f"{of}\nand on ()\nmin_over_time((max({_UP}))[{span}:5m]) == 1"


def _before(record: str) -> str:
    return f"{record}:same_hours"


def _expected(record: str) -> str:
    return f"{record}:expected"


def _recordings(record: str, span: str) -> tuple[Recording, ...]:
    return (
        Recording(name=record, expr=_seen_for(span, f"sum by (source) (increase({_ITEMS}[{span}]))")),
        Recording(name=_before(record), expr=same_hours("min_over_time", record)),
        Recording(name=_expected(record), expr=median_of_weeks(_before(record), "source")),
    )


def _unusual(record: str) -> str:
    """Nothing came, where six times the usual gap between two items has passed: so many would be expected."""
    return f"{_age()}\nand\n{_expected(record)} >= {limit.POISSON_ZERO}\nand\n{record} == 0"


def _age() -> str:
    # A gateway that was restarted does not know when something came last.
    return f"(time() - max_over_time({_LAST}[{_LONGEST}h]))"


_LONGEST = 24 * 30
_SELDOM = 1.5
"""Items a day: 16 hours from one to the next, of which six are four days."""

_FAILURES = increase("stream_app_source_signature_failures_total", "15m")
_PARKED = f'sum by (source) (increase({_ITEMS}{{outcome="parked"}}[30m]))'
_ALL = f"sum by (source) (increase({_ITEMS}[30m]))"
_ACK = "stream_app_source_ack_seconds"
_OLDEST = "min by (source) (stream_app_source_oldest_parked_timestamp_seconds)"

SOURCES = RuleGroup(
    name="sources",
    area="pipeline",
    dashboard="stream-app-pipeline",
    interval="1m",
    recordings=(
        Recording(name=_LAST, expr="max by (source) (stream_app_source_last_received_timestamp_seconds)"),
        *_recordings(_HOUR, "1h"),
        *_recordings(_DAY, "1d"),
    ),
    alerts=(
        Alert(
            name="GatewayDown",
            severity="critical",
            for_="5m",
            keep_firing_for="2m",
            # One that is gone is no target any more, and an installation without sources has none.
            expr=f"(max(max_over_time({_UP}[1d])) == 1 or max({_UP}) == 0)\nunless on ()\nmax({_UP}) == 1",
            summary="No gateway answers",
            description=(
                "Gateways that answer: {{ with query "
                f"`sum({_UP})`"
                " }}{{ . | first | value }}{{ else }}0{{ end }}. Nobody takes what sources post. Most vendors try "
                "again for hours or days, some of them once or never."
            ),
        ),
        Alert(
            name="GatewaySlow",
            severity="warning",
            for_="10m",
            keep_firing_for="10m",
            expr=(
                f"histogram_quantile(0.99, sum by (source, le) (rate({_ACK}_bucket[10m]))) > {limit.GATEWAY_SLOW_S}\n"
                f"and\nsum by (source) (increase({_ACK}_count[10m])) >= {limit.GATEWAY_REQUESTS}"
            ),
            summary="{{ $labels.source }}: the gateway takes {{ $value | humanizeDuration }} to answer",
            description=(
                "One of a hundred requests of {{ $labels.source }} takes {{ $value | humanizeDuration }} or longer. "
                "Vendors give up after some seconds, post it again, and may switch the webhook off."
            ),
        ),
        Alert(
            name="SourceSilent",
            severity="warning",
            for_="10m",
            keep_firing_for="15m",
            expr=any_of(
                # Six usual gaps of one that posts less often are longer.
                f"{_age()} > {limit.SOURCE_SILENT_HOURS} * 3600\nunless\n{_expected(_DAY)} < {_SELDOM}\n"
                f"and on ()\nmax({_UP}) == 1",
                _unusual(_HOUR),
                _unusual(_DAY),
            ),
            summary="{{ $labels.source }}: nothing posted for {{ $value | humanizeDuration }}",
            description=(
                "{{ $labels.source }} has posted nothing for {{ $value | humanizeDuration }}; the same day of the week "
                "usually has "
                + queried(f"{_expected(_DAY)}{{source=%q}}", "source")
                + " items. Hours and days at which it was always quiet do not count."
            ),
        ),
        Alert(
            name="SourceParked",
            severity="warning",
            for_="30m",
            keep_firing_for="30m",
            expr=f"{_PARKED} / {_ALL} > {limit.PARKED_SHARE}\nand\n{_PARKED} >= {limit.PARKED}",
            summary="{{ $labels.source }}: {{ $value | humanizePercentage }} of its items are parked",
            description=(
                "{{ $value | humanizePercentage }} of what {{ $labels.source }} posted in half an hour is wanted and "
                "could not be mapped. It waits in the inbox for 30 days."
            ),
        ),
        Alert(
            name="SourceSignatureFailing",
            severity="critical",
            for_="5m",
            keep_firing_for="15m",
            expr=(
                f"sum by (source) ({_FAILURES}) >= {limit.SIGNATURE_FAILURES}\nand\n"
                f"sum by (source) ({_FAILURES})\n"
                f"/ sum by (source) (increase(stream_app_source_requests_total[15m])) > {limit.SIGNATURE_FAILURE_SHARE}"
            ),
            summary="{{ $labels.source }}: {{ $value | humanize }} requests were refused",
            description=(
                "In 15 min the signatures of {{ $value | humanize }} requests of {{ $labels.source }} were not "
                "accepted: its secret was changed, a proxy changes bodies, or somebody else posts."
            ),
        ),
        Alert(
            name="InboxExpiring",
            severity="warning",
            for_="10m",
            keep_firing_for="1h",
            expr=f"time() - {_OLDEST} > {limit.INBOX_DAYS} * 86400",
            summary="{{ $labels.source }}: parked items leave the inbox in days",
            description=(
                "The oldest item of {{ $labels.source }} that is still parked came {{ $value | humanizeDuration }} "
                "ago. The inbox keeps 30 days; what leaves it is lost."
            ),
        ),
    ),
)
