"""docs/reliability.md: every test that it names is there."""

import re

import pytest

from tests.shipping.composition import ROOT
from tests.shipping.pages import spans

PAGE = "docs/reliability.md"
NAMED = sorted({span for span in spans(PAGE) if "::" in span})


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_the_page_names_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
