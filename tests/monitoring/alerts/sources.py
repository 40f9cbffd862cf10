"""Stories of the sources."""

from tests.monitoring.alerts.story import Story, flat, missing

TARGET = 'job="stream-app-gateway", instance="gateway:9467"'
UP = f"up{{{TARGET}}}"
THE_SOURCE = '{source="stripe"}'
MAPPED = f'stream_app_source_items_total{{{TARGET}, source="stripe", outcome="mapped"}}'
PARKED = f'stream_app_source_items_total{{{TARGET}, source="stripe", outcome="parked"}}'
REQUESTS = f'stream_app_source_requests_total{{{TARGET}, source="stripe", status="200"}}'
REFUSED = f'stream_app_source_requests_total{{{TARGET}, source="stripe", status="401"}}'
FAILURES = f'stream_app_source_signature_failures_total{{{TARGET}, source="stripe", reason="signature"}}'
LAST = f'stream_app_source_last_received_timestamp_seconds{{{TARGET}, source="stripe"}}'
OLDEST = f'stream_app_source_oldest_parked_timestamp_seconds{{{TARGET}, source="stripe"}}'
DAY, WEEKS = 24, 28 * 24


def _ack(bound: str) -> str:
    return f'stream_app_source_ack_seconds_bucket{{{TARGET}, source="stripe", le="{bound}"}}'


_ACKS = f'stream_app_source_ack_seconds_count{{{TARGET}, source="stripe"}}'

# A day of eight hours with ten items each, and sixteen without; the first day is a Thursday.
_WORKING_DAY = [0] * 9 + [10] * 8 + [0] * 7
_DAY_OFF = [0] * 24


def _rhythm(days: int, then: list[int]) -> str:
    """Return how a counter grows by the hour in office hours, and in the hours after these days."""
    hours = [each for day in range(days) for each in (_DAY_OFF if day % 7 in {2, 3} else _WORKING_DAY)] + then
    total, values = 0, [0]
    for each in hours:
        total += each
        values.append(total)
    return " ".join(map(str, values))


def _last(days: int, then: list[int]) -> str:
    """Return when something came last, by the hour."""
    counts = list(map(int, _rhythm(days, then).split()))
    at, values = 0, []
    for hour, count in enumerate(counts):
        at = hour * 3600 if hour and count != counts[hour - 1] else at
        values.append(at)
    return " ".join(map(str, values))


def _posted(days: int, then: list[int]) -> dict[str, str]:
    return {MAPPED: _rhythm(days, then), LAST: _last(days, then), UP: flat(1, days * DAY + len(then) + 1)}


SOURCES = (
    Story(
        alert="GatewayDown",
        name="fires when the only gateway does not answer",
        at="6m",
        series={UP: flat(0, 9)},
        firing="{}",
    ),
    Story(
        alert="GatewayDown",
        name="fires when the gateway is no target any more",
        at="20m",
        series={UP: f"{flat(1, 9)} stale"},
        firing="{}",
    ),
    Story(
        alert="GatewayDown",
        name="stays quiet while another gateway answers",
        at="9m",
        series={UP: flat(0, 12), UP.replace("gateway:", "other:"): flat(1, 12)},
    ),
    Story(alert="GatewayDown", name="stays quiet where nobody posts anything", at="9m", series={}),
    Story(
        alert="GatewayDown", name="stays quiet during a restart", at="9m", series={UP: f"{flat(1, 5)} 0 0 {flat(1, 9)}"}
    ),
    Story(
        alert="GatewaySlow",
        name="fires when two of a hundred requests take five seconds",
        at="25m",
        series={
            _ack("2.0"): "0+98x30",
            _ack("3.0"): "0+98x30",
            _ack("5.0"): "0+100x30",
            _ack("+Inf"): "0+100x30",
            _ACKS: "0+100x30",
        },
        firing=THE_SOURCE,
    ),
    Story(
        alert="GatewaySlow",
        name="stays quiet when one of three requests is slow",
        at="25m",
        series={_ack("2.0"): "0 0 0 2x30", _ack("5.0"): "0 0 0 3x30", _ack("+Inf"): "0 0 0 3x30", _ACKS: "0 0 0 3x30"},
    ),
    Story(
        alert="SourceSilent",
        name="fires when hours that always had ten have none",
        at="28d13h",
        step="1h",
        series=_posted(28, [0] * 14),
        firing=THE_SOURCE,
    ),
    Story(
        alert="SourceSilent",
        name="fires after four days although three weeks are not known",
        at="198h",
        step="1h",
        series=_posted(4, [0] * 110),
        firing=THE_SOURCE,
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet for five days where something comes once a week",
        at="34d",
        step="1h",
        series={
            MAPPED: " ".join(flat(week, 7 * DAY) for week in range(5)),
            LAST: " ".join(flat(week * 7 * 86400, 7 * DAY) for week in range(5)),
            UP: flat(1, 36 * DAY),
        },
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet in the night",
        at="28d6h",
        step="1h",
        series=_posted(28, [0] * 7),
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet on a weekend",
        at="30d20h",
        step="1h",
        series=_posted(30, [0] * 21),
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet where nothing was ever posted",
        at="40d",
        step="1h",
        series={MAPPED: flat(0, 40 * DAY), UP: flat(1, 40 * DAY)},
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet on the first quiet day of a new source",
        at="40h",
        step="1h",
        series=_posted(1, [0] * 20),
    ),
    Story(
        alert="SourceSilent",
        name="stays quiet when the gateway has just come back",
        at="28d13h",
        step="1h",
        series=_posted(28, [0] * 14) | {UP: f"{flat(1, WEEKS + 9)} 0 0 0 0 1 1"},
    ),
    Story(
        alert="SourceParked",
        name="fires when one item of twenty is parked",
        at="70m",
        series={MAPPED: "0+19x80", PARKED: "0+1x80"},
        firing=THE_SOURCE,
    ),
    Story(
        alert="SourceParked",
        name="stays quiet when two odd items were parked",
        at="70m",
        series={MAPPED: "0+1x80", PARKED: f"{flat(0, 40)} {flat(2, 40)}"},
    ),
    Story(
        alert="SourceParked",
        name="stays quiet when one of two hundred is parked",
        at="70m",
        series={MAPPED: "0+199x80", PARKED: "0+1x80"},
    ),
    Story(
        alert="SourceSignatureFailing",
        name="fires when every signature is refused from one minute on",
        at="30m",
        series={
            UP: flat(1, 40),
            REQUESTS: f"0+3x20 {flat(60, 20)}",
            REFUSED: f"{missing(20)} 3+3x20",
            FAILURES: f"{missing(20)} 3+3x20",
        },
        firing=THE_SOURCE,
    ),
    Story(
        alert="SourceSignatureFailing",
        name="stays quiet when somebody tries three times",
        at="30m",
        series={UP: flat(1, 40), REQUESTS: "0+3x40", FAILURES: f"{missing(20)} {flat(3, 20)}"},
    ),
    Story(
        alert="SourceSignatureFailing",
        name="stays quiet when few of many are refused",
        at="30m",
        series={UP: flat(1, 40), REQUESTS: "0+100x40", FAILURES: "0+1x40"},
    ),
    Story(
        alert="InboxExpiring",
        name="fires when the oldest parked item is 26 days old",
        at="26d12h",
        step="1h",
        series={OLDEST: flat(0, 27 * DAY)},
        firing=THE_SOURCE,
    ),
    Story(
        alert="InboxExpiring",
        name="stays quiet when it was mapped again",
        at="26d12h",
        step="1h",
        series={OLDEST: f"{flat(0, 24 * DAY)} {flat(20 * 86400, 3 * DAY)}"},
    ),
    Story(
        alert="InboxExpiring",
        name="stays quiet when nothing is parked",
        at="26d12h",
        step="1h",
        series={MAPPED: flat(9, 27 * DAY)},
    ),
)
