"""All stories, and the files that promtool plays."""

from __future__ import annotations

from pathlib import Path

from tests.prometheus.business import CONVERT, EMAIL, EXPAND
from tests.prometheus.nurture import NURTURE
from tests.prometheus.pipeline import PIPELINE
from tests.prometheus.story import Story, file

ROOT = Path(__file__).resolve().parents[2]
STORIES: dict[str, tuple[Story, ...]] = {
    "nurture": NURTURE,
    "email": EMAIL,
    "convert": CONVERT,
    "expand": EXPAND,
    "pipeline": PIPELINE,
}


def files() -> dict[Path, str]:
    """Return every file by its path: one for each area and step, because promtool evaluates a file with one step."""
    return {
        ROOT / f"prometheus/tests/{area}-{step}.yml": file(area, step, [each for each in stories if each.step == step])
        for area, stories in STORIES.items()
        for step in sorted({each.step for each in stories})
    }
