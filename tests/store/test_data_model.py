"""The data model: what is in a store, what `keys.py` declares and what the page describes are the same."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from stream_app.catalog.entities import ENTITIES
from stream_app.catalog.metrics import METRICS
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.deltas import series_of
from stream_app.core.facts import Series
from stream_app.demo.simulator import Plan
from stream_app.spec.metric import Kind
from stream_app.store import generations
from stream_app.store.exporters import ExporterLease
from stream_app.store.identity import registered_fingerprint
from stream_app.store.keys import KEYS, KeyPattern, namespace_glob
from stream_app.store.sources import report_sources
from tests.monitoring.dashboards.store_content import fill

_PAGE = Path(__file__).parents[2] / "docs" / "data-model.md"
_PARTS = {
    "generation": r"\d+",
    "grain": "minute|hour|day",
    "number": r"\d+",
    "partition": r"\d+",
    "exporter": r"[0-9a-f]{16}",
    "entity": "|".join(kind.name for kind in ENTITIES),
    "series": r"[a-z0-9_]+(?:␟[^␟]*)*",
}
_ANYTHING = "[^␟]+"

_Content = dict[str, tuple[str, list[str]]]
"""Key -> type, and its fields or members."""
_NAMESPACE = "data-model"


@pytest.fixture(scope="module")
def content(redis_url: str) -> _Content:
    """Everything in the store of a simulated company while a rebuild begins and when it is over."""
    settings = Settings.load(redis_url=redis_url, namespace=_NAMESPACE)
    fill(settings, Plan(seed=7, leads=150, until=datetime(2025, 6, 18, 15, 30, tzinfo=UTC)))
    with sync_redis(settings) as redis:
        ExporterLease(redis, settings.namespace).renew()
        report_sources(redis, settings.namespace, ["stripe"], {"stripe": 1.0})
        registered_fingerprint(redis, settings.namespace, "0a1b2c3d")
        pair = generations.begin(redis, settings.namespace, "of a rebuild")
        found = dict(_content(redis, settings.namespace))
        generations.switch(redis, settings.namespace, pair)
        for key, (kind, fields) in _content(redis, settings.namespace):
            found[key] = (kind, [*found[key][1], *fields])
    return found


def _content(redis: Redis, namespace: str) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    for key in redis.scan_iter(match=namespace_glob(namespace), count=1000):
        kind = _text(redis.type(key))
        fields: Any = {"hash": redis.hkeys, "set": redis.smembers, "zset": lambda key: redis.zrange(key, 0, -1)}
        yield _text(key), (kind, [_text(field) for field in fields[kind](key)] if kind in fields else [])


def _text(value: Any) -> str:  # noqa: ANN401 - redis-py's replies have no one type
    return str(value.decode()).replace("\x1f", "␟")


def _matches(pattern: str, text: str, namespace: str = _NAMESPACE) -> bool:
    parts = re.split(r"<(\w+)>", pattern)
    known = _PARTS | {"namespace": namespace}
    regex = "".join(
        f"(?:{known.get(part, _ANYTHING)})" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.fullmatch(regex, text) is not None


def _pattern(key: str) -> KeyPattern:
    (pattern,) = [each for each in KEYS if _matches(each.key, key)]
    return pattern


def test_every_stored_key_and_field_is_declared(content: _Content) -> None:
    for key, (kind, fields) in content.items():
        pattern = _pattern(key)
        assert kind == pattern.type, key
        unknown = [field for field in fields if not any(_matches(each, field) for each in pattern.fields)]
        assert not unknown, key


def test_no_stored_key_has_a_time_to_live(redis_url: str, content: _Content) -> None:
    with Redis.from_url(redis_url) as redis:
        assert {key: redis.ttl(key.replace("␟", "\x1f")) for key in content} == dict.fromkeys(content, -1)


def test_every_declared_key_and_field_is_stored(content: _Content) -> None:
    declared = {(pattern.key, field) for pattern in KEYS for field in pattern.fields}
    stored = set()
    for key, (_, fields) in content.items():
        pattern = _pattern(key)
        stored |= {(pattern.key, each) for each in pattern.fields if any(_matches(each, field) for field in fields)}
    assert stored == declared
    assert {_pattern(key) for key in content} == set(KEYS)


def test_every_stored_series_is_a_declared_metric_with_its_labels(content: _Content) -> None:
    # A histogram has one part more: the index of a bound, or `sum`.
    labels = {metric.name: len(metric.labels) + (metric.kind is Kind.HISTOGRAM) for metric in METRICS}
    found: set[Series] = {
        series_of(field.replace("␟", "\x1f"))
        for key, (_, fields) in content.items()
        if "<series>" in _pattern(key).fields
        for field in fields
        if field
    }
    assert found
    assert {(name, len(values)) for name, *values in found} <= labels.items()


def test_the_page_describes_what_is_declared_and_nothing_else() -> None:
    _, *sections = re.split(r"^### ", _PAGE.read_text("utf-8"), flags=re.MULTILINE)
    described = []
    for section in sections:
        key = section.partition("\n")[0].strip("`")
        (kind,) = re.findall(r"^Type: (\w+)\.", section, flags=re.MULTILINE)
        rows = re.findall(r"^\| (?:`([^`]+)`|the empty field) \|", section, flags=re.MULTILINE)
        described.append(KeyPattern(key, kind, tuple(rows) if kind != "string" else ()))
    assert described == list(KEYS)


def test_the_page_names_every_kind_of_entity() -> None:
    *_, section = re.split(r"^### ", _PAGE.read_text("utf-8"), flags=re.MULTILINE)
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", section, flags=re.MULTILINE)
    assert rows == [(kind.name, kind.key) for kind in ENTITIES]
