"""Whatever happens between the commits of shards, their sum is the recount once everything is applied and sent."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from itertools import chain, combinations, count, product
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from stream_app.core.calendar import Calendar
from stream_app.core.facts import FoldSettings
from tests.laws.memory import MemoryStore, decoded
from tests.laws.test_laws import NOT_RECOUNTED, ZONES
from tests.laws.worlds import NOW, Envelope, crowds, merging_worlds, worlds
from tests.oracle import recount
from tests.scaling.shards import Namespace, Procedure

SHARDS = range(3)
MOST_EVENTS = 40
SIZES = st.integers(1, 12)
PLACES = st.lists(st.sampled_from(["0", "1", "01"]), min_size=MOST_EVENTS, max_size=MOST_EVENTS)
"""The partitions of each event: one, or both for an event and its copy."""
OF_ONE_LEAD = ("lead.created", "lead.stage_changed", "program.step_entered")
TURNS = st.lists(st.integers(0, 9), min_size=5, max_size=20)
ANY = st.integers(0, 999)
"""Selects one of what there is."""
MOST_FINISHED = 1
MOST_ROUNDS = 50


class ShardedNamespace(RuleBasedStateMachine):
    """Two partitions, three shards that go back now and then, and any number of workers, living or killed."""

    @initialize(
        seed=st.integers(0, 9),
        zone=st.sampled_from(ZONES),
        limit=st.sampled_from([1, 1000]),
        hours=st.sampled_from([0, 2, 340]),
        parts=st.lists(merging_worlds(10) | merging_worlds(10) | worlds(8), min_size=2, max_size=4),
        places=PLACES,
        erased=st.none() | crowds(OF_ONE_LEAD),
    )
    def the_log_is_written(
        self,
        *,
        seed: int,
        zone: str,
        limit: int,
        hours: int,
        parts: list[list[Envelope]],
        places: list[str],
        erased: list[Envelope] | None,
    ) -> None:
        self.zone, self.limit, self.now = zone, limit, NOW - timedelta(hours=hours)
        self.running: list[Procedure] = []
        self.finished = 0
        world = [event | {"id": f"id{number}"} for number, event in enumerate(chain(*parts))]
        self.written = {
            partition: [event for event, place in zip(world, places, strict=False) if partition in place]
            for partition in "01"
        }
        if erased:
            self.written["0"][1:1] = erased_lead(erased)
        self.namespace = Namespace(FoldSettings(Calendar(zone)), len(SHARDS), seed)
        self.saved = [[deepcopy(shard)] for shard in self.namespace.shards]
        for partition, events in self.written.items():
            self.namespace.log[partition] += map(decoded, events)

    @rule(
        sizes=st.tuples(SIZES, SIZES),
        order=st.permutations(SHARDS),
        messages=st.lists(ANY, min_size=1, max_size=4),
        turns=TURNS,
    )
    def workers_begin(self, sizes: tuple[int, int], order: list[int], messages: list[int], turns: list[int]) -> None:
        for partition, size in zip(self.written, sizes, strict=True):
            self.running.append(self.namespace.apply(partition, size, order))
        unsent = self.namespace.unsent()
        self.running += [self.namespace.send(unsent[number % len(unsent)]) for number in messages if unsent]
        self.workers_go_on(turns)

    @rule(turns=TURNS)
    def workers_go_on(self, turns: list[int]) -> None:
        for turn in turns:
            if self.running and has_ended(self.running[turn % len(self.running)]):
                self.running.pop(turn % len(self.running))

    @precondition(lambda self: self.running)
    @rule(which=ANY)
    def a_worker_is_killed(self, which: int) -> None:
        self.running.pop(which % len(self.running))

    @rule()
    def shards_are_saved(self) -> None:
        for saved, shard in zip(self.saved, self.namespace.shards, strict=True):
            saved.append(deepcopy(shard))

    @rule(number=st.sampled_from(SHARDS), which=ANY)
    def a_shard_goes_back(self, number: int, which: int) -> None:
        """To what was saved once, or to nothing."""
        saved = self.saved[number]
        self.namespace.restore(number, saved[which % len(saved)])

    @rule(sizes=st.tuples(SIZES, SIZES))
    def one_worker_goes_on_alone(self, sizes: tuple[int, int]) -> None:
        for partition, size in zip(self.written, sizes, strict=True):
            run(self.namespace.apply(partition, size, SHARDS))
        for _ in range(MOST_ROUNDS):
            for message in self.namespace.unsent():
                run(self.namespace.send(message))
        assert self.namespace.unsent() == []

    @precondition(lambda self: self.finished < MOST_FINISHED)
    @rule()
    def everything_is_applied_and_sent(self) -> None:
        """One worker does it all, while those that were left stand still."""
        self.finished += 1
        for _ in SHARDS:
            # One that went back reads what is missing; the others refuse it.
            self.one_worker_goes_on_alone((MOST_EVENTS * 2, MOST_EVENTS * 2))
        assert self.namespace.is_applied()
        self.compare()

    def compare(self) -> None:
        """Compare the sum of the shards with the recount, and its ratios with those of one store."""
        events = [event for partition in self.written.values() for event in partition]
        at = int(self.now.timestamp() * 1000)
        found = self.namespace.total().samples(at, self.limit)
        expected = recount(events, as_of=self.now, timezone=self.zone, series_limit=self.limit)
        counted = {key: value for key, value in found.items() if key[0] not in NOT_RECOUNTED}
        assert counted == {key: value for key, value in expected.items() if value}
        store = MemoryStore(self.zone)
        store.apply(events)
        assert found == store.samples(at, self.limit)

    def teardown(self) -> None:
        if not hasattr(self, "namespace"):
            return
        self.everything_is_applied_and_sent()
        if self.running:
            # Workers that stood still go on long after.
            for procedure in self.running:
                run(procedure)
            self.everything_is_applied_and_sent()


def erased_lead(events: list[Envelope]) -> list[Envelope]:
    """The events as those of a lead that no merge names, and its erasure."""
    lead = {"lead_id": "erased"}
    own = [event | {"id": f"own{number}", "data": event["data"] | lead} for number, event in enumerate(events)]
    return [*own, {"type": "lead.erased", "id": "own", "source": "", "time": NOW.isoformat(), "data": lead}]


def has_ended(procedure: Procedure) -> bool:
    return next(procedure, procedure) is procedure


def run(procedure: Iterator[Any]) -> None:
    for _ in procedure:
        pass


MERGED: list[tuple[str, dict[str, Any]]] = [
    ("lead.merged", {"lead_id": "l2", "merged_id": "l3"}),
    ("lead.created", {"lead_id": "l2", "source": "web", "score": 5}),
    ("lead.merged", {"lead_id": "l3", "merged_id": "l1"}),
    ("lead.stage_changed", {"lead_id": "l2", "to": "mql"}),
    ("lead.stage_changed", {"lead_id": "l3", "to": "sql"}),
    ("lead.created", {"lead_id": "l1", "score": 50}),
]
"""Three leads that are merged, each with an event after that: nothing later would bring up what was forgotten."""


class Story:
    """Events of one instant, each applied to three shards and to one store."""

    def __init__(self, seed: int) -> None:
        self.namespace = Namespace(FoldSettings(Calendar("UTC")), len(SHARDS), seed)
        self._store = MemoryStore()
        self._numbers = count()

    def apply(self, kind: str, data: dict[str, Any]) -> None:
        """Apply an event, and send nothing."""
        event = {"type": kind, "id": f"id{next(self._numbers)}", "source": "", "time": NOW.isoformat(), "data": data}
        self._store.apply([event])
        log = self.namespace.log["0"]
        log.append(decoded(event))
        run(self.namespace.apply("0", len(log), SHARDS))

    def finish(self) -> None:
        """Let one worker apply and send everything there is, and compare."""
        namespace = self.namespace
        while not namespace.is_applied() or namespace.unsent():
            run(namespace.apply("0", len(namespace.log["0"]), SHARDS))
            for message in namespace.unsent():
                run(namespace.send(message))
        at = int(NOW.timestamp() * 1000)
        assert namespace.total().samples(at) == self._store.samples(at)


# The first and the last of the three leads share a shard, then the last two; then none do.
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_two_shards_that_go_back_to_any_earlier_states_catch_up(seed: int) -> None:
    story = Story(seed)
    saved = [deepcopy(story.namespace.shards)]
    for event in MERGED:
        story.apply(*event)
        story.finish()
        saved.append(deepcopy(story.namespace.shards))
    for first, second in combinations(SHARDS, 2):
        for earlier, still_earlier in product(saved, saved):
            story.namespace.restore(first, earlier[first])
            story.namespace.restore(second, still_earlier[second])
            story.finish()


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("lead", ["l1", "l2"])
def test_a_message_is_sent_again_if_an_end_changes_on_the_way(lead: str, steps: int) -> None:
    story = Story(seed=3)
    for event in MERGED:
        story.apply(*event)
        story.finish()
    story.apply("lead.stage_changed", {"lead_id": "l2", "to": "opportunity"})
    [message] = story.namespace.unsent()
    sending = story.namespace.send(message)
    for _ in range(steps):
        next(sending)
    story.apply("lead.stage_changed", {"lead_id": lead, "to": "customer"})
    run(sending)
    story.finish()


TestShardedNamespace = pytest.mark.slow(ShardedNamespace.TestCase)
# The rarest interleavings meet in one of hundreds of short runs.
TestShardedNamespace.settings = settings(
    deadline=None,
    max_examples=4 * settings().max_examples,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
