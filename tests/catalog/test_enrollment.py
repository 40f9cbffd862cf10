"""One enrollment: its steps, and what an event in order adds to them."""

import pytest

from stream_app.catalog import enrollment as en
from stream_app.catalog.enrollment import Enrollment, EnrollmentRow, Visit
from tests.laws.memory import net

BEGUN = EnrollmentRow(1, "", "a", en.ENROLLED, audience="customer")
ENTERED = EnrollmentRow(2000, "", "b", en.STEP_ENTERED, "s", due=9000)
LEFT = EnrollmentRow(5000, "", "c", en.STEP_EXITED, "s", outcome="advanced")
ENTERED_NEXT = EnrollmentRow(6000, "", "d", en.STEP_ENTERED, "t", due=9500)
ENDED = EnrollmentRow(8000, "", "e", en.EXITED, outcome="completed")
ALL = (BEGUN, ENTERED, LEFT, ENTERED_NEXT, ENDED)


def enrollment(*rows: EnrollmentRow) -> Enrollment:
    found = Enrollment()
    for row in rows:
        en.merge(found, row, "p")
    return found


def test_a_running_enrollment_is_in_the_balance_of_its_program_and_step() -> None:
    assert net(en.facts(enrollment(BEGUN, ENTERED), "l/e")) == {
        (("program_enrollments", "p", "customer"), 1): 1,
        (("program_balance", "p", "customer"), 1): 1,
        (("step_entries", "p", "s"), 2000): 1,
        (("step_due", "p", "s"), 9000): 1,
        (("step_balance", "p", "s"), 2000): 1,
        (("step_due_at", "p", "s", "l/e"), 9000): 1,
    }


def test_an_exit_ends_the_stay_and_is_measured() -> None:
    assert net(en.facts(enrollment(ENTERED, LEFT), "l/e")) == {
        (("step_entries", "p", "s"), 2000): 1,
        (("step_due", "p", "s"), 9000): 1,
        (("step_balance", "p", "s"), 2000): 1,
        (("step_balance", "p", "s"), 5000): -1,
        (("step_exits", "p", "s", "advanced"), 5000): 1,
        (("step_dwell_seconds", "p", "s", "0"), 5000): 1,
        (("step_dwell_seconds", "p", "s", "sum"), 5000): 3000,
    }


def test_the_end_is_the_exit_of_steps_that_have_none() -> None:
    assert en.visits(enrollment(*ALL)) == [
        Visit("s", 2000, 9000, 5000, "advanced"),
        Visit("t", 6000, 9500, 8000, "completed"),
    ]


def test_an_entry_after_the_end_stays_open() -> None:
    late = EnrollmentRow(8001, "", "f", en.STEP_ENTERED, "u", due=9999)
    assert en.visits(enrollment(ENDED, late)) == [Visit("u", 8001, 9999, None, "")]


def test_a_step_is_visited_again_with_a_due_time_of_its_own() -> None:
    again = EnrollmentRow(7000, "", "f", en.STEP_ENTERED, "s", due=9999)
    inside = EnrollmentRow(7001, "", "g", en.STEP_ENTERED, "s", due=1)
    assert en.visits(enrollment(BEGUN, ENTERED, LEFT, again, inside)) == [
        Visit("s", 2000, 9000, 5000, "advanced"),
        Visit("s", 7000, 9999, None, ""),
    ]


def test_of_exits_outside_a_visit_only_the_first_before_any_entry_counts() -> None:
    first, second, third = (
        EnrollmentRow(at, "", name, en.STEP_EXITED, "s", outcome=outcome)
        for at, name, outcome in ((10, "x", "timeout"), (20, "y", "error"), (6000, "z", "completed"))
    )
    assert en.visits(enrollment(first, second, ENTERED, LEFT, third)) == [
        Visit("s", None, 0, 10, "timeout"),
        Visit("s", 2000, 9000, 5000, "advanced"),
    ]


def test_an_exit_without_entry_counts_but_is_not_measured() -> None:
    assert net(en.facts(enrollment(LEFT), "l/e")) == {(("step_exits", "p", "s", "advanced"), 5000): 1}


def test_the_program_is_that_of_the_earliest_enrolled() -> None:
    found = Enrollment()
    for row, program in ((ENTERED, "q"), (EnrollmentRow(7, "", "z", en.ENROLLED), "r"), (BEGUN, "p"), (LEFT, "q")):
        en.merge(found, row, program)
    assert found.program == "p"


LOOP = (
    BEGUN,
    ENTERED,
    EnrollmentRow(3000, "", "x", en.STEP_ENTERED, "s", due=1),
    LEFT,
    EnrollmentRow(5500, "", "y", en.STEP_EXITED, "s", outcome="error"),
    EnrollmentRow(6000, "", "z", en.STEP_ENTERED, "s", due=9999),
    ENDED,
)


@pytest.mark.parametrize("count", range(1, len(LOOP)))
def test_an_event_of_a_loop_adds_the_difference_of_the_facts(count: int) -> None:
    before, after = enrollment(*LOOP[:count]), enrollment(*LOOP[: count + 1])
    added = en.increment(before, LOOP[count], "l/e")
    assert added is not None
    assert net([*en.facts(before, "l/e"), *added]) == net(en.facts(after, "l/e"))


@pytest.mark.parametrize("count", range(1, len(ALL)))
def test_an_event_in_order_adds_the_difference_of_the_facts(count: int) -> None:
    before, after = enrollment(*ALL[:count]), enrollment(*ALL[: count + 1])
    added = en.increment(before, ALL[count], "l/e")
    assert added is not None
    assert net([*en.facts(before, "l/e"), *added]) == net(en.facts(after, "l/e"))


@pytest.mark.parametrize(
    ("known", "row"),
    [
        ((ENDED,), EnrollmentRow(9000, "", "z", en.STEP_ENTERED, "s", due=9999)),
        ((BEGUN,), EnrollmentRow(9000, "", "z", en.STEP_EXITED, "s", outcome="error")),
        ((BEGUN,), EnrollmentRow(9000, "", "z", en.ENROLLED)),
    ],
)
def test_an_event_that_may_change_more_has_no_increment(known: tuple[EnrollmentRow, ...], row: EnrollmentRow) -> None:
    assert en.increment(enrollment(*known), row, "l/e") is None
