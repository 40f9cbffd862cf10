"""Whether the numbers can be believed: how old they are, what workers do, what was refused, what sources post."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.dashboards.panels import DATA_AGE, DATA_AGE_STEPS, TOPIC, UIDS, lines, tile
from stream_app.monitoring.units import COUNT, SECONDS
from stream_app.spec.condition import Status, severity_steps
from stream_app.spec.expression import RawPromQL, series_selector
from stream_app.spec.panel import Dashboard, Row, Target

_UP = ((0, "DOWN", Status.ALARM), (1, "up", Status.GOOD))
_FRESH = ((0, "STALE", Status.ALARM), (1, "fresh", Status.GOOD))
_NONE_SO_FAR = "None so far."
_IDLE = "No worker is scraped."
_NOTHING_POSTED = "Nothing was posted."


def _query(text: str, legend: str, empty: str = _IDLE) -> Target:
    return Target(of=RawPromQL(text), legend=legend, empty=empty)


def _rate(series: str, label: str, empty: str = _NONE_SO_FAR) -> Target:
    tests = '{topic=~"$topic"}' if label == "topic" else ""
    return _query(f"sum by ({label}) (rate({series}{tests}[$__rate_interval]))", f"{{{{{label}}}}}", empty)


def _quantiles(series: str) -> tuple[Target, ...]:
    buckets = f"sum by (le) (rate({series}_bucket[$__rate_interval]))"
    return tuple(_query(f"histogram_quantile({each:g}, {buckets})", f"{each:.0%}") for each in (0.5, 0.99))


def _quantile_by_source(share: float, series: str) -> Target:
    buckets = f"sum by (source, le) (rate({series}_bucket[$__rate_interval]))"
    return _query(f"histogram_quantile({share:g}, {buckets})", f"{{{{source}}}} {share:.0%}", _NOTHING_POSTED)


_SOURCES = Row(
    title="Sources",
    height=9,
    panels=(
        lines(
            "Items posted by source and outcome",
            "",
            _query(
                "sum by (source, outcome) (rate(stream_app_source_items_total[$__rate_interval]))",
                "{{source}} {{outcome}}",
                _NOTHING_POSTED,
            ),
            unit="cps",
            description="Items a second that the gateway took, by what became of them: mapped, parked or ignored.",
        ),
        lines(
            "Time since a source posted",
            "",
            _query(
                "time() - max by (source) (stream_app_source_last_received_timestamp_seconds)",
                "{{source}}",
                _NOTHING_POSTED,
            ),
            unit=SECONDS,
            description="How long ago a gateway took something, since it was started. Before that there is no curve.",
        ),
        lines(
            "Answers of the gateway",
            "",
            _quantile_by_source(0.99, "stream_app_source_ack_seconds"),
            unit=SECONDS,
            description="From a request's headers to its answer, which comes once Kafka has it; 99 of 100 were faster.",
        ),
        lines(
            "Parked by reason",
            "",
            _query(
                "sum by (source, reason) (increase(stream_app_source_parked_total[1d]))",
                "{{source}} {{reason}}",
                "Nothing was parked.",
            ),
            unit=COUNT,
            description="Items of the last day that are wanted and could not be mapped. They wait in the inbox.",
        ),
        lines(
            "Refused signatures",
            "",
            _query(
                "sum by (source, reason) (increase(stream_app_source_signature_failures_total[1d]))",
                "{{source}} {{reason}}",
                "No signature was refused.",
            ),
            unit=COUNT,
            description="Requests of the last day whose signature was missing, wrong or too old.",
        ),
        lines(
            "From happening to receipt",
            "",
            _quantile_by_source(0.5, "stream_app_source_lateness_seconds"),
            unit=SECONDS,
            description="How late events come from a source: half of them came sooner after they had happened.",
        ),
    ),
)


PIPELINE = Dashboard(
    uid=UIDS["pipeline"],
    title="Pipeline health",
    variables=(TOPIC,),
    since="now-3h",
    description="Kafka to workers to Redis to the exporter: freshness, lag, latency, what was refused or posted.",
    rows=(
        Row(
            height=5,
            panels=(
                tile(
                    "Data age",
                    "",
                    Target(
                        of=series_selector("stream_app_data_age_seconds"), legend="age", empty="No worker has reported."
                    ),
                    unit=SECONDS,
                    steps=DATA_AGE_STEPS,
                    runbook="DataStale",
                    description=DATA_AGE,
                ),
                tile(
                    "Data",
                    "",
                    Target(of=series_selector("stream_app_data_fresh"), words=_FRESH),
                    unit="none",
                    runbook="DataStale",
                    description="Whether the numbers are current. Business alerts are silent while they are not.",
                ),
                tile(
                    "Store",
                    "",
                    Target(of=series_selector("stream_app_redis_up"), legend="{{job}} {{instance}}", words=_UP),
                    unit="none",
                    runbook="RedisDown",
                    description="Whether Redis answers the exporter and each worker.",
                ),
                tile(
                    "Broker",
                    "",
                    Target(of=series_selector("stream_app_kafka_up"), legend="{{instance}}", words=_UP, empty=_IDLE),
                    unit="none",
                    runbook="KafkaUnreachable",
                    description="Whether each worker is a member of its consumer group.",
                ),
                tile(
                    "Records behind",
                    "",
                    _query("sum(stream_app_consumer_lag)", ""),
                    unit=COUNT,
                    steps=severity_steps("warning", limit.LAG_RECORDS),
                    runbook="ConsumerLagHigh",
                    description="Records of the log that are not applied yet.",
                ),
                tile(
                    "Intake stopped",
                    "",
                    _query("count(stream_app_intake_stopped == 1)", "", "No intake is stopped."),
                    unit=COUNT,
                    empty="None",
                    steps=severity_steps("critical", 1),
                    runbook="IntakeStopped",
                    description="Topics whose intake was stopped because most of their records were rejected.",
                ),
            ),
        ),
        Row(
            title="Flow",
            height=9,
            panels=(
                lines(
                    "Events applied by topic",
                    "",
                    _rate("stream_app_events_total", "topic", _IDLE),
                    unit="cps",
                    description="Events a second that changed the numbers or were known to.",
                ),
                lines(
                    "Events applied by type",
                    "",
                    _query(
                        'sum by (type) (rate(stream_app_events_total{topic=~"$topic"}[$__rate_interval]))', "{{type}}"
                    ),
                    unit="cps",
                    description="Events a second by type.",
                ),
                lines(
                    "Records behind by topic",
                    "",
                    _query('sum by (topic) (stream_app_consumer_lag{topic=~"$topic"})', "{{topic}}"),
                    unit=COUNT,
                    runbook="ConsumerLagHigh",
                    description="Records of the log that are not applied yet.",
                ),
                lines(
                    "Age of the newest event by topic",
                    "",
                    _query(
                        'time() - max by (topic) (stream_app_last_event_timestamp_seconds{topic=~"$topic"})',
                        "{{topic}}",
                    ),
                    unit=SECONDS,
                    runbook="EventsStale",
                    description="How long ago the newest event happened, by its own time.",
                ),
            ),
        ),
        Row(
            title="Speed",
            height=9,
            panels=(
                lines(
                    "From record to number",
                    "",
                    *_quantiles("stream_app_event_latency_seconds"),
                    unit=SECONDS,
                    description="From the timestamp of a record to its commit; half, and 99 of 100, were faster.",
                ),
                lines(
                    "Commits",
                    "",
                    *_quantiles("stream_app_commit_seconds"),
                    unit=SECONDS,
                    runbook="CommitStalled",
                    description="Duration of commits, waiting for the store included.",
                ),
                lines(
                    "Batches a second",
                    "",
                    _query("sum(rate(stream_app_batches_total[$__rate_interval]))", "batches"),
                    unit="cps",
                    runbook="CommitStalled",
                    description="Batches applied; with the events it gives their size.",
                ),
                lines(
                    "Scrapes of the exporter",
                    "",
                    Target(of=series_selector("stream_app_scrape_seconds"), legend="{{instance}}"),
                    unit=SECONDS,
                    description="How long the exporter took to read and compute.",
                ),
            ),
        ),
        Row(
            title="Refused",
            height=9,
            panels=(
                lines(
                    "Rejected by cause",
                    "",
                    _query(
                        'sum by (topic, cause) (rate(stream_app_rejected_total{topic=~"$topic"}[$__rate_interval]))',
                        "{{topic}} {{cause}}",
                        _NONE_SO_FAR,
                    ),
                    unit="cps",
                    runbook="DeadLetterRatioHigh",
                    description="Records a second that went to the dead letters.",
                ),
                lines(
                    "Copies by topic",
                    "",
                    _rate("stream_app_duplicates_total", "topic"),
                    unit="cps",
                    description="Events a second that were known already and had no effect.",
                ),
                lines(
                    "Too late by topic",
                    "",
                    _rate("stream_app_too_late_total", "topic"),
                    unit="cps",
                    description="Events a second that were older than their entity's horizon and were ignored.",
                ),
                lines(
                    "Refused commits",
                    "",
                    _rate("stream_app_commit_conflicts_total", "kind", _IDLE),
                    unit="cps",
                    description="Commits per second that the ledger refused, by what was out of date. None did harm.",
                ),
                lines(
                    "Gaps of retention",
                    "",
                    _query("sum by (topic) (increase(stream_app_retention_gaps_total[1d]))", "{{topic}}", _NONE_SO_FAR),
                    unit=COUNT,
                    description="Times in a day that the log no longer had what the ledger wanted next.",
                ),
                lines(
                    "Values beyond the label limit",
                    "",
                    Target(
                        of=series_selector("stream_app_label_overflow"), legend="{{label}}", empty="Nothing is folded."
                    ),
                    unit=COUNT,
                    description="Values of a label that are summed into `other`.",
                ),
            ),
        ),
        _SOURCES,
    ),
)
