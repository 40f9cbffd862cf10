"""Ids of persons: computed by openssl and coreutils, not by the code under test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.sources.identity import alias, event_id, key_fingerprint, normalize, sf18
from tests.sources.payload import KEY

# In a shell: printf 'stream-app/person/1\0%s' ADDRESS \
#   | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f -binary | base32 | cut -c1-26 | tr A-Z a-z
VECTORS = {
    "ada@example.com": "p-nq5ezajneyp2uu3mua6jzbjnk6",
    "grüße@xn--mnchen-3ya.example": "p-3f23zslibv3defd2tkxi7l3yxx",
    "ada+news@example.com": "p-pe7muq3yzzi7xwhw26qn77tsxo",
    "ada.lovelace@example.com": "p-ox3ajibbg4xyhwitamwwij4jae",
}


@pytest.mark.parametrize(("address", "expected"), VECTORS.items())
def test_an_alias_is_a_keyed_hash_of_the_normal_form(address: str, expected: str) -> None:
    assert alias(KEY, address) == expected


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Ada@Example.COM\n", "ada@example.com"),
        ("Ada Lovelace <ada@example.com>", "ada@example.com"),
        ('"Lovelace, Ada (she)" < ADA@example.com > ', "ada@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ("grüße@münchen.example", "grüße@xn--mnchen-3ya.example"),
        ("gru\u0308ße@MÜNCHEN.example", "grüße@xn--mnchen-3ya.example"),
        ("grüße@XN--MNCHEN-3YA.example", "grüße@xn--mnchen-3ya.example"),
        ("ada+news@example.com", "ada+news@example.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("o'hara_%x@example.co.uk", "o'hara_%x@example.co.uk"),
    ],
)
def test_an_address_is_written_in_one_way(written: str, normal: str) -> None:
    assert normalize(written) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "a da@example.com",
        "ada@exam ple.com",
        "ada@example..com",
        "ada@-example.com",
        "ada@bob@example.com",
        "ada@example.com, bob@example.com",
        "ada\uff20bob@example.com",
        "ada\x00@example.com",
        "ada@example.com>",
        "<ada@example.com> <bob@example.com>",
        "\ud800@example.com",
        f"{'a' * 65}@example.com",
        f"ada@{'.'.join(['a' * 60] * 5)}.com",
        f"ada@{'a' * 64}.com",
    ],
)
def test_what_is_no_address_has_no_alias(text: str) -> None:
    assert alias(KEY, text) is None


@given(st.text())
def test_any_text_has_an_alias_or_none(text: str) -> None:
    found = alias(KEY, text)
    assert found is None or (len(found) == 28 and text not in {found, ""})


@given(st.emails())
def test_a_normal_form_is_its_own_normal_form(address: str) -> None:
    normal = normalize(address)
    assert normal is None or normalize(normal) == normal


def test_another_key_makes_another_alias() -> None:
    assert alias(bytes(32), "ada@example.com") != alias(KEY, "ada@example.com")


def test_a_fingerprint_is_the_begin_of_the_hash_of_a_key() -> None:
    # printf '\x00\x01…\x1f' | sha256sum | cut -c1-8
    assert key_fingerprint(KEY) == "630dcd29"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evt_1", "evt_1"),
        ("a" * 128, "a" * 128),
        # printf '%s' TEXT | openssl dgst -sha256 -binary | base32 | cut -c1-26 | tr A-Z a-z
        ("a" * 129, "h-yewlajfc4vkrzsqobd6or4of4m"),
        ("<1@example.com>", "h-oiihznnhba4xni3vapky6jqhvf"),
    ],
)
def test_an_id_that_the_contract_refuses_is_hashed(text: str, expected: str) -> None:
    assert event_id(text) == expected


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_an_id_of_the_contract(text: str) -> None:
    found = event_id(text)
    assert 1 <= len(found) <= 128
    assert found.isprintable()
    assert not {"@", "\uff20", "\ufe6b"} & set(found)


@pytest.mark.parametrize(
    ("short", "long"),
    [  # published examples of converters of others
        ("70130000001tcyI", "70130000001tcyIAAQ"),
        ("00558000001N0Ke", "00558000001N0KeAAK"),
        ("001550V000WOQZi", "001550V000WOQZiACP"),
    ],
)
def test_a_salesforce_id_gets_its_checksum(short: str, long: str) -> None:
    assert sf18(short) == long
    assert sf18(long) == long
    assert sf18(long.upper()) == long
    assert sf18(long.lower()) == long


@pytest.mark.parametrize("text", ["", "a0D30000001n7P", "a0D30000001n7PiEA", "a0D30000001n7P-", "a0D30000001n7PiEA9"])
def test_what_is_no_salesforce_id_has_no_checksum(text: str) -> None:
    assert sf18(text) is None
