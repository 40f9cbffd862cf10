"""What the numbers must be."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from stream_app.catalog.ratios import RATIOS
from tests.oracle import recount
from tests.system.event_sets import Envelope, EventSet
from tests.system.installation import DeadLetter, Installation, Series

# The recount is one of sections A, B and C. These are the rest: section D, and what describes series.
_NOT_RECOUNTED = frozenset(ratio.series for ratio in RATIOS) | {"lifecycle_metric_info"}


def expected(events: Iterable[Envelope], as_of: datetime, timezone: str = "UTC") -> dict[Series, float]:
    """Return what the recount counts; what is zero is left out."""
    counted = recount(events, as_of=as_of, timezone=timezone)
    assert not {name for name, _ in counted} & _NOT_RECOUNTED
    return not_zero(counted)


def not_zero(samples: Mapping[Series, float]) -> dict[Series, float]:
    """Leave out what is zero, and what nobody recounts."""
    return {key: value for key, value in samples.items() if value and key[0] not in _NOT_RECOUNTED}


def differences(shown: Mapping[Series, float], counted: Mapping[Series, float]) -> list[str]:
    """Say where two sets of samples differ, a line each."""
    keys = sorted(shown.keys() | counted.keys(), key=lambda key: (key[0], sorted(key[1])))
    return [
        f"{name}{dict(sorted(labels))}: shown {shown.get((name, labels))}, counted {counted.get((name, labels))}"
        for name, labels in keys
        if shown.get((name, labels)) != counted.get((name, labels))
    ]


def assert_exact(
    installation: Installation, events: Iterable[Envelope], *moments: datetime, timezone: str = "UTC"
) -> None:
    """Hold every sample of `kpis` against the recount."""
    all_events = list(events)
    for moment in moments:
        counted = expected(all_events, moment, timezone)
        shown = not_zero(installation.kpis(moment, timezone=timezone))
        assert counted
        different = differences(shown, counted)
        assert not different, f"{len(different)} samples differ at {moment}:\n" + "\n".join(different[:40])


def assert_rejected(installation: Installation, event_set: EventSet) -> None:
    """Hold the dead letters against what was bad, by place, cause and content."""
    assert installation.dead_letters() == rejected(installation, event_set.bad)


def rejected(installation: Installation, bad: Mapping[bytes, str]) -> set[DeadLetter]:
    """Return the dead letters that the topics' records call for."""
    from tests.system.installation import DeadLetter  # noqa: PLC0415

    return {
        DeadLetter(topic, record.partition, record.offset, bad[value], value)
        for topic in installation.topics
        for record in installation.cluster.read(topic)
        if (value := record.value or b"") in bad
    }
