"""A story of an alert: what Prometheus sees, and whether somebody is told. promtool plays them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FRESH = "stream_app_data_fresh"


@dataclass(frozen=True, kw_only=True)
class Story:
    """`series` maps a series to its values, one every `step` (the last goes on to the end).

    `firing` are the labels under which the alert fires at `at` (besides
    its own); nothing if it must not. The data is fresh
    unless the story says otherwise. `begins` is when the first sample is scraped: 0 is a Thursday, 00:00 UTC; `at`
    counts from there.
    """

    alert: str
    name: str
    series: dict[str, str]
    at: str
    step: str = "1m"
    firing: str | None = None
    begins: str = "0m"


def flat(value: float, samples: int) -> str:
    """Return so many equal samples."""
    return f"{value:g}x{samples - 1}"


def missing(samples: int) -> str:
    """Return so many scrapes that never took place."""
    return f"_x{samples}"


_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Return the length of a duration such as `28d1h`."""
    total, number = 0, ""
    for character in duration:
        if character.isdigit():
            number += character
        else:
            total, number = total + int(number) * _SECONDS[character], ""
    return total


def file(group: str, step: str, stories: Iterable[Story]) -> str:
    """Return the promtool file of the stories of a group of rules with one step."""
    head = (
        "# Written by `python -m tests.monitoring.alerts` from the stories beside it; changes go there.",
        f"rule_files: [../rules/{group}.yml]",
        f"evaluation_interval: {step}",
        "tests:",
    )
    return "\n".join((*head, *(line for story in stories for line in _test(story)))) + "\n"


def _test(story: Story) -> Iterator[str]:
    yield f"  - name: {json.dumps(f'{story.alert} {story.name}')}"
    yield f"    interval: {story.step}"
    yield "    input_series:"
    samples = seconds(story.at) // seconds(story.step) + 1
    before = seconds(story.begins) // seconds(story.step)
    unseen = f"{missing(before)} " if before else ""
    for series, values in ({FRESH: flat(1, samples)} | story.series).items():
        if values:
            yield f"      - {{series: {json.dumps(series)}, values: {json.dumps(unseen + values)}}}"
    yield "    promql_expr_test:"
    yield f"      - expr: count without (alertname, alertstate, area, severity) (ALERTS{_matchers(story)})"
    yield f"        eval_time: {story.at if not before else f'{(seconds(story.begins) + seconds(story.at)) // 60}m'}"
    if story.firing is None:
        yield "        exp_samples: []"
    else:
        yield f"        exp_samples: [{{labels: {json.dumps(story.firing)}, value: 1}}]"


def _matchers(story: Story) -> str:
    return f'{{alertname="{story.alert}", alertstate="firing"}}'
