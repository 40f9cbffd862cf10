"""Words that were replaced by plain ones stay replaced, in names and in the texts that users read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for room in ("stream_app", "tests", "bench") for path in (ROOT / room).rglob("*.py"))

# A word of a name -> what to say instead.
REPLACED = {
    "asked": "requested, or RawPromQL",
    "catalogue": "catalog",
    "catalogues": "catalogs",
    "claim": "a new epoch",
    "cursor": "ReadPosition",
    "desk": "dlq_admin",
    "diary": "event_log",
    "disturbance": "scenarios",
    "enrol": "enroll",
    "enrolment": "enrollment",
    "enrolments": "enrollments",
    "flood": "rejection_limit",
    "gained": "increment",
    "ground": "EvalContext",
    "heed": "check_group_errors",
    "inspection": "lookup",
    "look": "read, or Snapshot",
    "mischief": "fault_injection",
    "outbox": "batch_producer",
    "patience": "retry",
    "pick": "select, choose, or Selector",
    "pursuit": "sales_follow_up",
    "quiet": "silent, or log_rate_limit",
    "reading": "Sample",
    "readings": "samples",
    "seat": "StartPosition",
    "settled": "finished",
    "sit": "seek",
    "spreader": "Bucketizer",
    "stretch": "offset range",
    "tally": "FoldStats",
    "told": "described, or EXAMPLES",
    "tone": "Status",
    "untouched": "is_untracked",
}
# A whole name -> what to say instead; as a part of a longer name or of a sentence the word is ordinary English.
REPLACED_NAMES = {
    "Board": "sample_source",
    "Compute": "Arithmetic",
    "Earlier": "Offset",
    "Form": "PanelType",
    "Join": "SetOperation",
    "Rules": "FoldSettings",
    "Top": "TopK",
    "Where": "Filter",
    "taken_back": "retracted_on_erase",
}
# Room -> whole names that are replaced only there.
REPLACED_IN = {
    "stream_app/core": {"moved": "changed"},
    "stream_app/store": {"moved": "changed"},
    "stream_app/exporter": {"moved": "changed"},
    "stream_app/spec": {"hold": "for_", "keep": "keep_firing_for"},
    "stream_app/monitoring": {"hold": "for_", "keep": "keep_firing_for"},
}
BRITISH = re.compile(
    r"\w*(?:colour|behaviour|favour|honour|neighbour|labell|cancelled|cancelling|modell|travell|judgement|artefact"
    r"|(?:organ|normal|recogn|initial|serial|general|summar|optim|minim|maxim|canonical|parametr|priorit|final|author"
    r"|custom|synchron|token|util)is(?:e|es|ed|er|ing|ation)\b)\w*"
    r"|\b(?:licence|centres?|grey|analyse[sd]?|programmes?|defence|catalogues?|enrol(?:s|ments?)?|fulfil|whilst)\b",
    re.IGNORECASE,
)
# (where, name): why it may stay.
ALLOWED = {
    ("", "flood_ratio"): "a setting, and settings stay",
    ("", "CancelledError"): "Python's own",
    ("stream_app/worker/consumer.py", "cancelled"): "a method of Python's own tasks",
    ("tests/oracle/", "told"): "the shorthand of hundreds of lines that are about what was told",
}
# In texts for users.
RIDDLES = re.compile(r"\b(?:aside|ate|told(?! apart))\b", re.IGNORECASE)
TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "grafana/**/*.json",
        "prometheus/*.yml",
        "prometheus/rules/*.yml",
        "schemas/**/*.json",
        "stream_app/exporter/static/*",
    )
    for path in ROOT.glob(pattern)
)


def names(path: Path) -> Iterator[str]:
    """Yield every name that a module declares or uses, and its own."""
    yield from path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name, asname=other):
                yield from (*name.split("."), *([other] if other else []))


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)]


def objections(path: str, name: str) -> Iterator[str]:
    """Yield what is to be said instead of a name, or of words of it."""
    for word in words(name):
        if word in REPLACED:
            yield f"{path}: {name}: instead of {word} say {REPLACED[word]}"
        elif BRITISH.search(word):
            yield f"{path}: {name}: {word} is not American English"
    if instead := REPLACED_NAMES.get(name.lstrip("_")):
        yield f"{path}: instead of {name} say {instead}"
    for room, replaced in REPLACED_IN.items():
        if path.startswith(f"{room}/") and name.lstrip("_") in replaced:
            yield f"{path}: instead of {name} say {replaced[name.lstrip('_')]}"


@pytest.fixture(scope="module")
def used() -> set[tuple[str, str]]:
    """Return every (file, name) of the code."""
    return {(where, name) for path in FILES for where in [path.relative_to(ROOT).as_posix()] for name in names(path)}


@pytest.fixture(scope="module")
def refused(used: set[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Return what is to be said instead, by (file, name)."""
    found = {(path, name): list(objections(path, name)) for path, name in used}
    return {place: said for place, said in found.items() if said}


def _allows(allowed: tuple[str, str], place: tuple[str, str]) -> bool:
    return place[0].startswith(allowed[0]) and place[1] == allowed[1]


def test_no_name_has_a_word_that_was_replaced(refused: dict[tuple[str, str], list[str]]) -> None:
    places = [place for place in refused if not any(_allows(allowed, place) for allowed in ALLOWED)]
    assert sorted(said for place in places for said in refused[place]) == []


@pytest.mark.parametrize("allowed", ALLOWED, ids=" ".join)
def test_a_name_that_is_allowed_is_in_use(refused: dict[tuple[str, str], list[str]], allowed: tuple[str, str]) -> None:
    assert [place for place in refused if _allows(allowed, place)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("stream_app/worker/transport.py", "OffsetStretch"),
        ("stream_app/worker/transport.py", "_CURSOR"),
        ("stream_app/catalog/lead/merge.py", "gained"),
        ("stream_app/spec/expression.py", "Where"),
        ("stream_app/spec/alert.py", "hold"),
        ("stream_app/store/reader.py", "moved"),
        ("tests/audit/test_records.py", "UNLABELLED"),
        ("stream_app/render/docs.py", "behaviour_of"),
        ("stream_app/render/docs.py", "normalise"),
    ],
)
def test_a_replaced_word_is_found_in_a_name(path: str, name: str) -> None:
    assert list(objections(path, name))


def test_names_of_tests_have_at_most_seventy_characters(used: set[tuple[str, str]]) -> None:
    tests = {name for _, name in used if name.startswith("test_")}
    assert tests
    assert sorted(name for name in tests if len(name) > 70) == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_for_users_are_in_plain_american_english(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [found[0] for found in (*RIDDLES.finditer(text), *BRITISH.finditer(text))] == []
