"""What is in the inbox is mapped again: what could not be mapped can be now, and nothing comes twice."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.intake.inbox import inbox_item
from stream_app.intake.mapping import Result
from stream_app.intake.replay import NOT_CONFIGURED, NOT_KEPT, Replayed, Selection, replay
from stream_app.intake.status import ParkedItems, received
from stream_app.store.sources import source_ages
from tests.intake.declared import PlainSettings, created
from tests.intake.running import Running
from tests.intake.wiring import mapping, routes_of
from tests.system.installation import answer
from tests.system.processes import eventually

NOW = 1_900_000_000_000
STAGE: dict[str, Any] = {"do": "stage", "stage": "8", "lead": "l8", "time": "2026-03-02T09:14:03Z"}
STAGES = PlainSettings(stages={"8": "mql"})


@pytest.fixture
def posted(gateway: Running) -> Running:
    """Return a gateway that was posted an event, a stage that nobody knows, what is ignored, and no array."""
    assert gateway.post(created(1), STAGE, {"do": "ignore"})[0] == 200
    assert gateway.post({"do": "raise", "email": "x"})[0] == 200
    gateway.process.stop()
    return gateway


def settings_of(gateway: Running, namespace: str = "") -> Settings:
    made = gateway.installation
    return Settings.load(
        kafka_url=f"kafka://{made.cluster.address}", redis_url=made.store, namespace=namespace or made.namespace
    )


def again(gateway: Running, selection: Selection | None = None, *, into: str = "", dry_run: bool = False) -> Replayed:
    settings = settings_of(gateway)
    target = settings_of(gateway, into) if into else None
    namespace = into or settings.namespace
    return replay(
        settings,
        {"plain": mapping(namespace, STAGES)},
        selection or Selection(),
        set(routes_of(namespace).topic_of.values()),
        NOW,
        into=target,
        dry_run=dry_run,
    )


def events(gateway: Running, namespace: str = "") -> set[str]:
    records = gateway.installation.cluster.read(f"{namespace or gateway.installation.namespace}.lead")
    return {json.loads(each.value or b"")["id"] for each in records}


def test_what_is_known_by_now_is_mapped(posted: Running) -> None:
    assert events(posted) == {"e1"}
    done = again(posted, Selection(reason="stage"))
    assert (done.items, done.events, done.parked) == ({"mapped": 1}, {"lead.stage_changed": 1}, {})
    assert events(posted) == {"e1", "stage:l8"}


def test_replaying_twice_is_replaying_once(posted: Running) -> None:
    done = again(posted)
    assert (done.items, done.parked) == ({"mapped": 2, "ignored": 1, "parked": 1}, {"bug: ValueError": 1})
    once, kept = events(posted), received(settings_of(posted))["plain"]
    assert again(posted).items == done.items
    assert events(posted) == once
    assert received(settings_of(posted))["plain"] == kept


def test_what_is_posted_or_replayed_again_changes_no_number(gateway: Running) -> None:
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    assert gateway.post(created(1), created(2))[0] == 200
    assert gateway.installation.drain()["duplicates"] == 0
    once = gateway.installation.kpis(moment)
    assert any(name == "lifecycle_new_leads" and value == 2 for (name, _), value in once.items())
    assert gateway.post(created(2), created(1))[0] == 200
    again(gateway)
    assert gateway.installation.drain()["duplicates"] == 2 + 4
    assert gateway.installation.kpis(moment) == once


def test_status_knows_what_became_of_an_item(posted: Running) -> None:
    before = received(settings_of(posted))["plain"]
    assert before.parked == {"stage": 1, "bug: ValueError": 1}
    assert before.results == {"mapped": 1, "ignored": 1, "parked": 2}
    again(posted)
    after = received(settings_of(posted))["plain"]
    assert after.parked == {"bug: ValueError": 1}
    assert (after.results, after.last) == (before.results, before.last)


def test_a_dry_run_sends_nothing(posted: Running) -> None:
    assert again(posted, dry_run=True).events == {"lead.created": 1, "lead.stage_changed": 1}
    assert events(posted) == {"e1"}
    assert len(posted.inbox()) == 4


def test_another_namespace_gets_the_events_and_this_one_nothing(posted: Running, namespace: str) -> None:
    into = f"{namespace}.second"
    posted.installation.cluster.create(*(f"{into}.{suffix}" for suffix in _suffixes()))
    again(posted, into=into)
    assert events(posted, into) == {"e1", "stage:l8"}
    assert events(posted) == {"e1"}
    assert len(posted.inbox()) == 4


def _suffixes() -> set[str]:
    return {topic.partition(".")[2] for topic in routes_of("x").topic_of.values()}


def test_items_are_selected_by_source_reason_and_time(posted: Running) -> None:
    selected = {
        Selection(source="plain"): 4,
        Selection(source="other"): 0,
        Selection(reason="bug"): 1,
        Selection(reason="bug: ValueError"): 1,
        Selection(reason="stag"): 0,
        Selection(since=NOW): 0,
        Selection(since=1): 4,
    }
    assert {each: again(posted, each, dry_run=True).items.total() for each in selected} == selected


def test_what_cannot_be_mapped_again_is_said(gateway: Running) -> None:
    assert gateway.post(created(1) | {"x": "x" * 300_000})[0] == 200
    assert again(gateway).skipped == {NOT_KEPT: 1}
    (record,) = gateway.logged("inbox")
    assert record.value == b""
    settings = settings_of(gateway)
    assert replay(settings, {}, Selection(), set(), NOW, dry_run=True).skipped == {NOT_CONFIGURED: 1}


def test_the_oldest_parked_item_is_known_until_it_is_mapped(posted: Running) -> None:
    items = [inbox_item(each) for each in posted.installation.cluster.read(f"{posted.installation.namespace}.inbox")]
    parked = {each.reason: each.item.received for each in items if each is not None and each.result is Result.PARKED}
    assert len(parked) == 2
    assert received(settings_of(posted))["plain"].oldest_parked == min(parked.values())
    looked = ParkedItems(settings_of(posted))
    assert looked.oldest(NOW // 2) == {"plain": min(parked.values())}
    again(posted)
    (left,) = (at for reason, at in parked.items() if reason.startswith("bug"))
    assert received(settings_of(posted))["plain"].oldest_parked == left
    assert looked.oldest(NOW // 2) == {"plain": left}
    assert looked.oldest(left + 30 * 86_400_000) == {"plain": left}
    assert looked.oldest(left + 30 * 86_400_000 + 1) == {}


def test_a_new_gateway_says_what_is_parked_and_when_a_source_posted(gateway: Running) -> None:
    settings = settings_of(gateway)

    def age() -> float | None:
        with sync_redis(settings) as redis:
            return source_ages(redis, settings.namespace).ages.get("plain")

    assert gateway.post(STAGE)[0] == 200
    eventually(lambda: age() is not None, "the store knows when it was posted", gateway.process)
    gateway.process.stop()
    before = age() or 0
    gateway.start()
    gateway.ready()
    oldest = received(settings)["plain"].oldest_parked or 0
    line = 'stream_app_source_oldest_parked_timestamp_seconds{source="plain"} '
    found = answer(gateway.metrics_at, "/metrics", gateway.process, lambda page: line in page.text)
    assert float(found.partition(line)[2].split()[0]) == oldest / 1000
    assert (age() or 0) >= before
