"""A step stalls before a real Prometheus that scrapes the real exporter: somebody is told, until it moves again."""

import re
from pathlib import Path
from typing import Any

import pytest

from stream_app.clients.settings import Settings
from tests.monitoring.alerts.accelerated import Company, accelerated, accelerated_prometheus, accelerated_rules
from tests.monitoring.dashboards.site import PROMETHEUS, exporter

ALERT = "NurtureStepBlocked"
STALLED = ("welcome", "guide")
BUSY = {("welcome", "hello"), STALLED}
WAITING = ("onboarding", "wait")

# Ten minutes longer than the alert needs to see: only that those who fell due left in time keeps it away.
COULD_FIRE = accelerated("""
    max by (program, step) (lifecycle_step_due{window="1h"}) >= 5
    and
    count_over_time(program_step:lifecycle_step_overdue:max[40m:5m]) >= 8
""")
# Over a while, because a scrape that comes too late on a busy machine must not hide a series.
IN_STEP = "max_over_time(lifecycle_step_balance[1h]) > 100"
JUDGED = "count_over_time(program_step:lifecycle_step_overdue:max[1h])"
DESCRIPTION = r"step guide of welcome, .* Past due now: \d+ of \d+ in the step\."


def _steps(samples: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["metric"]["program"], each["metric"]["step"]) for each in samples}


@pytest.mark.slow
@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus on this machine: apt-get install prometheus")
def test_a_stalled_step_alone_is_named_and_only_while_it_stalls(redis_url: str, namespace: str, tmp_path: Path) -> None:
    settings = Settings.load(redis_url=redis_url, namespace=namespace)
    company = Company(settings)
    with (
        exporter(settings, lambda: company.now) as port,
        accelerated_prometheus(tmp_path, port, accelerated_rules(ALERT)) as watch,
    ):

        def states() -> list[str]:
            return [each["state"] for each in watch.alerts(ALERT)]

        def ever(state: str) -> set[tuple[str, str]]:
            return _steps(watch.instant(f'count_over_time(ALERTS{{alertname="{ALERT}", alertstate="{state}"}}[1h])'))

        company.until(
            lambda: _steps(watch.instant(COULD_FIRE)) == BUSY, "Prometheus has seen enough of the busy steps to judge"
        )
        assert ever("pending") == ever("firing") == set()

        company.stalled = True
        company.until(lambda: states() == ["firing"], "the alert fires")
        assert ever("pending") == {STALLED}
        alert = watch.alerts(ALERT)[0]
        assert (alert["labels"]["program"], alert["labels"]["step"]) == STALLED
        assert re.search(DESCRIPTION, alert["annotations"]["description"])

        company.stalled = False
        company.until(lambda: not states(), "the alert clears")
        assert ever("pending") == ever("firing") == {STALLED}

        # Those who wait for seven days were many, and the alert knew of them.
        assert WAITING in _steps(watch.instant(IN_STEP))
        assert WAITING in _steps(watch.instant(JUDGED))
