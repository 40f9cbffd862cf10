"""The decoder and the schema agree on whatever an example can be turned into, one change at a time."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.core.envelope import Rejected
from tests.render.house import ROOT
from tests.render.validators import decoded, satisfies

# Rules that compare two fields, or a field with the clock: no schema can state them.
BEYOND_SCHEMAS = (
    "Expected a moment after 1970",
    "Expected a moment at most 5 min ahead",
    "Expected `unit_amount_minor` x `quantity`",
    "Expected the sum of `unit_amount_minor` x `quantity`",
    "Expected `period_end` 0 to",
)

FULL = [
    json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "schemas" / "examples").glob("*/valid-full.json"))
]
WORDS = sorted({text for value in FULL for text in [*value["data"].values(), value["time"]] if isinstance(text, str)})

Place = tuple[str | int, ...]

moments = st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9][Tt _]?([0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?)?"
    r"([Zz]|[+-][0-2][0-9]:?[0-6][0-9])?\Z"
)
texts = st.one_of(
    st.sampled_from(WORDS),
    moments,
    st.text(st.sampled_from('a@\n\t\x00\x1f\x7f\\"é😀 '), max_size=6),
    st.sampled_from((0, 1, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025)).map(lambda length: "😀" * length),
)
numbers = st.one_of(
    st.integers(-2, 12),
    st.sampled_from((100, 101, 1000, 1001, 10**9, 10**9 + 1, 10**12 + 1, 10**14, 10**14 + 1)),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.one_of(
    texts, numbers, st.booleans(), st.none(), st.just([]), st.just({}), st.just(["x"]), st.just({"a": 1})
)


def places(value: Any, at: Place = ()) -> Iterator[Place]:  # noqa: ANN401 - any JSON
    """Every place in a value but the whole of it; all but `type`, which chooses the schema."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if (*at, key) != ("type",):
            yield (*at, key)
            yield from places(child, (*at, key))


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """Return a full example with a value replaced, removed, or added under a name that nobody knows."""
    value = copy.deepcopy(draw(st.sampled_from(FULL)))
    *path, last = draw(st.sampled_from(list(places(value))))
    parent = value
    for key in path:
        parent = parent[key]
    match draw(st.sampled_from(("replace", "replace", "replace", "remove", "add"))):
        case "remove":
            del parent[last]
        case "add" if isinstance(parent, dict):
            parent["nobody_knows"] = draw(values)
        case _:
            parent[last] = draw(values)
    return value  # type: ignore[no-any-return]


@given(changed())
@settings(max_examples=15 * settings().max_examples, deadline=None)
def test_the_decoder_and_the_schema_agree(value: dict[str, Any]) -> None:
    found = decoded(value)
    if isinstance(found, Rejected) and found.detail.startswith(BEYOND_SCHEMAS):
        return
    assert satisfies(value, value["type"]) is not isinstance(found, Rejected), found
