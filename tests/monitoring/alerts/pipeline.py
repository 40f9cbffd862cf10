"""Stories of the pipeline."""

from tests.monitoring.alerts.story import FRESH, Story, flat, missing

EXPORTER = 'up{job="stream-app-exporter", instance="exporter:9464"}'
ONE, TWO = (f'job="stream-app-worker", instance="{name}:9465"' for name in ("one", "two"))
TOPIC = 'topic="lifecycle.lead"'
THE_TOPIC = f"{{{TOPIC}}}"
REJECTED = f'stream_app_rejected_total{{{ONE}, {TOPIC}, cause="schema"}}'
EVENTS = f'stream_app_events_total{{{ONE}, {TOPIC}, type="lead.created"}}'
NEWEST = f"stream_app_last_event_timestamp_seconds{{{ONE}, {TOPIC}}}"
LAG, BATCHES = f"stream_app_consumer_lag{{{ONE}, {TOPIC}}}", f"stream_app_batches_total{{{ONE}}}"
GAPS = f"stream_app_retention_gaps_total{{{ONE}, {TOPIC}}}"
UP = f"up{{{ONE}}}"
APPLIED = "stream_app_first_event_applied"
KAFKA_UP = f"stream_app_kafka_up{{{ONE}}}"
INSTALLED = {
    KAFKA_UP: flat(1, 21),
    LAG: flat(0, 21),
    'stream_app_redis_up{job="stream-app-exporter"}': flat(1, 21),
}
UNSEEN: dict[str, str] = {FRESH: ""}

FOUR_WEEKS = 28 * 24
# Twelve events an hour for four weeks, then none.
RHYTHM = {
    EVENTS: f"0+12x{FOUR_WEEKS} {flat(12 * FOUR_WEEKS, 9)}",
    NEWEST: f"0+3600x{FOUR_WEEKS} {flat(3600 * FOUR_WEEKS, 9)}",
}
AWAY = f"{missing(40)}"

_BUGS = f'stream_app_rejected_total{{{ONE}, {TOPIC}, cause="bug"}}'

PIPELINE = (
    Story(
        alert="RecordNotApplied",
        name="fires at the first event that cannot be applied",
        at="20m",
        series={UP: flat(1, 21), _BUGS: f"{missing(17)} 1 1 1 1"},
        firing=THE_TOPIC,
    ),
    Story(
        alert="RecordNotApplied",
        name="ends after an hour without another",
        at="110m",
        series={UP: flat(1, 111), _BUGS: f"{missing(17)} {flat(1, 94)}"},
    ),
    Story(
        alert="RecordNotApplied",
        name="stays quiet at events that break the contract",
        at="20m",
        series={UP: flat(1, 21), REJECTED: "0+5x20"},
    ),
    Story(alert="Watchdog", name="fires always", at="1m", series={}, firing="{}"),
    Story(alert="DataNotFresh", name="fires when the data is stale", at="2m", series={FRESH: flat(0, 9)}, firing="{}"),
    Story(alert="DataNotFresh", name="fires when nobody says how fresh it is", at="2m", series=UNSEEN, firing="{}"),
    Story(alert="DataNotFresh", name="stays quiet while it is fresh", at="9m", series={}),
    Story(
        alert="DataNotFresh",
        name="stays quiet when one scrape fails",
        at="3m",
        series={FRESH: f"{flat(1, 3)} stale 1 1"},
    ),
    Story(
        alert="DataStale", name="fires after a quarter of an hour", at="16m", series={FRESH: flat(0, 30)}, firing="{}"
    ),
    *(
        Story(
            alert=alert,
            name=f"stays quiet before the first event: {name}",
            at="20m",
            series={FRESH: flat(0, 21), **INSTALLED, **more},
        )
        for alert in ("DataNotFresh", "DataStale")
        for name, more in (("known", {APPLIED: flat(0, 21)}), ("unknown", {}))
    ),
    *(
        Story(
            alert="DataStale",
            name=f"fires {name}",
            at="20m",
            series={FRESH: flat(0, 21), **INSTALLED, **more},
            firing="{}",
        )
        for name, more in (
            ("after the first event", {APPLIED: flat(1, 21)}),
            ("while the first event waits", {LAG: flat(1, 21)}),
            ("before the first event without a broker", {KAFKA_UP: flat(0, 21)}),
            ("before the first event without a worker", {KAFKA_UP: ""}),
        )
    ),
    Story(alert="DataStale", name="fires without an exporter", at="16m", series=UNSEEN, firing="{}"),
    Story(alert="DataStale", name="stays quiet during an update of ten minutes", at="14m", series={FRESH: flat(0, 30)}),
    Story(
        alert="ExporterDown",
        name="fires when it cannot be scraped",
        at="5m",
        series={EXPORTER: flat(0, 9)},
        firing='{job="stream-app-exporter", instance="exporter:9464"}',
    ),
    Story(
        alert="ExporterDown",
        name="fires when it is not scraped at all",
        at="5m",
        series={},
        firing='{job="stream-app-exporter"}',
    ),
    Story(alert="ExporterDown", name="stays quiet while it answers", at="5m", series={EXPORTER: flat(1, 9)}),
    Story(alert="ExporterDown", name="stays quiet during a restart", at="4m", series={EXPORTER: "1 1 1 0 0 1"}),
    Story(
        alert="TwoExporters",
        name="fires when two are scraped for longer than a restart takes",
        at="10m",
        series={"stream_app_exporters": flat(2, 11)},
        firing="{}",
    ),
    Story(
        alert="TwoExporters",
        name="stays quiet while there is one",
        at="10m",
        series={"stream_app_exporters": flat(1, 11)},
    ),
    Story(
        alert="TwoExporters",
        name="stays quiet while a killed one still counts",
        at="10m",
        series={"stream_app_exporters": "1 1 1 2 2 2 1 1 1 1 1"},
    ),
    Story(
        alert="WorkersDown",
        name="fires when none answers",
        at="5m",
        series={UP: flat(0, 9), f"up{{{TWO}}}": flat(0, 9)},
        firing="{}",
    ),
    Story(
        alert="WorkersDown",
        name="stays quiet while one of two does",
        at="5m",
        series={UP: flat(1, 9), f"up{{{TWO}}}": flat(0, 9)},
    ),
    Story(
        alert="RedisDown",
        name="fires for whom it does not answer",
        at="3m",
        series={f"stream_app_redis_up{{{ONE}}}": flat(0, 9), f"stream_app_redis_up{{{TWO}}}": flat(1, 9)},
        firing=f"{{{ONE}}}",
    ),
    Story(
        alert="RedisDown",
        name="stays quiet at a hiccup",
        at="4m",
        series={f"stream_app_redis_up{{{ONE}}}": "1 1 1 1 0 1"},
    ),
    Story(
        alert="StoreUnsafe",
        name="fires at once, for who stands still",
        at="1m",
        series={f"stream_app_store_unsafe{{{ONE}}}": flat(1, 9), f"stream_app_store_unsafe{{{TWO}}}": flat(0, 9)},
        firing=f"{{{ONE}}}",
    ),
    Story(
        alert="StoreUnsafe",
        name="stays quiet while nothing can be evicted",
        at="5m",
        series={f"stream_app_store_unsafe{{{ONE}}}": flat(0, 9)},
    ),
    Story(
        alert="KafkaUnreachable",
        name="fires after five minutes",
        at="6m",
        series={f"stream_app_kafka_up{{{ONE}}}": flat(0, 9)},
        firing=f"{{{ONE}}}",
    ),
    Story(
        alert="KafkaUnreachable",
        name="stays quiet during a rebalance",
        at="5m",
        series={f"stream_app_kafka_up{{{ONE}}}": "1 0 0 0 0 1"},
    ),
    Story(
        alert="CommitStalled",
        name="fires when events wait and none is applied",
        at="20m",
        series={LAG: flat(100, 30), BATCHES: flat(50, 30)},
        firing=THE_TOPIC,
    ),
    Story(
        alert="CommitStalled",
        name="stays quiet at night when nothing waits",
        at="20m",
        series={LAG: flat(0, 30), BATCHES: flat(50, 30)},
    ),
    Story(
        alert="CommitStalled",
        name="stays quiet while it catches up",
        at="20m",
        series={LAG: flat(9000, 30), BATCHES: "0+1x30"},
    ),
    Story(
        alert="CommitStalled",
        name="stays quiet after a restart of Prometheus",
        at="1h3m",
        series={
            LAG: f"{flat(9, 10)} {missing(50)} {flat(9, 9)}",
            BATCHES: f"{flat(50, 10)} {missing(50)} {flat(50, 9)}",
        },
    ),
    Story(
        alert="ConsumerLagHigh",
        name="fires after ten minutes",
        at="12m",
        firing=THE_TOPIC,
        series={LAG: flat(6000, 30), f"stream_app_consumer_lag{{{TWO}, {TOPIC}}}": flat(6000, 30)},
    ),
    Story(alert="ConsumerLagHigh", name="stays quiet when few wait", at="12m", series={LAG: flat(6000, 30)}),
    Story(
        alert="ConsumerLagHigh",
        name="stays quiet when a burst is gone soon",
        at="12m",
        series={LAG: f"{flat(90_000, 6)} {flat(0, 9)}"},
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="fires when a third is rejected",
        at="20m",
        series={REJECTED: "0+5x30", EVENTS: "0+10x30", UP: flat(1, 31)},
        firing=THE_TOPIC,
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="fires at the first rejections ever",
        at="33m",
        series={REJECTED: f"{missing(30)} {flat(20, 9)}", EVENTS: "0+10x40", UP: flat(1, 40)},
        firing=THE_TOPIC,
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="fires when a topic holds nothing else",
        at="33m",
        series={REJECTED: f"{missing(30)} {flat(20, 9)}", UP: flat(1, 40)},
        firing=THE_TOPIC,
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="stays quiet at one of two hundred",
        at="20m",
        series={REJECTED: "0+1x30", EVENTS: "0+200x30", UP: flat(1, 31)},
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="stays quiet on a quiet night with five bad ones",
        at="33m",
        series={REJECTED: f"{missing(30)} {flat(5, 9)}", EVENTS: "0+1x40", UP: flat(1, 40)},
    ),
    Story(
        alert="DeadLetterRatioHigh",
        name="stays quiet after a restart of Prometheus",
        at="55m",
        series={
            REJECTED: f"{flat(5000, 10)} {AWAY} {flat(5000, 9)}",
            UP: f"{flat(1, 10)} {AWAY} {flat(1, 9)}",
            EVENTS: "0+10x60",
        },
    ),
    Story(
        alert="IntakeStopped",
        name="fires at once",
        at="1m",
        firing=THE_TOPIC,
        series={f"stream_app_intake_stopped{{{ONE}, {TOPIC}}}": flat(1, 9)},
    ),
    Story(
        alert="IntakeStopped",
        name="stays quiet while everything is taken in",
        at="1m",
        series={f"stream_app_intake_stopped{{{ONE}, {TOPIC}}}": flat(0, 9)},
    ),
    Story(
        alert="EventsLost",
        name="fires at the first gap ever",
        at="31m",
        firing=THE_TOPIC,
        series={GAPS: f"{missing(30)} {flat(1, 9)}", UP: flat(1, 40)},
    ),
    Story(
        alert="EventsLost",
        name="stays quiet about a gap of last week",
        at="31m",
        series={GAPS: flat(1, 40), UP: flat(1, 40)},
    ),
    Story(
        alert="EventsLost",
        name="stays quiet after a restart of Prometheus",
        at="55m",
        series={GAPS: f"{flat(1, 10)} {AWAY} {flat(1, 9)}", UP: f"{flat(1, 10)} {AWAY} {flat(1, 9)}"},
    ),
)

_SKEW = f"stream_app_clock_skew_seconds{{{ONE}, {TOPIC}}}"

EVENTS_STALE = (
    Story(
        alert="ProducerClockAhead",
        name="fires when one of many producers is half an hour ahead",
        at="12m",
        series={_SKEW: "0 1800 0 0 0 1790 0 0 0 1795 0 0 0"},
        firing=THE_TOPIC,
    ),
    Story(
        alert="ProducerClockAhead",
        name="stays quiet when clocks differ by half a minute",
        at="20m",
        series={_SKEW: flat(30, 21)},
    ),
    Story(
        alert="ProducerClockAhead",
        name="stays quiet in the first minutes",
        at="4m",
        series={_SKEW: flat(1800, 5)},
    ),
    Story(
        alert="EventsStale",
        name="fires when a topic has been quiet for longer than a long weekend",
        at="98h",
        step="1h",
        series={NEWEST: flat(0, 99)},
        firing=THE_TOPIC,
    ),
    Story(
        alert="EventsStale",
        name="fires although the worker was restarted since",
        at="98h",
        step="1h",
        series={NEWEST: f"{flat(0, 40)} stale"},
        firing=THE_TOPIC,
    ),
    Story(
        alert="EventsStale",
        name="fires in an hour that always had events",
        at="28d2h",
        step="1h",
        series=RHYTHM,
        firing=THE_TOPIC,
    ),
    Story(
        alert="EventsStale",
        name="stays quiet on a weekend",
        at="64h",
        step="1h",
        series={NEWEST: flat(0, 99)},
    ),
    Story(
        alert="EventsStale",
        name="stays quiet at night",
        at="28d2h",
        step="1h",
        series=RHYTHM
        | {
            EVENTS: " ".join(f"{flat(week, 5)} {flat(week + 1, 163)}" for week in range(4)) + f" {flat(4, 3)}",
        },
    ),
    Story(
        alert="EventsStale",
        name="stays quiet after a restart of Prometheus",
        at="28d3h",
        step="1h",
        series={series: values.replace(" ", " _ ") for series, values in RHYTHM.items()}
        | {FRESH: f"{flat(1, FOUR_WEEKS + 1)} _ 1 1"},
    ),
    Story(
        alert="EventsStale",
        name="stays quiet while the data is stale",
        at="28d2h",
        step="1h",
        series=RHYTHM | {FRESH: f"{flat(1, FOUR_WEEKS + 2)} {flat(0, 9)}"},
    ),
)
