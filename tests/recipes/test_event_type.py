"""The recipe "Add an event type" of CONTRIBUTING.md: a reach that was recorded wrongly is corrected."""

import json
from pathlib import Path
from typing import Any

from tests.recipes.tree import Tree, steps

RECIPE = "Add an event type"
TYPE = "reach.corrected"

DECLARATION = f'''class ReachCorrected(Event, tag="{TYPE}"):
    """What was counted on a day was recorded wrongly."""

    data: ReachData


'''
EXAMPLE = f"""CORRECTED = Example(
    title="A count is corrected",
    explains=("reach",),
    as_of=_NOW,
    given=(
        reach("2026-03-11 06:00", "r1", "2026-03-10", "responses", 30),
        GivenEvent(
            type="{TYPE}",
            time="2026-03-12 06:00",
            data={{"reach_id": "r1", "day": "2026-03-10", "kind": "responses", "count": 20}},
        ),
    ),
    arithmetic="30 were recorded, but 20 were right: 20 in 7 days.",
    expected=(expect("reach", {{"7d": 20, "prev_month": 0}}, kind="responses", channel="none", campaign="none"),),
)

"""

CONTRACT = ["tests/render/test_contract.py"]
ENTITIES = ["tests/catalog/test_entities.py"]
EXAMPLES = ["tests/render/test_examples.py"]
PAGES = ["tests/render/test_files.py"]


def test_an_event_type_is_added_by_the_recipe(tmp_path: Path) -> None:
    tree = Tree.copy(tmp_path / "tree")
    fields = "reach_id* day* kind* count* channel campaign_id"
    tree.insert("tests/render/test_contract.py", f'    "{TYPE}": "{fields}",\n', before='    "reach.recorded"')
    tree.must_name(TYPE, CONTRACT)

    events, records = "stream_app/catalog/events.py", "stream_app/catalog/records.py"
    tree.insert(events, DECLARATION, before="class SurveyResponded(")
    tree.insert(events, "    ReachCorrected,\n", before="    SurveyResponded,\n")
    tree.must_name(f"no entity takes {TYPE}: add it to the merges", ENTITIES)
    tree.replace(records, "event: e.ReachRecorded,", "event: e.ReachRecorded | e.ReachCorrected,")
    tree.replace(
        records, "{e.ReachRecorded: _merge_reach}", "dict.fromkeys((e.ReachRecorded, e.ReachCorrected), _merge_reach)"
    )
    tree.must_pass([*CONTRACT, *ENTITIES])

    tree.must_name(TYPE, EXAMPLES)
    _write_examples(tree)

    examples = "stream_app/examples/records.py"
    tree.replace(examples, "expect, spend\n", "expect, reach, spend\n")
    tree.replace(examples, "import Example\n", "import Example, GivenEvent\n")
    tree.insert(examples, EXAMPLE, before="FEW_ANSWERS = Example(")
    tree.replace(examples, " FEW_ANSWERS", " CORRECTED, FEW_ANSWERS")
    assert f"no such event type: {TYPE}" in _disagreement(tree)
    tree.replace("stream_app/audit/intake.py", '"reach": "recorded"', '"reach": "recorded corrected"')
    assert "A count is corrected: tests/oracle does not count reach" in _disagreement(tree)
    oracle = "tests/oracle/records.py"
    tree.replace(oracle, "of_type(events, event_type)", "of_type(events, *event_type.split())")
    tree.replace(oracle, '"reach.recorded", "reach_id"', f'"reach.recorded {TYPE}", "reach_id"')
    assert not _disagreement(tree)

    tree.must_name(f"schemas/{TYPE}.json", PAGES)
    assert tree.render() == ["docs/events.md", "docs/metrics.md", "schemas/asyncapi.json", f"schemas/{TYPE}.json"]
    tree.must_pass([*EXAMPLES, *PAGES])
    assert {_step(path) for path in tree.edited} == steps(RECIPE)
    assert len(tree.edited) == 10


def _write_examples(tree: Tree) -> None:
    """Write two valid and two invalid records, beside those of the type that is corrected."""
    folder = "schemas/examples"
    for name in ("valid-full", "valid-minimal", "invalid-count-negative", "invalid-unknown-kind"):
        example: dict[str, Any] = json.loads((tree.root / folder / "reach.recorded" / f"{name}.json").read_text())
        example.get("value", example)["type"] = TYPE
        tree.write(f"{folder}/{TYPE}/{name}.json", json.dumps(example, indent=2))


def _disagreement(tree: Tree) -> str:
    """Say what the recounts of the examples of a reach find; nothing if all agree."""
    code, said = tree.run("tests.recipes.agreement", "reach")
    assert (code == 0) == (not said), said
    return said


def _step(path: str) -> str:
    """Return how the recipe names a file: an example by the folder of all of them."""
    return "schemas/examples/" if path.startswith("schemas/examples/") else path
