"""The recipe "Add a metric" of CONTRIBUTING.md: a count of the respondents that have answered."""

from pathlib import Path

from tests.recipes.tree import Tree, steps

RECIPE = "Add a metric"
NAME = "survey_answers"

DECLARATION = f"""    _flow(
        "{NAME}",
        "Respondents by the time of their newest answer.",
        (),
        (Window.D30, Window.D90),
    ),
"""
EXAMPLE = f"""ANSWERS = Example(
    title="Two people answer, one of them twice",
    explains=("{NAME}",),
    as_of=_NOW,
    given=(
        answer("2026-03-05 09:00", "one", 10),
        answer("2026-03-06 09:00", "one", 3),
        answer("2026-01-05 09:00", "two", 9),
    ),
    arithmetic="One answered last on March 6, two on January 5: 1 in 30 days, 2 in 90.",
    expected=(expect("{NAME}", {{"30d": 1, "90d": 2}}),),
)

"""
BRUTE_FORCE = f"""

def {NAME}(events: Sequence[Event]) -> Iterator[Fact]:
    for answer in newest_each(events, "survey.responded", "respondent_id"):
        yield fact("lifecycle_{NAME}", answer.at)
"""
SQL = f"""
INSERT INTO shown VALUES ('lifecycle_{NAME}', '30d 90d');
INSERT INTO fact
SELECT 'lifecycle_{NAME}', '{{}}', max(at_ms), 1 FROM event WHERE thing = 'survey' GROUP BY owner;
"""  # noqa: S608 - a file, and a name of ours

DEFINITIONS = ["tests/render/test_definitions.py"]
ENTITIES = ["tests/catalog/test_entities.py"]
EXAMPLES = ["tests/examples/test_examples.py"]
PAGES = ["tests/render/test_files.py"]


def test_a_metric_is_added_by_the_recipe(tmp_path: Path) -> None:
    tree = Tree.copy(tmp_path / "tree")
    tree.insert("tests/render/test_definitions.py", f'    ("{NAME}", [], "30d 90d"),\n', before='    ("nps_responses"')
    tree.must_name(NAME, DEFINITIONS)

    tree.insert("stream_app/catalog/metrics.py", DECLARATION, before='    _flow(\n        "nps_responses"')
    tree.must_pass(DEFINITIONS)
    tree.must_name(f"{NAME} is declared, but no entity emits it", ENTITIES)

    tree.insert("stream_app/catalog/records.py", f'(("{NAME}",), row.at, 1), ', before='(("nps_responses"')
    tree.must_name(NAME, EXAMPLES)
    tree.insert("stream_app/examples/records.py", EXAMPLE, before="FEW_ANSWERS = Example(")
    tree.replace("stream_app/examples/records.py", " FEW_ANSWERS", " ANSWERS, FEW_ANSWERS")
    tree.must_pass([*ENTITIES, *EXAMPLES])
    assert {"tests/oracle", "stream_app/audit"} == _who_disagrees(tree)

    tree.insert("tests/oracle/records.py", BRUTE_FORCE, before="\n\ndef nps_class(")
    tree.insert(
        "tests/oracle/__init__.py",
        f"    yield from records.{NAME}(events)\n",
        before="    yield from records.nps_responses(",
    )
    tree.insert(
        "tests/oracle/samples.py", f'    "lifecycle_{NAME}": ("30d", "90d"),\n', before='    "lifecycle_nps_resp'
    )
    assert _who_disagrees(tree) == {"stream_app/audit"}

    sql = "stream_app/audit/sql/survey.sql"
    tree.write(sql, (tree.root / sql).read_text() + SQL)
    tree.insert("stream_app/audit/series.py", f"{NAME} ", before="nps_responses")
    assert _who_disagrees(tree) == set()
    tree.must_name("docs/metrics.md", PAGES)

    assert tree.render() == ["docs/metrics.md"]
    tree.must_pass(PAGES)
    assert tree.edited == steps(RECIPE)
    assert len(tree.edited) == 9


def _who_disagrees(tree: Tree) -> set[str]:
    code, said = tree.run("tests.recipes.agreement", NAME)
    found = {
        word for line in said.splitlines() for word in line.split() if word in {"tests/oracle", "stream_app/audit"}
    }
    assert (code == 0) == (not found), said
    return found
