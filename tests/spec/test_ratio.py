"""A ratio that declares what its terms cannot give is refused where it is declared."""

from typing import Any

import pytest

from stream_app.spec.metric import Kind, Label, Metric
from stream_app.spec.ratio import Month, Quotient, Ratio, Term, Variants
from stream_app.spec.window import Window

SOURCE, STATE, CURRENCY = Label("source"), Label("state", ("won", "lost")), Label("currency")
DEALS = Metric(name="deals", kind=Kind.FLOW, definition="", labels=(SOURCE, STATE), windows=(Window.D7, Window.D30))
STAFF = Metric(name="staff", kind=Kind.LEVEL, definition="")
WON = Term(DEALS, (("state", ("won",)),))


def ratio(numerator: Term = WON, *denominator: Term, **more: Any) -> Ratio:  # noqa: ANN401 - fields of a declaration
    value = Quotient(numerator=(numerator,), denominator=denominator or (Term(DEALS),))
    return Ratio(**{"name": "win_rate", "definition": "", "windows": (Window.D30,), "value": value, **more})


def test_a_ratio_of_what_its_terms_give_is_accepted() -> None:
    assert ratio(labels=(SOURCE,)).series == "lifecycle_win_rate"


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: ratio(labels=(CURRENCY,)), "win_rate: deals has no label `currency`"),
        (lambda: ratio(labels=(Label("source", capped=True),)), "win_rate: deals has no label `source`"),
        (lambda: ratio(windows=(Window.D90,)), "win_rate: deals has no window 90d; deals has no window 90d"),
        (lambda: ratio(windows=()), "win_rate: no window for deals; no window for deals"),
        (lambda: ratio(Term(DEALS, window=Window.M5)), "win_rate: deals has no buckets for the window 5m"),
        (lambda: ratio(WON, Term(STAFF, window=Window.D30)), "win_rate: staff has no windows"),
        (lambda: ratio(Term(DEALS, (("kind", ("new",)),))), "win_rate: deals has no label `kind`"),
        (lambda: ratio(Term(DEALS, (("state", ("open",)),))), "win_rate: `state` of deals has no value open"),
        (lambda: ratio(Term(DEALS, (("source", Month.RUNNING),))), "win_rate: `source` of deals is no month"),
        (
            lambda: ratio(WON, Term(DEALS), Term(STAFF), labels=(SOURCE,)),
            "win_rate: the terms of the denominator have different labels",
        ),
        (
            lambda: ratio(value=Variants("basis", (("won", Quotient(numerator=(WON,), denominator=(Term(STAFF),))),))),
            "win_rate: no label `basis` with the variants as values",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(build: Any, problem: str) -> None:  # noqa: ANN401 - a function without arguments
    with pytest.raises(ValueError, match="win_rate") as caught:
        build()
    assert str(caught.value) == problem
