"""Whether the numbers can be believed: the store, the broker, workers, the exporter, and the alerts themselves."""

from stream_app.monitoring import thresholds as limit
from stream_app.monitoring.alerts.counters import increase
from stream_app.spec.alert import Alert, RuleGroup, any_of, queried

EXPORTER_JOB = "stream-app-exporter"
WORKER_JOB = "stream-app-worker"

_WAITS_FOR_FIRST_EVENT = (
    "(min(stream_app_kafka_up) == 1 and min(stream_app_redis_up) == 1)\n"
    "unless on () (sum(stream_app_consumer_lag) > 0 or max(stream_app_first_event_applied) == 1)"
)
"""A worker runs and reaches everything, and no record has ever come."""

_NOT_FRESH = (
    f"(stream_app_data_fresh == 0 unless on () (\n{_WAITS_FOR_FIRST_EVENT}\n))\nor absent(stream_app_data_fresh)"
)


_REJECTED = f"sum by (topic) ({increase('stream_app_rejected_total', '15m')})"
_BUGS = "sum by (topic) (" + increase('stream_app_rejected_total{cause="bug"}', "15m") + ")"
_APPLIED = "sum by (topic) (increase(stream_app_events_total[15m]))"
_DUPLICATES = "sum by (topic) (increase(stream_app_duplicates_total[15m]))"
_READ = f"({_REJECTED} + ({_APPLIED} or 0 * {_REJECTED}) + ({_DUPLICATES} or 0 * {_REJECTED}))"

PIPELINE = RuleGroup(
    name="pipeline",
    area="pipeline",
    dashboard="stream-app-pipeline",
    interval="30s",
    alerts=(
        Alert(
            name="Watchdog",
            severity="info",
            for_="0s",
            keep_firing_for="0s",
            expr="vector(1)",
            summary="Alerting works",
            description=(
                "Fires always, with value {{ $value }}. Whoever receives it raises the alarm when it stops coming: "
                "then "
                "Prometheus or Alertmanager is down."
            ),
        ),
        Alert(
            name="DataNotFresh",
            severity="warning",
            for_="1m",
            keep_firing_for="1m",
            expr=_NOT_FRESH,
            summary="The numbers are not up to date",
            description=(
                "Events in the log have not been applied for more than two minutes, or the exporter does not say. "
                "Fresh: {{ if "
                "$labels.instance }}{{ $value }}{{ else }}unknown{{ end }}; age: "
                + queried("max(stream_app_data_age_seconds)", shown="humanizeDuration")
                + ". Business alerts are muted meanwhile."
            ),
        ),
        Alert(
            name="DataStale",
            severity="critical",
            for_="15m",
            keep_firing_for="5m",
            expr=_NOT_FRESH,
            summary="The numbers have not been up to date for 15 min",
            description=(
                "Nothing says that all events are applied, for 15 min. Fresh: {{ if $labels.instance }}{{ $value "
                "}}{{ else }}"
                "unknown{{ end }}; age: "
                + queried("max(stream_app_data_age_seconds)", shown="humanizeDuration")
                + "; records waiting: "
                + queried("sum(stream_app_consumer_lag)")
                + ". No business alert can fire."
            ),
        ),
        Alert(
            name="ExporterDown",
            severity="critical",
            for_="2m",
            keep_firing_for="2m",
            expr=any_of(f'up{{job="{EXPORTER_JOB}"}} == 0', f'absent(up{{job="{EXPORTER_JOB}"}})'),
            summary="The exporter does not answer",
            description=(
                "Prometheus cannot scrape the exporter {{ $labels.instance }} (up: {{ if $labels.instance }}{{ "
                "$value }}{{ else }}"
                "not configured{{ end }}): dashboards are empty and business alerts are blind."
            ),
        ),
        Alert(
            name="TwoExporters",
            severity="warning",
            for_="5m",
            keep_firing_for="5m",
            expr="max(stream_app_exporters) > 1",
            summary="{{ $value | humanize }} exporters of one namespace are scraped",
            description=(
                "{{ $value | humanize }} exporters export the same numbers. Our rules and dashboards count a series "
                "once; every other query that sums them is too high."
            ),
        ),
        Alert(
            name="WorkersDown",
            severity="critical",
            for_="2m",
            keep_firing_for="2m",
            expr=f'absent(up{{job="{WORKER_JOB}"}} == 1)',
            summary="No worker answers",
            description=(
                "Workers that answer: {{ with query "
                f'`sum(up{{job="{WORKER_JOB}"}})`'
                " }}{{ . | first | value }}{{ else }}0{{ end }}. Events wait in Kafka; nothing is lost while its "
                "retention lasts."
            ),
        ),
        Alert(
            name="RedisDown",
            severity="critical",
            for_="1m",
            keep_firing_for="2m",
            expr="stream_app_redis_up == 0",
            summary="{{ $labels.job }} {{ $labels.instance }} cannot reach Redis",
            description=(
                "stream_app_redis_up is {{ $value }} at {{ $labels.instance }}. Workers wait and lose nothing; the "
                "exporter has no "
                "numbers."
            ),
        ),
        Alert(
            name="StoreUnsafe",
            severity="critical",
            for_="0s",
            keep_firing_for="2m",
            expr="stream_app_store_unsafe == 1",
            summary="Worker {{ $labels.instance }} stands still: Redis may evict what numbers rest on",
            description=(
                "stream_app_store_unsafe is {{ $value }} at {{ $labels.instance }}: maxmemory-policy is not "
                "noeviction. Events wait in Kafka and nothing is lost; set it, and the worker goes on by itself."
            ),
        ),
        Alert(
            name="KafkaUnreachable",
            severity="critical",
            for_="5m",
            keep_firing_for="2m",
            expr="stream_app_kafka_up == 0",
            summary="Worker {{ $labels.instance }} is out of its consumer group",
            description=(
                "stream_app_kafka_up is {{ $value }} at {{ $labels.instance }} for 5 min: no broker answers, or the "
                "group does not "
                "come to rest. New events cannot be seen, so the age of the data may look better than it is."
            ),
        ),
        Alert(
            name="CommitStalled",
            severity="critical",
            for_="5m",
            keep_firing_for="2m",
            expr="""
                sum by (topic) (stream_app_consumer_lag) > 0
                and on ()
                sum(increase(stream_app_batches_total[10m])) == 0
            """,
            summary="{{ $labels.topic }}: events wait, and no worker applies any",
            description=(
                "{{ $value | humanize }} records of {{ $labels.topic }} wait, and no batch was applied in 10 min. "
                "Refused commits "
                "in that time: " + queried("sum(increase(stream_app_commit_conflicts_total[10m]))") + "."
            ),
        ),
        Alert(
            name="ConsumerLagHigh",
            severity="warning",
            for_="10m",
            keep_firing_for="5m",
            expr=f"sum by (topic) (stream_app_consumer_lag) > {limit.LAG_RECORDS}",
            summary="{{ $labels.topic }}: {{ $value | humanize }} events wait",
            description=(
                "{{ $value | humanize }} records of {{ $labels.topic }} are not applied, for 10 min; applied per "
                "second: " + queried("sum(rate(stream_app_events_total{topic=%q}[5m]))", "topic") + "."
            ),
        ),
        Alert(
            name="DeadLetterRatioHigh",
            severity="warning",
            for_="1m",
            keep_firing_for="15m",
            expr=f"""
                {_REJECTED} / {_READ} > {limit.REJECTED_SHARE}
                and
                {_REJECTED} >= {limit.REJECTED}
            """,
            summary="{{ $labels.topic }}: {{ $value | humanizePercentage }} of the events are rejected",
            description=(
                "{{ $value | humanizePercentage }} of the records of {{ $labels.topic }} in 15 min went to the dead "
                "letters. Since "
                "the workers started: " + queried("sum(stream_app_rejected_total{topic=%q})", "topic") + "."
            ),
        ),
        Alert(
            name="RecordNotApplied",
            severity="warning",
            for_="0s",
            keep_firing_for="1h",
            expr=f"{_BUGS} > 0",
            summary="{{ $labels.topic }}: {{ $value | humanize }} events could not be applied",
            description=(
                "{{ $value | humanize }} events of {{ $labels.topic }} keep the contract and could not be applied "
                "within 15 min: a bug, or a sum beyond 2^53. They are among the dead letters; the numbers lack them."
            ),
            variables=("topic",),
        ),
        Alert(
            name="IntakeStopped",
            severity="critical",
            for_="0s",
            keep_firing_for="2m",
            expr="max by (topic) (stream_app_intake_stopped) == 1",
            summary="{{ $labels.topic }}: intake stopped, most records were rejected",
            description=(
                "stream_app_intake_stopped is {{ $value }} for {{ $labels.topic }}: a producer sends records that are "
                "not valid, and its events wait in Kafka until it is fixed and the workers are restarted with "
                "STREAM_APP_FLOOD_RATIO=1."
            ),
        ),
        Alert(
            name="EventsLost",
            severity="critical",
            for_="0s",
            keep_firing_for="6h",
            expr=f"sum by (topic) ({increase('stream_app_retention_gaps_total', '15m')}) > 0",
            summary="{{ $labels.topic }}: Kafka dropped events before they were applied",
            description=(
                "{{ $value | humanize }} times in 15 min, the log of {{ $labels.topic }} no longer had what the "
                "ledger wanted next. "
                "Its retention is shorter than the workers were away; the numbers miss these events."
            ),
        ),
    ),
)
