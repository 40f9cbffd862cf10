"""Every set of a few events of one lead, in every order: large random worlds meet the rarest corners too rarely."""

from collections.abc import Iterable, Iterator
from itertools import combinations, permutations, product
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from stream_app.catalog.entities import LEAD
from stream_app.core.calendar import Calendar
from stream_app.core.connected import Connected, Pointer
from stream_app.core.entity import Fold
from stream_app.core.envelope import Event
from stream_app.core.facts import Delta, Fact, FoldSettings, Series
from tests.lanes import first_is_quick
from tests.laws.memory import decoded, net

Dated = tuple[int, Event]
Chosen = tuple[int, ...]

RULES = FoldSettings(Calendar("UTC"))
MOMENTS = ("2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00.000Z", "2026-02-01T00:00:00.001Z")
"""Neighbors on both sides of the end of a month."""


def said(types: str, names: str, moments: Iterable[int], **contents: Iterable[Any]) -> Iterator[Dated]:
    """Events of one lead: every type under every name at every moment with every content."""
    for kind, name, moment, *values in product(types.split(), names, moments, *contents.values()):
        data = {"lead_id": "l", **dict(zip(contents, values, strict=True))}
        yield decoded({"type": kind, "id": name, "time": MOMENTS[moment], "data": data})


def in_program(types: str, names: str, moments: Iterable[int], **contents: Iterable[Any]) -> Iterator[Dated]:
    """Events of one enrollment."""
    return said(types, names, moments, program_id=["p"], enrollment_id=["e"], **contents)


def mailed(types: str, names: str, moments: Iterable[int], **contents: Iterable[Any]) -> Iterator[Dated]:
    """Events of one message."""
    return said(types, names, moments, message_id=["m"], **contents)


ALPHABETS: dict[str, list[Dated]] = {
    "stages": [
        *said("lead.created", "ab", [1], source=["x"]),
        *said("lead.created", "c", [0, 2], source=["y"], is_import=[True]),
        *said("lead.stage_changed", "ab", [0, 1, 2], to=["lead", "customer"]),
        *said("lead.stage_changed", "a", [1], to=["mql"]),
        *said("lead.stage_changed", "b", [2], to=["mql"]),
    ],
    "disqualifications": [
        *said("lead.created", "a", [1]),
        *said("lead.stage_changed", "a", [0, 2], to=["mql"]),
        # In order among the stages, before a status.
        *said("lead.stage_changed", "c", [1], to=["sql"]),
        *said("lead.status_changed", "ab", [0, 1, 2], to=["open", "disqualified"]),
    ],
    "scores": [
        *said("lead.created", "ab", [0, 2]),
        *said("lead.created", "ab", [0, 1], score=[5]),
        *said("lead.score_changed", "ab", [0, 1, 2], score=[5, 15]),
    ],
    "reopenings": [
        *in_program("program.enrolled", "a", [0]),
        *in_program("program.enrolled", "b", [1]),
        *in_program("program.exited", "c", [1, 2], outcome=["completed"]),
        *in_program("program.step_entered", "a", [0, 1], step_id=["s"]),
        *said("lead.status_changed", "ab", [0, 1, 2], to=["open", "not_ready"]),
        *said("lead.engaged", "a", [0, 1, 2], kind=["chat"]),
        *mailed("email.clicked", "b", [1]),
    ],
    "programs that a reopening names": [
        *said("lead.status_changed", "a", [0], to=["not_ready"]),
        *said("program.enrolled", "ab", [0, 1], program_id=["p", "q"], enrollment_id=["e"]),
        *said("program.enrolled", "c", [0, 1], program_id=["r"], enrollment_id=["f"]),
        *said("program.step_entered", "a", [0, 2], program_id=["o"], enrollment_id=["e"], step_id=["s"]),
        *said("lead.engaged", "a", [0, 1, 2], kind=["chat"]),
    ],
    "steps": [
        *in_program("program.enrolled", "a", [0, 1]),
        *in_program("program.step_entered", "ab", [0, 1], step_id=["s"]),
        *in_program("program.step_entered", "c", [1], step_id=["s", "t"], due_at=[MOMENTS[2]]),
        *said("program.step_entered", "b", [0], program_id=["o"], enrollment_id=["e"], step_id=["t"]),
        *in_program("program.step_exited", "ad", [0, 2], step_id=["s"], outcome=["advanced"]),
        *in_program("program.exited", "be", [1, 2], outcome=["completed"]),
    ],
    "messages": [
        *mailed("email.sent", "ab", [0, 1], program_id=["p"]),
        *mailed("email.delivered", "a", [0, 2], program_id=["q"]),
        *mailed("email.opened", "bc", [1, 2], machine=[False, True]),
        *mailed("email.clicked", "cd", [1, 2]),
        *mailed("email.clicked", "d", [2], machine=[True]),
    ],
}
"""Events that meet in one aspect of a lead; a name that is there twice makes copies that differ."""


def arrived(lead: Any, events: Iterable[Dated], delta: Delta) -> Any:  # noqa: ANN401 - as `Fold` has it
    """The lead after a batch; the one that was passed in stays as it is."""
    copy = None if lead is None else msgspec.msgpack.decode(msgspec.msgpack.encode(lead), type=LEAD.state)
    fold = Fold(RULES)
    lead = fold.apply(LEAD, copy, "l", events)
    delta += fold.delta
    return lead


def remembered(lead: Any) -> Any:  # noqa: ANN401 - as `Fold` has it
    """The lead without the bounds of what it may forget, for which copies count too."""
    return msgspec.structs.replace(lead, newest=0, oldest=0)


def arrivals(count: int, most: int) -> Iterator[tuple[Chosen, Chosen]]:
    """Every set of at most so many of `count` events, small ones first, with those of it that arrive last, in order.

    Of the largest sets it is one event: that is what keeps this to seconds.
    """
    for size in range(1, most + 1):
        for chosen in combinations(range(count), size):
            for batch in range(1, (size if size < most else 1) + 1):
                yield from ((chosen, last) for last in permutations(chosen, batch))


def dated(numbers: dict[tuple[Series, int], int]) -> Iterator[Fact]:
    """What `net` gave, as facts again."""
    return ((series, at, amount) for (series, at), amount in numbers.items())


@pytest.mark.parametrize("most", first_is_quick([3, 4]))
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_a_few_events_give_the_same_lead_and_numbers_in_every_order(alphabet: str, most: int) -> None:
    events = ALPHABETS[alphabet]
    leads: dict[Chosen, Any] = {(): None}
    numbers: dict[Chosen, dict[tuple[Series, int], int]] = {(): {}}
    for chosen, last in arrivals(len(events), most):
        # The last ones come in one batch: once after the others, and once more after all of them, as copies.
        for before in (tuple(number for number in chosen if number not in last), chosen):
            delta: Delta = []
            lead = arrived(leads[before], [events[number] for number in last], delta)
            if chosen not in leads:
                leads[chosen], numbers[chosen] = lead, net(LEAD.all_facts(lead, RULES))
            delivered = [events[number] for number in (*before, *last)]
            assert remembered(lead) == remembered(leads[chosen]), delivered
            assert net([*dated(numbers[before]), *delta]) == numbers[chosen], delivered


MERGES = [
    *said("lead.created", "a", [1], source=["x"], score=[5]),
    decoded({"type": "lead.stage_changed", "id": "b", "time": MOMENTS[0], "data": {"lead_id": "k", "to": "mql"}}),
    decoded({"type": "lead.created", "id": "c", "time": MOMENTS[0], "data": {"lead_id": "k", "source": "y"}}),
    decoded({"type": "lead.stage_changed", "id": "b", "time": MOMENTS[2], "data": {"lead_id": "m", "to": "sql"}}),
    decoded(
        {"type": "lead.status_changed", "id": "d", "time": MOMENTS[2], "data": {"lead_id": "m", "to": "not_ready"}}
    ),
    *said("lead.merged", "m", [0], merged_id=["k"]),
    decoded({"type": "lead.merged", "id": "n", "time": MOMENTS[1], "data": {"lead_id": "m", "merged_id": "k"}}),
    decoded({"type": "lead.merged", "id": "o", "time": MOMENTS[2], "data": {"lead_id": "m", "merged_id": "l"}}),
]
"""Events of three leads, and merges of them in a circle."""


def folded_together(events: Iterable[Dated]) -> tuple[list[Any], dict[tuple[Series, int], int]]:
    """The leads after events that come one by one, whichever of their ids they are stored under, and the numbers."""
    stored: dict[str, tuple[str, Any]] = dict.fromkeys("klm", ("", None))
    delta: Delta = []
    for event in events:
        fold = Fold(RULES)
        connected = Connected(LEAD, stored)
        connected.fold(fold, [event])
        stored |= {write.id: ("v", write.stored) for write in connected.writes()}
        delta += fold.delta
    leads = [each for _, each in stored.values() if each is not None and not isinstance(each, Pointer)]
    whole = [replace(lead, id="", ids=sorted([lead.id, *lead.ids]), newest=0, oldest=0) for lead in leads]
    # The member of a due time is the id that the lead is stored under.
    nameless: Delta = [
        ((*series[:-1], "") if series[0].endswith("_due_at") else series, at, amount) for series, at, amount in delta
    ]
    return sorted(whole, key=lambda lead: lead.ids), net(nameless)


def test_a_few_events_and_merges_make_the_same_leads_in_every_order() -> None:
    for size in range(1, 6):
        for chosen in combinations(MERGES, size):
            expected = folded_together(chosen)
            for order in permutations(chosen):
                assert folded_together(order) == expected, order
