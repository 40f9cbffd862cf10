"""Stories played against the rules of an installation."""

from pathlib import Path

from stream_app.monitoring.alerts import ALERTING
from stream_app.render.catalog import Rendered
from tests.monitoring.alerts.stories import STORIES
from tests.monitoring.alerts.story import Story, file
from tests.monitoring.alerts.tools import run

BY_NAME = {f"{story.alert} {story.name}": story for stories in STORIES.values() for story in stories}
_GROUP_OF = {alert.name: group.name for group in ALERTING.groups for alert in group.alerts}


def judged(tmp_path: Path, story: Story, files: Rendered) -> str:
    """What promtool says of a story; nothing if all is as the story says."""
    for path, text in files.items():
        written = tmp_path / path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, "utf-8")
    played = tmp_path / "prometheus/tests/story.yml"
    played.parent.mkdir()
    played.write_text(file(_GROUP_OF[story.alert], story.step, [story]), "utf-8")
    code, said = run("promtool", "test", "rules", played)
    assert code == 0 or "FAILED" in said, said
    return said if code else ""
