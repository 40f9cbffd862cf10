"""One message: its states, and what an event in order adds to them."""

from itertools import permutations

import pytest

from stream_app.catalog import message as m
from stream_app.catalog.message import Message, MessageRow
from stream_app.core.facts import Fact
from tests.laws.memory import net

LABELS = ("p", "s", "prospect")
NONE = ("none", "none", "prospect")


def message(*rows: MessageRow) -> Message:
    found = Message()
    for row in rows:
        m.merge(found, row, LABELS if row.code == m.SENT else NONE)
    return found


def state(name: str, at: int, labels: tuple[str, str, str] = LABELS) -> Fact:
    return ("email_messages", name, *labels), at, 1


def cohort(name: str, at: int) -> Fact:
    return ("email_cohort", name, *LABELS), at, 1


def opened(at: int, *, machine: bool = False) -> Fact:
    return ("email_events", "opened", "true" if machine else "false", "p"), at, 1


SENT, DELIVERED = MessageRow(1, "", "a", m.SENT), MessageRow(2, "", "b", m.DELIVERED)
OPENED, CLICKED = MessageRow(3, "", "c", m.OPENED), MessageRow(4, "", "d", m.CLICKED)
PREFETCHED, SCANNED = MessageRow(5, "", "e", m.MACHINE_OPENED), MessageRow(6, "", "f", m.MACHINE_CLICKED)


def test_a_message_counts_by_its_own_time_and_by_its_send_time() -> None:
    expected = [state("sent", 1), cohort("sent", 1), state("opened", 3), opened(3)]
    expected += [cohort("delivered", 1), cohort("opened", 1)]
    assert net(m.facts(message(SENT, OPENED))) == net(expected)


def test_a_state_counts_once_and_an_open_each_time() -> None:
    again = MessageRow(9, "", "z", m.OPENED)
    before = message(SENT, OPENED)
    assert m.increment(before, again) == [opened(9)]
    assert net(m.facts(message(SENT, OPENED, again))) == net([*m.facts(before), opened(9)])


def test_an_open_by_a_machine_is_no_state() -> None:
    expected = [state("sent", 1), cohort("sent", 1), cohort("delivered", 1), opened(5, machine=True)]
    expected.append((("email_cohort_machine_opens", "p"), 1, 1))
    assert net(m.facts(message(SENT, PREFETCHED))) == net(expected)


def test_a_message_that_was_never_sent_is_in_no_cohort() -> None:
    assert m.facts(message(DELIVERED)) == [state("delivered", 2, NONE)]


def test_labels_are_those_of_the_earliest_sent() -> None:
    found = message(DELIVERED)
    m.merge(found, MessageRow(8, "", "late", m.SENT), ("q", "t", "customer"))
    m.merge(found, MessageRow(7, "", "soon", m.SENT), LABELS)
    assert (found.origin.program, found.origin.step, found.origin.audience) == LABELS


@pytest.mark.parametrize("rows", list(permutations([DELIVERED, OPENED, CLICKED, PREFETCHED, SCANNED], 3)))
def test_an_event_in_order_adds_the_difference_of_the_facts(rows: tuple[MessageRow, ...]) -> None:
    found = message(SENT)
    for at, row in enumerate(rows, 10):
        later = MessageRow(at, "", row.identity, row.code)
        before, added = m.facts(found), m.increment(found, later)
        assert added is not None
        m.merge(found, later, NONE)
        assert net([*before, *added]) == net(m.facts(found))


@pytest.mark.parametrize(
    "row", [MessageRow(2, "", "y", m.DELIVERED), MessageRow(9, "", "c", m.CLICKED), MessageRow(9, "", "y", m.SENT)]
)
def test_an_event_that_may_change_more_has_no_increment(row: MessageRow) -> None:
    assert m.increment(message(SENT, OPENED), row) is None


def test_a_packed_message_is_the_same_message() -> None:
    found = message(SENT, OPENED)
    assert m.unpack(m.pack(found)) == found
