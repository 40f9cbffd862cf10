"""All stories, and the files that promtool plays."""

from pathlib import Path

from tests.monitoring.alerts.business import CONVERT, EMAIL, EXPAND
from tests.monitoring.alerts.nurture import ENROLLING, PROGRAMS, STEPS
from tests.monitoring.alerts.pipeline import EVENTS_STALE, PIPELINE
from tests.monitoring.alerts.sources import SOURCES
from tests.monitoring.alerts.story import Story, file

ROOT = Path(__file__).resolve().parents[3]
STORIES: dict[str, tuple[Story, ...]] = {
    "steps": STEPS,
    "programs": PROGRAMS,
    "enrollments": ENROLLING,
    "email": EMAIL,
    "convert": CONVERT,
    "expand": EXPAND,
    "events": EVENTS_STALE,
    "sources": SOURCES,
    "pipeline": PIPELINE,
}


def files() -> dict[Path, str]:
    """Return every file by its path: one for each group and step, because promtool evaluates a file with one step."""
    return {
        ROOT / f"prometheus/tests/{group}-{step}.yml": file(
            group, step, [each for each in stories if each.step == step]
        )
        for group, stories in STORIES.items()
        for step in sorted({each.step for each in stories})
    }
