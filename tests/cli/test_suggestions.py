"""What somebody who mistyped a name may have meant."""

import pytest

from stream_app.clients.suggestions import did_you_mean

STEPS = {"hello", "help", "product-education-guide", "Bye"}
MANY = {f"step-{number:02}" for number in range(20)}


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("helo", STEPS, "Did you mean hello or help?"),
        ("guide", STEPS, "Did you mean product-education-guide?"),
        ("bye", STEPS, "Did you mean Bye?"),
        ("xyz", STEPS, "There is Bye, hello, help, product-education-guide."),
        ("xyz", MANY, ""),
        ("xyz", set(), ""),
    ],
)
def test_close_names_are_suggested_and_few_are_all_named(name: str, known: set[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_at_most_three_are_suggested() -> None:
    assert did_you_mean("step-1", MANY).count("step-") == 3
