"""promtool plays the cases in which nobody may be notified against the rendered rules."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.monitoring.alerts.stories import ROOT
from tests.monitoring.alerts.tools import run

# A month of minutes takes promtool minutes.
pytestmark = pytest.mark.slow

CASES = sorted(Path(__file__).parent.glob("*.yml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_nobody_is_notified(case: Path, tmp_path: Path) -> None:
    copytree(ROOT / "prometheus/rules", tmp_path / "rules")
    # The rules are named relative to the file.
    (tmp_path / case.name).write_text(case.read_text("utf-8"), "utf-8")
    code, said = run("promtool", "test", "rules", tmp_path / case.name)
    assert code == 0, said
