"""What the page knows at a moment of an alert's story: what is exported, and what is stored by minute, hour and day."""

import re
from itertools import takewhile

from stream_app.core.samples import Sample
from stream_app.core.windows import Clock
from stream_app.render.evaluation import EvalContext, Lookup, of_samples
from stream_app.spec.window import Grain
from tests.monitoring.alerts.story import Story, seconds


def context_of(story: Story, at: str = "") -> EvalContext:
    """What the page knows then, or when the story ends."""
    # promtool begins at the epoch.
    now = seconds(story.begins) + seconds(at or story.at)
    buckets = _stored(story, now)

    def bucket(grain: Grain, number: int) -> Lookup:
        value = buckets.get((grain, number))
        if value is None:
            return lambda *_: {}
        return lambda *_: {(("outcome", "advanced"), ("program", "welcome"), ("step", "guide")): value}

    samples = _exported(story, at or story.at)
    for window, hours in (("7d", 168), ("30d", 720)):
        first = now // 3600 - hours + 1
        known = [value for (grain, number), value in buckets.items() if grain is Grain.HOUR and number >= first]
        labels = {"program": "welcome", "step": "guide", "outcome": "advanced", "window": window}
        samples += [Sample("lifecycle_step_exits", tuple(labels.items()), sum(known))] if known else []
    lookup = of_samples(samples, {}, Clock(now * 1000, 0, 0, 0), {})
    return EvalContext(lookup, now, {}, bucket=bucket, today=now // 86_400)


def _values(notation: str) -> list[float | None]:
    """Every value of a series in the notation of promtool, None where it has none."""
    found: list[float | None] = []
    for part in notation.split():
        first, change, times = re.fullmatch(r"(_|-?[\d.]+)([+-][\d.]+)?(?:x(\d+))?", part).groups()  # type: ignore[union-attr]
        if first == "_":
            found += [None] * int(times or 1)
        else:
            found += [float(first) + float(change or 0) * place for place in range(int(times or 0) + 1)]
    return found


def _exported(story: Story, at: str) -> list[Sample]:
    found = []
    for series, notation in story.series.items():
        name, _, labels = series.removesuffix("}").partition("{")
        values = _values(notation)
        value = values[min(seconds(at) // seconds(story.step), len(values) - 1)]
        if name.startswith("lifecycle_") and value is not None:
            found.append(Sample(name, tuple(re.findall(r'(\w+)="([^"]*)"', labels)), value))
    return found


def _stored(story: Story, now: int) -> dict[tuple[Grain, int], float]:
    """How many advanced in each minute, hour and day until then."""
    # Whoever is first seen in a window of five minutes may have advanced in any of these.
    minutes = {(Grain.MINUTE, at // 60 - 4): value for at, value in _advanced(story, "5m", now)}
    hours = {(Grain.HOUR, at // 3600 - 1): value for at, value in _advanced(story, "1h", now) if at % 3600 == 0}
    days: dict[tuple[Grain, int], float] = {}
    for (_, hour), value in hours.items():
        days[Grain.DAY, hour // 24] = days.get((Grain.DAY, hour // 24), 0) + value
    return minutes | hours | days


def _advanced(story: Story, window: str, now: int) -> list[tuple[int, float]]:
    """How many had advanced within a window, by the second at which it was scraped."""
    series = f'lifecycle_step_exits{{program="welcome", step="guide", outcome="advanced", window="{window}"}}'
    begins, step = seconds(story.begins), seconds(story.step)
    scraped = ((begins + step * place, value) for place, value in enumerate(_values(story.series.get(series, ""))))
    return [(at, value or 0) for at, value in takewhile(lambda each: each[0] <= now, scraped)]
