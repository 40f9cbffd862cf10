"""The recipe "Add an alert" of CONTRIBUTING.md: more detractors than promoters."""

from pathlib import Path

from tests.monitoring.alerts.tools import run
from tests.recipes.tree import Tree, steps

RECIPE = "Add an alert"
NAME = "NpsNegative"

LIMIT = '''NPS_NEGATIVE = 0
"""Points below which there are more detractors than promoters."""

'''
ALERT = f"""        Alert(
            name="{NAME}",
            severity="info",
            for_="6h",
            keep_firing_for="1d",
            expr=while_fresh(f"max(lifecycle_nps) < {{limit.NPS_NEGATIVE}}"),
            summary="NPS is {{{{ $value | humanize }}}}",
            description="NPS over 90 days is {{{{ $value | humanize }}}}: more detractors than promoters.",
        ),
"""
RUNBOOK = f"""## {NAME}

**Meaning.** Of the answers of 90 days more are from detractors than from promoters.

**Impact.** Customers who are unhappy now cancel later.

**First checks.**

```sh
stream-app kpis lifecycle_nps
promtool query instant http://127.0.0.1:9090 'lifecycle_nps_responses{{window="30d"}}'
promtool query instant http://127.0.0.1:9090 'lifecycle_nps_margin'
```

**Causes.** A release, an outage, support.

**Fix.** Read the answers of the detractors of the last 30 days.

"""
STORIES = f"""    Story(
        alert="{NAME}", name="fires below zero", at="1d", step="1h", series={{"lifecycle_nps": "-5x99"}}, firing="{{}}"
    ),
    Story(alert="{NAME}", name="stays quiet above zero", at="1d", step="1h", series={{"lifecycle_nps": "5x99"}}),
    Story(
        alert="{NAME}",
        name="stays quiet while the data is stale",
        at="1d",
        step="1h",
        series={{"lifecycle_nps": "-5x99", FRESH: "0x99"}},
    ),
"""

RUNBOOKS = ["tests/monitoring/alerts/test_runbooks.py"]
README = ["tests/shipping/test_documents.py", "-k", "alert"]
JUDGED = ["tests/monitoring/alerts/test_stories.py", "-k", f"({NAME} and every_alert) or stand_in_the_files"]
PAGES = ["tests/render/test_files.py"]


def test_an_alert_is_added_by_the_recipe(tmp_path: Path) -> None:
    tree = Tree.copy(tmp_path / "tree")
    tree.insert("stream_app/monitoring/thresholds.py", LIMIT, before="# Pipeline")
    tree.insert("stream_app/monitoring/alerts/expand.py", ALERT, before='        Alert(\n            name="NpsDrop"')
    tree.must_name(NAME, RUNBOOKS)
    tree.insert("docs/runbooks.md", RUNBOOK, before="## NpsDrop")
    tree.must_pass(RUNBOOKS)

    tree.must_name(NAME, README)
    tree.replace("README.md", "NpsDrop |", f"NpsDrop, {NAME} |")
    tree.must_pass(README)

    tree.must_name(f"test_every_alert_has_a_story_in_which_it_fires[{NAME}]", JUDGED)
    stories = "tests/monitoring/alerts/business.py"
    tree.insert(stories, STORIES, before='    Story(alert="NpsDrop", name="fires')
    tree.must_name("run `python -m tests.monitoring.alerts`", JUDGED)
    code, said = tree.run("tests.monitoring.alerts")
    assert code == 0, said
    tree.must_name("prometheus/rules/expand.yml", PAGES)
    assert tree.render() == ["prometheus/alertmanager.yml", "prometheus/rules/expand.yml"]
    tree.must_pass(PAGES)
    tree.must_pass(JUDGED)
    assert tree.edited == steps(RECIPE)
    assert len(tree.edited) == 5
    code, said = run("promtool", "test", "rules", tree.root / "prometheus/tests/expand-1h.yml")
    assert code == 0, said
