"""The cache of entities: what it holds, in which form, and what it forgets first."""

from typing import cast

import pytest

from stream_app.catalog.account.state import Account, InvoiceRow
from stream_app.catalog.entities import ACCOUNT, LEAD
from stream_app.catalog.lead.state import Lead
from stream_app.core.connected import Pointer, Stored, encode
from stream_app.core.stored_form import compressed
from stream_app.store.ledger import Ledger
from stream_app.worker import entities
from stream_app.worker.entities import Entities, cached

_SMALL = Account("small", invoices={"i": [InvoiceRow(1, "\x001", "a", "paid")]})
_LARGE = Account("large", invoices={str(number): [InvoiceRow(1, "\x001", "a", "paid")] for number in range(5000)})
_WITH_LOG = (b"a header, and what is added to a log", 5000)


@pytest.fixture(autouse=True)
def _few_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "_MOST_DECODED", 2)


def _cache(limit: int) -> Entities:
    # Nothing is loaded.
    return Entities(cast("Ledger", None), [ACCOUNT, LEAD], limit)


def _put(cache: Entities, **stored: Stored) -> None:
    """Cache each as a commit of its own; the names are those of accounts."""
    for id_, each in stored.items():
        value, stays = encode(each)
        cache.put({f"account:{id_}": cached("v", each, compressed(value), stays)})


def _take(cache: Entities, *ids: str) -> list[Stored]:
    found, missing = cache.take([f"account:{id_}" for id_ in ids])
    assert all(version == "v" for version, _ in found.values())
    return [None if f"account:{id_}" in missing else found[f"account:{id_}"][1] for id_ in ids]


def test_entities_that_were_used_last_stay_decoded() -> None:
    cache = _cache(10)
    first, second, third = (Account(name) for name in ("a", "b", "c"))
    _put(cache, a=first, b=second, c=third)
    cache.put({})
    a, b, c = _take(cache, "a", "b", "c")
    assert (a, b, c) == (first, second, third)
    assert a is not first
    assert b is second
    assert c is third


def test_what_is_taken_leaves_the_cache() -> None:
    cache = _cache(10)
    _put(cache, a=_SMALL, b=_SMALL, c=_SMALL, d=_SMALL)
    assert _take(cache, "a", "d") == [_SMALL, _SMALL]
    assert _take(cache, "a", "b", "d") == [None, _SMALL, None]


def test_the_entities_that_were_used_first_are_forgotten_beyond_the_limit() -> None:
    cache = _cache(3)
    _put(cache, a=_SMALL, b=_SMALL, c=_SMALL, d=_SMALL, e=_SMALL)
    cache.put({})
    assert _take(cache, "a", "b", "c", "d", "e") == [None, None, _SMALL, _SMALL, _SMALL]


@pytest.mark.parametrize("limit", [0, 1])
def test_a_limit_below_what_stays_decoded_counts(limit: int) -> None:
    cache = _cache(limit)
    _put(cache, a=_SMALL, b=_SMALL)
    cache.put({})
    assert _take(cache, "a", "b") == [None, _SMALL if limit else None]


def test_large_entities_and_those_with_a_log_stay_themselves() -> None:
    cache = _cache(10)
    with_log = Account("with-log")
    _put(cache, large=_LARGE)
    cache.put({"account:with-log": cached("v", with_log, *_WITH_LOG)})
    _put(cache, a=_SMALL, b=_SMALL, c=_SMALL)
    large, other = _take(cache, "large", "with-log")
    assert large is _LARGE
    assert other is with_log


def test_pointers_and_what_is_erased_are_cached_as_well() -> None:
    cache = _cache(10)
    pointer = Pointer("b")
    _put(cache, a=pointer)
    cache.put({"account:x": ("v", None, None)})
    _put(cache, b=_SMALL, c=_SMALL, d=_SMALL)
    found, missing = cache.take(["account:a", "account:x"])
    assert found == {"account:a": ("v", pointer), "account:x": ("v", None)}
    assert missing == []


def test_only_the_entries_themselves_are_dropped() -> None:
    cache = _cache(10)
    entries = {"lead:a": cached("v", Lead("a"), *encode(Lead("a")))}
    cache.put(entries)
    cache.put({"lead:a": cached("w", Lead("a"), *encode(Lead("a")))})
    cache.drop(entries)
    assert cache.take(["lead:a"]) == ({"lead:a": ("w", Lead("a"))}, [])
    cache.put(entries)
    cache.drop(entries)
    assert cache.take(["lead:a"]) == ({}, ["lead:a"])
    cache.put(entries)
    cache.clear()
    assert cache.take(["lead:a"]) == ({}, ["lead:a"])
